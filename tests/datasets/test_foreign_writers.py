"""What is written as Pascal VOC, CVAT, LabelMe, Label Studio or CSV is read back as it was."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.datasets.document import Box, Picture
from skillbank.datasets.formats import WRITERS
from skillbank.datasets.formats.base import Part, Writer
from tests.datasets.reading import data_of, picture

OURS = ("voc", "cvat", "labelme", "label_studio", "csv")
names = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=12).map(str.strip)
classes = st.lists(names.filter(bool), min_size=1, max_size=4, unique=True)
numbers = st.floats(-50, 200, allow_nan=False).map(lambda value: round(value, 3) + 0.0)


def writer_of(name: str) -> Writer:
    return next(each for each in WRITERS if each.name == name)


def near(value: float) -> object:
    """Return what equals a number up to the rounding of percent."""
    return pytest.approx(value, abs=1e-9)


@st.composite
def sets(draw: st.DrawFn) -> tuple[list[str], dict[str, list[list[Box]]]]:
    """Return classes and, of each split, the boxes of each picture."""
    known = draw(classes)
    corner = st.tuples(numbers, numbers)

    def box(one: tuple[float, float], other: tuple[float, float], label: int) -> Box:
        (x1, x2), (y1, y2) = sorted((one[0], other[0])), sorted((one[1], other[1]))
        return Box(x1, y1, x2, y2, label)

    boxes = st.builds(box, corner, corner, st.integers(0, len(known) - 1))
    parts = draw(st.sampled_from([("",), ("train", "val"), ("train", "val", "test")]))
    return known, {
        part: draw(st.lists(st.lists(boxes, max_size=3), min_size=1, max_size=3)) for part in parts
    }


def written(root: Path, form: str, known: list[str], parts: dict[str, list[list[Box]]]) -> list[str]:
    writer = writer_of(form)
    made = []
    for part, some in parts.items():
        pictures = []
        for number, found in enumerate(some):
            path = f"{writer.folder(part)}/{part}{number}.png"
            picture(root / path, (100, 80))
            pictures.append(Picture(path, path, 100, 80, tuple(found)))
        made.append(Part(part, pictures))
    return writer.write(made, known, root)


@pytest.mark.parametrize("form", OURS)
@given(data=sets())
def test_there_and_back(form: str, data: tuple[list[str], dict[str, list[list[Box]]]]) -> None:
    known, parts = data
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        assert written(root, form, known, parts) == []
        back = data_of(root)
        assert back.format == form
        assert [split.name for split in back.splits] == list(parts)
        for part, some in parts.items():
            split = back.split(part)
            assert split is not None
            pictures = {each.path: each for each in split.pictures()}
            for number, boxes in enumerate(some):
                found = pictures.pop(f"{writer_of(form).folder(part)}/{part}{number}.png")
                assert not found.faults
                assert [
                    (back.classes[box.label], box.x1, box.y1, box.x2, box.y2)
                    for box in found.boxes
                    if box.label is not None
                ] == [
                    (known[box.label], *map(near, (box.x1, box.y1, box.x2, box.y2)))
                    for box in boxes
                    if box.label is not None
                ]
            assert not pictures


@pytest.mark.parametrize("form", OURS)
def test_what_is_lost_is_said(tmp_path: Path, form: str) -> None:
    path = f"{writer_of(form).folder('')}/a.png"
    picture(tmp_path / path)
    phrase = Box(1, 2, 3, 4, None, "a red car")
    boxes = (Box(1, 2, 3, 4, 0), Box(1, 2, 3, 4, 0, crowd=True), phrase, Box(1, 2, 3, 4, None))
    held = Picture(path, path, 100, 80, boxes, "a red car drives")
    lost = " ".join(writer_of(form).write([Part("", [held])], ["car"], tmp_path))
    assert "captions" in lost
    assert "boxes of crowds" in lost
    assert "boxes with a phrase and no class" in lost
    kept = data_of(tmp_path).splits[0].pictures()
    assert [len(each.boxes) for each in kept] == [{"voc": 3, "csv": 1}.get(form, 2)]


@pytest.mark.parametrize("form", ["voc", "cvat", "label_studio"])
def test_texts_that_xml_does_not_know(tmp_path: Path, form: str) -> None:
    path = f"{writer_of(form).folder('')}/a.png"
    picture(tmp_path / path)
    held = Picture(path, path, 100, 80, (Box(1, 2, 3, 4, 0), Box(1, 2, 3, 4, 1)))
    writer_of(form).write([Part("", [held])], ["a\x00b", "<b> & \u202ec"], tmp_path)
    data = data_of(tmp_path)
    assert data.classes == ("a\\x00b", "<b> & \\u202ec")
