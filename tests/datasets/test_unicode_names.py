"""Names with accents that a Mac has taken apart: the files are the ones that the annotations mean."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from skillbank.datasets.checking import check_data
from skillbank.datasets.converting import convert
from skillbank.datasets.opening import open_place
from skillbank.datasets.tree import open_tree
from tests.datasets.reading import boxes, data_of, picture, text

NAME = "B\u00e4r"
APART = unicodedata.normalize("NFD", NAME)


def yolo(root: Path, image: str, label: str) -> None:
    picture(root / f"images/train/{image}.jpg")
    text(root / f"labels/train/{label}.txt", "0 0.5 0.5 0.2 0.25\n")
    text(root / "data.yaml", "train: images/train\nnames: [dog]\n")


@pytest.mark.parametrize(("image", "label"), [(APART, NAME), (NAME, APART), (APART, APART)])
def test_yolo(tmp_path: Path, image: str, label: str) -> None:
    root = tmp_path / "photos"
    yolo(root, image, label)
    assert boxes(data_of(root), "train") == {f"images/train/{NAME}.jpg": [("dog", 40, 30, 60, 50)]}
    assert not check_data(open_place(root)).tally.counts
    convert(open_place(root), "coco", tmp_path / "out")
    assert boxes(data_of(tmp_path / "out"), "train").popitem()[1] == [("dog", 40, 30, 60, 50)]


@pytest.mark.parametrize("said", [NAME, APART])
def test_lists_and_descriptions_name_either_form(tmp_path: Path, said: str) -> None:
    picture(tmp_path / "yolo" / APART / f"{APART}.jpg")
    text(tmp_path / "yolo" / APART / f"{APART}.txt", "0 0.5 0.5 0.2 0.25\n")
    text(tmp_path / "yolo" / "data.yaml", f"train: {said}\nnames: [dog]\n")
    assert boxes(data_of(tmp_path / "yolo"), "train") == {f"{NAME}/{NAME}.jpg": [("dog", 40, 30, 60, 50)]}
    root = tmp_path / "voc"
    picture(root / "JPEGImages" / f"{APART}.jpg")
    box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"
    marked = f"<annotation><filename>{said}</filename><object><name>dog</name>{box}</object></annotation>"
    text(root / "Annotations" / f"{APART}.xml", marked)
    text(root / "ImageSets" / "Main" / "train.txt", f"{said}\n")
    assert boxes(data_of(root), "train") == {f"JPEGImages/{NAME}.jpg": [("dog", 1, 2, 30, 40)]}


@pytest.mark.parametrize("said", [NAME, APART])
def test_an_annotation_means_the_file_in_either_form(tmp_path: Path, said: str) -> None:
    picture(tmp_path / APART / f"{APART}.jpg")
    picture(tmp_path / f"{NAME}2" / f"{NAME}2.jpg")
    assert open_tree(tmp_path).find(f"{said}/{said}.jpg") == f"{NAME}/{NAME}.jpg"
    assert open_tree(tmp_path).find(f"{said}.jpg") == f"{NAME}/{NAME}.jpg"


def test_two_files_of_one_name_stay_two(tmp_path: Path) -> None:
    for name in (NAME, APART):
        picture(tmp_path / "images" / f"{name}.jpg")
    tree = open_tree(tmp_path)
    if len(list((tmp_path / "images").iterdir())) < 2:
        pytest.skip("this file system takes both names for one")
    assert sorted(tree.files) == sorted([f"images/{NAME}.jpg", f"images/{APART}.jpg"])
    found = [tree.find(f"{name}.jpg") for name in (NAME, APART)]
    assert found == [f"images/{NAME}.jpg", f"images/{APART}.jpg"]


def test_a_part_by_its_path(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    yolo(root / APART, APART, NAME)
    assert [split.name for split in open_place(root / APART / "images" / "train").data.splits] == ["train"]
    (root / APART / "images" / "train").rename(root / APART / "images" / f"train {APART}")
    opened = open_place(root / APART / "images" / f"train {APART}")
    assert opened.split is None or opened.split.name == "train"
