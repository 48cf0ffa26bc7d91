"""KITTI as the benchmark lays it out, and as others write its text files."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.datasets.formats.kitti import Kitti
from skillbank.datasets.tree import open_tree
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

REST = "1.65 1.67 3.64 -0.65 1.71 46.70 -1.59"


def line(name: str, corners: str = "10.00 20.00 40.00 60.50", score: str = "") -> str:
    return f"{name} 0.00 0 -1.58 {corners} {REST} {score}".strip() + "\n"


def test_benchmark(tmp_path: Path) -> None:
    for part in ("training", "testing"):
        picture(tmp_path / part / "image_2" / "000001.png")
        picture(tmp_path / part / "image_3" / "000001.png")
        text(tmp_path / part / "calib" / "000001.txt", "P0: 7.2e+02 0.0 6.0e+02 0.0\n")
    label = line("Car") + line("DontCare") + line("Person_sitting", "1 2 3 4")
    text(tmp_path / "training" / "label_2" / "000001.txt", label)
    data = data_of(tmp_path)
    assert data.format == "kitti+pictures"
    assert data.classes == ("Car", "Person_sitting")
    assert boxes(data, "train") == {
        "training/image_2/000001.png": [("Car", 10, 20, 40, 60.5), ("Person_sitting", 1, 2, 3, 4)]
    }
    assert kinds(data) == {"region-left-out": 1}


def test_archives_unpacked_one_beside_the_other(tmp_path: Path) -> None:
    for part in ("training", "testing"):
        picture(tmp_path / "data_object_image_2" / part / "image_2" / "000001.png")
    text(tmp_path / "data_object_label_2" / "training" / "label_2" / "000001.txt", line("Car"))
    data = data_of(tmp_path)
    assert boxes(data, "train") == {
        "data_object_image_2/training/image_2/000001.png": [("Car", 10, 20, 40, 60.5)]
    }


def test_images_and_labels_with_scores_and_empty_files(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / "images" / f"{name}.jpg")
    text(tmp_path / "labels" / "a.txt", "")
    text(tmp_path / "labels" / "b.txt", line("red circle", score="0.93"))
    data = data_of(tmp_path)
    assert boxes(data) == {"images/a.jpg": [], "images/b.jpg": [("red circle", 10, 20, 40, 60.5)]}


def test_lists_are_splits(tmp_path: Path) -> None:
    for name in ("000000", "000001", "000002"):
        picture(tmp_path / "image_2" / f"{name}.png")
        text(tmp_path / "label_2" / f"{name}.txt", line("Car"))
    text(tmp_path / "ImageSets" / "train.txt", "000000\n")
    text(tmp_path / "ImageSets" / "val.txt", "000001\n")
    data = data_of(tmp_path)
    assert list(boxes(data, "val")) == ["image_2/000001.png"]
    assert "1 annotated pictures stand in no list" in data.notes[0]


def test_yolo_is_not_kitti(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    text(tmp_path / "labels" / "a.txt", "0 0.5 0.5 0.2 0.2\n")
    assert Kitti().recognise(open_tree(tmp_path)) is None


@pytest.mark.parametrize("numbers", [4, 5, 13, 14, 15, 16, 19, 20, 56])
@pytest.mark.parametrize("word", ["0", "person", "hard hat"])
def test_shares_of_a_picture_are_yolo_whatever_their_number(tmp_path: Path, numbers: int, word: str) -> None:
    picture(tmp_path / "images" / "train" / "a.jpg")
    text(tmp_path / "labels" / "train" / "a.txt", f"{word} " + " ".join(["0.25"] * numbers) + "\n")
    text(tmp_path / "data.yaml", "train: images/train\nkpt_shape: [5, 3]\nnames: [person]\n")
    assert Kitti().recognise(open_tree(tmp_path)) is None


def test_pixels_of_more_columns_are_no_kitti(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    text(tmp_path / "labels" / "a.txt", "person " + " ".join(["12"] * 20))
    assert Kitti().recognise(open_tree(tmp_path)) is None


@pytest.mark.parametrize("corners", ["nan 20 40 60", "1e999 20 40 60", "a 20 40 60", "10 20 40"])
def test_lines_that_are_none(tmp_path: Path, corners: str) -> None:
    picture(tmp_path / "images" / "a.jpg")
    text(tmp_path / "labels" / "a.txt", line("Car") + line("Van", corners) + "\x00\n")
    data = data_of(tmp_path)
    assert boxes(data) == {"images/a.jpg": [("Car", 10, 20, 40, 60.5)]}
    assert "labels/a.txt line 2: it is no name with 14 numbers behind it" in details(data)


def test_latin_1(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    text(tmp_path / "labels" / "a.txt", line("Käse").encode("latin-1"))
    data = data_of(tmp_path)
    assert data.classes == ("Käse",)
    assert kinds(data) == {"not-utf8": 1}
