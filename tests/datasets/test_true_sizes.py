"""What a header of a picture says against what annotations state: nothing is written by a wrong size."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skillbank.datasets.checking import check_data
from skillbank.datasets.converting import FaultsError, convert
from skillbank.datasets.copying import marks_of
from skillbank.datasets.formats import WRITERS
from skillbank.datasets.opening import open_place
from skillbank.datasets.repairing import Mode
from skillbank.datasets.showing import survey
from tests.datasets.reading import boxes, data_of, picture, text

NAMES = [writer.name for writer in WRITERS if marks_of(writer) == "boxes"]


def coco(root: Path, stated: tuple[int, int], *corners: tuple[int, int, int, int]) -> Path:
    """Write a COCO document of one picture, whose boxes are said as x, y, width, height."""
    images = [{"id": 1, "file_name": "a.jpg", "width": stated[0], "height": stated[1]}]
    marks = [
        {"id": number, "image_id": 1, "category_id": 1, "bbox": list(box)}
        for number, box in enumerate(corners, 1)
    ]
    document = {"images": images, "annotations": marks, "categories": [{"id": 1, "name": "cat"}]}
    return text(root / "annotations.json", json.dumps(document))


def voc(root: Path, name: str, size: tuple[int, int], *corners: tuple[int, int, int, int]) -> None:
    sides = ("xmin", "ymin", "xmax", "ymax")
    marks = "".join(
        "<object><name>cat</name><bndbox>"
        + "".join(f"<{side}>{value}</{side}>" for side, value in zip(sides, box, strict=True))
        + "</bndbox></object>"
        for box in corners
    )
    stated = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>"
    text(root / f"{name}.xml", f"<annotation><filename>{name}.jpg</filename>{stated}{marks}</annotation>")


@pytest.mark.parametrize("to", NAMES)
def test_exchanged_sides_are_refused_without_decoding(tmp_path: Path, to: str) -> None:
    root = tmp_path / "data"
    picture(root / "a.jpg", (100, 80))
    coco(root, (80, 100), (50, 10, 45, 60))
    with pytest.raises(FaultsError, match="80 x 100 is stated, the file has 100 x 80"):
        convert(open_place(root), to, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    copy = convert(open_place(root), to, tmp_path / "out", mode=Mode.SKIP)
    assert any("take the size of the file" in each for each in copy.lost)
    [written] = boxes(data_of(copy.folder)).values()
    assert written == [("cat", 50, 10, 95, 70)]
    [held] = data_of(copy.folder).splits[0].pictures()
    assert (held.width, held.height) == (100, 80)


@pytest.mark.parametrize("to", NAMES)
def test_boxes_are_scaled_along_with_pictures_made_smaller(tmp_path: Path, to: str) -> None:
    root = tmp_path / "data"
    picture(root / "a.jpg", (100, 80))
    coco(root, (200, 160), (100, 20, 80, 120))
    copy = convert(open_place(root), to, tmp_path / "out")
    assert any("scale the boxes along" in each for each in copy.lost)
    [written] = boxes(data_of(copy.folder)).values()
    assert written == [("cat", 50, 10, 90, 70)]
    report = check_data(open_place(copy.folder))
    assert not report.tally.counts.keys() & {"size-scaled", "size-mistaken", "size-disagrees"}


def test_another_size_that_nothing_explains_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "data"
    picture(root / "a.jpg", (100, 80))
    coco(root, (640, 640), (300, 200, 90, 90))
    with pytest.raises(FaultsError, match="640 x 640 is stated, the file has 100 x 80"):
        convert(open_place(root), "yolo", tmp_path / "out")


@pytest.mark.parametrize("to", NAMES)
def test_boxes_of_stored_pictures_are_refused_without_decoding(tmp_path: Path, to: str) -> None:
    root = tmp_path / "data"
    for name in "abc":
        picture(root / f"{name}.jpg", (100, 40), orientation=6)
        voc(root, name, (100, 40), (60, 5, 95, 35))
    report = check_data(open_place(root), decode=False)
    assert report.tally.counts["boxes-stored"] == 3
    for mode in (Mode.PLAIN, Mode.SKIP):
        with pytest.raises(FaultsError, match="as their EXIF turns them upright"):
            convert(open_place(root), to, tmp_path / "out", mode=mode)


def test_what_is_no_picture_is_refused_without_decoding(tmp_path: Path) -> None:
    root = tmp_path / "data"
    text(root / "a.jpg", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    picture(root / "b.jpg")
    coco(root, (100, 80), (50, 10, 45, 60))
    with pytest.raises(FaultsError, match="git lfs pull"):
        convert(open_place(root), "coco", tmp_path / "out")


def test_boxes_are_shown_where_they_lie_in_the_file(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", (100, 80))
    coco(tmp_path, (200, 160), (100, 20, 80, 120))
    [(_, shown)] = survey(open_place(tmp_path), 4).sample
    [box] = shown.boxes
    assert (shown.width, shown.height) == (100, 80)
    assert (box.x1, box.y1, box.x2, box.y2) == (50, 10, 90, 70)
