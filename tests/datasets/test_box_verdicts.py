"""Boxes in another convention than the format's are named; good ones of any kind never are."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from skillbank.datasets.box_orders import PERCENT, PIXELS, SHARES, Order, Reading, Written, written_as
from skillbank.datasets.box_statistics import BoxStatistics
from skillbank.datasets.box_verdicts import verdicts
from skillbank.datasets.checking import check_data
from skillbank.datasets.document import Box
from skillbank.datasets.faults import KINDS, Severity
from skillbank.datasets.formats import FORMATS
from skillbank.datasets.opening import open_place

Four = tuple[float, float, float, float]
Size = tuple[int, int]
Scenes = list[tuple[Size, list[Four]]]
CORNERS, COCO = written_as("voc"), written_as("coco")
YOLO, LABEL_STUDIO, TABLE = written_as("yolo"), written_as("label_studio"), written_as("csv")


def numbers(box: Four, size: Size, order: Order, unit: float, *, exchanged: bool = False) -> Four:
    """Write a box as a tool would that takes another convention."""
    (x1, y1, x2, y2), (width, height) = box, size
    if unit:
        x1, x2 = x1 / width * unit, x2 / width * unit
        y1, y2 = y1 / height * unit, y2 / height * unit
    a, b, c, d = {
        Order.CORNERS: (x1, y1, x2, y2),
        Order.SIZED: (x1, y1, x2 - x1, y2 - y1),
        Order.CENTRED: ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1),
        Order.SPANS: (x1, x2, y1, y2),
    }[order]
    a, b, c, d = (b, a, d, c) if exchanged else (a, b, c, d)
    return round(a, 6), round(b, 6), round(c, 6), round(d, 6)


def read(four: Four, size: Size, written: Written) -> Four:
    """Read numbers as the format's reader does."""
    across, down = (size[0] / written.unit, size[1] / written.unit) if written.unit else (1, 1)
    a, b, c, d = four[0] * across, four[1] * down, four[2] * across, four[3] * down
    return {
        Order.CORNERS: (a, b, c, d),
        Order.SIZED: (a, b, a + c, b + d),
        Order.CENTRED: (a - c / 2, b - d / 2, a + c / 2, b + d / 2),
    }[written.orders[0]]


def kinds(
    scenes: Scenes, written: Written, order: Order, unit: float, *, exchanged: bool = False
) -> list[str]:
    """Return what is said of boxes that are written in some convention and read in the format's."""
    statistics = BoxStatistics(written)
    for size, boxes in scenes:
        for box in boxes:
            corners = read(numbers(box, size, order, unit, exchanged=exchanged), size, written)
            statistics.add(Box(*corners, 0), size)
    return [verdict.kind for verdict in verdicts(statistics)]


def scattered(seed: int, count: int, size: Size, *, largest: float = 0.4, whole: bool = True) -> Scenes:
    """Return pictures with boxes anywhere in them."""
    drawn = random.Random(seed)
    scenes: Scenes = []
    for _ in range(count // 4):
        boxes: list[Four] = []
        for _ in range(4):
            across, down = (drawn.uniform(0.08, largest) * side for side in size)
            x, y = drawn.uniform(0, size[0] - across), drawn.uniform(0, size[1] - down)
            digits = 0 if whole else 9
            boxes.append(
                (round(x, digits), round(y, digits), round(x + across, digits), round(y + down, digits))
            )
        scenes.append((size, boxes))
    return scenes


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1920, 1080)])
@pytest.mark.parametrize(
    ("written", "order", "exchanged", "kind"),
    [
        (COCO, Order.CENTRED, False, "boxes-centres"),
        (COCO, Order.CORNERS, False, "boxes-xyxy"),
        (COCO, Order.SIZED, True, "boxes-yxyx"),
        (CORNERS, Order.SIZED, False, "boxes-xywh"),
        (CORNERS, Order.CENTRED, False, "boxes-centres"),
        (CORNERS, Order.CORNERS, True, "boxes-yxyx"),
        (CORNERS, Order.SPANS, False, "boxes-spans"),
        (TABLE, Order.CORNERS, True, "boxes-yxyx"),
        (YOLO, Order.CENTRED, True, "boxes-yxyx"),
        (YOLO, Order.SIZED, False, "boxes-corners"),
        (YOLO, Order.CORNERS, False, "boxes-two-corners"),
        (LABEL_STUDIO, Order.CENTRED, False, "boxes-centres"),
        (LABEL_STUDIO, Order.CORNERS, False, "boxes-xyxy"),
    ],
)
def test_another_order(
    written: Written, order: Order, exchanged: bool, kind: str, size: Size, seed: int
) -> None:
    scenes = scattered(seed, 80, size)
    assert kinds(scenes, written, order, written.unit, exchanged=exchanged) == [kind]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("unit", [PIXELS, SHARES])
