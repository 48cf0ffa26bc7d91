"""What the writers do with what their format cannot hold, and what the files look like."""

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from skillbank.datasets.converting import fitting
from skillbank.datasets.document import Box, DataSet, Marks, Picture, Split
from skillbank.datasets.formats import WRITERS
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.coco_writer import CocoWriter
from skillbank.datasets.opening import Opened, open_place
from skillbank.datasets.tree import open_tree
from skillbank.errors import DataError, UsageError
from tests.datasets.reading import picture

WRITER = {writer.name: writer for writer in WRITERS}
FOLDERS = {
    "odvg": ("train/images", "images"),
    "coco": ("train/images", "images"),
    "yolo": ("images/train", "images"),
    "voc": ("JPEGImages", "JPEGImages"),
    "cvat": ("images/train", "images"),
    "labelme": ("train", "images"),
    "label_studio": ("images/train", "images"),
    "masks": ("images/train", "images"),
    "class_folders": ("images_train", ""),
    "csv": ("images/train", "images"),
}
"""Where each writer puts the pictures of a split, and of what is not divided."""
BOX = Box(10, 20, 40, 60, 1)


def one(*boxes: Box, name: str = "a.jpg", caption: str = "", sized: bool = True) -> Picture:
    width, height = (100, 80) if sized else (None, None)
    return Picture(name, name, width, height, boxes, caption)


def test_folders_of_pictures() -> None:
    assert {name: (each.folder("train"), each.folder("")) for name, each in WRITER.items()} == FOLDERS


@pytest.mark.parametrize("there", ["boxes", "areas", "classes"])
@pytest.mark.parametrize("form", ["coco", "masks", "class_folders"])
def test_what_a_format_holds(tmp_path: Path, there: Marks, form: str) -> None:
    picture(tmp_path / "a.jpg")
    split = Split("", "", lambda: iter([one(BOX)]))
    found = Opened(open_tree(tmp_path), DataSet("voc", ("dog", "cat"), (split,), marks=there))
    fits = {("boxes", "coco"), ("boxes", "class_folders"), ("areas", "masks"), ("classes", "class_folders")}
    if (there, form) in fits:
        assert fitting(found, WRITER[form]) is found
    else:
        lacks = "boxes and no outlines" if there == "boxes" else "holds"
        with pytest.raises((UsageError, DataError), match=lacks):
            fitting(found, WRITER[form])


def test_pictures_in_folders_of_one_split_are_documents_in_folders_too(tmp_path: Path) -> None:
    pictures = [one(BOX, name=name) for name in ("a/1.jpg", "a/2.jpg", "b/c/1.jpg", "3.jpg")]
    assert write("voc", tmp_path / "new" / "place", *pictures) == []
    lists = tmp_path / "new" / "place" / "ImageSets" / "Main"
    names = (lists / "train.txt").read_text().split()
    assert names == ["a/1", "a/2", "b/c/1", "3"]
    assert all((tmp_path / "new" / "place" / "Annotations" / f"{name}.xml").is_file() for name in names)
    assert write("csv", tmp_path / "new" / "table", *pictures) == []
    assert (tmp_path / "new" / "table" / "classes.csv").read_text().split() == ["dog,0", "cat,1"]


def write(form: str, root: Path, *pictures: Picture, split: str = "train") -> list[str]:
    writer = WRITER[form]
    placed = [replace(each, path=f"{writer.folder(split)}/{each.path}") for each in pictures]
    return writer.write([Part(split, iter(placed))], ("dog", "cat"), root)


def test_odvg(tmp_path: Path) -> None:
    assert write("odvg", tmp_path, one(BOX)) == []
    assert json.loads((tmp_path / "train" / "annotations_odvg.jsonl").read_text()) == {
        "file_name": "a.jpg",
        "height": 80,
        "width": 100,
        "detection": {"instances": [{"bbox": [10, 20, 40, 60], "label": 1, "category": "cat"}]},
    }
    names = json.loads((tmp_path / "train" / "annotations_odvg_labelmap.json").read_text())
    assert names == {"0": "dog", "1": "cat"}


def test_phrases_become_grounding(tmp_path: Path) -> None:
    phrase = Box(1, 2, 3, 4, None, "a big dog")
    write("odvg", tmp_path, one(phrase, BOX, caption="a big dog and a cat"), one(phrase, name="b.jpg"))
    lines = (tmp_path / "train" / "annotations_odvg.jsonl").read_text().splitlines()
    assert [json.loads(line)["grounding"]["caption"] for line in lines] == [
        "a big dog and a cat",
        "a big dog",
    ]
    assert json.loads(lines[0])["grounding"]["regions"] == [
        {"bbox": [1, 2, 3, 4], "phrase": "a big dog"},
        {"bbox": [10, 20, 40, 60], "phrase": "cat"},
    ]


def test_coco(tmp_path: Path) -> None:
    crowd = Box(0, 0, 50.5, 40, 0, crowd=True)
    assert write("coco", tmp_path, one(BOX, crowd), one(name="b.jpg")) == []
    assert json.loads((tmp_path / "train" / "annotations.json").read_text()) == {
        "images": [
            {"id": 1, "file_name": "a.jpg", "width": 100, "height": 80},
            {"id": 2, "file_name": "b.jpg", "width": 100, "height": 80},
        ],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 2, "bbox": [10, 20, 30, 40], "area": 1200, "iscrowd": 0},
            {"id": 2, "image_id": 1, "category_id": 1, "bbox": [0, 0, 50.5, 40], "area": 2020, "iscrowd": 1},
        ],
        "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}],
    }


