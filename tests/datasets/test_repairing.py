from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from skillbank.datasets.checking import check_data
from skillbank.datasets.document import Box, DataSet, Picture, Split
from skillbank.datasets.faults import KINDS, Severity
from skillbank.datasets.opening import Opened
from skillbank.datasets.repairing import Mode, Repair
from skillbank.datasets.report import DataReport
from tests.datasets.made import Made

SIZE = (160, 120)


@pytest.fixture
def broken(tmp_path: Path) -> Made:
    """One of each that can be mended."""
    made = Made(tmp_path / "set", seed=31)
    made.add("train", 20)
    made.add("val", 10)
    odd = [
        Box(50, 50, 50, 90, 0),
        Box(90, 80, 50, 60, 1),
        Box(math.nan, 1, 50, 50, 0),
        Box(100, 50, 190, 90, 2),
        Box(200, 50, 290, 90, 2),
        Box(100, 50, 161, 90, 1),
        Box(1, 1, 40, 40, 7),
    ]
    held = made.splits["train"][0]
    made.splits["train"][0] = replace(held, boxes=(*held.boxes, *odd, held.boxes[0]))
    made.splits["train"][1] = replace(made.splits["train"][1], path=None, name="gone.jpg")
    (made.root / "train/00002.jpg").write_bytes(b"no picture")
    made.splits["train"][3] = replace(made.splits["train"][3], width=320, height=240)
    made.splits["train"].append(made.splits["train"][4])
    (made.root / "val/copy.jpg").write_bytes((made.root / "train/00005.jpg").read_bytes())
    made.put("val", "val/copy.jpg", SIZE, [made.box(SIZE)])
    return made


def mended(made: Made, mode: Mode) -> tuple[Repair, dict[str, list[Picture]]]:
    opened = made.opened()
    repair = Repair(check_data(opened), mode)
    return repair, {split.name: list(repair.pictures(split)) for split in opened.data.splits}


def test_skipping_leaves_nothing_that_ends_a_job(broken: Made) -> None:
    repair, pictures = mended(broken, Mode.SKIP)
    assert repair.done == {
        "picture-missing": 1,
        "picture-broken": 1,
        "size-scaled": 1,
        "box-empty": 1,
        "box-reversed": 1,
        "box-not-finite": 1,
        "box-outside": 1,
        "box-beyond": 1,
        "box-rounded": 1,
        "unknown-class": 1,
    }
    assert len(pictures["train"]) == 19
    boxes = pictures["train"][0].boxes
    assert not any(box.x2 == 50 for box in boxes)
    assert Box(100, 50, 160, 90, 2) in boxes
    assert not check_again(broken, repair, pictures).has_errors


def test_mending_all_leaves_no_warning_that_can_be_mended(broken: Made) -> None:
    repair, pictures = mended(broken, Mode.ALL)
    assert repair.done["box-twice"] == repair.done["picture-twice"] == repair.done["picture-shared"] == 1
    assert len(pictures["train"]) == 17
    left = check_again(broken, repair, pictures).tally.counts
    assert not [name for name in left if KINDS[name].repair and KINDS[name].severity is not Severity.NOTE]


def test_plainly_only_sizes_and_edges_change(broken: Made) -> None:
    repair, pictures = mended(broken, Mode.PLAIN)
    assert set(repair.done) == {"size-scaled", "box-rounded"}
    assert len(pictures["train"]) == 21
    before, after = broken.splits["train"][3].boxes[0], pictures["train"][3].boxes[0]
    assert (pictures["train"][3].width, pictures["train"][3].height) == SIZE
    assert (after.x2, after.y2) == pytest.approx((before.x2 / 2, before.y2 / 2))


def test_classes_that_are_one_to_a_prompt_are_merged(tmp_path: Path) -> None:
    made = Made(tmp_path / "set", ("car", "bus", "Car", "dog"), seed=32)
    made.add("train", 30)
    repair, pictures = mended(made, Mode.SKIP)
    assert repair.classes == ("car", "bus", "dog")
    assert repair.done["classes-alike"] == 1
    for before, after in zip(made.splits["train"], pictures["train"], strict=True):
        names = [("car", "bus", "car", "dog")[box.label or 0] for box in before.boxes]
        assert [repair.classes[box.label or 0] for box in after.boxes] == names
    assert not check_again(made, repair, pictures).has_errors


def test_what_was_done_is_said_with_counts(broken: Made) -> None:
    repair, _ = mended(broken, Mode.SKIP)
    assert "boxes without width or height: 1 (drop the box)" in repair.sentences()


def test_a_clean_set_comes_through_as_it_is(tmp_path: Path) -> None:
    made = Made(tmp_path / "set", seed=33)
    made.add("train", 20)
    repair, pictures = mended(made, Mode.ALL)
    assert pictures["train"] == made.splits["train"]
    assert not repair.done


def check_again(made: Made, repair: Repair, pictures: dict[str, list[Picture]]) -> DataReport:
    splits = tuple(Split(name, name, held.__iter__, (f"{name}.json",)) for name, held in pictures.items())
    return check_data(Opened(made.opened().tree, DataSet("made", repair.classes, splits)))
