"""A data set shown: figures that are right, every class among the pictures, foreign text harmless."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from skillbank.datasets.document import Box, Picture
from skillbank.datasets.faults import KINDS, Fault
from skillbank.datasets.figures import GRID, Figures
from skillbank.datasets.html import page
from skillbank.datasets.opening import Opened
from skillbank.datasets.palette import colour, contrast_with_white
from skillbank.datasets.progress import Step
from skillbank.datasets.sampling import Sample
from skillbank.datasets.sheets import sheets
from skillbank.datasets.showing import Survey, pictured, survey
from tests.datasets.made import Made

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}</style>",
    "rtl \u202e and \x1b[31m red",
    "long " * 400,
    "大きさ & größe",
)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    found = Made(tmp_path / "data <b>", HOSTILE)
    found.add("train", 12)
    found.add("val", 4, size=(90, 150))
    found.add("val", 1, boxes=0)
    return found


class _Page(HTMLParser):
    """Collects what a browser would make of a page: tags with their attributes, and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_foreign_text_is_text_on_the_page(made: Made) -> None:
    shown = _Page(page(pictured(survey(made.opened(), 20), 64)))
    assert len(shown.of("script")) == 2 and len(shown.of("style")) == 1
    assert not any(name.startswith("on") for _, attributes in shown.tags for name in attributes)
    images = [attributes["src"] or "" for attributes in shown.of("img")]
    assert len(images) == 17 and all(source.startswith("data:image/jpeg;base64,") for source in images)
    text = " ".join(shown.text)
    assert HOSTILE[0] in text and "{{ 7 * 7 }}" in text and HOSTILE[5] in text
    assert "\u202e" not in text and "\x1b" not in text and "\\u202e" in text
    assert not re.search(
        r"https?://", page(pictured(survey(made.opened(), 3), 32)).replace("http://www.w3.org/2000/svg", "")
    )


def test_the_page_lets_nothing_in(made: Made) -> None:
    shown = _Page(page(pictured(survey(made.opened(), 3), 32)))
    [policy] = [
        each["content"] for each in shown.of("meta") if each.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None and policy.startswith("default-src 'none'; img-src data:")
    assert not shown.of("link") and not shown.of("iframe")


def test_every_class_and_split_is_on_the_page(made: Made) -> None:
    shown = _Page(page(pictured(survey(made.opened(), 20), 64)))
    rows = [each for each in shown.of("button") if each.get("data-class") is not None]
    assert len(rows) == len(HOSTILE)
    assert [each["data-split"] for each in shown.of("button") if "data-split" in each] == ["train", "val"]
    boxes = [each for each in shown.of("span") if (each.get("class") or "").startswith("box")]
    assert len(boxes) == 16 * 3


def test_numbers_for_the_script_hold_no_text(made: Made) -> None:
    text = page(pictured(survey(made.opened(), 3), 32))
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text)
    assert found is not None
    numbers = json.loads(found[1])
    assert numbers["grid"] == GRID and set(numbers["classes"]) == {str(n) for n in range(len(HOSTILE))}
    assert (
        sum(sum(each["sides"]) for each in numbers["classes"].values()) == sum(numbers["all"]["sides"]) == 48
    )
    assert re.fullmatch(r"[\w{}\[\]:,\"]*", found[1])


def test_a_page_stays_small_however_large_the_data_set(tmp_path: Path) -> None:
    made = Made(tmp_path / "data", tuple(f"class {number}" for number in range(1200)))
    made.add("train", 30, size=(800, 600), boxes=40)
    entries = made.splits["train"]
    entries += [entries[number % 30] for number in range(5000)]
    found = survey(made.opened(), 24)
    assert len(found.sample) == 24
    assert len(page(pictured(found, 240))) < 3_000_000


@given(some.lists(some.tuples(*[some.floats(-20, 120) for _ in range(4)], some.integers(0, 2)), max_size=30))
def test_the_map_counts_what_covers_each_place(corners: list[tuple[float, float, float, float, int]]) -> None:
    figures = Figures.of(("a", "b", "c"))
    boxes = tuple(Box(*each) for each in corners)
    figures.add("train", Picture("x", "x", 96, 48, boxes))
    expected = np.zeros((3, GRID, GRID), int)
    measured = 0
    for box in boxes:
        x1, y1, x2, y2 = max(box.x1, 0), max(box.y1, 0), min(box.x2, 96), min(box.y2, 48)
        if x1 < x2 and y1 < y2:
            measured += 1
            across = [c for c in range(GRID) if c < x2 / 96 * GRID and c + 1 > x1 / 96 * GRID]
            down = [c for c in range(GRID) if c < y2 / 48 * GRID and c + 1 > y1 / 48 * GRID]
            expected[np.ix_([box.label or 0], down, across)] += 1
    for label, each in enumerate(figures.classes):
        np.testing.assert_array_equal(np.reshape(each.heat, (GRID, GRID)), expected[label])
    assert figures.unmeasured == len(boxes) - measured
    assert sum(sum(each.aspects) for each in figures.classes) == measured


