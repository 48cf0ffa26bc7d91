"""A data set divided: a partition of its pictures, look-alikes and folders together, the same each time."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from skillbank.datasets.copying import MANIFEST
from skillbank.datasets.dealing import By
from skillbank.datasets.document import Box, Picture
from skillbank.datasets.grouping import grouped
from skillbank.datasets.opening import open_place
from skillbank.datasets.splitting import Amount, divide, split
from skillbank.datasets.tree import open_tree
from skillbank.errors import DataError, UsageError
from tests.datasets.made import Made

CLASSES = ("a", "b", "c", "d")


@some.composite
def pictures(draw: some.DrawFn) -> list[Picture]:
    labels = some.lists(some.integers(0, 3), max_size=4)
    folders = some.sampled_from(["x", "y", "y/z", ""])
    made = []
    for number in range(draw(some.integers(8, 60))):
        name = "/".join(filter(None, (draw(folders), f"{number}.jpg")))
        boxes = tuple(Box(0, 0, 9, 9, label) for label in draw(labels))
        made.append(Picture(name, name, 10, 10, boxes))
    return made


@given(pictures(), some.floats(0.05, 0.45), some.integers(0, 5), some.integers(1, 5))
def test_a_division_is_a_partition_and_divides_no_group(
    given_pictures: list[Picture], share: float, seed: int, size: int
) -> None:
    count = len(given_pictures)
    groups = [list(range(start, min(start + size, count))) for start in range(0, count, size)]
    if len(groups) < 2:
        return
    made = divide(given_pictures, groups, CLASSES, Amount("x", share=share), None, seed)
    every = [picture.name for some_of in made.pictures.values() for picture in some_of]
    assert sorted(every) == sorted(picture.name for picture in given_pictures)
    at = {picture.name: name for name, some_of in made.pictures.items() for picture in some_of}
    assert all(len({at[given_pictures[index].name] for index in group}) == 1 for group in groups)
    wanted = max(1, round(count * share))
    assert abs(len(made.pictures["val"]) - wanted) <= max(map(len, groups))
    again = divide(given_pictures, groups, CLASSES, Amount("x", share=share), None, seed)
    assert again.pictures == made.pictures


@given(pictures())
def test_folders_are_the_groups(given_pictures: list[Picture]) -> None:
    found = grouped(open_tree(Path(__file__).parent), given_pictures, By.FOLDER, None, None)
    folders = [{(given_pictures[i].path or "").rpartition("/")[0] for i in group} for group in found]
    assert all(len(each) == 1 for each in folders)
    assert len(folders) == len({picture.name.rpartition("/")[0] for picture in given_pictures})


@pytest.fixture
def made(tmp_path: Path) -> Made:
    found = Made(tmp_path / "data")
    found.add("", 30)
    return found


def names(folder: Path) -> dict[str, set[str]]:
    return {
        each.name: {picture.name.rpartition("/")[2] for picture in each.pictures()}
        for each in open_place(folder).data.splits
    }


def test_a_divided_copy_holds_everything_once(made: Made, tmp_path: Path) -> None:
    copy = split(
        made.opened(), tmp_path / "new", val=Amount.read("0.2", "--val"), test=Amount.read("3", "--test")
    )
    found = names(tmp_path / "new")
    assert {name: len(some_of) for name, some_of in found.items()} == {"train": 21, "val": 6, "test": 3}
    assert len(set().union(*found.values())) == 30
    assert copy.format == "coco"  # what the format "made" becomes, as nothing writes it
    division = json.loads((tmp_path / "new" / MANIFEST).read_text())["division"]
    assert division == {
        "val": "0.2",
        "test": "3",
        "by": "near-duplicates",
        "seed": 0,
        "groups": 30,
        "unmet": [],
    }


def test_the_same_seed_gives_the_same_files_and_another_gives_others(made: Made, tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        split(made.opened(), tmp_path / name, val=Amount.read("0.3", "--val"), seed=seed, by=By.PICTURE)
    texts = [(tmp_path / name / "train/annotations.json").read_bytes() for name in ("one", "same", "other")]
    assert texts[0] == texts[1] != texts[2]
    assert names(tmp_path / "one") != names(tmp_path / "other")


def test_look_alikes_are_not_parted(made: Made, tmp_path: Path) -> None:
    for number in range(10):
        with Image.open(made.root / f"all/{number:05d}.jpg") as picture:
            picture.save(made.root / f"all/{number:05d}-again.png")
        made.put("", f"all/{number:05d}-again.png", (160, 120), [])
        made.put("", f"all/{number:05d}.jpg", (160, 120), [])  # a second entry of the same file
    copy = split(made.opened(), tmp_path / "new", val=Amount.read("0.4", "--val"))
    assert copy.manifest["division"]["groups"] == 30
    found = names(tmp_path / "new")
    for number in range(10):
        holding = [
            name for name, some_of in found.items() if any(f"{number:05d}" in each for each in some_of)
        ]
        assert len(holding) == 1


def test_every_class_is_in_every_split_where_there_are_enough(tmp_path: Path) -> None:
    made = Made(tmp_path / "data", ("often", "seldom", "once"))
    for number in range(30):
        made.add("", 1, boxes=0)
        drawn = made.splits[""].pop()
        labels = [0] * 3 + ([1] if number in (4, 17, 23) else []) + ([2] if number == 9 else [])
        boxes = [Box(8 + 9 * place, 10, 60 + 9 * place, 80, label) for place, label in enumerate(labels)]
        made.put("", drawn.name, (160, 120), boxes)
    copy = split(
        made.opened(), tmp_path / "new", val=Amount.read("10%", "--val"), test=Amount.read("0.1", "--test")
    )
    seen = {name: count.pictures_of for name, count in copy.splits.items()}
    assert [seen[name][1] for name in ("train", "val", "test")] == [1, 1, 1]
    assert seen["train"] == Counter({0: 24, 1: 1, 2: 1})
    assert "no picture of val shows once (1 group in all)" in copy.notes
    assert "no picture of test shows once (1 group in all)" in copy.notes


def test_a_divided_data_set_is_divided_again_only_when_told(tmp_path: Path) -> None:
    made = Made(tmp_path / "data")
    made.add("train", 8)
    made.add("test", 4)
    amount = Amount.read("0.25", "--val")
    way = r"is divided already \(train, test\); name the part to divide, as in .*/data/train, or .* --again"
    with pytest.raises(UsageError, match=way):
        split(made.opened(), tmp_path / "new", val=amount)
    copy = split(made.opened(), tmp_path / "new", val=amount, again=True)
    assert {name: count.pictures for name, count in copy.splits.items()} == {"train": 9, "val": 3}
    assert any("put together" in note for note in copy.notes)
    opened = made.opened()
    part = type(opened)(opened.tree, opened.data, opened.data.splits[0])
    copy = split(part, tmp_path / "part", val=amount)
    assert {name: count.pictures for name, count in copy.splits.items()} == {"train": 6, "val": 2}


def test_what_cannot_be_divided_is_refused(made: Made, tmp_path: Path) -> None:
    val = Amount.read("0.2", "--val")
    with pytest.raises(DataError, match="30 pictures in 1 group cannot be divided into train, val"):
        split(made.opened(), tmp_path / "new", val=val, by=By.FOLDER)
    with pytest.raises(UsageError, match="29 for val and 1 for test of 30 pictures leave none"):
        split(
            made.opened(), tmp_path / "new", val=Amount.read("29", "--val"), test=Amount.read("1", "--test")
        )
    with pytest.raises(UsageError, match="nothing says how to divide"):
        split(made.opened(), tmp_path / "new", val=None)
    assert not (tmp_path / "new").exists()


def test_sizes_that_groups_do_not_allow_are_said(tmp_path: Path) -> None:
    made = Made(tmp_path / "data")
    for folder, count in (("a", 7), ("b", 5)):
        for _ in range(count):
            made.add(folder, 1, size=(40, 40))
    made.splits = {"": [*made.splits["a"], *made.splits["b"]]}
    copy = split(made.opened(), tmp_path / "new", val=Amount.read("0.2", "--val"), by=By.FOLDER)
    assert copy.splits["val"].pictures == 5
    off = "train has 7 pictures instead of 10, val has 5 pictures instead of 2"
    assert f"{off}: groups stay whole, and the largest has 7" in copy.notes


@pytest.mark.parametrize("said", ["0", "1.0", "1.5", "-0.2", "nan", "x", "", "0%", "100%", "1e-400", "0x10"])
def test_amounts_that_are_none(said: str) -> None:
    with pytest.raises(UsageError, match="--val"):
        Amount.read(said, "--val")


@pytest.mark.parametrize(("said", "of_ten"), [("0.2", 2), (" 20% ", 2), ("3", 3), ("0.01", 1), ("12.5%", 1)])
def test_amounts(said: str, of_ten: int) -> None:
    assert Amount.read(said, "--val").of(10) == of_ten
