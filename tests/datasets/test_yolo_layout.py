"""Where a YOLO data set keeps its pictures and labels, and what has no other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from skillbank.datasets.faults import Fault
from skillbank.datasets.formats.yolo import Yolo
from skillbank.datasets.formats.yolo_classes import described
from skillbank.datasets.formats.yolo_layout import Layout, holds_labels
from skillbank.datasets.formats.yolo_lists import agree
from tests.datasets.reading import boxes, tree_of

LABEL = "0 .5 .5 .2 .4\n"


@pytest.mark.parametrize(
    ("picture", "label", "others", "is_its"),
    [
        ("images/a.jpg", "labels/a.txt", (), True),
        ("images/a.jpg", "label/a.txt", (), True),
        ("x/Images/train/a.jpg", "x/labels/train/a.txt", (), True),
        ("images/x/img/a.jpg", "images/x/labels/a.txt", (), True),
        ("images/a.jpg", "a.txt", (), True),
        ("a.jpg", "a.txt", (), True),
        ("a.jpg", "labels/a.txt", (), True),
        ("x/a.jpg", "x/labels/a.txt", (), True),
        ("x/a.jpg", "labels/x/a.txt", (), True),
        ("a.jpg", "a.jpg.txt", (), True),
        ("a.jpg", "x/y/a.txt", (), True),
        ("a.jpg", "x/y/a.txt", ("b/a.png",), False),
        ("a.jpg", "x/y/b.txt", (), False),
        ("train/a.jpg", "x/train/a.txt", (), True),
        ("train/a.jpg", "x/val/a.txt", (), False),
        ("x/a.jpg", "y/val/a.txt", (), True),
        ("images/a.jpg", "labels/a.TXT", (), True),
    ],
)
def test_the_label_file_of_a_picture(
    tmp_path: Path, picture: str, label: str, others: tuple[str, ...], is_its: bool
) -> None:
    layout = Layout(tree_of(tmp_path, {label: LABEL}, (picture, *others)))
    assert layout.label_of(picture) == (label if is_its else None)


def test_of_two_label_files_of_a_name_none_is_taken_from_afar(tmp_path: Path) -> None:
    layout = Layout(tree_of(tmp_path, {"x/a.txt": LABEL, "y/a.txt": LABEL}, ("a.jpg",)))
    assert layout.label_of("a.jpg") is None


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({"a.txt": LABEL}, True),
        ({"a.txt": "spoilt\n" + LABEL}, True),
        ({"a.txt": "spoilt\n", "b.txt": LABEL}, True),
        ({"a.txt": "spoilt\n"}, False),
        ({"a.txt": "\n", "b.txt": ""}, None),
        ({"a.txt": "", "b.txt": "spoilt"}, False),
        ({"readme.txt": LABEL, "classes.txt": LABEL, "x/obj.names": LABEL}, False),
        ({"train.txt": "a.jpg\n"}, False),
        ({"train.txt": LABEL}, True),
        ({}, False),
    ],
)
def test_whether_labels_are_there(tmp_path: Path, texts: dict[str, str], found: bool | None) -> None:
    assert holds_labels(tree_of(tmp_path, texts, ())) is found


def layout_of(root: Path, texts: Mapping[str, str], *pictures: str) -> Layout:
    tree = tree_of(root, texts, pictures)
    return Layout.of(tree, described(tree))


@pytest.mark.parametrize(
    ("said", "pictures", "places", "said_of"),
    [
        ("train: images/train\nval: images/val\n", ("images/train/a.jpg", "images/val/b.jpg"),
         {"train": ["images/train"], "val": ["images/val"]}, {"train": "train", "val": "val"}),
        ("path: ../data\ntrain: /home/me/data/train/images\n", ("train/images/a.jpg",),
         {"train": ["train/images"]}, {"train": "train"}),
        ("path: set\ntrain: train\n", ("set/train/a.jpg", "train/b.jpg"),
         {"train": ["set/train"]}, {"train": "train"}),
        ("train: ./x\n", ("x/a.jpg",), {"train": ["x"]}, {"train": "train"}),
        ("train: [x, y]\n", ("x/a.jpg", "y/z/b.jpg"), {"train": ["x", "y"]}, {"train": "train"}),
        ("train: list.txt\n", ("x/a.jpg",), {"train": ["list.txt"]}, {"train": "train"}),
        ("train: .\n", ("a.jpg",), {"train": [""]}, {"train": "train"}),
        ("valid: data/valid\n", ("valid/a.jpg",), {"val": ["valid"]}, {"val": "valid"}),
    ],
)  # fmt: skip
def test_places_of_a_description(
    tmp_path: Path,
    said: str,
    pictures: tuple[str, ...],
    places: dict[str, list[str]],
    said_of: dict[str, str],
) -> None:
    layout = layout_of(tmp_path, {"data.yaml": f"names: [cat]\n{said}", "list.txt": "x/a.jpg\n"}, *pictures)
    assert (layout.places, layout.said, layout.faults, layout.notes) == (places, said_of, [], [])


def test_places_that_are_not_there_and_pictures_of_none_are_said(tmp_path: Path) -> None:
    texts = {"data.yaml": "names: [cat]\ntrain: t\nval: v\ntest: w\n", "x/b.txt": LABEL, "t/a.txt": LABEL}
    layout = layout_of(tmp_path, texts, "t/a.jpg", "x/b.jpg", "x/c.jpg")
    about = "which is not there or holds no picture"
    assert layout.faults == [Fault("split-missing", "data.yaml", f"names 'v' for val, {about}")]
    assert layout.notes == [
        f"data.yaml names 'w' for test, {about}: there is no test",
        "1 pictures with label files stand in no split of data.yaml and are left out (x/b.jpg)",
    ]


@pytest.mark.parametrize(
    ("texts", "pictures", "places", "notes"),
    [
        ({}, ("a.jpg", "x/b.jpg"), {"": [""]}, 0),
        ({}, ("train/a.jpg", "val/b.jpg"), {"train": ["train"], "val": ["val"]}, 0),
        (
            {},
            ("x/valid/b.jpg", "x/train/a.jpg", "x/train/c.jpg"),
            {"train": ["x/train"], "val": ["x/valid"]},
            0,
        ),
        ({}, ("train/a.jpg", "b.jpg"), {"train": ["train"]}, 1),
        ({}, ("train_1/a.jpg", "train_2/a.jpg"), {"train": ["train_1", "train_2"]}, 0),
        ({"train.txt": "a.jpg\n"}, ("a.jpg", "val/b.jpg"), {"train": ["train.txt"]}, 0),
        ({"x/val.txt": "a.jpg\n", "train.txt": LABEL}, ("a.jpg",), {"val": ["x/val.txt"]}, 0),
        ({"x/y/val.txt": "a.jpg\n"}, ("a.jpg",), {"": [""]}, 0),
        ({"val.txt": ""}, ("a.jpg",), {"": [""]}, 0),
    ],
)
def test_places_by_names(
    tmp_path: Path, texts: dict[str, str], pictures: tuple[str, ...], places: dict[str, list[str]], notes: int
) -> None:
    layout = layout_of(tmp_path, texts, *pictures)
    assert (layout.places, list(layout.places), len(layout.notes)) == (places, list(places), notes)


def test_pictures_labels_and_what_has_no_other(tmp_path: Path) -> None:
    texts = {
        "classes.txt": "cat\n", "labels/train/a.txt": LABEL, "labels/train/gone.txt": LABEL,
        "labels/val/lost.txt": LABEL, "labels/val/b.txt": "", "labels/train/no.txt": "spoilt\n",
    }  # fmt: skip
    tree = tree_of(tmp_path, texts, ("images/train/a.jpg", "images/val/b.jpg", "images/val/c.jpg"))
    data = Yolo().read(tree)
    train, val = ({each.name: each for each in split.pictures()} for split in data.splits)
    assert boxes(data, "train")["images/train/a.jpg"] == [("cat", 40, 24, 60, 56)]
    assert list(train) == ["images/train/a.jpg", "images/train/gone"]
    assert list(val) == ["images/val/b.jpg", "images/val/c.jpg", "images/val/lost"]
    assert (
        train["images/train/gone"].path is None and str(val["images/val/lost"].where) == "labels/val/lost.txt"
    )
    assert val["images/val/c.jpg"].faults == (Fault("label-file-missing", "images/val/c.jpg"),)
    assert (val["images/val/c.jpg"].width, val["images/val/b.jpg"].height) == (100, 80)
    assert data.classes == ("cat",) and data.faults == () and data.notes == ()


def test_a_label_file_of_two_pictures_is_said_with_the_second(tmp_path: Path) -> None:
    texts = {"classes.txt": "cat\n", "a.txt": LABEL}
    [split] = Yolo().read(tree_of(tmp_path, texts, ("a.jpg", "a.png"))).splits
    first, second = split.pictures()
    assert first.faults == () and len(second.boxes) == 1
    assert second.faults == (Fault("label-shared", "a.txt", "of a.jpg and of a.png"),)


@pytest.mark.parametrize(
    ("texts", "pictures", "files", "lacking"),
    [
        ({"classes.txt": "cat\n", "a.txt": LABEL}, ("a.jpg",), ("classes.txt",), ""),
        ({"data.yaml": "names: [cat]\n", "a.txt": LABEL}, ("a.jpg",), ("data.yaml",), ""),
        ({"data.yaml": "names: [cat]\n", "classes.txt": "cat\n", "a.txt": ""}, ("a.jpg",),
         ("data.yaml", "classes.txt"), ""),
        ({"data.yaml": "names: [cat]\n"}, ("a.jpg",), (), "no text file of labels lies with its pictures"),
        ({"data.yaml": "names: [cat]\n", "x.txt": "spoilt"}, ("a.jpg",), (), "x.txt has no line of a number"),
        ({"a.txt": LABEL}, ("a.jpg",), (), "holds YOLO labels and no list of classes"),
        ({"x/classes.txt": "cat\n", "x/a.txt": LABEL, "x/y/z/w/classes.txt": ""}, ("x/a.jpg",),
         ("x/classes.txt",), ""),
        ({"classes.txt": "cat\n", "b.txt": "spoilt"}, ("a.jpg",), None, ""),
        ({"classes.txt": "cat\n", "b.txt": ""}, ("a.jpg",), None, ""),
        ({"a.txt": ""}, ("a.jpg",), None, ""),
    ],
)  # fmt: skip
def test_what_is_recognised(
    tmp_path: Path,
    texts: dict[str, str],
    pictures: tuple[str, ...],
    files: tuple[str, ...] | None,
    lacking: str,
) -> None:
    found = Yolo().recognise(tree_of(tmp_path, texts, pictures))
    assert (found.files if found is not None else None) == files
    if found is not None:
        assert lacking in found.lacking and bool(found.lacking) is bool(lacking)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("names: [cat]\n", "names: {0: cat}\n", True),
        ("names: [cat]\n", "names: [dog]\n", False),
        ("nc: 1\ntrain: x\n", "nc: 2\ntrain: x\n", True),
        ("nc: 1\ntrain: x\n", "names: [cat]\n", False),
    ],
)
def test_descriptions_below_agree_where_they_name_the_same_classes(
    tmp_path: Path, one: str, other: str, same: bool
) -> None:
    tree = tree_of(tmp_path, {"a/data.yaml": one, "b/data.yaml": other, "b/obj.data": "names = x"}, ())
    assert agree(tree, ["a/data.yaml", "b/data.yaml", "b/obj.data"]) is same
    lists = tree_of(tmp_path / "l", {"a/classes.txt": "cat\n", "b/data.yaml": other}, ())
    assert agree(lists, list(lists.files)) is ("cat" in other)
