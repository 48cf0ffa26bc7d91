"""Folders of pictures without annotations."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.datasets.opening import open_place
from skillbank.errors import DataError
from tests.datasets.reading import boxes, data_of, picture, text
from tests.datasets.test_labelme import saved, shape


def test_photos(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", (30, 20), orientation=6)
    picture(tmp_path / "holiday" / "b.PNG")
    text(tmp_path / "notes.txt", "nothing")
    data = data_of(tmp_path)
    assert data.format == "pictures"
    assert boxes(data) == {"a.jpg": [], "holiday/b.PNG": []}
    assert data.notes == ("these are pictures without annotations", "1 other files are not read")
    first = next(iter(data.splits[0].pictures()))
    assert (first.width, first.height) == (20, 30)


def test_annotated_split_folders_go_before_a_picture_at_the_root(tmp_path: Path) -> None:
    picture(tmp_path / "preview.jpg")
    for split in ("train", "val"):
        picture(tmp_path / split / "a.jpg")
        saved(tmp_path / split / "a.json", shape("car", "rectangle", (1, 2), (3, 4)))
    assert data_of(tmp_path).format == "labelme"


def test_pictures_of_a_part(tmp_path: Path) -> None:
    for split in ("train", "val"):
        picture(tmp_path / "images" / split / f"{split}.jpg")
        marked = shape("car", "rectangle", (1, 2), (3, 4))
        saved(tmp_path / "labels" / split / f"{split}.json", marked, path=f"{split}.jpg")
    opened = open_place(tmp_path / "images" / "val")
    assert opened.data.format == "labelme"
    assert opened.split is not None and opened.split.name == "val"


def test_a_folder_without_anything(tmp_path: Path) -> None:
    text(tmp_path / "readme.docx", "x")
    with pytest.raises(DataError, match="holds no data set that is recognised"):
        data_of(tmp_path)


def test_the_format_can_be_named(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    saved(tmp_path / "a.json", shape("car", "rectangle", (1, 2), (3, 4)))
    assert data_of(tmp_path, "pictures").format == "pictures"
    with pytest.raises(DataError, match=r"there is no format 'vok'; known are .*voc, .*pictures"):
        data_of(tmp_path, "vok")
