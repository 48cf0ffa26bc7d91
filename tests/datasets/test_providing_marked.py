"""What a program gets of pictures with classes, areas and boxes: where it lies and what is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.document import Box, DataSet, Drawn, Marks, Mask, Picture, Split
from skillbank.datasets.faults import Tally
from skillbank.datasets.opening import Opened
from skillbank.datasets.providing import provide, provide_pictures
from skillbank.datasets.providing_marked import provide_areas, provide_classes
from skillbank.datasets.report import DataReport, Findings
from skillbank.datasets.tree import open_tree
from skillbank.datasets.wanted import Wanted
from skillbank.errors import DataError
from tests.datasets.reading import picture as drawn

CLASSES = ("cat", "Hard Hat")
BOXES = (Box(10, 20, 40, 60, 1), Box(50, 8, 90, 72, 0))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("day/a.jpg", "night/a.jpg", "b.png"):
        drawn(tmp_path / "data" / name)
    return tmp_path / "data"


def picture(
    name: str, *, label: int | None = None, boxes: tuple[Box, ...] = (), there: bool = True
) -> Picture:
    return Picture(name, name if there else None, 100, 80, boxes, label=label)


def opened(root: Path, pictures: Sequence[Picture], marks: Marks, *names: str) -> tuple[Opened, DataReport]:
    splits = tuple(Split(name, name, partial(iter, pictures)) for name in names or ("",))
    found = Opened(open_tree(root), DataSet("made", CLASSES, splits, marks=marks))
    return found, DataReport(str(root), "made", CLASSES, (), Tally(), (), True, Findings())


def files(folder: Path) -> list[str]:
    return sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())


def test_pictures_are_linked_into_folders_of_their_classes(root: Path, tmp_path: Path) -> None:
    there = [picture("day/a.jpg", label=0), picture("night/a.jpg", label=0), picture("b.png", label=1)]
    none = [picture("b.png"), picture("c.png", label=1, there=False)]
    data, report = opened(root, [*there, *none], "classes")
    [split] = data.data.splits
    wanted = Wanted("images", classes="classes.txt", marks="classes")
    made = provide_classes(
        data, split, wanted, tmp_path / "work", "skip", report=report, names=["Hard Hat", "dog", "cat"]
    )
    assert made.paths == {
        "images": tmp_path / "work/pictures", "classes.txt": tmp_path / "work/classes.txt",
    }  # fmt: skip
    assert (made.pictures, made.boxes, made.classes) == (3, 0, ("Hard Hat", "dog", "cat"))
    assert files(made.paths["images"]) == ["Hard Hat/b.png", "cat/a-2.jpg", "cat/a.jpg"]
    assert (made.paths["images"] / "cat/a.jpg").samefile(root / "day/a.jpg")
    assert made.paths["classes.txt"].read_text() == "Hard Hat\ndog\ncat\n"
    missing = "pictures that are not there: 1 (drop the picture)"
    assert made.notes == (missing, "pictures of no class are left out: 1")
    unlisted = provide_classes(
        data, split, replace(wanted, classes=""), tmp_path / "again", "refuse", report=report, names=CLASSES
    )
    assert list(unlisted.paths) == ["images"] and unlisted.notes == ("pictures of no class are left out: 2",)


@pytest.mark.parametrize(("said", "part"), [("", "all"), ("val", "val")])
def test_where_no_picture_has_a_class_nothing_is_left(
    root: Path, tmp_path: Path, said: str, part: str
) -> None:
    data, report = opened(root, [picture("b.png")], "classes", said)
    [split] = data.data.splits
    wanted = Wanted("images", marks="classes")
    with pytest.raises(DataError, match=rf"nothing of .*data \({part}\) is left without what is broken"):
        provide_classes(data, split, wanted, tmp_path / "work", "skip", report=report, names=CLASSES)


def test_boxes_become_pictures_of_their_classes(root: Path, tmp_path: Path) -> None:
    crowd, narrow = replace(BOXES[0], crowd=True), Box(1, 1, 2, 9, 0)
    boxes = (*BOXES, crowd, narrow, replace(BOXES[0], label=None))
    half = replace(picture("b.png", boxes=BOXES[:1]), width=50, height=40)
    data, report = opened(root, [picture("day/a.jpg", boxes=boxes), picture("night/a.jpg"), half], "boxes")
    [split] = data.data.splits
    wanted = Wanted("images", marks="classes")
    made = provide_classes(data, split, wanted, tmp_path / "work", "refuse", report=report, names=CLASSES)
    home = made.paths["images"]
    assert files(home) == ["Hard Hat/b-1.png", "Hard Hat/day_a-1.png", "cat/day_a-2.png"]
    sizes = [np.asarray(Image.open(home / name)).shape[1::-1] for name in files(home)]
    assert sizes == [(60, 40), (30, 40), (40, 64)]
    assert (made.pictures, made.boxes) == (3, 0)
    assert made.notes == (
        "boxes of crowds, and those of no class, are left out: 2",
        "boxes narrower than 2 pixels are left out: 1",
        "pictures without a box are left out: 1",
    )


@pytest.mark.parametrize("linkable", [True, False])
def test_pictures_and_masks_of_all_splits_lie_side_by_side(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linkable: bool
) -> None:
    numbers = np.array([[0, 1], [-1, 1]], "i2")
    areas = Drawn(numbers, undrawn=0)
    lacking = Drawn(numbers[:, ::-1].copy(), undrawn=3)
    masked = [
        replace(picture("day/a.jpg"), mask=Mask("m", lambda: areas)),
        replace(picture("night/a.jpg"), mask=Mask("m", lambda: lacking)),
        picture("b.png"),
        replace(picture("gone.png", there=False), mask=Mask("m", lambda: areas)),
    ]
    data, report = opened(root, masked, "areas", "train", "val")
    if not linkable:
        monkeypatch.setattr(Path, "hardlink_to", lambda *_: (_ for _ in ()).throw(OSError("no links")))
    wanted = Wanted("data", marks="areas")
    made = provide_areas(data, wanted, tmp_path / "work", "refuse", report=report, names=CLASSES)
    home = tmp_path / "work/set"
    expected = [f"{kind}/{split}/{name}" for kind, ending in (("images", "jpg"), ("masks", "png"))
                for split in ("train", "val") for name in (f"a-2.{ending}", f"a.{ending}")]  # fmt: skip
    assert made.paths == {"data": home} and (made.pictures, made.boxes, made.classes) == (4, 0, CLASSES)
    assert [name for name in files(home) if "/" in name] == expected
    assert np.asarray(Image.open(home / "masks/train/a.png")).tolist() == [[0, 1], [255, 1]]
    assert np.asarray(Image.open(home / "masks/val/a-2.png")).tolist() == [[1, 0], [1, 255]]
    [palette] = [name for name in files(home) if "/" not in name]
    copied = f"4 pictures were copied to {home}, since they cannot be linked there"
    assert made.notes == (
        "6 objects with a box and no outline are in no mask",
        *([] if linkable else [copied]),
        f"{palette} in it says what the numbers of the masks mean: 2 classes from 0",
    )
    assert (home / "images/train/a.jpg").samefile(root / "day/a.jpg") is linkable
    empty, report = opened(root, [picture("b.png")], "areas", "train")
    with pytest.raises(DataError, match=r"nothing of .*data is left without what is broken"):
        provide_areas(empty, wanted, tmp_path / "none", "skip", report=report, names=CLASSES)


def test_pictures_alone_are_the_folder_where_they_lie_or_one_without_the_others(
    root: Path, tmp_path: Path
) -> None:
    every = [picture(name) for name in ("day/a.jpg", "night/a.jpg", "b.png", "b.png")]
    data, _ = opened(root, [*every, picture("gone.png", there=False)], "boxes")
    (tmp_path / "work").mkdir()
    wanted = Wanted("images", classes="labels.txt")
    made = provide_pictures(data, data.data.splits[0], wanted, tmp_path / "work")
    assert made.paths == {"images": root, "labels.txt": tmp_path / "work/labels.txt"}
    assert made.paths["labels.txt"].read_text() == "cat\nHard Hat\n"
    assert (made.pictures, made.boxes, made.classes, made.notes) == (3, 0, CLASSES, ())
    less = provide_pictures(data, data.data.splits[0], Wanted("images"), tmp_path / "less", without={"b.png"})
    assert files(less.paths["images"]) == ["day/a.jpg", "night/a.jpg"] and list(less.paths) == ["images"]
    assert less.notes == ("pictures that cannot be decoded: 1 (left out)",) and less.pictures == 2
    for without, pictures, why in (
        ({each.name for each in every}, every, r"nothing is left of .*data \(all\) without what is broken"),
        (set(), [picture("gone.png", there=False)], r"data has no picture for this; see where they are"),
    ):
        alone, _ = opened(root, pictures, "boxes")
        with pytest.raises(DataError, match=why):
            provide_pictures(alone, alone.data.splits[0], wanted, tmp_path / "no", without=without)


def test_pictures_without_a_file_or_a_size_are_left_out_of_what_is_written(
    root: Path, tmp_path: Path
) -> None:
    unknown = replace(picture("night/a.jpg", boxes=BOXES), width=None)
    flat = replace(picture("b.png", boxes=BOXES), height=0)
    pictures = [picture("day/a.jpg", boxes=BOXES), unknown, flat, picture("gone.png", there=False)]
    data, report = opened(root, pictures, "boxes", "train")
    wanted = Wanted("images", coco="annotations.json")
    made = provide(data, data.data.splits[0], wanted, tmp_path / "work", "refuse", report=report)
    document = json.loads(made.paths["annotations.json"].read_text())
    assert [each["file_name"] for each in document["images"]] == ["day/a.jpg"]
    assert (made.pictures, made.boxes) == (1, 2)
    assert made.notes == ("3 pictures without a file are left out",)
    none, report = opened(root, pictures[1:], "boxes", "train")
    with pytest.raises(DataError, match=r"nothing is left of .*data \(train\) without what is broken"):
        provide(none, none.data.splits[0], wanted, tmp_path / "none", "refuse", report=report)