def test_coco_for_grounding_models_counts_from_0(tmp_path: Path) -> None:
    CocoWriter(first=0).write([Part("", iter([one(BOX)]))], ("dog", "cat"), tmp_path)
    document = json.loads((tmp_path / "annotations.json").read_text())
    assert [each["id"] for each in document["categories"]] == [0, 1]
    assert document["annotations"][0]["category_id"] == 1


def test_yolo(tmp_path: Path) -> None:
    assert write("yolo", tmp_path, one(BOX), one(name="deep/b.jpg")) == []
    assert (tmp_path / "labels/train/a.txt").read_text() == "1 0.250000 0.500000 0.300000 0.500000\n"
    assert (tmp_path / "labels/train/deep/b.txt").read_text() == ""
    said = (tmp_path / "data.yaml").read_text()
    assert said == "train: images/train\nnc: 2\nnames:\n  0: dog\n  1: cat\n"


def test_yolo_undivided_says_so(tmp_path: Path) -> None:
    write("yolo", tmp_path, one(BOX), split="")
    assert (tmp_path / "data.yaml").read_text().startswith("# This data set is not divided")
    picture(tmp_path / "images" / "a.jpg")
    assert [split.name for split in open_place(tmp_path).data.splits] == [""]


def test_what_a_format_does_not_know_is_counted(tmp_path: Path) -> None:
    crowd, phrase = Box(1, 2, 3, 4, 0, crowd=True), Box(1, 2, 3, 4, None, "a dog")
    made = one(BOX, crowd, phrase, phrase), one(BOX, name="b.jpg", sized=False)
    assert write("odvg", tmp_path / "odvg", *made) == [
        "boxes of crowds, which ODVG does not know, are left out: 1"
    ]
    assert write("coco", tmp_path / "coco", *made) == [
        "boxes with a phrase and no class, which COCO does not know, are left out: 2"
    ]
    assert write("yolo", tmp_path / "yolo", *made) == [
        "boxes of crowds, which YOLO does not know, are left out: 1",
        "boxes with a phrase and no class, which YOLO does not know, are left out: 2",
        "boxes of pictures whose size is not known are left out: 1",
    ]


def test_cvat(tmp_path: Path) -> None:
    """The parts that CVAT's documentation of its XML 1.1 for images names, of a project with a subset."""
    assert write("cvat", tmp_path, one(BOX), one(Box(1, 2, 3, 4, 0, proposed=0.4), name="b.jpg")) == []
    root = ElementTree.parse(tmp_path / "annotations.xml").getroot()
    assert (root.tag, root.findtext("version")) == ("annotations", "1.1")
    labels = root.findall("meta/project/labels/label")
    assert [each.findtext("name") for each in labels] == ["dog", "cat"]
    assert all(re.fullmatch("#[0-9a-f]{6}", each.findtext("color") or "") for each in labels)
    assert {each.findtext("type") for each in labels} == {"rectangle"}
    assert root.findtext("meta/project/subsets") == "train"
    images = root.findall("image")
    assert [each.attrib for each in images] == [
        {"id": str(number), "name": name, "subset": "train", "width": "100", "height": "80"}
        for number, name in enumerate(("a.jpg", "b.jpg"))
    ]
    corners = {"xtl": "10", "ytl": "20", "xbr": "40", "ybr": "60"}
    assert images[0][0].attrib == {
        "label": "cat", "source": "manual", "occluded": "0", **corners, "z_order": "0",
    }  # fmt: skip
    assert images[1][0].get("source") == "auto"


def test_label_studio(tmp_path: Path) -> None:
    """What is decided is an annotation, and what is proposed a prediction with its score."""
    proposed = Box(50, 40, 100, 80, 0, proposed=0.75)
    open_one = replace(one(proposed, name="b c.jpg"), undecided=True)
    blank = replace(one(name="e.jpg"), undecided=True)
    made = one(BOX, proposed), open_one, one(name="d.jpg"), blank
    assert write("label_studio", tmp_path, *made) == []
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert [task["data"] for task in tasks] == [
        {"image": f"/data/local-files/?d=images/train/{name}.jpg", "split": "train"}
        for name in ("a", "b%20c", "d", "e")
    ]
    assert [[len(each["result"]) for each in task["annotations"]] for task in tasks] == [[1], [], [0], []]
    assert [len(task.get("predictions", ())) for task in tasks] == [1, 1, 0, 0]
    [mark] = tasks[0]["annotations"][0]["result"]
    assert mark["type"] == "rectanglelabels" and "score" not in mark
    assert (mark["original_width"], mark["original_height"]) == (100, 80)
    sides = {"x": 10, "y": 25, "width": 30, "height": 50, "rotation": 0}
    assert mark["value"] == {**sides, "rectanglelabels": ["cat"]}
    [guess] = tasks[1]["predictions"]
    assert (guess["score"], guess["result"][0]["score"]) == (0.75, 0.75)
    config = ElementTree.parse(tmp_path / "label_config.xml").getroot()
    [image], [labels] = config.findall("Image"), config.findall("RectangleLabels")
    assert (mark["from_name"], mark["to_name"]) == (labels.get("name"), image.get("name"))
    assert labels.get("toName") == image.get("name") and image.get("value") == "$image"
    assert [each.get("value") for each in labels] == ["dog", "cat"]
