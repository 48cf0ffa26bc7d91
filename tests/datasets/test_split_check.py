"""A split checked in memory: what is said of each picture and box, what of all, and how they are counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from skillbank.datasets.box_orders import Order, Written
from skillbank.datasets.document import Box, Picture, Split, Where
from skillbank.datasets.faults import Fault
from skillbank.datasets.heads import FileSize
from skillbank.datasets.looks import Look
from skillbank.datasets.report import Findings, SplitReport
from skillbank.datasets.split_check import SplitCheck
from skillbank.datasets.tree import Tree

SIZE = (100, 80)
A, B, OUT = Box(10, 20, 40, 60, 0), Box(50, 8, 90, 72, 1), Box(110, 10, 130, 30, 0)
FALLEN = Box(10, 10, 70, 95, 0)
"""A box of the picture on its side."""
SOUND = Look("", *SIZE, mode="RGB", kind="JPEG", digest=b"x")
BROKEN = Look("it is cut off")
HEAD, TURNED = FileSize(*SIZE, False), FileSize(*SIZE, True)


def picture(
    name: str = "a.jpg",
    *boxes: Box,
    at: str = "",
    there: bool = True,
    size: tuple[int, int] = SIZE,
    caption: str = "",
    faults: tuple[Fault, ...] = (),
) -> Picture:
    path = name if there else None
    return Picture(name, path, *size, boxes, caption, Where("train.json", at), faults)


class Checked:
    """A split that was checked to its end."""

    def __init__(
        self,
        *pictures: Picture,
        name: str = "train",
        looks: Mapping[str, Look] | None = None,
        heads: Mapping[str, FileSize] | None = None,
        packed: bool = False,
        annotated: bool = True,
        annotations: Sequence[str] = ("train.json",),
    ) -> None:
        files = {each.path: Path(each.path) for each in pictures if each.path is not None}
        known: dict[Path, FileSize | None] = {Path(path): (heads or {}).get(path, HEAD) for path in files}
        split = Split(name, name, partial(iter, pictures), tuple(annotations))
        self.findings = Findings()
        check = SplitCheck(
            split, ("cat", "dog", "owl"), Tree(Path(), files, _heads=known), self.findings,
            packed=packed, annotated=annotated, written=Written((Order.CORNERS,)),
        )  # fmt: skip
        for each in pictures:
            check.add(each, (looks or {}).get(each.name))
        self.report: SplitReport = check.finish()
        self.counts = check.tally.counts
        self.told = {
            kind: [(each.where, each.detail) for each in found]
            for kind, found in check.tally.examples.items()
        }


def test_what_a_split_holds_is_counted() -> None:
    found = Checked(
        picture("a.jpg", B, A, Box(49, 8, 90, 72, 1)),
        picture("b.jpg"),
        picture("c.jpg", Box(1, 2, 30, 40, None, "a cat"), Box(3, 2, 30, 44, 1, crowd=True)),
    )
    assert found.report == SplitReport(
        "train", "train", ("train.json",), 3, 5, 1, {"cat": 1, "dog": 3}, phrases=1, crowds=1
    )
    assert list(found.report.by_class) == ["cat", "dog"]
    assert found.counts == {"picture-unmarked": 1} and found.told == {"picture-unmarked": []}
    assert found.findings == Findings()


@pytest.mark.parametrize(
    ("boxes", "told"),
    [
        ((A, B), {}),
        ((A, A), {"box-twice": [("train.json line 3 (a.jpg)", "")]}),
        ((A, Box(10.004, 20, 40, 60, 0)), {"box-twice": [("train.json line 3 (a.jpg)", "")]}),
        ((A, Box(10.006, 20, 40, 60, 0)), {}),
        ((A, Box(10, 20, 40, 60.006, 0)), {}),
        ((A, Box(10, 20, 40, 60, 1, at="line 4")), {"box-two-classes": [("train.json line 4 (a.jpg)", "")]}),
        (
            (A, Box(10, 20, 40, 60, 1, at="line 4"), Box(10, 20, 40, 60, 0, at="line 5")),
            {
                "box-two-classes": [("train.json line 4 (a.jpg)", "")],
                "box-twice": [("train.json line 5 (a.jpg)", "")],
            },
        ),
        (
            (Box(10, 20, 40, 60, None, "a cat"), Box(10, 20, 40, 60, None, "a dog")),
            {"box-two-classes": [("train.json line 3 (a.jpg)", "")]},
        ),
        (
            (Box(10, 20, 40, 60, None, "a cat"), Box(10, 20, 40, 60, None, "a cat")),
            {"box-twice": [("train.json line 3 (a.jpg)", "")]},
        ),
        ((A, Box(50, 8, 90, 72, 3)), {"unknown-class": [("train.json line 3 (a.jpg)", "its label is 3")]}),
        ((A, Box(50, 8, 90, 72, -1)), {"unknown-class": [("train.json line 3 (a.jpg)", "its label is -1")]}),
        (
            (A, OUT),
            {
                "box-beyond": [
                    ("train.json line 3 (a.jpg)", "110, 10, 130, 30 in a picture of 100 x 80 pixels")
                ]
            },
        ),
    ],
)
def test_what_is_said_of_boxes(boxes: tuple[Box, ...], told: dict[str, list[tuple[str, str]]]) -> None:
    assert Checked(picture("a.jpg", *boxes, at="line 3"), picture("b.jpg", B)).told == told


def test_a_box_is_named_by_its_place_else_by_that_of_its_picture_else_by_its_number() -> None:
    placed = Box(110, 10, 130, 30, 0, at="line 9")
    found = Checked(picture("a.jpg", A, OUT), picture("b.jpg", OUT, at="entry 2"), picture("c.jpg", placed))
    assert [where for where, _ in found.told["box-beyond"]] == [
        "train.json box 2 (a.jpg)", "train.json entry 2 (b.jpg)", "train.json line 9 (c.jpg)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("again", "detail"),
    [
        (picture("a.jpg", A, B), "with the same boxes"),
        (picture("a.jpg", A), "with other boxes"),
        (picture("a.jpg", A, Box(50, 8, 90, 72, 0)), "with other boxes"),
        (picture("a.jpg", A, B, caption="a cat"), None),
        (picture("b.jpg", A, B), None),
    ],
)
def test_a_picture_that_stands_twice(again: Picture, detail: str | None) -> None:
    found = Checked(picture("a.jpg", A, B), again)
    assert found.told == ({"picture-twice": [("train.json (a.jpg)", detail)]} if detail else {})
    three = Checked(picture("a.jpg", A, B), again, again)
    assert three.counts.get("picture-twice", 0) == (2 if detail else int(again.name == "b.jpg"))


def test_pictures_that_are_not_there_or_broken() -> None:
    told = Fault("picture-missing", "list.txt line 2", "it was moved")
    gone = (picture("b.jpg", A, there=False), picture("c.jpg", A, there=False, faults=(told,)))
    broken = picture("d.jpg", A, faults=(Fault("picture-broken", "d.jpg", "no header"),))
    pictures = (picture("a.jpg", A), *gone, broken, picture("e.jpg", A))
    looks = {"a.jpg": SOUND, "d.jpg": BROKEN, "e.jpg": BROKEN}
    found = Checked(*pictures, looks=looks)
    assert found.told == {
        "picture-missing": [("train.json (b.jpg)", ""), ("list.txt line 2", "it was moved")],
        "picture-broken": [("d.jpg", "no header"), ("train.json (e.jpg)", "it is cut off")],
    }
    assert found.findings.broken == {"d.jpg", "e.jpg"} and found.report.pictures == 5
    packed = Checked(*pictures, looks=looks, packed=True)
    assert packed.told["picture-missing"] == [("list.txt line 2", "it was moved")]


def test_an_entry_that_names_no_picture_is_told_and_not_counted() -> None:
    unread = Fault("unreadable-annotation", "train.json line 2", "it is no JSON")
    found = Checked(picture("a.jpg", A), picture("line 2", at="line 2", there=False, faults=(unread,)))
    assert found.report.pictures == 1 and found.told == {
        "unreadable-annotation": [("train.json line 2", "it is no JSON")]
    }


@pytest.mark.parametrize(
    ("stated", "kind"),
    [((200, 160), "size-scaled"), ((80, 100), "size-mistaken"), ((100, 50), "size-mistaken"), (SIZE, "")],
)
@pytest.mark.parametrize("decoded", [True, False])
def test_a_size_that_is_not_the_file_s_is_said_and_kept(
    stated: tuple[int, int], kind: str, decoded: bool
) -> None:
    found = Checked(
        picture("a.jpg", A, B, size=stated), picture("b.jpg", B), looks={"a.jpg": SOUND} if decoded else {}
    )
    assert list(found.told) == ([kind] if kind else [])
    assert found.findings.sizes == ({"a.jpg": HEAD} if kind else {})


@pytest.mark.parametrize(
    ("name", "annotated", "kind"),
    [
        ("train", True, "nothing-to-learn"),
        ("", True, "nothing-to-learn"),
        ("val", True, "nothing-to-measure"),
        ("test", True, "test-unmarked"),
        ("train", False, ""),
        ("test", False, ""),
    ],
)
def test_a_split_without_boxes(name: str, annotated: bool, kind: str) -> None:
    crowd = Box(1, 2, 30, 40, 0, crowd=True)
    gone = picture("b.jpg", there=False)
    for pictures, told, missing in (
        ((picture("a.jpg"),), "1 pictures, no box", 0),
        ((picture("a.jpg"), gone), "2 pictures, no box, 1 of them not there or broken", 1),
        (
            (picture("a.jpg", crowd, Box(3, 3, 9, 9, 1, crowd=True)),),
            "1 pictures, all 2 boxes are of crowds",
            0,
        ),
    ):
        found = Checked(*pictures, name=name, annotated=annotated)
        kept = missing and not (name == "test" and annotated)
        expected = {"picture-missing": [("train.json (b.jpg)", "")]} if kept else {}
        assert found.told == expected | ({kind: [("train.json", told)]} if kind else {})


def test_a_split_that_holds_nothing_or_of_which_nothing_is_left() -> None:
    assert Checked(annotations=("a", "b", "c", "d")).told == {"split-empty": [("a, b, c", "")]}
    assert Checked(annotations=()).told == {"split-empty": [("train", "")]}
    assert Checked(annotations=(), name="").told == {"split-empty": [("the data set", "")]}
    gone = [picture(f"{name}.jpg", A, there=False) for name in "ab"]
    found = Checked(*gone, picture("c.jpg", A), looks={"c.jpg": BROKEN})
    assert found.told == {
        "split-lost": [
            (
                "train.json",
                "none of its 3 pictures can be used: pictures that are not there: 2, the first train.json "
                "(a.jpg); pictures that cannot be decoded: 1, the first train.json (c.jpg): it is cut off",
            )
        ]
    }
    beyond = Checked(picture("a.jpg", OUT, OUT), picture("b.jpg"))
    assert beyond.told["split-lost"] == [
        (
            "train.json",
            "none of its 2 boxes can be used: boxes wholly outside of their picture: 2, the first train.json "
            "box 1 (a.jpg): 110, 10, 130, 30 in a picture of 100 x 80 pixels",
        )
    ]
    unread = (Fault("boxes-pixels", "a.txt line 1"), Fault("unknown-class", "a.txt line 2", "no 7"))
    lost = Checked(picture("a.jpg", faults=unread))
    assert list(lost.told) == ["boxes-pixels", "unknown-class"]
    classes = Checked(picture("a.jpg", faults=unread[1:]))
    assert list(classes.told) == ["split-lost"] and "none of its 1 boxes can be read" in str(classes.told)


@pytest.mark.parametrize(
    ("boxes", "told"),
    [
        ([(FALLEN,)], [("train.json (0.jpg)", "boxes of 1 fit the stored picture alone", 1)]),
        (
            [(A,), (FALLEN,), (FALLEN,)],
            [("train.json (1.jpg)", "boxes of 2 fit the stored picture alone", 3)],
        ),
        ([(FALLEN,), (B,)], None),
        ([(A, FALLEN), (A,), (A,)], [("train.json (0.jpg)", "boxes of 1 fit the stored picture alone", 3)]),
        ([(B,), (B,)], []),
    ],
)
def test_boxes_of_turned_pictures(boxes: list[tuple[Box, ...]], told: Any) -> None:
    pictures = [picture(f"{number}.jpg", *some) for number, some in enumerate(boxes)]
    found = Checked(*pictures, heads={each.name: TURNED for each in pictures})
    stored = [(*each, found.counts["boxes-stored"]) for each in found.told.get("boxes-stored", [])]
    assert stored == (told or []) and ("box-outside" in found.told) is (told is None)