def test_figures_count_by_class_and_split() -> None:
    figures = Figures.of(("cat", "dog"))
    figures.add("train", Picture("1", "1", 100, 100, (Box(0, 0, 20, 20, 0), Box(0, 0, 50, 99, 0))))
    figures.add(
        "val", Picture("2", "2", None, None, (Box(0, 0, 9, 9, 1), Box(0, 0, 9, 9, None, "a red dog")))
    )
    figures.add("val", Picture("3", "3", 50, 60, ()))
    told = figures.document()
    assert told["pictures"] == {"train": 1, "val": 2} and told["without_boxes"] == {"val": 1}
    assert told["unmeasured_boxes"] == 2  # of a picture of unknown size
    assert told["classes"] == [
        {"name": "cat", "boxes": {"train": 2}, "pictures": {"train": 1}, "small_medium_large": [1, 1, 0]},
        {"name": "dog", "boxes": {"val": 1}, "pictures": {"val": 1}, "small_medium_large": [0, 0, 0]},
        {"name": "a red dog", "boxes": {"val": 1}, "pictures": {"val": 1}, "small_medium_large": [0, 0, 0]},
    ]


def test_phrases_without_end_are_put_together() -> None:
    figures = Figures.of(())
    for number in range(5000):
        figures.add("train", Picture("x", "x", 9, 9, (Box(0, 0, 5, 5, None, f"phrase {number}"),)))
    assert len(figures.classes) == 2001
    assert figures.classes[-1].boxes["train"] == 3000


def test_every_class_is_among_the_chosen_while_there_is_room() -> None:
    sample = Sample(20, seed=1)
    for number in range(3000):
        sample.add("train", Picture(str(number), str(number), 9, 9, ()), {0} if number != 1234 else {0, 1})
    chosen = {picture.name for _, picture in sample.chosen()}
    assert len(chosen) == 20 and "1234" in chosen


@given(some.integers(0, 40), some.integers(0, 60), some.integers(0, 3))
def test_a_seed_always_chooses_the_same(most: int, count: int, seed: int) -> None:
    def chosen(of: int) -> list[str]:
        sample = Sample(most, of)
        for number in range(count):
            sample.add("train", Picture(str(number), str(number), 9, 9, ()), {number % 7})
        return [picture.name for _, picture in sample.chosen()]

    assert chosen(seed) == chosen(seed)
    assert len(chosen(seed)) == len(set(chosen(seed))) == min(most, count)


def test_white_letters_can_be_read_on_every_colour() -> None:
    colours = [colour(number) for number in range(300)]
    assert min(map(contrast_with_white, colours)) >= 4.5
    assert len(set(colours[:40])) == 40
    assert [colour(number) for number in (0, 11, 12, 13, 47, 299)] == [
        "#2457d6", "#0369a1", "#11746c", "#82622b", "#6b4d06", "#d50bb2",
    ]  # fmt: skip


def test_contact_sheets_show_every_chosen_picture_with_its_boxes(made: Made) -> None:
    found = survey(made.opened(), 17)
    pages = list(sheets(pictured(found, 380)))
    assert len(pages) == 2
    assert pages[0].width == pages[1].width and pages[1].height < pages[0].height
    drawn = np.asarray(pages[0]).astype(np.int32) @ np.array([65536, 256, 1])
    assert all((drawn == int(shade[1:], 16)).any() for shade in found.colours().values())


def test_broken_pictures_have_their_place(made: Made) -> None:
    (made.root / "train/00003.jpg").write_bytes(b"no picture")
    made.put("train", "train/nowhere.jpg", (50, 50), [Box(1, 1, 9, 9, 0)])
    small = pictured(survey(made.opened(), 30), 64)
    assert small.small.pictures.count(None) == 1
    text = page(small)
    assert text.count("cannot be read") == 1
    assert "1 pictures are not there" in text
    assert len(list(sheets(small))) == 2


def test_what_was_wrong_in_reading_and_is_not_there_is_said(tmp_path: Path) -> None:
    made = Made(tmp_path / "data.tar.gz")
    made.add("train", 2)
    made.put("train", "train/nowhere.jpg", (50, 50), [])
    first = made.splits["train"][0]
    made.splits["train"][0] = replace(first, faults=(Fault("box-empty", "x"), Fault("box-empty", "y")))
    data = made.opened().data
    told: list[Step] = []
    opened = Opened(made.opened().tree, replace(data, faults=(Fault("id-twice", "x"),), notes=("a\nnote",)))
    found = survey(opened, 9, place="s3://b/data.tar.gz/", report=told.append)
    twice, empty = KINDS["id-twice"].title, KINDS["box-empty"].title
    assert found.notes == (
        "a note",
        f"In reading: {twice} (1), {empty} (2); skillbank data check says where.",
        "1 pictures are not there, and so not among those shown.",
    )
    assert found.name == "data" and len(found.sample) == 2 and not told
    assert found.counts() == ((3, "pictures"), (6, "boxes"), (3, "classes"))
    assert survey(made.opened(), 9).place == str(made.root)


def test_an_empty_data_set_has_a_page(tmp_path: Path) -> None:
    made = Made(tmp_path / "data", ())
    made.root.mkdir()
    made.splits["train"] = []
    found = survey(made.opened(), 10)
    assert isinstance(found, Survey) and "0 of 0" in page(pictured(found, 64))
    assert list(sheets(pictured(found, 64))) == []
