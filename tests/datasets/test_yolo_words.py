"""YOLO by its parts: the lines of a label file, lists of classes, and descriptions."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.datasets.faults import Fault
from skillbank.datasets.formats.yolo_classes import described, description, says_places
from skillbank.datasets.formats.yolo_labels import Labels, is_label_line
from skillbank.datasets.formats.yolo_names import class_list
from skillbank.errors import DataError
from tests.datasets.reading import tree_of

SIXTH = "its sixth number is taken for a confidence and left out"
UPRIGHT = "the upright box around its {} is taken"
BEHIND = "its key points are left out"
PIXELS = "its numbers are no shares of the picture"


@pytest.mark.parametrize(
    ("line", "behind", "box", "kind", "told"),
    [
        ("0 .5 .5 .2 .4", "", (0, 40, 24, 60, 56), "", ""),
        ("7 .5 .5 .2 .4", "", (1, 40, 24, 60, 56), "", ""),
        ("7.0 0.5 0.5 0.2 0.4", "", (1, 40, 24, 60, 56), "", ""),
        ("dog .5 .5 .2 .4", "", (1, 40, 24, 60, 56), "", ""),
        ("0,.5,.5,.2,.4", "", (0, 40, 24, 60, 56), "", ""),
        ("0,.5,.5,.2,.4,.9", "", (0, 40, 24, 60, 56), "mended", SIXTH),
        ("0 1.5 1.5 1.5 1.5", "", (0, 75, 60, 225, 180), "", ""),
        ("0 -1.5 -1.5 -1.5 -1.5", "", (0, -75, -60, -225, -180), "", ""),
        ("0 1.51 .5 .2 .4", "", None, "boxes-pixels", PIXELS),
        ("0 .5 1.51 .2 .4", "", None, "boxes-pixels", PIXELS),
        ("0 .5 .5 1.51 .4", "", None, "boxes-pixels", PIXELS),
        ("0 .5 .5 .2 -1.51", "", None, "boxes-pixels", PIXELS),
        ("1 .5 .5 .2 .4", "", None, "unknown-class", "the list of classes has no 1"),
        ("owl .5 .5 .2 .4", "", None, "unknown-class", "the list of classes has no owl"),
        ("0 .5 .5 .2 x", "", None, "unreadable-annotation", "it is not a class and numbers"),
        ("0 .5 .5 .2 nan", "", None, "unreadable-annotation", "it is not a class and numbers"),
        ("0 .5 .5 .2", "", None, "unreadable-annotation", "4 numbers are no box and no polygon"),
        ("0 .5 .5 .2 .4 .9", "", (0, 40, 24, 60, 56), "mended", SIXTH),
        ("0 .5 .5 .2 .4 9", "", (0, 40, 24, 60, 56), "mended", SIXTH),
        ("0 .1 .2 .3 .2 .3 .6", "", (0, 10, 16, 30, 48), "mended", UPRIGHT.format("polygon")),
        ("0 .1 .2 .3 .2 .3 1.6", "", None, "boxes-pixels", PIXELS),
        (
            "0 .1 .2 .3 .2 .3 .6 .1 .6", "", (0, 10, 16, 30, 48), "mended",
            UPRIGHT.format("oriented box or polygon of four points"),
        ),
        ("0 .1 .2 .3 .2 .3 .6 .1 .6 .05 .4", "", (0, 5, 16, 30, 48), "mended", UPRIGHT.format("polygon")),
        ("0 .1 .2 .3 .2 .3 .6 .1", "", None, "unreadable-annotation", "8 numbers are no box and no polygon"),
        ("0 .5 .5 .2 .4 9 9 2", "its key points", (0, 40, 24, 60, 56), "mended", BEHIND),
        ("0 .5 .5 .2 .4 9", "its key points", (0, 40, 24, 60, 56), "mended", BEHIND),
        ("0 1.6 .5 .2 .4 9", "its key points", None, "boxes-pixels", PIXELS),
    ],
)  # fmt: skip
def test_what_a_line_becomes(
    line: str, behind: str, box: tuple[float, ...] | None, kind: str, told: str
) -> None:
    kept: list[Fault] = []
    labels = Labels({0: 0, 7: 1}, {"cat": 0, "dog": 1}, behind)
    for said in (f"\n{line}\n", f"\n{line}\n \n"):
        kept.clear()
        [*found] = labels.boxes(said, "a.txt", (100, 80), kept.append)
        corners = [
            (each.label, *(round(x, 6) for x in (each.x1, each.y1, each.x2, each.y2))) for each in found
        ]
        assert corners == ([] if box is None else [box]) and all(each.at == "line 2" for each in found)
        assert kept[-1:] == ([Fault(kind, "a.txt line 2", told)] if kind else [])


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("0 1 2 3 4", True), ("0 1 2 3", False), ("0 1 2 3 4 5 6 7 8", True), ("0 1 2 3 x", False),
        ("cat 1 2 3 4", False), ("0,1,2,3,4", True), ("0,1,2,3,4,5", True), ("0,1,2,3,4,5,6", False),
        ("0.5 1 2 3 4", False), ("0.0 1 2 3 4", True), ("", False), ("0 1 2 3 inf", False),
    ],
)  # fmt: skip
def test_lines_of_labels(line: str, is_one: bool) -> None:
    assert is_label_line(line) is is_one


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("cat\ndog\n", {0: "cat", 1: "dog"}),
        ("cat\n\n dog \n", {0: "cat", 2: "dog"}),
        ("0: cat\n1: dog\n", {0: "cat", 1: "dog"}),
        ("1. cat\n2. dog\n", {1: "cat", 2: "dog"}),
        ("2. cat\n3. dog\n", {0: "2. cat", 1: "3. dog"}),
        ("0: cat\n2: dog\n", {0: "0: cat", 1: "2: dog"}),
        ("0: cat\ndog\n", {0: "0: cat", 1: "dog"}),
        ('\n"0" = "cat",\n', {0: "cat"}),
        ("0: 2-door\n", {0: "0: 2-door"}),
        ("2-door\n4-door\n", {0: "2-door", 1: "4-door"}),
    ],
)
def test_lists_of_names(tmp_path: Path, said: str, names: dict[int, str]) -> None:
    assert class_list(tree_of(tmp_path, {"classes.txt": said}, ()), "classes.txt").names == names


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ('{"categories": [{"id": 3, "name": " cat "}, {"id": "4", "name": "dog"}]}', {3: "cat", 4: "dog"}),
        ('{"categories": [{"id": null, "name": "a"}, {"id": 1}, 7, {"id": 2, "name": 5}]}', {}),
        ('{"categories": {"id": 1}}', {}),
        ("[1]", {}),
        ("{", {}),
    ],
)
def test_notes_of_label_studio(tmp_path: Path, said: str, names: dict[int, str]) -> None:
    assert class_list(tree_of(tmp_path, {"notes.json": said}, ()), "notes.json").names == names


@pytest.mark.parametrize(
    ("said", "names", "places", "root", "notes"),
    [
        ("names: [a, b]\nval: b\ntest: c\n", {0: "a", 1: "b"}, {"val": ("b",), "test": ("c",)}, "", 0),
        ("names: cat, 'dog'\nvalid: b\n", {0: "cat", 1: "dog"}, {"val": ("b",)}, "", 0),
        ("names: {7: no}\ntrain: [a, ' ', 'b ']\n", {7: "no"}, {"train": ("a", "b")}, "", 0),
        ("names: {x: cat, 2: dog, 3: [a]}\n", {2: "dog"}, {}, "", 0),
        ("names: [cat]\nnc: 2\npath: ../data\n", {0: "cat"}, {}, "../data", 1),
        ("names: [cat]\nnc: 1\npath: [a]\n", {0: "cat"}, {}, "", 0),
        ("names: [cat]\nnames: [dog]\ntrain: a\ntrain: b\n", {0: "dog"}, {"train": ("b",)}, "", 2),
        ("names: []\nnc: 0\ntrain: a\n", {}, {"train": ("a",)}, "", 0),
        ("names: []\ntrain: a\n", {}, {"train": ("a",)}, "", 0),
        ("names: []\nnc: 3\ntrain: a\n", None, {"train": ("a",)}, "", 0),
        ("nc: 3\ntrain: a\n", None, {"train": ("a",)}, "", 0),
        ("names: [cat]\ntrain: images\nval: ''\n", {0: "cat"}, {}, "", 0),
        ("names: [cat]\ntrain: images\n", {0: "cat"}, {"train": ("images",)}, "", 0),
        (
            "names: [cat]\ntrain: images\nval: ''\ntest: t\n", {0: "cat"},
            {"train": ("images",), "test": ("t",)}, "", 0,
        ),
        ("names: [cat]\ntrain: pictures\nval: ''\n", {0: "cat"}, {"train": ("pictures",)}, "", 0),
        ("names: obj.names\ntrain: a\n", {0: "owl"}, {"train": ("a",)}, "", 1),
        ("- cat\n", None, {}, "", 0),
    ],
)  # fmt: skip
def test_descriptions(
    tmp_path: Path,
    said: str,
    names: dict[int, str] | None,
    places: dict[str, tuple[str, ...]],
    root: str,
    notes: int,
) -> None:
    tree = tree_of(tmp_path, {"data.yaml": said, "obj.names": "owl\n"}, ())
    found = description(tree, "data.yaml")
    assert (found.classes.names if found.classes is not None else None) == names
    assert (found.places, found.root, len(found.notes), found.pose) == (places, root, notes, False)
    posed = tree_of(tmp_path, {"p.yaml": "names: [cat]\nkpt_shape: [17, 3]\n"}, ())
    assert description(posed, "p.yaml").pose


@pytest.mark.parametrize(
    ("name", "said", "is_one"),
    [
        ("a.yaml", "names: [cat]\n", True), ("a.yml", "nc: 1\ntrain: x\n", True),
        ("a.yaml", "nc: 1\n", False),
        ("a.yaml", "train: x\n", False), ("a.yaml", "nc: 1\nvalid: x\n", True), ("a.yaml", "{", False),
        ("data.yaml", "{", True), ("a.data", "train = x\n", True), ("a.data", "names=x\n", True),
        ("a.data", "classes=1\n", False), ("a.json", "names: [cat]\n", False),
    ],
)  # fmt: skip
def test_what_describes_a_data_set(tmp_path: Path, name: str, said: str, is_one: bool) -> None:
    assert says_places(tree_of(tmp_path, {name: said}, ()), name) is is_one


def test_descriptions_that_differ_are_said_or_refused(tmp_path: Path) -> None:
    one, same, other = "names: [cat]\ntrain: a\n", "train: a\nnames: {0: cat}\n", "names: [dog]\ntrain: a\n"
    twice = described(tree_of(tmp_path / "1", {"data.yaml": one, "b.yaml": same}, ("a/x.jpg",)))
    assert twice.notes == () and twice.file == "data.yaml"
    aside = described(tree_of(tmp_path / "2", {"data.yaml": one, "a.yaml": other}, ("a/x.jpg",)))
    assert aside.notes == ("beside data.yaml, which is read, a.yaml is left aside",)
    with pytest.raises(DataError, match=r"holds several descriptions of a data set: a\.yaml, b\.yaml"):
        described(tree_of(tmp_path / "3", {"b.yaml": one, "a.yaml": other}, ("a/x.jpg",)))
    lists = described(tree_of(tmp_path / "4", {"data.yaml": one, "classes.txt": "dog\n"}, ("a/x.jpg",)))
    assert lists.notes == ("classes.txt names other classes than data.yaml, which is read",)
    darknet = {"data/obj.data": "classes = 1\nTrain = data/train.txt\nnames = x\\obj.names\n"}
    found = described(tree_of(tmp_path / "5", {**darknet, "data/obj.names": "owl\n"}, ("data/x.jpg",)))
    assert found.classes is not None and found.classes.names == {0: "owl"}
    assert (found.file, found.places) == ("data/obj.data", {"train": ("data/train.txt",)})
