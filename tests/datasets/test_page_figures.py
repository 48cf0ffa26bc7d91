"""Where the page and the contact sheet of a data set put what they show: numbers and places, by hand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.document import Box, Picture
from skillbank.datasets.figures import Figures
from skillbank.datasets.html import page
from skillbank.datasets.sheets import CELL, sheets
from skillbank.datasets.showing import pictured, survey
from tests.datasets.made import Made

CLASSES = ("person", "hat", "unused", "sign")


def plain(size: tuple[int, int], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, "#204060").save(path)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Two pictures to train on, of unequal sizes and counts, and one to validate."""
    found = Made(tmp_path / "data", CLASSES)
    many = [Box(10 + i, 20, 30 + i, 40, 3) for i in range(6)]
    for split, name, size, boxes in (
        ("train", "train/a.png", (400, 200), [Box(40, 10, 80, 30, 3), Box(300, 100, 440, 240, 0)]),
        ("train", "train/b.png", (100, 300), [Box(60, 33, 20, 30, 1, crowd=True), *many]),
        ("val", "val/c.png", (400, 200), []),
    ):
        plain(size, found.root / name)
        found.put(split, name, size, boxes)
    return found


def shown(made: Made) -> str:
    return page(pictured(survey(made.opened(), 9), 200))


def card(text: str, name: str) -> str:
    [found] = [each for each in text.split("<figure")[1:] if f"Enlarge {name}" in each]
    return found.partition("</figure>")[0]


def places(text: str, name: str) -> list[tuple[str, ...]]:
    pattern = (
        r'class="(box[^"]*)" data-class="(\d)" style="[^;]+;left:([\d.]+)%;top:([\d.]+)%;'
        r'width:([\d.]+)%;height:([\d.]+)%"><b>(\w+)'
    )
    return re.findall(pattern, card(text, name))


def test_boxes_lie_in_percent_of_their_picture_cut_to_it_the_largest_first(made: Made) -> None:
    text = shown(made)
    assert places(text, "a.png") == [
        ("box tail", "0", "75.0", "50.0", "25.0", "50.0", "person"),
        ("box low", "3", "10.0", "5.0", "10.0", "10.0", "sign"),
    ]
    found = places(text, "b.png")
    assert found[0] == ("box low", "3", "10.0", "6.667", "20.0", "6.666", "sign")
    assert found[-1] == ("box crowd", "1", "20.0", "10.0", "40.0", "1.0", "hat")
    assert [each[2] for each in found[:-1]] == ["10.0", "11.0", "12.0", "13.0", "14.0", "15.0"]
    assert places(text, "c.png") == []


def test_each_picture_says_what_is_on_it(made: Made) -> None:
    text = shown(made)
    first, second, third = (card(text, name) for name in ("a.png", "b.png", "c.png"))
    assert 'class="picture few" style="--ratio:2.0" data-split="train" data-classes="0 3"' in first
    assert 'class="picture" style="--ratio:0.3333" data-split="train" data-classes="1 3"' in second
    assert 'class="picture few" style="--ratio:2.0" data-split="val" data-classes=""' in third
    assert 'alt="1 sign, 1 person"' in first or 'alt="1 person, 1 sign"' in first
    assert 'alt="6 sign, 1 hat"' in second and 'alt="no boxes"' in third
    assert "400 \u00d7 200 · 2 boxes · train" in first and "100 \u00d7 300 · 7 boxes · train" in second
    assert 'title="train/a.png"><span>a.png</span>' in first and "400 \u00d7 200 · 0 boxes · val" in third


def test_the_most_frequent_class_stands_first_and_says_where_it_is_missing(made: Made) -> None:
    text = shown(made)
    rows = re.findall(r'data-class="(\d)" aria-pressed="false".*?title="([^"]*)"', text)
    assert rows == [
        ("3", "sign: 7 boxes on 2 pictures (train 7, val 0)"),
        ("0", "person: 1 boxes on 1 pictures (train 1, val 0)"),
        ("1", "hat: 1 boxes on 1 pictures (train 1, val 0)"),
        ("2", "unused: 0 boxes on 0 pictures (train 0, val 0)"),
    ]
    assert re.findall(r'class="share"><i style="width:([\d.]+)%', text) == ["100.0", "14.3", "14.3", "0.0"]
    assert re.findall(r'class="missing">([^<]*)', text) == ["not in val"] * 3
    assert re.findall(r"<dt>([\w ]+)</dt><dd>([\d.,]+)</dd>", text) == [
        ("pictures", "3"),
        ("boxes", "9"),
        ("classes", "4"),
        ("boxes a picture", "3.0"),
        ("pictures without boxes", "1"),
    ]
    assert "3 of 3, chosen by seed 0; every class is among them." in text


