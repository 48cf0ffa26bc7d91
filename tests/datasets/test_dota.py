"""DOTA's text files, also as Roboflow and MMRotate lay them out."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.errors import DataError
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

HEAD = "imagesource:GoogleEarth\ngsd:0.146343590398\n"
UPRIGHT = "10.0 20.0 40.0 20.0 40.0 60.0 10.0 60.0"
TURNED = "25 20 40 40 25 60 10 40"
BOX = (10.0, 20.0, 40.0, 60.0)


def test_the_release(tmp_path: Path) -> None:
    for split in ("train", "val"):
        picture(tmp_path / split / "images" / "P0001.png")
        lines = f"{UPRIGHT} small-vehicle 0\n{TURNED} ground track field 1\n"
        text(tmp_path / split / "labelTxt" / "P0001.txt", HEAD + lines)
    picture(tmp_path / "val" / "images" / "P0002.png")
    text(tmp_path / "val" / "labelTxt" / "P0002.txt", HEAD)
    data = data_of(tmp_path)
    assert (data.format, data.classes) == ("dota", ("ground track field", "small-vehicle"))
    assert boxes(data, "val") == {
        "val/images/P0001.png": [("small-vehicle", *BOX), ("ground track field", *BOX)],
        "val/images/P0002.png": [],
    }
    assert kinds(data) == {"mark-as-box": 2, "difficult": 2}


@pytest.mark.parametrize("home", ["labelTxt", "annfiles", "labels"])
def test_a_description_of_yolo_beside_it_is_none_of_yolo(tmp_path: Path, home: str) -> None:
    picture(tmp_path / "images" / "a.jpg")
    text(tmp_path / home / "a.txt", f"{UPRIGHT} car 0\n")
    text(tmp_path / "data.yaml", "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['car']\n")
    data = data_of(tmp_path)
    assert (data.format, boxes(data)) == ("dota", {"images/a.jpg": [("car", *BOX)]})


def test_roboflow_has_the_description_above_the_splits(tmp_path: Path) -> None:
    for folder in ("train", "valid"):
        picture(tmp_path / folder / "images" / f"{folder}_jpg.rf.2b8.jpg")
        text(tmp_path / folder / "labelTxt" / f"{folder}_jpg.rf.2b8.txt", f"{TURNED} car 0\n")
    text(tmp_path / "data.yaml", "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['car']\n")
    data = data_of(tmp_path)
    assert data.format == "dota"
    assert boxes(data, "val") == {"valid/images/valid_jpg.rf.2b8.jpg": [("car", *BOX)]}


def test_labels_of_two_versions(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "P0001.png")
    for home in ("labelTxt-v1.5/DOTA-v1.5_train", "labelTxt-v1.5/DOTA-v1.5_train_hbb"):
        text(tmp_path / home / "P0001.txt", f"{UPRIGHT} car 0\n")
    with pytest.raises(DataError, match=r"labels of images/P0001.png twice, in .*_train/P.*_train_hbb/P"):
        data_of(tmp_path)


def test_lines_of_another_kind(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    lines = f"{UPRIGHT} car\n{UPRIGHT},car,2\n1 2 3 car 0\n{UPRIGHT.replace('10.0', 'nan')} car 0\n"
    text(tmp_path / "labelTxt" / "a.txt", f"{HEAD}{UPRIGHT} Bär 0\n{lines}".encode("latin-1"))
    data = data_of(tmp_path)
    assert data.classes == ("Bär", "car")
    assert [name for name, *_ in boxes(data)["images/a.png"]] == ["Bär", "car", "car"]
    assert kinds(data) == {"not-utf8": 1, "difficult": 1, "unreadable-annotation": 2}
    assert "labelTxt/a.txt line 6: it is no eight numbers" in details(data)


def test_corners_in_front_of_numbers_are_yolos(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    text(tmp_path / "labels" / "a.txt", "0 0.1 0.2 0.4 0.2 0.4 0.6 0.1 0.6\n")
    text(tmp_path / "classes.txt", "car\n")
    assert data_of(tmp_path).format == "yolo"
