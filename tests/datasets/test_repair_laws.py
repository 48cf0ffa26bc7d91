"""What a repair leaves, how groups are dealt, which file a name means: a rule and its edge in each line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank.datasets.dealing import Group, deal
from skillbank.datasets.document import Box, Picture, Split, Where
from skillbank.datasets.faults import Fault, Tally
from skillbank.datasets.heads import FileSize
from skillbank.datasets.label_checks import LabelCheck
from skillbank.datasets.naming import Names, common_folder
from skillbank.datasets.repairing import Mode, Repair
from skillbank.datasets.report import DataReport, Findings
from skillbank.datasets.tree import open_tree
from tests.datasets.reading import data_of, picture, text

SIZE = (127, 83)
GOOD = Box(11, 7, 61, 42, 0)
OUT = Box(-9, -8, 61, 42, 0)
ROUNDED = Box(-1, 7, 128, 84, 0)
EMPTY = Box(11, 7, 11, 42, 0)
NOTHING = Findings()


def repaired(
    mode: Mode,
    *pictures: Picture,
    classes: Sequence[str] = ("a", "b", "A"),
    name: str = "train",
    findings: Findings = NOTHING,
) -> tuple[Repair, list[Picture]]:
    report = DataReport("D", "coco", tuple(classes), (), Tally(), (), True, findings)
    repair = Repair(report, mode)
    return repair, list(repair.pictures(Split(name, name, partial(iter, pictures))))


def of(*boxes: Box, **more: object) -> Picture:
    return replace(Picture("x.jpg", "x.jpg", *SIZE, boxes), **more)  # type: ignore[arg-type]


CLIPPED, EDGE = replace(GOOD, x1=0, y1=0), Box(0, 7, 127, 83, 0)


@pytest.mark.parametrize(
    ("mode", "boxes", "left", "done"),
    [
        (Mode.PLAIN, (GOOD, OUT, EMPTY, GOOD), (GOOD, OUT, EMPTY, GOOD), {}),
        (Mode.PLAIN, (ROUNDED,), (EDGE,), {"box-rounded": 1}),
        (Mode.SKIP, (GOOD, OUT, EMPTY, GOOD), (GOOD, CLIPPED, GOOD), {"box-outside": 1, "box-empty": 1}),
        (Mode.ALL, (GOOD, EMPTY, GOOD), (GOOD,), {"box-twice": 1, "box-empty": 1}),
        (Mode.ALL, (GOOD, replace(GOOD, label=1)), (GOOD, replace(GOOD, label=1)), {}),
        (Mode.ALL, (GOOD, replace(GOOD, phrase="x")), (GOOD, replace(GOOD, phrase="x")), {}),
        (Mode.ALL, (GOOD, replace(GOOD, y2=42.004)), (GOOD,), {"box-twice": 1}),
        (Mode.ALL, (GOOD, replace(GOOD, y2=42.006)), (GOOD, replace(GOOD, y2=42.006)), {}),
        (Mode.SKIP, (GOOD, replace(GOOD, label=3)), (GOOD,), {"unknown-class": 1}),
        (Mode.PLAIN, (replace(GOOD, label=3),), (replace(GOOD, label=3),), {}),
    ],
)
def test_boxes_that_a_repair_leaves(
    mode: Mode, boxes: tuple[Box, ...], left: tuple[Box, ...], done: dict[str, int]
) -> None:
    repair, [mended] = repaired(mode, of(*boxes))
    assert mended.boxes == left and dict(repair.done) == done


def test_classes_that_are_one_to_a_prompt_become_the_first_of_them() -> None:
    boxes = [replace(GOOD, label=label, x1=label or 0) for label in (2, 1, 0, 3, None)]
    repair, [mended] = repaired(
        Mode.SKIP, of(*boxes), classes=("a", "b", "A", "c"), findings=Findings(alike={2: 0})
    )
    assert repair.classes == ("a", "b", "c") and repair.done["classes-alike"] == 1
    assert [(box.x1, box.label) for box in mended.boxes] == [(2, 0), (1, 1), (0, 0), (3, 2), (0, None)]
    plain, [same] = repaired(
        Mode.PLAIN, of(*boxes), classes=("a", "b", "A", "c"), findings=Findings(alike={2: 0})
    )
    assert plain.classes == ("a", "b", "A", "c") and same.boxes == tuple(boxes) and not plain.done
    [sentence] = repair.sentences()
    assert ": 1 (" in sentence and plain.sentences() == []


@pytest.mark.parametrize(
    ("mode", "split", "found", "more", "kind"),
    [
        (Mode.SKIP, "train", NOTHING, {"path": None}, "picture-missing"),
        (Mode.PLAIN, "train", NOTHING, {"path": None}, None),
        (Mode.SKIP, "train", Findings(broken={"x.jpg"}), {}, "picture-broken"),
        (Mode.PLAIN, "train", Findings(broken={"x.jpg"}), {}, None),
        (Mode.SKIP, "train", Findings(broken={"y.jpg"}), {}, None),
        (Mode.SKIP, "train", Findings(sizes={"x.jpg": FileSize(100, 83)}), {}, "size-disagrees"),
        (Mode.ALL, "train", Findings(shared={"x.jpg"}), {}, "picture-shared"),
        (Mode.ALL, "val", Findings(shared={"x.jpg"}), {}, None),
    ],
)
def test_pictures_that_a_repair_drops(
    mode: Mode, split: str, found: Findings, more: dict[str, object], kind: str | None
) -> None:
    wide = replace(GOOD, x2=120, y2=80)
    repair, left = repaired(mode, of(wide, **more), name=split, findings=found)
    assert dict(repair.done) == ({kind: 1} if kind else {}) and len(left) == (kind is None)


def test_of_entries_of_a_picture_with_the_same_boxes_one_is_left() -> None:
    entries = [
        of(GOOD),
        of(GOOD),
        of(replace(GOOD, y2=50)),
        of(GOOD, caption="a cat"),
        of(GOOD, path="y.jpg"),
    ]
    repair, left = repaired(Mode.ALL, *entries)
    assert [entries.index(each) for each in left] == [0, 2, 3, 4] and repair.done["picture-twice"] == 1
    assert len(repaired(Mode.PLAIN, *entries)[1]) == 5


@pytest.mark.parametrize(
    ("file", "boxes", "kind"),
    [
        (FileSize(254, 166), (Box(22, 14, 122, 84, 0),), "size-scaled"),
        (FileSize(83, 127, True), (GOOD,), "size-turned"),
        (FileSize(127, 83), (GOOD,), ""),
    ],
)
def test_boxes_go_along_where_a_picture_was_made_larger(
    file: FileSize, boxes: tuple[Box, ...], kind: str
) -> None:
    repair, [mended] = repaired(Mode.PLAIN, of(GOOD), findings=Findings(sizes={"x.jpg": file}))
    assert (mended.width, mended.height) == file[:2] and mended.boxes == boxes
    assert dict(repair.done) == ({kind: 1} if kind else {})


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (
            [(0, "b"), (1, "c"), (1, "c")],
            "in every box the label is one below that of its category: off by one?",
        ),
        ([(1, "a"), (2, "b")], "in every box the label is one above that of its category: off by one?"),
        ([(2, "a"), (0, "b")], "in every box the label is one below that of its category: off by one?"),
        (
            [(0, "b"), (1, "c"), (1, "b")],
            "in 2 boxes the label is one below that of its category: off by one?",
        ),
        ([(0, "b"), (1, "a"), (2, "b")], ""),
        ([(0, "a"), (1, "B.")], ""),
    ],
)
def test_labels_that_are_all_off_by_one(labels: list[tuple[int, str]], said: str) -> None:
    check, tally, counts = LabelCheck(("a", "b", "c")), Tally(), Counter[int]()
    for label, phrase in labels:
        counts[label] += 1
        if (found := check.fault(replace(GOOD, label=label, phrase=phrase))) is not None:
            tally.add([Fault(found[0], "x", found[1])])
    check.weigh(tally, counts, len(labels), "a.json")
    first = [each.detail for each in tally.examples.get("label-contradicts", []) if each.where == "a.json"]
    assert first == ([said] if said else [])


@pytest.mark.parametrize(
    ("by_label", "beyond", "shifted"),
    [({1: 4, 2: 3}, 3, True), ({1: 4, 2: 2}, 3, False), ({0: 1, 1: 4, 2: 3}, 3, False), ({1: 7}, 3, False)],
)
def test_ten_boxes_of_which_none_is_of_the_first_class_are_no_accident(
    by_label: dict[int, int], beyond: int, shifted: bool
) -> None:
    tally = Tally()
    tally.add([Fault("unknown-class", "x")] * beyond)
    total = sum(by_label.values())
    LabelCheck(("a", "b", "c")).weigh(tally, by_label, total, "a.json")
    found = tally.examples.get("labels-shifted", [])
    assert [each.count for each in found] == ([total + beyond] if shifted else [])


SIZES = st.lists(
    st.tuples(st.integers(1, 5), st.sets(st.integers(0, 2), max_size=2)), min_size=3, max_size=14
)


@settings(max_examples=40)
@given(SIZES, st.integers(0, 3))
def test_dealt_splits_are_as_large_as_wanted_and_none_is_empty(
    made: list[tuple[int, set[int]]], seed: int
) -> None:
    groups = [Group(size, dict.fromkeys(classes, size)) for size, classes in made]
    total = sum(size for size, _ in made)
    wanted = {"train": total - 2 * (total // 4), "val": total // 4, "test": total // 4}
    places = deal(groups, wanted, seed)
    have = Counter[str]()
    for group, place in zip(groups, places, strict=True):
        have[place] += group.size
    largest = max(size for size, _ in made)
    for name, count in wanted.items():
        assert abs(have[name] - count) <= largest
        assert have[name] or not count
    assert places == deal(groups, wanted, seed)


@pytest.mark.parametrize("seed", range(4))
def test_each_class_is_dealt_in_its_share(seed: int) -> None:
    """A hundred pictures of one class and thirty of another: each split has its part of each."""
    groups = [Group(1, {0: 1})] * 100 + [Group(1, {1: 1})] * 30
    places = deal(groups, {"train": 91, "val": 26, "test": 13}, seed)
    for split, first, second in (("train", 70, 21), ("val", 20, 6), ("test", 10, 3)):
        dealt = [group for group, place in zip(groups, places, strict=True) if place == split]
        assert [sum(label in group.classes for group in dealt) for label in (0, 1)] == [first, second]
    rare = deal([*groups, Group(1, {2: 1})], {"train": 92, "val": 26, "test": 13}, seed)
    assert rare[-1] == "train"  # a class of one picture is learned


@pytest.mark.parametrize(
    ("name", "beside", "found"),
    [
        ("a.jpg", "", None),
        ("a.jpg", "one/x.json", "one/images/a.jpg"),
        ("a.jpg", "two/x.json", "two/a.jpg"),
        ("images/a.jpg", "", "one/images/a.jpg"),
        (r"C:\data\two\a.jpg", "", "two/a.jpg"),
        ("/home/ann/one/images/a.jpg", "", "one/images/a.jpg"),
        ("./two/a.jpg", "", "two/a.jpg"),
        ("../two/a.jpg", "one/x.json", "two/a.jpg"),
        ("../../two/a.jpg", "one/x.json", "two/a.jpg"),
        ("b.jpg", "", "three/b.jpg"),
        ("other/b.jpg", "two/x.json", "three/b.jpg"),
        ("c.jpg", "", None),
        ("B.jpg", "", None),
    ],
)
def test_the_picture_that_an_annotation_means(
    tmp_path: Path, name: str, beside: str, found: str | None
) -> None:
    for each in ("one/images/a.jpg", "two/a.jpg", "three/b.jpg"):
        text(tmp_path / each, b"x")
    text(tmp_path / "four" / "c.heic", b"x")
    tree = open_tree(tmp_path)
    assert tree.find(name, beside=beside) == found
    assert tree.near("x/B.JPG") == "three/b.jpg" and tree.near("d.jpg") is None
    assert tree.unread_kind("c.jpg") == "four/c.heic" and tree.unread_kind("a.jpg") is None
    assert sorted(tree.namesakes("q/a.jpg")) == ["one/images/a.jpg", "two/a.jpg"]
    assert tree.folders() == ("four", "one", "three", "two") and tree.folders("one") == ("images",)
    assert tree.folders("three/") == () and list(tree.ending(".jpg", below="two/")) == ["two/a.jpg"]
    assert list(tree.below("one").files) == ["images/a.jpg"]


@pytest.mark.parametrize(
    ("names", "folder"),
    [
        ([], ""),
        (["a.jpg"], ""),
        (["x/a.jpg"], "x"),
        (["x/y/a.jpg", "x/y/b.jpg"], "x/y"),
        (["x/y/a.jpg", "x/z/b.jpg", "x/q.jpg"], "x"),
        (["x/a.jpg", "xy/a.jpg"], ""),
    ],
)
def test_the_folder_that_all_files_are_below(names: list[str], folder: str) -> None:
    assert common_folder(names) == folder


def test_no_two_pictures_get_names_that_some_file_system_takes_for_one() -> None:
    names = Names()
    given_names = [
        names.give("images", each) for each in ("a.jpg", "A.png", "x/a.jpg", "images/a.gif", "a-2.jpg")
    ]
    assert given_names == [
        "images/a.jpg",
        "images/A-2.png",
        "images/x/a.jpg",
        "images/a-3.gif",
        "images/a-2-2.jpg",
    ]
    assert names.give("other", "../a:b?.jpg") == "other/a_b_.jpg" and names.give("", "con.jpg") == "_con.jpg"
    long = names.give("", f"{'m' * 300}.jpeg")
    assert len(long) == 120 and long.endswith(".jpeg") and "~" in long
    assert Names(listed=True).give("", "it's a cat.jpg") == "it_s_a_cat.jpg"


@pytest.mark.parametrize(
    ("lines", "are_tracks"),
    [
        (["0.9 0", "0.5 2"], True),
        (["0 0", "1 2"], True),
        (["0.9 0", "0.5 1"], False),
        (["1.1 0", "0.5 2"], False),
        (["0.9 -1", "0.5 2"], False),
        (["0.9 1.5", "0.5 2"], False),
    ],
)
def test_the_number_of_a_track_is_whole_and_behind_a_confidence(
    tmp_path: Path, lines: list[str], are_tracks: bool
) -> None:
    text(tmp_path / "classes.txt", "cat\n")
    for number, line in enumerate(lines):
        picture(tmp_path / "images" / f"{number}.jpg", SIZE)
        text(tmp_path / "labels" / f"{number}.txt", f"0 0.5 0.5 0.2 0.2 {line}\n")
    assert any("number of its track" in note for note in data_of(tmp_path).notes) is are_tracks


def test_where_an_entry_names_no_picture_nothing_is_left_of_it() -> None:
    fault = Fault("unreadable-annotation", "a.json line 3", "it is no JSON")
    gone = Picture("line 3", None, None, None, (), where=Where("a.json", "line 3"), faults=(fault,))
    repair, left = repaired(Mode.PLAIN, gone, of(GOOD))
    assert left == [of(GOOD)] and repair.done.total() == repair.done["unreadable-annotation"]