def test_label_studio_takes_percent(unit: float, seed: int) -> None:
    scenes = scattered(seed, 80, (640, 480))
    assert kinds(scenes, LABEL_STUDIO, Order.SIZED, unit) == ["boxes-no-percent"]


def test_whole_numbers_within_small_pictures_may_be_pixels() -> None:
    scenes = scattered(3, 40, (96, 80), largest=0.3)
    inner: Scenes = [(size, [box for box in boxes if max(box) < 80]) for size, boxes in scenes]
    assert kinds(inner, LABEL_STUDIO, Order.SIZED, PIXELS) == ["boxes-perhaps-pixels"]
    assert kinds(inner, LABEL_STUDIO, Order.SIZED, PERCENT) == []


@pytest.mark.parametrize("seed", range(4))
def test_small_boxes_of_odd_sides_tell_that_their_corner_is_a_centre(seed: int) -> None:
    """None reaches out, but all lie on halves of pixels, and none near the left and the upper edge."""
    scenes = scattered(seed, 120, (200, 160), largest=0.25)
    inner: Scenes = [
        (size, [b for b in boxes if 1.5 * b[2] - 0.5 * b[0] <= 200 and 1.5 * b[3] - 0.5 * b[1] <= 160])
        for size, boxes in scenes
    ]
    assert kinds(inner, COCO, Order.CENTRED, PIXELS) == ["boxes-perhaps-otherwise"]
    assert kinds(inner, COCO, Order.SIZED, PIXELS) == []


def test_one_that_reaches_out_where_all_fit_exchanged_is_warned_of() -> None:
    scenes = scattered(1, 40, (640, 480))
    inner: Scenes = [(size, [box for box in boxes if box[2] < 480]) for size, boxes in scenes]
    inner[0][1].append((560, 20, 620, 90))
    assert kinds(inner, CORNERS, Order.CORNERS, PIXELS, exchanged=True) == ["boxes-perhaps-otherwise"]


@pytest.mark.parametrize("seed", range(4))
def test_thousandths_of_a_large_picture(seed: int) -> None:
    scenes = scattered(seed, 400, (1920, 1080))
    assert kinds(scenes, CORNERS, Order.CORNERS, 1000.0) == ["boxes-perhaps-scaled"]


def test_boxes_that_fill_their_pictures_may_be_sizes() -> None:
    drawn = random.Random(2)
    scenes: Scenes = [
        (
            (640, 480),
            [
                (
                    drawn.randrange(40),
                    drawn.randrange(30),
                    drawn.randrange(600, 641),
                    drawn.randrange(450, 481),
                )
            ],
        )
        for _ in range(60)
    ]
    assert kinds(scenes, CORNERS, Order.SIZED, PIXELS) == ["boxes-perhaps-xywh"]
    assert kinds(scenes, CORNERS, Order.CORNERS, PIXELS) == []


def test_where_there_is_no_evidence_nothing_is_said() -> None:
    """Exchanged axes of square pictures; small boxes of even sides far from every edge."""
    square = scattered(1, 200, (300, 300))
    assert kinds(square, CORNERS, Order.CORNERS, PIXELS, exchanged=True) == []
    inner: Scenes = [((640, 480), [(300, 200, 310 + 2 * at, 220)]) for at in range(30)]
    assert kinds(inner, COCO, Order.CENTRED, PIXELS) == []


