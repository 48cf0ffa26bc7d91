"""Pascal VOC and LabelMe read by their formats alone: what each mark becomes, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skillbank.datasets.document import Picture
from skillbank.datasets.formats.labelme import Labelme
from skillbank.datasets.formats.voc import Voc
from tests.datasets.reading import details, tree_of

Said = list[tuple[Any, ...]]


def marks(picture: Picture, classes: tuple[str, ...]) -> Said:
    return [
        (
            classes[box.label] if box.label is not None else None,
            *(round(x, 3) for x in (box.x1, box.y1, box.x2, box.y2)),
        )
        for box in picture.boxes
    ]


def xml(*objects: str, name: str = "a.jpg", size: str = "") -> str:
    marked = "".join(f"<object>{each}</object>" for each in objects)
    return f"<annotation><filename>{name}</filename>{size}{marked}</annotation>"


def box(*corners: object) -> str:
    tags = zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=False)
    return "<bndbox>" + "".join(f"<{tag}> {value} </{tag}>" for tag, value in tags) + "</bndbox>"


CAT = "<name> cat </name>"


@pytest.mark.parametrize(
    ("mark", "found", "told"),
    [
        (CAT + box(1, 2, 30, 40), [("cat", 1, 2, 30, 40)], []),
        (CAT + box(1, 2, 30), [], ["its corners are no four numbers: [' 1 ', ' 2 ', ' 30 ', '']"]),
        (box(1, 2, 30, 40), [], ["it has no class"]),
        (CAT, [], ["it has no bndbox"]),
        (CAT + "<difficult>1</difficult>" + box(1, 2, 30, 40), [("cat", 1, 2, 30, 40)], ["a cat"]),
        (CAT + "<difficult>0</difficult>" + box(1, 2, 30, 40), [("cat", 1, 2, 30, 40)], []),
        (CAT + "<difficult>1</difficult>", [], ["it has no bndbox"]),
        (CAT + "<deleted>1</deleted>" + box(1, 2, 30, 40), [], []),
        (CAT + "<deleted>0</deleted>" + box(1, 2, 30, 40), [("cat", 1, 2, 30, 40)], []),
        (
            CAT + "<robndbox><cx>50</cx><cy>40</cy><w>20</w><h>10</h><angle>0</angle></robndbox>",
            [("cat", 40, 35, 60, 45)], ["a turned box"],
        ),
        (
            CAT + "<robndbox><cx>50</cx><cy>40</cy><w>20</w><h>10</h><angle>1.5707963</angle></robndbox>",
            [("cat", 45, 30, 55, 50)], ["a turned box"],
        ),
        (
            CAT + "<robndbox><cx>50</cx><cy>40</cy><w>20</w><h>10</h></robndbox>",
            [], ["its turned box is no five numbers"],
        ),
        (
            CAT + "<polygon><x1>1</x1><y1>9</y1><x2>30</x2><y2>2</y2><x3>5</x3><y3>40</y3></polygon>",
            [("cat", 1, 2, 30, 40)], ["a polygon"],
        ),
        (
            CAT + "<polygon><pt><x>1</x><y>9</y></pt><pt><x>30</x><y>2</y></pt></polygon>",
            [("cat", 1, 2, 30, 9)], ["a polygon"],
        ),
        (CAT + "<polygon><pt><x>1</x><y>z</y></pt></polygon>", [], ["it has no bndbox"]),
        (CAT + "<polygon><x1>1</x1></polygon>", [], ["it has no bndbox"]),
        (CAT + "<polygon/>", [], ["it has no bndbox"]),
    ],
)  # fmt: skip
def test_marks_of_voc(tmp_path: Path, mark: str, found: Said, told: list[str]) -> None:
    other = "<name>owl</name>" + box(5, 5, 9, 9)
    data = Voc().read(tree_of(tmp_path, {"a.xml": xml(other, mark)}, ("a.jpg",)))
    [picture] = data.splits[0].pictures()
    assert marks(picture, data.classes) == [("owl", 5, 5, 9, 9), *found]
    assert details(data).splitlines() == [f"a.xml object 2: {each}" for each in told]


@pytest.mark.parametrize(
    ("size", "sides"),
    [
        ("<size><width>50</width><height>40</height></size>", (50, 40)),
        ("<size><width>0</width><height>0</height></size>", (100, 80)),
        ("", (100, 80)),
    ],
)
def test_sizes_and_names_of_voc(tmp_path: Path, size: str, sides: tuple[int, int]) -> None:
    data = Voc().read(tree_of(tmp_path, {"a.xml": xml(size=size, name="b.jpg")}, ("a.jpg", "b.jpg")))
    [picture] = data.splits[0].pictures()
    assert (picture.width, picture.height) == sides and (picture.name, picture.path) == ("b.jpg", "a.jpg")
    assert details(data) == "a.xml: it names b.jpg, and a.jpg has its name"


def test_lists_of_voc_divide_and_tell_what_is_not_annotated(tmp_path: Path) -> None:
    texts = {f"Annotations/{name}.xml": xml(CAT + box(1, 2, 30, 40), name=f"{name}.jpg") for name in "abc"}
    texts |= {
        "ImageSets/Main/train.txt": "a\nd\n", "ImageSets/Main/val.txt": "b\n",
        "labelmap.txt": "# label:color_rgb:parts:actions\nbackground:0,0,0::\ndog:1,2,3::\ncat:4,5,6::\n",
    }  # fmt: skip
    tree = tree_of(tmp_path, texts, [f"JPEGImages/{name}.jpg" for name in "abcd"])
    data = Voc().read(tree)
    assert data.classes == ("dog", "cat")
    train, val = (list(split.pictures()) for split in data.splits)
    assert [each.path for each in train] == ["JPEGImages/a.jpg", "JPEGImages/d.jpg"] and len(val) == 1
    assert [fault.kind for fault in train[1].faults] == ["annotation-missing"]
    assert (train[1].name, train[1].width, str(train[1].where)) == ("JPEGImages/d.jpg", 100, "d")
    assert data.splits[0].annotations == ("ImageSets/Main/train.txt", "Annotations/a.xml")
    assert "1 annotated pictures stand in no list and are left out (Annotations/c.xml)" in data.notes
    bare = Voc().read(tree_of(tmp_path, texts | {"ImageSets/Main/val.txt": "e\nf\n"}, ["JPEGImages/a.jpg"]))
    assert "none of the 2 pictures of the list for val is annotated" in bare.notes


@pytest.mark.parametrize(
    ("texts", "files"),
    [
        ({"a.xml": xml()}, ("a.xml",)),
        ({"a.xml": xml(), "b.xml": "<annotation><x", "c.xml": "<other/>"}, ("a.xml", "b.xml")),
        ({"a.xml": "<annotations/>"}, None),
        ({"a.xml": "<other/>"}, None),
        ({}, None),
    ],
)
def test_files_of_voc(tmp_path: Path, texts: dict[str, str], files: tuple[str, ...] | None) -> None:
    tree = tree_of(tmp_path, texts, ("a.jpg",))
    found = Voc().recognise(tree)
    assert (found.files if found is not None else None) == files
    if found is not None and len(texts) == 3:
        read = Voc().read(tree)
        assert "b.xml: it " in details(read) and read.notes == ()


def shape(points: object, kind: str | None = "rectangle", label: object = "cat", group: object = None) -> Any:
    return {"label": label, "points": points, "shape_type": kind, "group_id": group}


def labelme(*shapes: Any, **more: Any) -> str:
    return json.dumps({"shapes": shapes, "imagePath": "a.jpg", "imageData": None, **more})


@pytest.mark.parametrize(
    ("shapes", "found", "told"),
    [
        ([shape([[30, 2], [1, 40]])], [("cat", 1, 2, 30, 40)], []),
        ([shape([[1, 2], [30, 4], [5, 40]], "polygon")], [("cat", 1, 2, 30, 40)], ["1: a polygon"]),
        ([shape([[1, 2], [30, 4], [5, 40]], None)], [("cat", 1, 2, 30, 40)], ["1: a polygon"]),
        ([shape([[50, 40], [53, 44]], "circle")], [("cat", 45, 35, 55, 45)], ["1: a circle"]),
        ([shape([[50, 40, 9], [53, 44]], "mask")], [("cat", 50, 40, 53, 44)], ["1: a mask"]),
        ([shape([[1, 2]], "point")], [], ["1: a point"]),
        ([shape([[1, 2]])], [], ["1: its points are no two or more pairs of numbers (rectangle)"]),
        ([shape([[1, 2], [3]])], [], ["1: its points are no two or more pairs of numbers (rectangle)"]),
        ([shape([[1, 2], 3])], [], ["1: its points are no two or more pairs of numbers (rectangle)"]),
        ([shape("ab", None)], [], ["1: its points are no two or more pairs of numbers (polygon)"]),
        ([shape([[1, 2], [30, 40]], label=7)], [("7", 1, 2, 30, 40)], []),
        ([shape([[1, 2], [30, 40]], label=True)], [], ["1: it has no class"]),
        ([shape([[1, 2], [30, 40]], label=[7])], [], ["1: it has no class"]),
        (
            [
                shape([[1, 2], [3, 4]], group=1), shape([[5, 5], [6, 6]]),
                shape([[20, 30], [30, 40]], group=1),
                shape([[7, 7], [8, 8]], group=2), shape([[9, 9], [10, 12]], label="owl", group=1),
            ],
            [("cat", 5, 5, 6, 6), ("cat", 1, 2, 30, 40), ("cat", 7, 7, 8, 8), ("owl", 9, 9, 10, 12)],
            ["3: group 1 of cat"],
        ),
    ],
)  # fmt: skip
def test_shapes_of_labelme(tmp_path: Path, shapes: list[Any], found: Said, told: list[str]) -> None:
    data = Labelme().read(tree_of(tmp_path, {"a.json": labelme(*shapes)}, ("a.jpg",)))
    [picture] = data.splits[0].pictures()
    assert marks(picture, data.classes) == found and (picture.width, picture.height) == (100, 80)
    assert details(data).splitlines() == [f"a.json shape {each}" for each in told]


@pytest.mark.parametrize(
    ("document", "path", "told"),
    [
        (labelme(), "a.jpg", ""),
        (labelme(imagePath="b.jpg"), "a.jpg", "a.json: it names b.jpg, and a.jpg has its name"),
        (labelme(imagePath=None), "a.jpg", ""),
        ('{"shapes": [', "a.jpg", "a.json: it "),
        (labelme(imageWidth=50, imageHeight=40), "a.jpg", ""),
    ],
)
def test_pictures_of_labelme(tmp_path: Path, document: str, path: str, told: str) -> None:
    data = Labelme().read(tree_of(tmp_path, {"a.json": document}, ("a.jpg", "b.jpg")))
    [picture] = data.splits[0].pictures()
    assert picture.path == path and details(data).startswith(told) and bool(details(data)) is bool(told)
    assert picture.width == (50 if "imageWidth" in document else 100)


def test_a_picture_inside_of_an_annotation_is_said_where_there_is_no_file(tmp_path: Path) -> None:
    texts = {"a.json": labelme(imageData="QUJD"), "b.json": labelme(imagePath="b.jpg")}
    data = Labelme().read(tree_of(tmp_path, texts, ("c.jpg",)))
    assert details(data) == "a.json: there is no such file, and its imageData holds it"
    assert [(each.name, each.path) for each in data.splits[0].pictures()] == [
        ("a.jpg", None),
        ("b.jpg", None),
    ]


def test_files_of_labelme(tmp_path: Path) -> None:
    late = '{"imageData": "' + "x" * 100_000 + '", "shapes": [], "imagePath": "c.jpg"}'
    texts = {
        "a.json": labelme(), "b.json": "{", "c.json": late, "d.json": '{"imagePath": "d.jpg"}', "e.json": "{",
        "f.jpg.json": "broken", "labels.txt": "__ignore__\nowl\n cat \n_background_\n",
    }  # fmt: skip
    tree = tree_of(tmp_path, texts, ("a.jpg", "b.jpg", "f.jpg"))
    found = Labelme().recognise(tree)
    assert found is not None and found.files == ("a.json", "b.json", "c.json", "f.jpg.json")
    assert found.why == "4 JSON files with shapes"
    assert Labelme().read(tree).classes == ("owl", "cat")
    assert Labelme().recognise(tree_of(tmp_path, {"d.json": texts["d.json"]}, ("d.jpg",))) is None
