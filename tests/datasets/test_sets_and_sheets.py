"""What is kept, counted, written and drawn of small data sets, to the number and the pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.checking import check_data
from skillbank.datasets.copying import Portion, write_copy, writer_of
from skillbank.datasets.document import Box, DataSet, Drawn, Marks, Mask, Picture, Split
from skillbank.datasets.faults import Fault, Tally
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.mask_folders import MaskFolders
from skillbank.datasets.kept_looks import KeptLooks, stamp_of
from skillbank.datasets.opening import Opened
from skillbank.datasets.palette import contrast_with_white
from skillbank.datasets.pictures import Gallery
from skillbank.datasets.placing import Placement
from skillbank.datasets.repairing import Mode, Repair
from skillbank.datasets.report import DataReport, Findings
from skillbank.datasets.sheets import CELL, sheets
from skillbank.datasets.showing import pictured, survey
from skillbank.datasets.thumbnails import thumbnails
from skillbank.datasets.tree import Tree, open_tree
from tests.datasets.made import Made
from tests.datasets.reading import picture, tree_of

CLASSES = ("cat", "dog")


def opened(tree: Tree, marks: Marks, splits: Mapping[str, list[Picture]]) -> Opened:
    made = tuple(Split(name, name, partial(iter, pictures)) for name, pictures in splits.items())
    return Opened(tree, DataSet("made", CLASSES, made, marks=marks))


def entry(name: str, **more: object) -> Picture:
    return replace(Picture(name, name, 100, 80, ()), **more)  # type: ignore[arg-type]


def test_pictures_that_no_entry_names_are_counted_of_the_whole_alone(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {}, ("a.jpg", "b.jpg", "c.jpg"))
    box = (Box(1, 2, 30, 40, 0), Box(5, 6, 50, 60, 1))
    splits = {"train": [entry("a.jpg", boxes=box)], "val": [entry("b.jpg", boxes=box)]}
    whole = opened(tree, "boxes", splits)
    assert check_data(whole, decode=False).tally.examples["picture-unnamed"] == [
        Fault("picture-unnamed", "c.jpg")
    ]
    assert "picture-unnamed" not in check_data(whole, splits=["train"], decode=False).tally.counts
    packed = replace(tree, archives=("more.zip",))
    found = check_data(replace(whole, tree=packed), decode=False)
    assert "picture-unnamed" not in found.tally.counts
    assert found.notes == ("archives are not looked into here: more.zip",)
    elsewhere = opened(tree, "boxes", {"train": [entry("x.jpg", path=None, boxes=box)]})
    assert "picture-unnamed" not in check_data(elsewhere, decode=False).tally.counts


def test_pictures_of_a_class_are_written_into_its_folder_and_others_beside_it(tmp_path: Path) -> None:
    for name in ("x/a.jpg", "x/y/a.jpg", "x/b.jpg"):
        picture(tmp_path / "data" / name)
    tree = open_tree(tmp_path / "data")
    pictures = [entry("x/a.jpg", label=1), entry("x/y/a.jpg", label=1), entry("x/b.jpg", label=0)]
    gone = entry("x/c.jpg", label=0, path=None)
    made = write_copy(
        tree, [Portion("train", [*pictures, gone], above="x")], CLASSES, writer_of("class folders"),
        tmp_path / "new", marks="classes", story=dict,
    )  # fmt: skip
    names = {each.relative_to(made.folder).as_posix() for each in made.folder.rglob("*.jpg")}
    assert names == {"images_train/dog/a.jpg", "images_train/dog/a-2.jpg", "images_train/cat/b.jpg"}
    assert made.manifest["renamed"] == {"images_train/dog/a-2.jpg": "x/y/a.jpg"}
    count = made.splits["train"]
    assert (count.pictures, count.empty, count.boxes, dict(count.pictures_of)) == (3, 0, 0, {1: 2, 0: 1})
    assert made.manifest["splits"]["train"]["classes"] == {
        "cat": {"boxes": 0, "pictures": 1}, "dog": {"boxes": 0, "pictures": 2},
    }  # fmt: skip


@pytest.mark.parametrize("placement", list(Placement))
def test_pictures_of_boxes_keep_their_folders_below_what_all_lie_in(
    tmp_path: Path, placement: Placement
) -> None:
    for name in ("x/a.jpg", "x/y/a.jpg"):
        picture(tmp_path / "data" / name)
    tree = open_tree(tmp_path / "data")
    boxes = (Box(1, 2, 30, 40, 0), Box(2, 3, 9, 9, 0), Box(3, 4, 50, 60, None, "a cat"))
    portion = Portion("val", [entry("x/a.jpg", boxes=boxes), entry("x/y/a.jpg"), entry("x/a.jpg")], above="x")
    made = write_copy(
        tree, [portion], CLASSES, writer_of("coco"), tmp_path / "new", placement=placement, story=dict
    )
    count = made.splits["val"]
    assert (count.pictures, count.empty, count.boxes) == (3, 2, 3)
    assert (dict(count.boxes_of), dict(count.pictures_of)) == ({0: 2}, {0: 1})
    again = "1 entries are of a picture that an earlier entry has; each has its own name"
    assert again in made.notes
    stays = f"the pictures of val stay where they are, below {tmp_path}/data/x"
    assert (stays in made.notes) is (placement is Placement.NONE)
    assert (made.linked, made.copied) == {"link": (3, 0), "copy": (0, 3), "none": (0, 0)}[placement.value]


@pytest.mark.parametrize(("objects", "stays"), [(0, False), (1, True)])
def test_a_picture_of_whose_boxes_nothing_is_left_stays_where_areas_show_something(
    objects: int, stays: bool
) -> None:
    mask = Mask("m.png", lambda: Drawn(np.zeros((1, 1), "i2")), objects)
    empty = entry("a.jpg", boxes=(Box(5, 5, 5, 9, 0),), mask=mask)
    report = DataReport("D", "made", CLASSES, (), Tally(), (), True, Findings())
    repair = Repair(report, Mode.SKIP)
    left = list(repair.pictures(Split("train", "train", partial(iter, [empty]))))
    assert bool(left) is stays and repair.done["picture-emptied"] == (not stays)


def test_what_was_seen_of_pictures_is_kept_for_the_next_time(tmp_path: Path) -> None:
    file = picture(tmp_path / "data/a.jpg")
    tree = open_tree(tmp_path / "data")
    entries = [entry("a.jpg"), entry("gone.jpg", path=None)]
    with Gallery(tree, tmp_path / "cache") as gallery:
        [(_, seen), (_, none)] = gallery.looked(entries)
    assert seen is not None and (seen.width, seen.height) == (100, 80) and none is None
    kept = KeptLooks(tmp_path / "cache/looks.sqlite")
    assert kept.get(file, stamp_of(file)) == seen and kept.get(file, "other") is None
    kept.put(file, stamp_of(file), replace_look := type(seen)(width=7, digest=b"x"))
    kept.close()
    with Gallery(tree, tmp_path / "cache") as gallery:
        assert [look for _, look in gallery.looked(entries)] == [replace_look, None]
    with Gallery(tree) as gallery:
        assert [look for _, look in gallery.looked(entries)] == [seen, None]


@pytest.mark.parametrize(
    ("pictures", "names", "notes"),
    [
        (("train/images/a.jpg", "val/images/b.jpg"), ["train", "val"], ()),
        (("images/a.jpg", "images/b.jpg"), [""], ()),
        (("train/images/a.jpg", "more/images/b.jpg"), ["train"],
         ("1 pictures belong to no split and are left out",)),
    ],
)  # fmt: skip
def test_splits_of_pictures_with_masks(
    tmp_path: Path, pictures: tuple[str, ...], names: list[str], notes: tuple[str, ...]
) -> None:
    for name in pictures:
        picture(tmp_path / name)
        mask = tmp_path / name.replace("images", "masks").replace(".jpg", ".png")
        mask.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.tile(np.array([0, 1], "u1"), (80, 50))).save(mask)
    tree = open_tree(tmp_path)
    found = MaskFolders().recognise(tree)
    assert found is not None and len(found.files) == 2
    data = MaskFolders().read(tree)
    assert [split.name for split in data.splits] == names
    assert [note for note in data.notes if "split" in note] == list(notes)


def test_classes_are_written_as_they_are_called_and_none_where_there_are_none(tmp_path: Path) -> None:
    def written(name: str, classes: tuple[str, ...]) -> dict[str, str]:
        folder = tmp_path / f"{name}-{len(classes)}"
        folder.mkdir()
        box = (Box(1, 2, 30, 40, 0 if classes else None, "" if classes else "a cat"),)
        parts = [Part("", [entry("a.jpg", boxes=box)]), Part("val", [entry("val/b.jpg", boxes=box)])]
        assert writer_of(name).write(parts, classes, folder) == []
        return {each.relative_to(folder).as_posix(): each.read_text() for each in folder.rglob("*.*")}

    labelme = written("labelme", ("Straßenkatze",))
    assert labelme["labels.txt"] == "Straßenkatze\n" and '"label": "Straßenkatze"' in labelme["a.json"]
    assert labelme["val/labels.txt"] == "Straßenkatze\n" and '"imagePath": "b.jpg"' in labelme["val/b.json"]
    assert [name for name in written("odvg", ()) if "label" in name] == []
    assert len([name for name in written("odvg", CLASSES) if "label" in name]) == 2


@pytest.mark.parametrize("clear", ["P", "RGB", "L"])
def test_a_colour_that_counts_as_clear_is_white(tmp_path: Path, clear: str) -> None:
    drawn = Image.new(clear, (8, 8), 0)
    drawn.save(tmp_path / "a.png", transparency=(0, 0, 0) if clear == "RGB" else 0)
    [small] = thumbnails([tmp_path / "a.png"], 8).pictures
    assert small is not None and small.image.getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("shade", "contrast"), [("#000000", 21.0), ("#ffffff", 1.0), ("#0a0a0a", 19.798), ("#ff0000", 3.998)]
)
def test_contrasts_with_white(shade: str, contrast: float) -> None:
    assert contrast_with_white(shade) == pytest.approx(contrast, abs=0.001)


def test_what_pictures_bear_is_counted_where_it_can_be(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {}, ("a.jpg",))
    nouns = {
        marks: [
            noun for _, noun in survey(opened(tree, marks, {"train": [entry("a.jpg", label=0)]}), 1).counts()
        ]
        for marks in ("boxes", "areas", "classes")
    }
    assert nouns == {
        "boxes": ["pictures", "boxes", "classes"],
        "areas": ["pictures", "areas", "classes"],
        "classes": ["pictures", "classes"],
    }


def test_a_sheet_has_its_pictures_in_rows_and_each_box_in_its_place(tmp_path: Path) -> None:
    made = Made(tmp_path, classes=("cat", "dog"))
    made.add("train", 5, size=(760, 570), boxes=0, draw=lambda _, size: Image.new("RGB", size, "#ffffff"))
    low, high = Box(200, 200, 400, 400, 0), Box(20, 8, 120, 160, 1)
    made.splits["train"] = [replace(each, boxes=(low, high)) for each in made.splits["train"]]
    found = survey(made.opened(), 5)
    [sheet] = sheets(pictured(found, CELL))
    assert sheet.size == (18 + 4 * 398, 74 + 2 * (285 + 30 + 18) + 18)
    cat, dog = (tuple(bytes.fromhex(found.colours()[number][1:])) for number in (0, 1))
    for x, y in ((18, 74), (18 + 398, 74), (18, 74 + 333)):
        at = partial(lambda x, y, across, down: sheet.getpixel((x + across, y + down)), x, y)
        assert at(100, 150) == at(101, 150) == at(200, 150) == at(150, 200) == cat
        assert at(102, 150) == at(198, 150) == at(150, 198) == (255, 255, 255)
        assert at(10, 70) == at(60, 70) == at(30, 80) == dog
        # The name stands above its box where there is room for it, else inside of it.
        assert at(101, 85) == at(101, 99) == cat and at(101, 82) == (255, 255, 255)
        assert at(11, 5) == at(11, 19) == dog and at(12, 22) == (255, 255, 255)
    # Behind the fifth picture its row is empty; the colours of the classes stand in the head.
    assert sheet.getpixel((18 + 398 + 50, 74 + 333 + 50)) == (255, 255, 255)
    assert sheet.getpixel((24, 52)) == cat
    legend = [x for x in range(18, 300) if sheet.getpixel((x, 52)) == dog]
    assert len(legend) in (13, 14) and legend[0] > 24 + 13