@st.composite
def good(draw: st.DrawFn) -> Scenes:
    """Draw boxes as tools write them: anywhere, in the middle, below, at the edges; whole or not."""
    sizes = draw(
        st.lists(st.tuples(st.integers(48, 3000), st.integers(48, 3000)), min_size=1, max_size=3, unique=True)
    )
    drawn = random.Random(draw(st.integers(0, 2**32)))
    largest = draw(st.sampled_from([0.05, 0.15, 0.4, 0.9]))
    digits = draw(st.sampled_from([0, 1, 6]))
    where = draw(st.sampled_from(["anywhere", "middle", "below", "edges"]))
    scenes: Scenes = []
    for _ in range(draw(st.sampled_from([1, 4, 10, 40, 150]))):
        size = drawn.choice(sizes)
        boxes: list[Four] = []
        for _ in range(drawn.randrange(6)):
            across, down = (max(2.0, drawn.uniform(0.2, 1) * largest * side) for side in size)
            u, v = drawn.random(), drawn.random()
            match where:
                case "middle":
                    u, v = 0.35 + 0.3 * u, 0.35 + 0.3 * v
                case "below":
                    v = 0.5 + v / 2
                case "edges":
                    u, v = drawn.choice([0, u, 1]), drawn.choice([0, v, 1])
            x, y = u * (size[0] - across), v * (size[1] - down)
            boxes.append(
                (round(x, digits), round(y, digits), round(x + across, digits), round(y + down, digits))
            )
        scenes.append((size, boxes))
    return scenes


@settings(max_examples=300, deadline=None)
@given(scenes=good(), written=st.sampled_from([CORNERS, COCO, YOLO, LABEL_STUDIO, TABLE]))
@example(scenes=[((64, 64), [(0, 0, 64, 64)])] * 60, written=TABLE)
@example(scenes=[((100, 100), [(10, 20, 90, 80)])] * 60, written=LABEL_STUDIO)
def test_good_boxes_are_never_suspected(scenes: Scenes, written: Written) -> None:
    assert kinds(scenes, written, written.orders[0], written.unit) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(list(Order)[:3]), st.booleans())
def test_a_reading_of_what_is_written_so_gives_the_boxes_back(
    seed: int, order: Order, exchanged: bool
) -> None:
    size = (640, 480)
    for written in (CORNERS, COCO, YOLO, LABEL_STUDIO):
        box = scattered(seed, 4, size, whole=False)[0][1][0]
        seen = read(numbers(box, size, order, written.unit, exchanged=exchanged), size, written)
        way = Reading(written.orders[0], order, exchanged)
        corners = way.corners(
            tuple(np.array([value]) for value in seen),  # type: ignore[arg-type]
            np.array([float(size[0])]),
            np.array([float(size[1])]),
            written.unit,
        )
        assert np.allclose([each[0] for each in corners], box, atol=2e-3)


def test_every_format_says_how_it_is_written() -> None:
    unknown = {each.name for each in FORMATS if len(written_as(each.name).orders) > 1} - {
        "masks",
        "class_folders",
    }
    assert unknown == {"csv"}  # whose columns tell
    assert written_as("coco+yolo") == TABLE


# Through files, as a person meets it.
CLASSES = ["person", "hard hat"]


def yolo(root: Path, name: str, size: Size, boxes: Sequence[Four]) -> None:
    lines = (
        f"0 {' '.join(f'{v:.6f}' for v in numbers(b, size, Order.CENTRED, SHARES, exchanged=True))}"
        for b in boxes
    )
    (root / "labels").mkdir(exist_ok=True)
    (root / "labels" / f"{name}.txt").write_text("\n".join(lines))
    (root / "classes.txt").write_text("\n".join(CLASSES))


