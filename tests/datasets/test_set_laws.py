"""Parts put together, counted and weighed: what a person would find by going through them one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from skillbank.datasets.areas import draw_mask, draw_outlines, pixels_of, values_in
from skillbank.datasets.balance import balance_faults
from skillbank.datasets.document import LEFT_OUT, Box, DataSet, Drawn, Mask, Picture, Split, Where
from skillbank.datasets.faults import Fault, Severity, Tally
from skillbank.datasets.joining import Member, joined
from skillbank.datasets.overlays import as_boxes, with_areas
from skillbank.datasets.report import DataReport, SplitReport
from skillbank.datasets.thumbnails import Thumbnail
from skillbank.errors import DataError


def faults(kind: str, count: int, start: int = 1) -> list[Fault]:
    return [Fault(kind, f"a.json line {number}", f"the {number}.") for number in range(start, start + count)]


@pytest.mark.parametrize("count", [1, 5, 6, 9])
def test_of_each_kind_all_are_counted_and_five_are_shown(count: int) -> None:
    tally, put, joint = Tally(), Tally(), Tally()
    tally.add(faults("box-tiny", count))
    put.put("box-tiny", count, faults("box-tiny", count))
    joint.add(faults("box-tiny", 2))
    rest = Tally()
    rest.add(faults("box-tiny", count, 3))
    joint.join(rest)
    for each in (tally, put):
        assert each.counts == {"box-tiny": count}
        assert each.examples == {"box-tiny": faults("box-tiny", min(count, 5))}
    assert joint.counts == {"box-tiny": count + 2}
    assert joint.examples == {"box-tiny": faults("box-tiny", min(count + 2, 5))}


def test_one_fault_can_stand_for_many_and_what_is_said_better_is_forgotten() -> None:
    tally = Tally()
    tally.add([Fault("box-tiny", "a", count=40), Fault("box-tiny", "b"), Fault("box-empty", "c")])
    assert tally.counts == {"box-tiny": 41, "box-empty": 1} and tally.has_errors
    tally.forget("box-empty", "picture-missing")
    assert tally.counts == {"box-tiny": 41} and list(tally.examples) == ["box-tiny"] and not tally.has_errors
    assert [(kind.name, count) for kind, count, _ in tally.of(Severity.WARNING)] == [("box-tiny", 41)]
    assert list(tally.of(Severity.ERROR)) == []


def report(tally: Tally) -> DataReport:
    return DataReport("D", "coco", ("a",), (), tally, ("a note",), True)


def test_a_kind_is_one_sentence_with_its_first_examples_and_how_many_more_there_are() -> None:
    tally = Tally()
    tally.add([*faults("box-tiny", 4), Fault("box-twice", "x.json")])
    assert report(tally).sentences(Severity.WARNING, 3) == [
        "boxes that stand twice: 1 (x.json); way out: leave one of them",
        "boxes less than 2 pixels wide or high: 4 (a.json line 1: the 1.; a.json line 2: the 2.; a.json line "
        "3: the 3.; and 1 more); way out: see whether they mark anything",
    ]
    assert report(tally).sentences(Severity.WARNING, 4, kinds={"box-tiny"})[0].count("more") == 0
    none = Tally()
    none.put("box-rounded", 1200, [])
    assert report(none).sentences(Severity.NOTE) == ["boxes that reach out by rounding: 1,200"]
    assert report(none).blocking() == []


def test_what_a_repair_drops_ends_no_job_that_skips() -> None:
    tally = Tally()
    tally.add([Fault("box-empty", "a"), Fault("boxes-xywh", "b")])
    assert [kind.name for kind, *_ in report(tally).blocking()] == ["boxes-xywh", "box-empty"]
    assert [kind.name for kind, *_ in report(tally).blocking(skip=True)] == ["boxes-xywh"]
    document = report(tally).document()
    assert (
        document["ok"] is False and document["decoded"] is True and document["notes_on_reading"] == ["a note"]
    )
    assert [each["repair"] for each in document["errors"]] == [None, "drop the box"]
    assert document["errors"][1]["examples"] == [{"where": "a", "detail": ""}]
    assert document["warnings"] == [] and report(Tally()).document()["ok"] is True


def member(
    folder: str, classes: Sequence[str], *labels: int | None, split: str = "", **more: object
) -> Member:
    boxes = tuple(Box(1, 2, 3 + n, 4, label) for n, label in enumerate(labels))
    fault = Fault("box-tiny", "a.json line 2")
    picture = Picture("a.jpg", "a.jpg", 127, 83, boxes, where=Where("a.json", "line 1"), faults=(fault,))
    gone = replace(picture, name="b.jpg", path=None, boxes=(), label=1 if more.get("marks") else None)
    there = Split(split, split, partial(iter, [picture, gone]), ("a.json",))
    return Member(folder, DataSet("coco", tuple(classes), (there,), ("said",), (fault,), **more))  # type: ignore[arg-type]


def test_joined_parts_keep_the_class_that_each_box_was_marked_with() -> None:
    val = member("day_val", ("sign", "hat", "person"), 0, 2, None)
    train = member("data/train", ("person", "sign"), 1, 0)
    data = joined([val, train], ["a note"])
    assert data.classes == ("person", "sign", "hat") and data.format == "coco" and data.marks == "boxes"
    assert [(split.name, split.said, split.annotations) for split in data.splits] == [
        ("train", "train", ("data/train/a.json",)),
        ("val", "day_val", ("day_val/a.json",)),
    ]
    assert data.notes == ("said", "a note")
    assert [fault.where for fault in data.faults] == ["data/train/a.json line 2", "day_val/a.json line 2"]
    learned, measured = (list(split.pictures()) for split in data.splits)
    assert [box.label for box in learned[0].boxes] == [1, 0]
    assert [box.label for box in measured[0].boxes] == [1, 0, None]
    assert [box.x2 for box in measured[0].boxes] == [3, 4, 5]
    assert [each.path for each in (*learned, *measured)] == ["data/train/a.jpg", None, "day_val/a.jpg", None]
    assert str(learned[0].where) == "data/train/a.json line 1"
    assert learned[0].faults[0].where == "data/train/a.json line 2" and learned[1].label is None


def test_joined_parts_keep_the_class_of_whole_pictures() -> None:
    marks = {"marks": "classes"}
    data = joined([member("train", ("x", "y"), **marks), member("val", ("y", "z", "x"), **marks)])
    assert data.classes == ("x", "y", "z") and data.marks == "classes"
    assert [[each.label for each in split.pictures()] for split in data.splits] == [[None, 1], [None, 2]]


def test_parts_of_one_split_are_read_together_one_behind_the_other() -> None:
    parts = [member("train_day", ("a",), 0), member("train_night", ("a",), 0, 0), member("test", ("a",), 0)]
    data = joined(parts)
    assert [split.name for split in data.splits] == ["train", "test"]
    assert data.splits[0].said == "train_day and train_night"
    assert [len(each.boxes) for each in data.splits[0].pictures()] == [1, 0, 2, 0]
    assert data.splits[0].annotations == ("train_day/a.json", "train_night/a.json")
    assert data.notes == ("said", "train_day and train_night are read together as train")
    with pytest.raises(DataError, match=r"train_day \(coco\) and x \(coco\) are marked in different ways"):
        joined([parts[0], member("x", ("b",), marks="areas")])


def counted(name: str, **by_class: int) -> SplitReport:
    return SplitReport(name, name, (), 9, sum(by_class.values()), 0, by_class)


@pytest.mark.parametrize(
    ("splits", "whole", "told"),
    [
        ([counted("train", a=100, b=1)], True, [("class-unused", "c", "")]),
        ([counted("train", a=101, b=1)], False, [("class-imbalance", "b", "1 box, 'a' has 101")]),
        ([counted("", a=4, b=1001, c=11)], True, [("class-imbalance", "a", "4 boxes, 'b' has 1,001")]),
        ([counted("train", a=4), counted("train", b=2), counted("val", a=1, b=1)], False, []),
        (
            [counted("train", a=4, b=1), counted("val", a=1)],
            False,
            [("class-not-measured", "b", "1 boxes to learn from")],
        ),
        (
            [counted("train", a=4), counted("val", c=3, a=1), counted("test", b=1000)],
            True,
            [("class-not-learned", "c", "3 boxes to validate on")],
        ),
        ([counted("val", a=1), counted("test", b=1)], False, []),
        ([counted("train"), counted("val")], True, []),
    ],
)
def test_classes_are_unused_learned_measured_and_even(
    splits: list[SplitReport], whole: bool, told: list[tuple[str, str, str]]
) -> None:
    found = balance_faults(("a", "b", "c"), splits, whole=whole)
    assert [(each.kind, each.where, each.detail) for each in found] == told


def test_a_class_of_another_spelling_is_asked_about() -> None:
    splits = [counted("train", **{"traffic light": 3, "dog": 1}), counted("val", Traffic_Lights=2, dog=1)]
    found = list(balance_faults(("traffic light", "dog", "Traffic_Lights"), splits, whole=False))
    assert [(each.where, each.detail) for each in found] == [
        ("traffic light", "3 boxes to learn from"),
        ("Traffic_Lights", "2 boxes to validate on; is 'traffic light' the same?"),
    ]


GREY = [[0, 3, 200], [3, 3, 9]]


@pytest.mark.parametrize("mode", ["L", "P", "LA", "RGB", "RGBA", "I;16"])
def test_a_mask_of_any_kind_of_grey_is_its_numbers(tmp_path: Path, mode: str) -> None:
    grey = Image.fromarray(np.array(GREY, "u1"))
    if mode == "P":
        made = Image.new("P", (3, 2))
        made.putdata([value for row in GREY for value in row])
        made.putpalette(list(range(256)) * 3)
    else:
        made = Image.merge("LA", (grey, Image.new("L", (3, 2), 7))) if mode == "LA" else grey
        made = made.convert(mode) if mode.startswith("RGB") else made
    if mode == "I;16":
        made = Image.fromarray(np.array(GREY, "u2"))
    made.save(tmp_path / "a.png")
    assert pixels_of(tmp_path / "a.png").tolist() == GREY
    drawn = draw_mask(tmp_path / "a.png", {(0,): 1, (3,): 0, (9,): LEFT_OUT})
    assert drawn.numbers.tolist() == [[1, 0, -1], [0, 0, -1]] and drawn.unknown == {"200": 1}


def test_a_mask_of_colours_is_told_by_red_green_and_blue(tmp_path: Path) -> None:
    colours = np.array([[[1, 2, 3], [3, 2, 1]], [[0, 0, 255], [1, 2, 3]], [[5, 5, 6], [6, 5, 5]]], "u1")
    Image.fromarray(colours).save(tmp_path / "a.png")
    file = tmp_path / "a.png"
    assert values_in(pixels_of(file)) == {
        (6, 5, 5): 1, (5, 5, 6): 1, (3, 2, 1): 1, (1, 2, 3): 2, (0, 0, 255): 1,
    }  # fmt: skip
    drawn = draw_mask(file, {(3, 2, 1): 4, (0, 0, 255): 0, (6, 5, 5): 2})
    assert drawn.numbers.tolist() == [[-1, 4], [0, -1], [-1, 2]]
    assert drawn.unknown == {"(1, 2, 3)": 2, "(5, 5, 6)": 1}


def test_a_turned_mask_is_upright_and_a_broken_one_is_named(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.array(GREY, "u1")).save(tmp_path / "a.png", exif=exif)
    assert pixels_of(tmp_path / "a.png").tolist() == [[3, 0], [3, 3], [9, 200]]
    (tmp_path / "b.png").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"b\.png cannot be read as a mask"):
        pixels_of(tmp_path / "b.png")


def test_outlines_are_drawn_in_their_place_a_later_one_over_the_earlier() -> None:
    triangle, square = [0, 0, 4, 0, 0, 2], [1, 0, 2, 0, 2, 2, 1, 2]
    drawn = draw_outlines((5, 3), [(2, [triangle]), (7, [square]), (9, [[1, 1, 2]]), (9, None)])
    assert drawn.numbers.tolist() == [[2, 7, 7, 2, 2], [2, 7, 7, -1, -1], [2, 7, 7, -1, -1]]
    assert drawn.undrawn == 2
    assert draw_outlines((5, 3), [], background=0).numbers.tolist() == [[0] * 5] * 3


@pytest.mark.parametrize(
    ("runs", "size", "rows"),
    [
        ([1, 2, 2, 1], [3, 2], [[-1, -1], [5, -1], [5, 5]]),
        ([0, 4], [3, 2], [[5, 5], [5, -1], [5, -1]]),
        ([1, 2, 2, 2], [3, 2], None),
        ([1, 2], [2, 3], None),
    ],
)
def test_run_lengths_go_down_the_columns(
    runs: list[int], size: list[int], rows: list[list[int]] | None
) -> None:
    drawn = draw_outlines((2, 3), [(5, {"counts": runs, "size": size})])
    assert drawn.numbers.tolist() == (rows or [[-1, -1]] * 3) and drawn.undrawn == (rows is None)


def masked(rows: list[list[int]]) -> Picture:
    drawn = Drawn(np.array(rows, "i2"))
    return Picture("a", "a", len(rows[0]), len(rows), (), mask=Mask("m", lambda: drawn))


def test_areas_are_shown_by_the_box_around_each_class() -> None:
    boxes = as_boxes(masked([[-1, 4, -1, -1], [0, 4, 4, -1], [-1, -1, -1, 4]])).boxes
    assert boxes == (Box(0, 1, 1, 2, 0), Box(1, 0, 4, 3, 4))
    whole = as_boxes(Picture("a", "a", 127, 83, (), label=3))
    assert whole.boxes == (Box(0, 0, 127, 83, 3),)
    assert as_boxes(Picture("a", "a", 127, 83, ())).boxes == ()


def test_areas_are_laid_over_a_picture_in_the_colour_of_their_class() -> None:
    small = Thumbnail(Image.new("RGB", (4, 2), (100, 100, 100)), 8, 4)
    shown = with_areas(masked([[1, -1], [-1, 0]]), small, {0: "#ff0000", 1: "#0000c8"})
    assert shown is not None and (shown.width, shown.height) == (8, 4)
    blue, red, bare = [55, 55, 145], [169, 55, 55], [100, 100, 100]
    assert np.asarray(shown.image).tolist() == [[blue, blue, bare, bare], [bare, bare, red, red]]
    assert with_areas(Picture("a", "a", 1, 1, ()), small, {}) is small


@given(st.lists(st.lists(st.integers(-1, 3), min_size=5, max_size=5), min_size=2, max_size=4))
def test_the_box_of_an_area_holds_its_outermost_pixels(rows: list[list[int]]) -> None:
    for box in as_boxes(masked(rows)).boxes:
        places = [(x, y) for y, row in enumerate(rows) for x, label in enumerate(row) if label == box.label]
        xs, ys = zip(*places, strict=True)
        assert (box.x1, box.y1, box.x2, box.y2) == (min(xs), min(ys), max(xs) + 1, max(ys) + 1)
