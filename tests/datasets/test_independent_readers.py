"""What we read and write agrees with readers that other people wrote: globox and pycocotools."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from skillbank.datasets.converting import convert
from skillbank.datasets.document import DataSet
from skillbank.datasets.opening import open_place
from tests.datasets.made import Made
from tests.datasets.reading import data_of, picture, text

globox = pytest.importorskip("globox")

CLASSES = ("cat", "dog", "hard hat")
Marks = dict[str, list[tuple[str, float, float, float, float]]]


def marks_of(data: DataSet) -> Marks:
    """Return the boxes by the last part of each picture's name."""
    pictures = (each for split in data.splits for each in split.pictures())
    return {
        each.name.rpartition("/")[2]: sorted(
            (data.classes[box.label], *_rounded(box.x1, box.y1, box.x2, box.y2))
            for box in each.boxes
            if box.label is not None
        )
        for each in pictures
    }


def theirs(found: object) -> Marks:
    return {
        str(each.image_id).rpartition("/")[2]: sorted(
            (str(box.label), *_rounded(box.xmin, box.ymin, box.xmax, box.ymax)) for box in each.boxes
        )
        for each in found  # type: ignore[attr-defined]
    }


def _rounded(x1: float, y1: float, x2: float, y2: float) -> tuple[float, float, float, float]:
    return round(x1, 2), round(y1, 2), round(x2, 2), round(y2, 2)


@pytest.fixture
def ours(tmp_path: Path) -> Made:
    made = Made(tmp_path / "made", CLASSES, seed=17)
    made.add("", 6)
    return made


def globox_set(root: Path) -> object:
    """Return a set of theirs, whose pictures lie in a folder."""
    numbers = random.Random(17)
    found = globox.AnnotationSet()
    for number in range(6):
        picture(root / f"p{number}.jpg", (100, 80))
        boxes = []
        for _ in range(numbers.randint(0, 3)):
            x, y = numbers.randint(0, 60), numbers.randint(0, 40)
            label = numbers.choice(CLASSES)
            corners = (x, y, x + numbers.randint(5, 40), y + numbers.randint(5, 40))
            boxes.append(globox.BoundingBox.create(label=label, coords=corners))
        found.add(globox.Annotation(f"p{number}.jpg", image_size=(100, 80), boxes=boxes))
    return found


def test_globox_reads_our_voc(ours: Made, tmp_path: Path) -> None:
    convert(ours.opened(), "voc", tmp_path / "voc")
    read = theirs(globox.AnnotationSet.from_pascal_voc(tmp_path / "voc" / "Annotations"))
    assert read == marks_of(data_of(tmp_path / "voc"))
    assert sum(map(len, read.values())) == 18


def test_globox_reads_our_labelme(ours: Made, tmp_path: Path) -> None:
    convert(ours.opened(), "labelme", tmp_path / "labelme")
    read = theirs(globox.AnnotationSet.from_labelme(tmp_path / "labelme" / "images"))
    assert read == marks_of(data_of(tmp_path / "labelme"))
    assert sum(map(len, read.values())) == 18


def test_globox_reads_our_cvat(ours: Made, tmp_path: Path) -> None:
    convert(ours.opened(), "cvat", tmp_path / "cvat")
    read = theirs(globox.AnnotationSet.from_cvat(tmp_path / "cvat" / "annotations.xml"))
    assert read == marks_of(data_of(tmp_path / "cvat"))
    assert sum(map(len, read.values())) == 18


@pytest.mark.parametrize("form", ["voc", "labelme", "cvat", "open_images"])
def test_we_read_what_globox_writes(tmp_path: Path, form: str) -> None:
    found = globox_set(tmp_path)
    if form == "voc":
        found.save_pascal_voc(tmp_path)  # type: ignore[attr-defined]
    elif form == "labelme":
        found.save_labelme(tmp_path)  # type: ignore[attr-defined]
    elif form == "cvat":
        found.save_cvat(tmp_path / "annotations.xml")  # type: ignore[attr-defined]
    else:
        found.save_openimage(tmp_path / "annotations-bbox.csv")  # type: ignore[attr-defined]
    data = data_of(tmp_path)
    assert data.format == form
    expected = theirs(found)
    if form == "open_images":  # a table of boxes does not know pictures without one
        expected = {name: marks for name, marks in expected.items() if marks}
    assert marks_of(data) == expected


def test_pycocotools_reads_what_became_of_voc(tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    globox_set(tmp_path / "voc").save_pascal_voc(tmp_path / "voc")  # type: ignore[attr-defined]
    opened = open_place(tmp_path / "voc")
    convert(opened, "coco", tmp_path / "coco")
    (file,) = (path for path in (tmp_path / "coco").rglob("*.json") if "skillbank" not in path.name)
    read = coco.COCO(str(file))
    names = {each["id"]: each["name"] for each in read.loadCats(read.getCatIds())}
    found: Marks = {each["file_name"].rpartition("/")[2]: [] for each in read.loadImgs(read.getImgIds())}
    for each in read.loadAnns(read.getAnnIds()):
        x, y, w, h = each["bbox"]
        (image,) = read.loadImgs(each["image_id"])
        found[image["file_name"].rpartition("/")[2]].append(
            (names[each["category_id"]], *_rounded(x, y, x + w, y + h))
        )
    assert {name: sorted(marks) for name, marks in found.items()} == marks_of(opened.data)


def test_turned_boxes_cover_what_an_independent_rotation_covers(tmp_path: Path) -> None:
    """Pillow turns a filled rectangle; the box that we read is the one around its pixels."""
    from PIL import Image, ImageDraw

    picture(tmp_path / "a.png", (400, 300))
    said = (
        '<annotations><image id="0" name="a.png" width="400" height="300">'
        '<box label="x" xtl="120" ytl="100" xbr="260" ybr="160" rotation="30"/></image></annotations>'
    )
    text(tmp_path / "annotations.xml", said)
    ((_, x1, y1, x2, y2),) = marks_of(data_of(tmp_path))["a.png"]
    canvas = Image.new("L", (400, 300))
    ImageDraw.Draw(canvas).rectangle((120, 100, 260, 160), fill=255)
    drawn = canvas.rotate(-30, center=(190, 130)).getbbox()
    assert drawn is not None
    assert all(abs(one - other) < 2 for one, other in zip(drawn, (x1, y1, x2, y2), strict=True))
