"""Pictures of which nobody can say what they show are left out with what is broken: they are not empty."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from skillbank.datasets.converting import convert
from skillbank.datasets.copying import Copy
from skillbank.datasets.document import Box
from skillbank.datasets.opening import open_place
from skillbank.datasets.repairing import Mode
from tests.datasets.made import Made
from tests.datasets.reading import picture, text
from tests.datasets.test_coco import box, image
from tests.datasets.test_coco import document as coco
from tests.datasets.test_voc import mark, xml

CAR = "Car 0.00 0 1.85 10 10 40 40 1.67 1.87 3.69 -16.5 2.39 58.49 1.57\n"


def skipped(root: Path) -> tuple[Copy, list[str]]:
    """Convert a data set without what is broken; return the names of the pictures too."""
    copy = convert(open_place(root), "coco", root.with_name("new"), mode=Mode.SKIP)
    files = root.with_name("new").rglob("annotations.json")
    return copy, [each["file_name"] for file in files for each in json.loads(file.read_text())["images"]]


def test_lists_of_pictures_without_annotation_and_files_that_are_cut_off(tmp_path: Path) -> None:
    root = tmp_path / "data"
    for name in "abcd":
        picture(root / "JPEGImages" / f"{name}.jpg")
    text(root / "Annotations" / "a.xml", xml(mark("dog"), filename="a.jpg"))
    text(root / "Annotations" / "b.xml", xml(filename="b.jpg"))
    text(root / "Annotations" / "c.xml", xml(mark("dog"), filename="c.jpg")[:90])
    text(root / "ImageSets" / "Main" / "train.txt", "a\nb\nc\nd\n")
    copy, names = skipped(root)
    assert names == ["a.jpg", "b.jpg"], "b is annotated: there is nothing in it"
    assert "entries that cannot be read: 1 (drop the entry)" in copy.lost
    assert "pictures that a list names and nobody annotated: 1 (drop the picture)" in copy.lost


def test_label_files_of_which_no_line_can_be_read(tmp_path: Path) -> None:
    root = tmp_path / "data"
    labels = {"a": CAR, "b": "", "c": CAR + "Car 0.00\n", "d": "Car 0.00\n"}
    for name, lines in labels.items():
        picture(root / "training/image_2" / f"{name}.png")
        text(root / "training/label_2" / f"{name}.txt", lines)
    copy, names = skipped(root)
    assert names == ["a.png", "b.png", "c.png"]
    assert any("of which no box is left" in said and "1 (drop the picture)" in said for said in copy.lost)


def test_pictures_that_have_one_id(tmp_path: Path) -> None:
    """Two files put together without new numbers: all boxes had become those of the first."""
    root = tmp_path / "data"
    for name in "abcd":
        picture(root / f"{name}.jpg")
    pictures = [image(1, "a.jpg"), image(2, "b.jpg"), image(1, "c.jpg"), image(1, "d.jpg")]
    text(root / "all.json", json.dumps(coco(pictures, [box(1, 1), box(2, 1), box(1, 1, [1, 2, 9, 9])])))
    copy, names = skipped(root)
    assert names == ["b.jpg"]
    assert any(
        "whose id another one has too" in said and "3 (drop the picture)" in said for said in copy.lost
    )


@pytest.mark.parametrize("odd", [Box(50, 50, 50, 90, 0), Box(200, 50, 290, 90, 2), Box(1, 1, 40, 40, 7)])
def test_pictures_that_lose_their_only_box(tmp_path: Path, odd: Box) -> None:
    made = Made(tmp_path / "set", seed=7)
    made.add("train", 10)
    held = made.splits["train"]
    held[0], held[1] = replace(held[0], boxes=(odd,)), replace(held[1], boxes=(odd, *held[1].boxes))
    held[2] = replace(held[2], boxes=())
    copy = convert(made.opened(), "coco", tmp_path / "new", mode=Mode.SKIP)
    assert (copy.splits["train"].pictures, copy.splits["train"].empty) == (9, 1)
    assert any("of which no box is left" in said and "1 (drop the picture)" in said for said in copy.lost)


@pytest.mark.parametrize("form", ["yolo", "voc", "labelme", "coco"])
def test_pictures_without_an_ending_get_one(tmp_path: Path, form: str) -> None:
    """Readers of most formats know a picture by its ending: with it all boxes were gone."""
    root = tmp_path / "in" / "data"
    for name, kind in (("one", "jpg"), ("two", "png"), ("three.jfif", "jpg")):
        picture(root / "images" / f"{name}.{kind}").rename(root / "images" / name)
    pictures = [image(1, "one"), image(2, "two"), image(3, "three.jfif")]
    text(root / "all.json", json.dumps(coco(pictures, [box(number, 1) for number in (1, 2, 3)])))
    copy = convert(open_place(root), form, tmp_path / "new")
    data = open_place(tmp_path / "new").data
    found = [each for split in data.splits for each in split.pictures()]
    assert [(len(each.boxes), each.path is not None) for each in found] == [(1, True)] * 3
    assert any("without the ending of a picture" in note and "one.jpg" in note for note in copy.notes)