def label_studio(root: Path, name: str, size: Size, boxes: Sequence[Four]) -> None:
    file = root / "project.json"
    tasks: list[Any] = json.loads(file.read_text()) if file.exists() else []
    results = [
        {
            "original_width": size[0],
            "original_height": size[1],
            "type": "rectanglelabels",
            "id": f"{name}-{at}",
            "from_name": "label",
            "to_name": "image",
            "value": {
                **dict(
                    zip(("x", "y", "width", "height"), numbers(b, size, Order.SIZED, PIXELS), strict=True)
                ),
                "rotation": 0,
                "rectanglelabels": [CLASSES[0]],
            },
        }
        for at, b in enumerate(boxes)
    ]
    tasks.append({"id": len(tasks), "data": {"image": f"{name}.png"}, "annotations": [{"result": results}]})
    file.write_text(json.dumps(tasks))


def table(root: Path, name: str, size: Size, boxes: Sequence[Four]) -> None:
    file = root / "boxes.csv"
    fresh = not file.exists()
    with file.open("a", newline="") as opened:
        writer = csv.writer(opened)
        if fresh:
            writer.writerow(["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"])
        for b in boxes:
            corners = numbers(b, size, Order.CORNERS, PIXELS, exchanged=True)
            writer.writerow([f"{name}.png", *size, CLASSES[0], *corners])


def coco(root: Path, name: str, size: Size, boxes: Sequence[Four]) -> None:
    file = root / "annotations.json"
    document: dict[str, list[Any]] = {
        "images": [],
        "annotations": [],
        "categories": [{"id": 1, "name": "person"}],
    }
    document = json.loads(file.read_text()) if file.exists() else document
    number = len(document["images"])
    document["images"].append({"id": number, "file_name": f"{name}.png", "width": size[0], "height": size[1]})
    for b in boxes:
        box = list(numbers(b, size, Order.CENTRED, PIXELS))
        at = len(document["annotations"])
        document["annotations"].append({"id": at, "image_id": number, "category_id": 1, "bbox": box})
    file.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("write", "kind"),
    [
        (coco, "boxes-centres"),
        (table, "boxes-yxyx"),
        (yolo, "boxes-yxyx"),
        (label_studio, "boxes-no-percent"),
    ],
)
def test_a_data_set_says_it_once_with_counts_and_the_way_out(
    tmp_path: Path, write: Callable[[Path, str, Size, Sequence[Four]], None], kind: str
) -> None:
    (tmp_path / "images").mkdir()
    for at, (size, boxes) in enumerate(scattered(11, 60, (200, 120))):
        Image.effect_noise(size, at + 20).save(tmp_path / "images" / f"{at}.png")
        write(tmp_path, str(at), size, boxes)
    report = check_data(open_place(tmp_path))
    errors = {k: n for k, n in report.tally.counts.items() if KINDS[k].severity is Severity.ERROR}
    assert errors == {kind: 60}
    [fault] = report.tally.examples[kind]
    assert "60" in fault.detail
    assert KINDS[kind].way_out
    assert not KINDS[kind].repair
    assert report.blocking(skip=True)


@pytest.mark.parametrize("decode", [True, False])
def test_shares_of_stored_pictures_that_exif_turns_are_no_exchanged_axes(
    tmp_path: Path, decode: bool
) -> None:
    (tmp_path / "images").mkdir()
    for at, (size, boxes) in enumerate(scattered(12, 60, (200, 120))):
        picture = Image.effect_noise(size, at + 20)
        exif = picture.getexif()
        exif[0x0112] = 6
        picture.save(tmp_path / "images" / f"{at}.jpg", exif=exif)
        lines = (f"0 {' '.join(f'{v:.6f}' for v in numbers(b, size, Order.CENTRED, SHARES))}" for b in boxes)
        (tmp_path / "labels").mkdir(exist_ok=True)
        (tmp_path / "labels" / f"{at}.txt").write_text("\n".join(lines))
    (tmp_path / "classes.txt").write_text("\n".join(CLASSES))
    report = check_data(open_place(tmp_path), decode=decode)
    errors = {k for k in report.tally.counts if KINDS[k].severity is Severity.ERROR}
    assert errors == {"boxes-stored"}
