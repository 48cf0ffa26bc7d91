"""Text files of a class and four numbers (OIDv4, VisDrone), and what spoilt files of such formats do."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.datasets.recognising import look
from skillbank.datasets.tree import open_tree
from skillbank.errors import DataError
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text


def test_classes_of_oidv4_have_blanks_and_folders(tmp_path: Path) -> None:
    for split in ("train", "validation"):
        folder = tmp_path / "OID" / "Dataset" / split / "Traffic light"
        picture(folder / f"0a{split}.jpg")
        text(folder / "Label" / f"0a{split}.txt", "Traffic light 10.5 20 40 60\n")
    data = data_of(tmp_path)
    assert (data.format, [split.name for split in data.splits]) == ("oidv4", ["train", "val"])
    assert list(boxes(data, "val").values()) == [[("Traffic light", 10.5, 20, 40, 60)]]


@pytest.mark.parametrize("line", ["helmet 0.5 0.5 0.25 0.25", "0 10 20 40 60", "version 1 2 3"])
def test_other_lines_are_not_taken_for_corners(tmp_path: Path, line: str) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "a.txt", line)
    found = look(open_tree(tmp_path))
    assert found is None or "oidv4" not in [each.name for each, _ in found.claims]


def test_regions_and_classes_of_visdrone(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    lines = "10,20,30,40,1,4,0,0\n1,2,3,4,0,0,0,0\n5,5,9,9,1,25,0,0\n50,20,30,40,1,1,0,1,\n"
    text(tmp_path / "annotations" / "a.txt", lines)
    data = data_of(tmp_path)
    assert data.classes == ("pedestrian", "car")
    assert boxes(data) == {"images/a.jpg": [("car", 10, 20, 40, 60), ("pedestrian", 50, 20, 80, 60)]}
    assert kinds(data) == {"region-left-out": 1, "unknown-class": 1}


@pytest.mark.parametrize(
    ("form", "line", "spoilt"),
    [
        ("kitti", "Car 0 0 0 10 20 40 60 0 0 0 0 0 0 0", "Car 0 0 0 10 20"),
        ("dota", "10 20 40 20 40 60 10 60 Car 0", "10 20 40 20 40 60 10 Car 0"),
        ("visdrone", "10,20,30,40,1,4,0,0", "10,20,30,40,1"),
        ("oidv4", "Car 10 20 40 60", "Car 10 20 40"),
    ],
)
def test_a_spoilt_first_file_hides_no_data_set(tmp_path: Path, form: str, line: str, spoilt: str) -> None:
    for name, said in (("a", spoilt), ("b", line), ("c", line)):
        picture(tmp_path / "images" / f"{name}.jpg")
        text(tmp_path / "labels" / f"{name}.txt", said + "\n")
    data = data_of(tmp_path)
    assert data.format == form and kinds(data) == {"unreadable-annotation": 1}
    assert details(data).startswith("labels/a.txt line 1: it is no ")


def test_lists_of_keras_yolo(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "a b.jpg")
    picture(tmp_path / "train" / "c.jpg")
    text(tmp_path / "train" / "_annotations.txt", "a b.jpg 10,20,40,60,1 1,2,3,4,7\nc.jpg\n")
    text(tmp_path / "train" / "_classes.txt", "cat\ndog\n")
    data = data_of(tmp_path)
    assert boxes(data, "train") == {"train/a b.jpg": [("dog", 10, 20, 40, 60)], "train/c.jpg": []}
    assert kinds(data) == {"unknown-class": 1}


def test_lists_of_keras_yolo_are_of_the_split_that_their_name_says(tmp_path: Path) -> None:
    for name, split in (("a", "train"), ("b", "val")):
        picture(tmp_path / f"{name}.jpg")
        text(tmp_path / f"2007_{split}.txt", f"{name}.jpg 10,20,40,60,0\n")
    text(tmp_path / "_classes.txt", "cat\n")
    data = data_of(tmp_path)
    assert boxes(data, "train") == {"a.jpg": [("cat", 10, 20, 40, 60)]}
    assert boxes(data, "val") == {"b.jpg": [("cat", 10, 20, 40, 60)]}


def test_numbers_of_classes_without_names_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "2007_train.txt", "/home/me/a.jpg 10,20,30,40,0 5,6,7,8,1\n")
    with pytest.raises(
        DataError, match=r"2007_train.txt numbers classes that no _classes.txt beside it names"
    ):
        data_of(tmp_path)