def test_a_class_that_no_picture_shown_has_is_not_said_to_be_among_them(made: Made) -> None:
    assert "every class is among them" not in page(pictured(survey(made.opened(), 1), 64))


def test_a_class_that_every_split_has_is_missing_in_none(made: Made) -> None:
    made.splits["val"] = [Picture("c", "val/c.png", 400, 200, (Box(1, 1, 9, 9, 3),))]
    assert re.findall(r'class="missing">([^<]*)', shown(made)) == ["not in val"] * 2


def bars(text: str, name: str) -> dict[str, int]:
    found = re.search(rf'id="{name}" role="img" aria-label="[^:]+: ([^"]+)"', text)
    assert found is not None
    return {label: int(count) for label, _, count in (each.rpartition(" ") for each in found[1].split(", "))}


def test_bars_count_sizes_shapes_and_boxes_on_a_picture(made: Made) -> None:
    text = shown(made)
    there = {name: {label: n for label, n in bars(text, name).items() if n} for name in ("sides", "aspects")}
    # Of 100 x 300 pixels 20 x 20 are a square of 11.5 percent, of 400 x 200 pixels 40 x 20 one of 10, and
    # what is left of 140 x 140 one of 35.
    assert there == {"sides": {"8": 7, "27": 1}, "aspects": {"1:1": 7, "5:2": 1}}
    assert {label: n for label, n in bars(text, "counts").items() if n} == {"0": 1, "2": 1, "5\u20138": 1}
    assert list(bars(text, "sides")) == ["0", *["1", "2", "3", "5", "8", "12", "18", "27", "40", "60", "80"]]
    assert list(bars(text, "counts")) == [
        "0",
        "1",
        "2",
        "3\u20134",
        "5\u20138",
        "9\u201316",
        "17\u201332",
        "33+",
    ]
    areas = re.findall(r'<b>(\d+)</b><span>(small|medium|large)</span><i><u style="width:([\d.]+)%', text)
    assert areas == [("7", "small", "87.5"), ("0", "medium", "0.0"), ("1", "large", "12.5")]
    assert "1 boxes have no size or lie outside their picture" in text  # the one that ends before it begins


def test_the_map_shows_the_share_of_boxes_that_cover_each_place(made: Made) -> None:
    found = re.findall(r'<rect x="(\d+)" y="(\d+)" width="1" height="1" opacity="([\d.]+)"', shown(made))
    heat = {(int(x), int(y)): float(share) for x, y, share in found}
    upper = {2: 0.571, 3: 1.0, 4: 1.0, 5: 0.857, 6: 0.857, 7: 0.857, 8: 0.286}
    expected = {(x, y): share for y in (1, 2, 3) for x, share in upper.items()}
    assert heat == expected | {(x, y): 0.143 for x in range(18, 24) for y in range(12, 24)}


def test_sizes_are_points_on_axes_with_round_numbers(made: Made) -> None:
    text = shown(made)
    points = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"><title>([^<]+)', text)
    assert points == [
        ("302.0", "85.0", "13.5", "400 \u00d7 200: 2 pictures"),
        ("101.0", "47.5", "10.3", "100 \u00d7 300: 1 pictures"),
    ]
    assert re.findall(r'<text x="([\d.]+)" y="174" text-anchor="middle">(\d+)', text) == [
        ("101.0", "100"), ("168.0", "200"), ("235.0", "300"), ("302.0", "400"),
    ]  # fmt: skip
    assert re.findall(r'x2="306" y1="([\d.]+)" y2="\1"', text) == ["122.5", "85.0", "47.5", "10.0"]
    assert "2 sizes; the area" in text


@pytest.mark.parametrize(
    ("largest", "last"),
    [(1, ["1"]), (4, ["1", "2", "3", "4"]), (9, ["5", "10"]), (83, ["50", "100"]), (801, ["500", "1000"])],
)
def test_an_axis_has_few_round_numbers(largest: int, last: list[str], made: Made) -> None:
    made.splits = {"train": [Picture("x", None, largest, 1, ())]}
    assert re.findall(r'y="174" text-anchor="middle">(\d+)', shown(made)) == last


