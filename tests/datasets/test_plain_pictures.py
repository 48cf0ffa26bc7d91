"""Folders of pictures without annotations."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.datasets.checking import check_data
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
    assert data.notes == (
        "these are pictures without annotations, from which nothing can be learned or measured",
        "other files are not read: notes.txt",
    )
    first = next(iter(data.splits[0].pictures()))
    assert (first.width, first.height) == (20, 30)


@pytest.mark.parametrize(
    "name",
    [
        "annotations.json.gz",
        "datumaro.json",
        "labels/a.txt",
        "OID/Label/a.txt",
        "train.tfrecord-00000-of-00002",
        "digitStruct.mat",
        "sub/_annotations.txt",
        "gt/gt.txt",
    ],
)
def test_what_looks_like_annotations_and_is_not_read_is_named(tmp_path: Path, name: str) -> None:
    root = tmp_path / "photos"
    picture(root / "images" / "a.jpg")
    picture(root / "images" / "label printer.jpg")
    text(root / "readme.txt", "photos")
    text(root / name, "?")
    report = check_data(open_place(root), decode=False)
    found = report.tally.examples["annotations-unread"]
    assert [fault.where for fault in found] == [name]
    assert report.tally.counts["annotations-unread"] == 1


@pytest.mark.parametrize("name", ["masks/a.png", "SegmentationClass/a.png", "a_mask.png"])
def test_a_mask_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    root = tmp_path / "photos"
    picture(root / "images" / "a.jpg")
    picture(root / "images" / "b.jpg")
    text(root / name, b"")
    tally = check_data(open_place(root), decode=True).tally
    assert [fault.where for fault in tally.examples["mask-broken"]] == [name]
    assert [fault.where for fault in tally.examples["mask-missing"]] == ["images/b.jpg"]


def test_photos_alone_are_no_masks(tmp_path: Path) -> None:
    for name in ("labels/a.jpg", "labels/b.jpg", "unlabelled/c.jpg", "gt_car/d_l.jpg"):
        picture(tmp_path / "photos" / name)
    report = check_data(open_place(tmp_path / "photos"), decode=False)
    assert "annotations-unread" not in report.tally.counts


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
