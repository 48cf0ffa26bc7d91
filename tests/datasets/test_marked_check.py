"""What is wrong with pictures that bear areas or a class as a whole: each fault, counts, and classes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.document import DataSet, Drawn, Marks, Mask, Picture, Split
from skillbank.datasets.faults import KINDS, Fault, Severity
from skillbank.datasets.marked_check import MarkedSplitCheck, marked_faults
from skillbank.datasets.report import Findings, SplitReport
from skillbank.datasets.tree import open_tree
from skillbank.errors import DataError

CLASSES = ("sky", "roof", "tree")


def drawn(*numbers: int, unknown: dict[str, int] | None = None, undrawn: int = 0) -> Drawn:
    return Drawn(np.array([numbers], np.int16), unknown or {}, undrawn)


def broken() -> Drawn:
    raise DataError("it is torn")


class Checked:
    """The check of one split, whose pictures are 4 x 1 pixels."""

    def __init__(
        self, root: Path, marks: Marks, split: str = "val", *, packed: bool = False, draws: bool = True
    ) -> None:
        for name in ("a.png", "mask.png"):
            Image.new("L", (4, 1)).save(root / name)
        Image.new("L", (1, 4)).save(root / "turned.png")
        (root / "torn.png").write_bytes(b"no picture")
        data = DataSet("masks", CLASSES, (), marks=marks)
        self.findings = Findings()
        part = Split(split, f"the {split} folder", partial(iter, ()), ("list.txt",))
        self.check = MarkedSplitCheck(part, data, open_tree(root), self.findings, packed=packed, drawn=draws)

    def add(self, path: str | None = "a.png", mask: Mask | None = None, label: int | None = None) -> None:
        faults = (Fault("mended", "here"),)
        self.check.add(Picture("A", path, 4, 1, (), label=label, mask=mask, faults=faults), None)

    def finish(self) -> tuple[SplitReport, dict[str, int]]:
        report = self.check.finish()
        counts = dict(self.check.tally.counts)
        assert counts.pop("mended", 0) == report.pictures, "what readers say counts"
        return report, counts


def mask(made: Drawn, path: str = "mask.png") -> Mask:
    return Mask(path, lambda: made)


@pytest.mark.parametrize(
    ("areas", "counts", "by_class", "unfit"),
    [
        (mask(drawn(0, 0, 2, -1)), {}, {"sky": 1, "tree": 1}, {}),
        (mask(drawn(-1, -1, -1, -1)), {"mask-empty": 1}, {}, {}),
        (mask(drawn(0, 1, 1, 1, undrawn=3)), {"mask-undrawn": 3}, {"sky": 1, "roof": 1}, {}),
        (mask(drawn(0, -1, -1, 1, unknown={"9": 2})), {"mask-value": 1}, {"sky": 1, "roof": 1},
         {"a.png": "mask-value"}),
        (mask(drawn(0, 0, 0, 0), "turned.png"), {"mask-size": 1}, {}, {"a.png": "mask-size"}),
        (mask(drawn(0, 0, 0, 0), "torn.png"), {}, {"sky": 1}, {}),
        (Mask("mask.png", broken), {"mask-broken": 1}, {}, {"a.png": "mask-broken"}),
        (None, {"mask-missing": 1}, {}, {"a.png": "mask-missing"}),
    ],
)  # fmt: skip
def test_areas(
    tmp_path: Path,
    areas: Mask | None,
    counts: dict[str, int],
    by_class: dict[str, int],
    unfit: dict[str, str],
) -> None:
    checked = Checked(tmp_path, "areas")
    checked.add(mask=areas)
    report, found = checked.finish()
    assert (found, report.by_class, checked.findings.unfit) == (counts, by_class, unfit)
    assert (report.pictures, report.boxes, report.unmarked) == (1, 0, int(areas is None))
    assert (report.name, report.said, report.annotations) == ("val", "the val folder", ("list.txt",))


def test_details_of_faults_name_files_sizes_and_values(tmp_path: Path) -> None:
    checked = Checked(tmp_path, "areas")
    checked.add(mask=mask(drawn(0), "turned.png"))
    checked.add(mask=mask(drawn(0, unknown={"9": 1200, "(1, 2, 3)": 1})))
    checked.add(mask=Mask("mask.png", broken))
    checked.finish()
    told = {kind: (kept[0].where, kept[0].detail) for kind, kept in checked.check.tally.examples.items()}
    assert told == {
        "mended": ("here", ""),
        "mask-size": ("turned.png", "1 x 4, A has 4 x 1"),
        "mask-value": ("mask.png", "9 (1,200 pixels), (1, 2, 3) (1 pixels)"),
        "mask-broken": ("mask.png", "it is torn"),
    }


def test_masks_are_not_drawn_where_only_heads_are_read(tmp_path: Path) -> None:
    checked = Checked(tmp_path, "areas", draws=False)
    checked.add(mask=Mask("mask.png", broken))
    checked.add(mask=Mask("turned.png", broken))
    report, counts = checked.finish()
    assert (counts, report.by_class) == ({"mask-size": 1}, {})


@pytest.mark.parametrize(
    ("path", "packed", "counts", "is_broken"),
    [
        (None, False, {"picture-missing": 1}, set()),
        (None, True, {}, set()),
        ("torn.png", False, {"picture-broken": 1}, {"torn.png"}),
        ("a.png", False, {}, set()),
    ],
)
def test_files_of_pictures(
    tmp_path: Path, path: str | None, packed: bool, counts: dict[str, int], is_broken: set[str]
) -> None:
    checked = Checked(tmp_path, "classes", packed=packed)
    checked.add(path, label=1)
    report, found = checked.finish()
    assert (found, checked.findings.broken, report.by_class) == (counts, is_broken, {"roof": 1})


@pytest.mark.parametrize(
    ("split", "masks", "counts"),
    [
        ("test", 0, {"test-undrawn": 1}),
        ("test", 1, {"mask-missing": 2}),
        ("val", 0, {"mask-missing": 2}),
    ],
)
def test_a_split_to_test_on_may_have_no_masks_at_all(
    tmp_path: Path, split: str, masks: int, counts: dict[str, int]
) -> None:
    checked = Checked(tmp_path, "areas", split)
    for number in range(2 + masks):
        checked.add(mask=mask(drawn(0, 0, 1, 1)) if number >= 2 else None)
    report, found = checked.finish()
    assert found == counts and report.unmarked == 2
    assert checked.findings.unfit == ({"a.png": "mask-missing"} if "mask-missing" in counts else {})


def test_an_empty_split_is_said_and_pictures_of_no_class_are_counted(tmp_path: Path) -> None:
    empty = Checked(tmp_path, "areas")
    assert empty.finish()[1] == {"split-empty": 1}
    assert empty.check.tally.examples["split-empty"][0].where == "the val folder"
    classes = Checked(tmp_path, "classes")
    for label in (2, 2, None, 0):
        classes.add(label=label)
    report, counts = classes.finish()
    assert (report.by_class, report.unmarked, report.marks, counts) == (
        {"sky": 1, "tree": 2}, 1, "classes", {}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("train", "val", "only"),
    [
        (["sky"], ["sky"], []),
        (["sky"], ["sky", "roof", "tree"], ["roof", "tree"]),
        ([], ["roof"], []),
        (["sky"], [], []),
    ],
)
def test_classes_that_are_only_measured(train: list[str], val: list[str], only: list[str]) -> None:
    splits = [
        SplitReport(name, "", (), 1, 0, 0, dict.fromkeys(held, 1), marks="areas")
        for name, held in (("train", train), ("val", val), ("test", ["tree"]))
    ]
    assert list(marked_faults(CLASSES, splits)) == [Fault("class-only-measured", name) for name in only]


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        (["Cat", "cat", "dog"], ["'Cat' and 'cat'"]),
        (["STRASSE", "stra\u00dfe"], ["'STRASSE' and 'stra\u00dfe'"]),
        (["caf\u00e9", "CAFE\u0301"], ["'caf\u00e9' and 'CAFE\u0301'"]),
        (["no. 1", "no 1", "cats"], []),
    ],
)
def test_classes_that_differ_only_in_case(classes: list[str], told: list[str]) -> None:
    found = list(marked_faults(classes, []))
    assert found == [Fault("classes-case", each) for each in told]
    assert KINDS["classes-case"].severity is Severity.WARNING