@pytest.mark.parametrize(("count", "told"), [(999, "999"), (1000, "1K"), (1550, "1.6K"), (2_000_000, "2M")])
def test_large_numbers_are_short_above_their_bars(count: int, told: str, made: Made) -> None:
    made.splits = {"train": [Picture("x", None, 9, 9, ())]}
    found = survey(made.opened(), 1)
    found.figures.per_picture[3] = count
    assert f'title="3\u20134: {count:,}"><b>{told}</b>' in page(pictured(found, 32))


SIDES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.18, 0.27, 0.4, 0.6, 0.8)


@pytest.mark.parametrize(("size", "bar"), [((31, 33), 0), ((32, 32), 1), ((95, 97), 1), ((96, 96), 2)])
def test_small_medium_and_large_are_those_of_coco(size: tuple[int, int], bar: int) -> None:
    figures = Figures.of(("a",))
    figures.add("", Picture("x", "x", 127, 183, (Box(3, 5, 3 + size[0], 5 + size[1], 0),)))
    assert figures.classes[0].areas == [int(place == bar) for place in range(3)]


def test_a_bar_begins_with_its_own_number() -> None:
    """A square of 5 percent is in the bar from 5 to 8, one of twice the height in that from 1:2 to 4:5."""
    figures = Figures.of(("a",))
    figures.add("", Picture("x", "x", 100, 100, (Box(7, 9, 12, 14, 0), Box(7, 9, 17, 29, 0))))
    sides = figures.classes[0].sides
    assert {place for place, count in enumerate(sides) if count} == {SIDES.index(0.05) + 1, 6}
    assert figures.classes[0].aspects == [0, 0, 0, 1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("boxes", "bar"),
    [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (8, 4), (9, 5), (16, 5), (17, 6), (32, 6), (33, 7)],
)
def test_pictures_are_counted_by_their_boxes(boxes: int, bar: int) -> None:
    figures = Figures.of(("a",))
    figures.add("", Picture("x", "x", 9, 9, (Box(1, 2, 3, 4, 0),) * boxes))
    assert figures.per_picture == [int(place == bar) for place in range(8)]
    assert figures.empty[""] == (not boxes) and figures.classes[0].pictures[""] == bool(boxes)


def colour_at(image: Image.Image, *places: tuple[float, float]) -> list[str]:
    pixels = np.asarray(image.convert("RGB"))
    return [f"#{pixels[round(y), round(x)].tobytes().hex()}" for x, y in places]


def test_a_sheet_has_each_picture_in_the_middle_of_its_cell_with_its_boxes(made: Made) -> None:
    found = survey(made.opened(), 9)
    small = pictured(found, 400)
    [sheet] = sheets(small)
    width, height, gap, head = CELL, CELL * 3 // 4, 18, 74
    assert sheet.size == (gap + 4 * (width + gap), head + height + 30 + 2 * gap)
    colours = found.colours()
    ground = "#e9edf2"
    for place, (_, picture) in enumerate(found.sample):
        x, y = gap + place * (width + gap), head
        assert colour_at(sheet, (x, y)) == [ground] and colour_at(sheet, (x + width / 2, y + height - 1)) == [
            "#204060" if picture.width == 100 else ground
        ]
        if picture.name == "train/a.png":  # 380 x 190 of 285 pixels below each other
            top = y + (height - 190) // 2
            left, upper = x + 40 * 0.95, top + 10 * 0.95
            assert colour_at(sheet, (left, upper + 12), (left + 38, upper + 12)) == [colours[3]] * 2
            assert colour_at(sheet, (x + 285, top + 150), (x + 379, top + 120)) == [colours[0]] * 2
            assert colour_at(sheet, (x, top - 1), (x, top), (x, top + 189), (x, top + 190)) == [
                ground, "#204060", "#204060", ground,
            ]  # fmt: skip
    assert colour_at(sheet, (gap + 6, 52)) == [colours[3]]  # the legend begins with the most frequent class


def test_a_second_sheet_has_the_rest(made: Made) -> None:
    for number in range(15):
        plain((40, 30), made.root / f"train/{number}.png")
        made.put("train", f"train/{number}.png", (40, 30), [])
    pages = list(sheets(pictured(survey(made.opened(), 18), 64)))
    assert [page.height for page in pages] == [74 + rows * (285 + 30 + 18) + 18 for rows in (4, 1)]
    cells = [np.asarray(pages[0].crop((18 + 398 * c, 74, 18 + 398 * c + 380, 359))) for c in range(4)]
    assert all((cell == (0x20, 0x40, 0x60)).all(-1).any() for cell in cells)
