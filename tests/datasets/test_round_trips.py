"""What is written is read back, each format of boxes into each other, where they hold the same."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from skillbank.datasets.document import Box, DataSet, Picture
from skillbank.datasets.formats import WRITERS
from skillbank.datasets.formats.base import Part
from skillbank.datasets.opening import open_place

_MILLIONTH = 1e-6
WRITER = {writer.name: writer for writer in WRITERS}
FORMATS = tuple(name for name, writer in WRITER.items() if getattr(writer, "marks", "boxes") == "boxes")
"""Those that hold boxes; `test_areas_and_classes` has masks and folders of classes."""
NAMES = ("dog", "red circle", "größe", "no", "2", "a 'b' \"c\"", "猫")
Splits = dict[str, list[Picture]]


@st.composite
def _stretches(draw: st.DrawFn, size: int) -> tuple[float, float]:
    low = draw(st.floats(0, size - 1, allow_nan=False).map(lambda value: round(value, 3)))
    high = draw(st.floats(0.5, size - low, allow_nan=False).map(lambda value: round(low + value, 3)))
    return low, min(high, float(size))


@st.composite
def _pictures(draw: st.DrawFn, name: str, classes: int) -> Picture:
    width, height = draw(st.integers(2, 700)), draw(st.integers(2, 700))
    boxes = []
    for _ in range(draw(st.integers(0, 4))):
        (x1, x2), (y1, y2) = draw(_stretches(width)), draw(_stretches(height))
        boxes.append(Box(x1, y1, x2, y2, draw(st.integers(0, classes - 1))))
    return Picture(name, name, width, height, tuple(boxes))


@st.composite
def data_sets(draw: st.DrawFn) -> tuple[tuple[str, ...], Splits]:
    """Draw classes and splits; each picture has a name of its own."""
    classes = tuple(draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)))
    divided = draw(st.booleans())
    names = draw(st.lists(st.sampled_from(("train", "val", "test")), min_size=1, max_size=3, unique=True))
    splits: Splits = {}
    for split in sorted(names, key=("train", "val", "test").index) if divided else [""]:
        files = draw(
            st.lists(st.sampled_from(("a", "b c", "cam1/a", "ü", "test", "x.y")), min_size=1, unique=True)
        )
        splits[split] = [draw(_pictures(f"{file}{split}.png", len(classes))) for file in files]
    return classes, splits


@contextmanager
def written(form: str, classes: Sequence[str], splits: Splits) -> Iterator[tuple[Path, list[str]]]:
    """Write a data set with its pictures, which are one colour."""
    writer = WRITER[form]
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "data"
        parts = []
        for split, pictures in splits.items():
            placed = [replace(each, path=f"{writer.folder(split)}/{each.name}") for each in pictures]
            for each in placed:
                path = root / (each.path or "")
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("1", (each.width or 1, each.height or 1)).save(path)
            parts.append(Part(split, iter(placed)))
        root.mkdir(exist_ok=True)
        yield root, writer.write(parts, classes, root)


def read_back(form: str, root: Path) -> tuple[DataSet, Splits]:
    """Read a data set; pictures are named from the folder of their split."""
    data = open_place(root).data
    assert data.format == form
    assert not data.faults
    splits = {}
    for split in data.splits:
        home = f"{WRITER[form].folder(split.name)}/"
        splits[split.name] = [
            replace(each, name=(each.path or "?").removeprefix(home), path=each.name)
            for each in split.pictures()
        ]
    return data, splits


def assert_same(first: Splits, second: Splits, bound: float) -> None:
    """Compare splits; ``bound`` is how far a corner may move, in shares of the picture's side."""
    assert list(first) == list(second)
    for split in first:
        mine = {each.name: each for each in first[split]}
        other = {each.name: each for each in second[split]}
        assert mine.keys() == other.keys()
        for name, one in mine.items():
            two = other[name]
            assert not two.faults
            assert (one.width, one.height) == (two.width, two.height)
            assert [box.label for box in one.boxes] == [box.label for box in two.boxes]
            for a, b in zip(one.boxes, two.boxes, strict=True):
                across = bound * (one.width or 1) + _MILLIONTH
                down = bound * (one.height or 1) + _MILLIONTH
                assert (a.x1, a.x2) == pytest.approx((b.x1, b.x2), abs=across)
                assert (a.y1, a.y2) == pytest.approx((b.y1, b.y2), abs=down)


# Centre and length are rounded to a millionth each, and a length that would reach over an edge is cut.
BOUNDS = {form: 2.1e-6 if form == "yolo" else 0.0 for form in FORMATS}


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=20, deadline=None)
@given(data_sets())
def test_what_is_written_is_read_back(form: str, made: tuple[tuple[str, ...], Splits]) -> None:
    classes, splits = made
    with written(form, classes, splits) as (root, left):
        assert left == []
        data, back = read_back(form, root)
    assert data.classes == classes
    assert data.notes == ()
    assert_same(splits, back, BOUNDS[form])


@pytest.mark.parametrize(
    ("first", "second"), [(one, two) for one in FORMATS for two in FORMATS if one != two], ids="-".join
)
@settings(max_examples=6, deadline=None)
@given(data_sets())
def test_through_another_format_and_back(
    first: str, second: str, made: tuple[tuple[str, ...], Splits]
) -> None:
    classes, splits = made
    with written(first, classes, splits) as (root, _):
        _, once = read_back(first, root)
    with written(second, classes, once) as (root, _):
        data, twice = read_back(second, root)
    assert data.classes == classes
    assert_same(splits, twice, BOUNDS[first] + BOUNDS[second])


@settings(max_examples=20, deadline=None)
@given(data_sets())
def test_yolo_keeps_boxes_inside_of_their_picture(made: tuple[tuple[str, ...], Splits]) -> None:
    with written("yolo", *made) as (root, _):
        _, back = read_back("yolo", root)
    for pictures in back.values():
        for each in pictures:
            for box in each.boxes:
                assert box.x1 >= -1e-9
                assert box.y1 >= -1e-9
                assert box.x2 <= (each.width or 0) + 1e-9
                assert box.y2 <= (each.height or 0) + 1e-9
                assert box.x1 < box.x2
                assert box.y1 < box.y2
