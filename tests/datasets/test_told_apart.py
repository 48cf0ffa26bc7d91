"""Data sets in which two things that are nearly alike lie side by side: each is taken for what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.album import leads_out
from skillbank.datasets.checking import check_data
from skillbank.datasets.dealing import By
from skillbank.datasets.document import Box, Drawn, Picture
from skillbank.datasets.formats import WRITERS
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.gathering import examples
from skillbank.datasets.fresh import fresh_folder
from skillbank.datasets.grouping import grouped
from skillbank.datasets.outlines import _drawn
from skillbank.datasets.tree import open_tree
from skillbank.errors import DataError
from tests.datasets.made import Made
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

WRITER = {writer.name: writer for writer in WRITERS}


def labelme(file: Path, said: str) -> None:
    shape = {"label": "cat", "points": [[10, 20], [40, 60]], "shape_type": "rectangle"}
    text(file, json.dumps({"version": "5.4.1", "shapes": [shape], "imagePath": said,
                           "imageHeight": 80, "imageWidth": 100}))  # fmt: skip


def test_a_file_of_labelme_that_names_the_picture_of_another_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        picture(tmp_path / f"{name}.jpg")
        labelme(tmp_path / f"{name}.json", "a.jpg")
    data = data_of(tmp_path)
    assert list(boxes(data)) == ["a.jpg", "b.jpg"]
    assert kinds(data) == {"names-another": 1}


def test_a_picture_of_supervisely_is_called_by_its_path(tmp_path: Path) -> None:
    picture(tmp_path / "ds" / "img" / "a.jpg")
    document: dict[str, Any] = {"size": {"height": 80, "width": 100}, "objects": [], "tags": []}
    text(tmp_path / "ds" / "ann" / "a.jpg.json", json.dumps(document))
    text(tmp_path / "meta.json", json.dumps({"classes": [{"title": "dog"}], "tags": []}))
    assert [each.name for each in data_of(tmp_path).splits[0].pictures()] == ["ds/img/a.jpg"]


def test_rows_of_a_picture_that_stand_apart_do_not_make_it_absent(tmp_path: Path) -> None:
    header = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf"
    picture(tmp_path / "train" / "a.jpg")
    rows = [f"{name},x,/m/0k4j,1,0.1,0.4,0.25,0.75,0,0,0" for name in ("a", "b", "a")]
    text(tmp_path / "train-annotations-bbox.csv", "\n".join((header, *rows)) + "\n")
    notes = data_of(tmp_path).notes
    assert "1 pictures of train-annotations-bbox.csv are not here and are left out" in notes


@pytest.mark.parametrize(
    ("rows", "form"),
    [
        ("file_name,objects\na.jpg,\"{'bbox': [[10, 20, 30, 40]], 'category': ['dog']}\"\n", "hugging_face"),
        ('file_name,objects\na.jpg,"[[10, 20, 30, 40]]"\n', "hugging_face"),
        ("file_name,xmin,ymin,xmax,ymax,label\na.jpg,10,20,40,60,dog\n", "csv"),
    ],
)
def test_a_table_of_metadata_has_a_row_a_picture_or_a_row_a_box(tmp_path: Path, rows: str, form: str) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "metadata.csv", rows)
    assert data_of(tmp_path).format == form


NAMES = "dataset_info:\n  features:\n  - name: x\n    dtype:\n      class_label:\n        names: [dog, cat]\n"


@pytest.mark.parametrize(
    ("card", "named"),
    [
        (f"---\n{NAMES}---\n# Pets\n", True),
        (f"---\n{NAMES}# Pets that nobody told the end of\n", False),
        (f"# Pets\n{NAMES}---\n", False),
        (f"\n---\n{NAMES}---\n", False),
    ],
    ids=["whole", "open", "closed only", "below a line"],
)
def test_names_of_classes_stand_in_the_front_matter_of_a_card(tmp_path: Path, card: str, named: bool) -> None:
    picture(tmp_path / "a.jpg")
    entry = {"file_name": "a.jpg", "objects": {"bbox": [[10, 20, 30, 40]], "category": [1]}}
    text(tmp_path / "metadata.jsonl", json.dumps(entry) + "\n")
    text(tmp_path / "README.md", card)
    assert ("cat" in data_of(tmp_path).classes) is named


def test_pictures_of_the_same_names_lie_in_the_folders_of_a_datumaro_set_below(tmp_path: Path) -> None:
    root = tmp_path / "pets"
    for subset, corner in (("train", 10.0), ("validation", 20.0)):
        picture(root / "images" / subset / "a.jpg")
        mark = {"id": 0, "type": "bbox", "label_id": 0, "bbox": [corner, 20.0, 30.0, 40.0]}
        item = {"id": "a", "annotations": [mark], "image": {"path": "a.jpg", "size": [80, 100]}}
        categories = {"label": {"labels": [{"name": "cat", "parent": ""}]}}
        document = {"info": {}, "categories": categories, "items": [item]}
        text(root / "annotations" / f"{subset}.json", json.dumps(document))
    data = data_of(tmp_path)
    assert boxes(data, "train") == {"pets/images/train/a.jpg": [("cat", 10, 20, 40, 60)]}
    assert boxes(data, "val") == {"pets/images/validation/a.jpg": [("cat", 20, 20, 50, 60)]}


def test_a_picture_above_the_folders_of_classes_hides_none_of_them(tmp_path: Path) -> None:
    for name in ("train/a.jpg", "train/cat/b.jpg", "train/dog/c.jpg", "val/a.jpg", "val/cat/d.jpg"):
        picture(tmp_path / name)
    data = data_of(tmp_path)
    assert data.format == "class_folders"
    assert data.classes == ("cat", "dog")
    found = [[each.path for each in split.pictures()] for split in data.splits]
    assert found == [["train/cat/b.jpg", "train/dog/c.jpg"], ["val/cat/d.jpg"]]


def test_pictures_beside_the_folders_of_splits_are_counted(tmp_path: Path) -> None:
    for name in ("train/a", "val/b", "loose/c", "loose/d"):
        picture(tmp_path / "images" / f"{name}.jpg")
        text(tmp_path / "labels" / f"{name}.txt", "0 0.5 0.5 0.2 0.2\n")
    text(tmp_path / "classes.txt", "cat\n")
    notes = data_of(tmp_path).notes
    assert "2 pictures lie in no folder of a split and are left aside" in notes


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("", ""),
        ("a", "a"),
        ("aab", "a, b"),
        ("abc", "a, b, c"),
        ("abcd", "a, b, c, ..."),
        ("aabbcc", "a, b, c"),
    ],
)
def test_three_examples_are_named_and_that_there_are_more(names: str, said: str) -> None:
    assert examples(names) == said


def test_a_likeness_is_told_with_the_splits_where_there_are_some(tmp_path: Path) -> None:
    made = Made(tmp_path)
    made.add("", 4)
    with Image.open(tmp_path / "all/00000.jpg") as image:
        image.resize((320, 240)).save(tmp_path / "all/copy.jpg", quality=90)
    made.put("", "all/copy.jpg", (320, 240), [made.box((320, 240))])
    [fault] = check_data(made.opened()).tally.examples["picture-alike"]
    assert sorted([fault.where, fault.detail]) == ["all/copy.jpg", "it looks like all/00000.jpg"]


def test_boxes_that_nothing_is_said_of_are_left_out_of_voc_and_counted(tmp_path: Path) -> None:
    marked = (
        Box(10, 20, 40, 60, 1),
        Box(1, 2, 3, 4, None),
        Box(5, 6, 7, 8, None),
        Box(1, 1, 9, 9, None, "a sign"),
    )
    part = Part("train", iter([Picture("a.jpg", "a.jpg", 100, 80, marked)]))
    assert WRITER["voc"].write([part], ("dog", "cat"), tmp_path) == [
        "boxes without class and phrase are left out: 2",
        "boxes with a phrase and no class have the phrase for their class: 1",
    ]


def test_areas_of_no_class_are_the_background_and_numbered_before_the_others() -> None:
    numbers = np.array([[-1, 0, 1]], np.int16)
    assert _drawn(lambda: Drawn(numbers), None).numbers.tolist() == [[0, 1, 2]]
    assert _drawn(lambda: Drawn(numbers), 1).numbers.tolist() == [[1, 0, 1]]


def test_a_link_that_leaves_the_folder_and_comes_back_has_left_it(tmp_path: Path) -> None:
    root = tmp_path / "pets"
    picture(root / "a.jpg")
    (tmp_path / "outside.jpg").symlink_to(root / "a.jpg")
    for name, target in {"inside": "a.jpg", "around": "../outside.jpg", "chain": "inside.jpg"}.items():
        (root / f"{name}.jpg").symlink_to(target)
    assert [leads_out(root, [root / f"{name}.jpg"]) for name in ("a", "inside", "chain", "around")] == [
        False, False, False, True,
    ]  # fmt: skip


def test_a_folder_that_cannot_be_made_is_said_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "new"
    with (
        pytest.raises(DataError, match=f"^{target} cannot be made: File exists$"),
        fresh_folder(target, tmp_path / "source"),
    ):
        pass


def test_a_region_without_a_phrase_hides_none_behind_it(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    regions = [{"bbox": [1, 2, 3, 4]}, "none", {"phrase": "a sign", "bbox": [10, 20, 40, 60]}]
    entry = {"file_name": "a.jpg", "grounding": {"caption": "a sign", "regions": regions}}
    text(tmp_path / "annotations.jsonl", json.dumps(entry) + "\n")
    [found] = data_of(tmp_path).splits[0].pictures()
    assert [(box.phrase, box.x1, box.y2) for box in found.boxes] == [("a sign", 10, 60)]
    assert [fault.kind for fault in found.faults] == ["unreadable-annotation"] * 2


@pytest.mark.parametrize(
    ("lists", "contradict"),
    [
        ({"a/classes.txt": "cat\ndog\n", "a/obj.names": "dog\ncat\n"}, False),
        ({"a/classes.txt": "cat\ndog\n", "b/classes.txt": "cat\ndog\n"}, False),
        ({"a/classes.txt": "cat\ndog\n", "b/classes.txt": "dog\ncat\n"}, True),
    ],
)
def test_lists_of_classes_that_disagree_lie_in_folders_of_different_labels(
    tmp_path: Path, lists: dict[str, str], contradict: bool
) -> None:
    for folder in ("a", "b"):
        picture(tmp_path / folder / "images" / f"{folder}.jpg")
        text(tmp_path / folder / "labels" / f"{folder}.txt", "0 0.5 0.5 0.2 0.2\n")
    for name, said in lists.items():
        text(tmp_path / name, said)
    if contradict:
        with pytest.raises(DataError, match=r"\(a/classes\.txt, b/classes\.txt\); name the folder"):
            data_of(tmp_path)
    else:
        assert data_of(tmp_path).classes in (("cat", "dog"), ("dog", "cat"))


@pytest.mark.parametrize(
    ("by", "groups"),
    [(By.FOLDER, [[0, 1, 4], [2], [3]]), (By.PICTURE, [[0, 4], [1], [2], [3]])],
)
def test_pictures_are_kept_together_by_their_folder_or_their_file(
    tmp_path: Path, by: By, groups: list[list[int]]
) -> None:
    paths = ["data/a/1.jpg", "data/a/2.jpg", "data/b/1.jpg", None, "data/a/1.jpg"]
    pictures = [Picture(path or "absent.jpg", path, 100, 80, ()) for path in paths]
    assert grouped(open_tree(tmp_path), pictures, by, None, None) == groups
    below = [each for each in pictures if each.path]
    assert grouped(open_tree(tmp_path), below, By.FOLDER, None, None) == [[0, 1, 3], [2]]


def test_shares_of_a_picture_that_is_not_there_are_no_corners(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    header = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax"
    rows = ["a,x,cat,1,0.1,0.4,0.25,0.75", "b,x,cat,1,0.1,0.4,0.25,0.75"]
    text(tmp_path / "boxes.csv", "\n".join((header, *rows)) + "\n")
    data = data_of(tmp_path)
    assert boxes(data)["a.jpg"] == [("cat", 10, 20, 40, 60)]
    assert kinds(data)["size-unknown"] == 1
    assert "the boxes of b are shares of a picture: it is not there" in details(data)


def test_an_object_without_a_name_makes_no_class_of_hugging_face(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    objects = {"bbox": [[10, 20, 30, 40], [1, 2, 3, 4]], "category": ["dog", ""]}
    text(tmp_path / "metadata.jsonl", json.dumps({"file_name": "a.jpg", "objects": objects}) + "\n")
    assert data_of(tmp_path).classes == ("dog",)
