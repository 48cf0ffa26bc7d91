"""LabelMe as labelme, AnyLabeling and Supervisely's export write it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skillbank.datasets.formats.labelme import Labelme
from skillbank.datasets.opening import open_place
from skillbank.datasets.tree import open_tree
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text


def shape(
    label: Any, kind: str | None, *points: tuple[float, float], group: int | None = None
) -> dict[str, Any]:
    return {
        "label": label,
        "points": [list(point) for point in points],
        "group_id": group,
        "description": "",
        "shape_type": kind,
        "flags": {},
    }


def document(
    *shapes: dict[str, Any], path: str = "a.jpg", data: str | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "version": "5.4.1",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": path,
        "imageData": data,
        "imageHeight": 80,
        "imageWidth": 100,
        **more,
    }


def saved(file: Path, *shapes: dict[str, Any], **more: Any) -> Path:
    return text(file, json.dumps(document(*shapes, **more), indent=2))


def test_shapes(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    saved(
        tmp_path / "a.json",
        shape("car", "rectangle", (40, 60), (10, 20)),  # drawn from the lower right corner
        shape("tree", "polygon", (5, 9), (30, 3), (20, 40)),
        shape("ball", "circle", (50, 40), (53, 44)),
        shape("crack", "linestrip", (1, 2), (3, 9), (8, 4)),
        shape("eye", "point", (7, 7)),
        shape("old", None, (1, 1), (2, 5), (4, 3)),  # files of labelme 3 name no type
    )
    data = data_of(tmp_path)
    assert data.format == "labelme"
    assert boxes(data) == {
        "a.jpg": [
            ("car", 10, 20, 40, 60),
            ("tree", 5, 3, 30, 40),
            ("ball", 45, 35, 55, 45),
            ("old", 1, 1, 4, 5),
        ]
    }
    assert kinds(data) == {"mark-as-box": 3, "mark-left-out": 2}
    assert data.classes == ("ball", "car", "old", "tree")
    assert "a.json shape 4: a linestrip\na.json shape 5: a point" in details(data)


def test_rectangle_of_four_points(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    saved(tmp_path / "a.json", shape("car", "rectangle", (10, 20), (40, 20), (40, 60), (10, 60)))
    assert boxes(data_of(tmp_path)) == {"a.jpg": [("car", 10, 20, 40, 60)]}


def test_parts_of_one_object(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    left, right = ((0, 0), (10, 0), (5, 5)), ((20, 30), (30, 30), (25, 40))
    saved(
        tmp_path / "a.json",
        shape("car", "polygon", *left, group=1),
        shape("car", "polygon", *right, group=1),
        shape("car", "polygon", *right, group=2),
    )
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [("car", 0, 0, 30, 40), ("car", 20, 30, 30, 40)]}
    assert kinds(data) == {"mark-as-box": 3, "parts-joined": 1}


@pytest.mark.parametrize(
    "said", ["..\\images\\a.jpg", "../images/a.jpg", "C:\\Users\\me\\a.jpg", "/home/me/a.jpg", "a.jpg", ""]
)
def test_paths_of_pictures(tmp_path: Path, said: str) -> None:
    picture(tmp_path / "images" / "a.jpg")
    saved(tmp_path / "labels" / "a.json", shape("car", "rectangle", (1, 2), (3, 4)), path=said)
    assert boxes(data_of(tmp_path)) == {"images/a.jpg": [("car", 1, 2, 3, 4)]}


def test_size_that_nothing_states(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", (50, 30))
    saved(tmp_path / "a.json", imageHeight=None, imageWidth=None)
    first = next(iter(data_of(tmp_path).splits[0].pictures()))
    assert (first.width, first.height, first.boxes) == (50, 30, ())


def test_picture_inside_of_the_file(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    saved(tmp_path / "a.json", shape("car", "rectangle", (1, 2), (3, 4)), data="A" * 300_000)
    saved(tmp_path / "b.json", shape("car", "rectangle", (1, 2), (3, 4)), data="A" * 300_000, path="b.jpg")
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [("car", 1, 2, 3, 4)], "b.jpg": [("car", 1, 2, 3, 4)]}
    assert kinds(data) == {"picture-inside": 1}


def test_keys_in_any_order(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    whole = document(shape("car", "rectangle", (1, 2), (3, 4)), data="A" * 100_000)
    turned = {key: whole[key] for key in ("imageData", "imagePath", "imageWidth", "imageHeight", "shapes")}
    text(tmp_path / "a.json", json.dumps(turned))
    assert boxes(data_of(tmp_path)) == {"a.jpg": [("car", 1, 2, 3, 4)]}


def test_own_list_of_classes(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    saved(tmp_path / "a.json", *(shape(name, "rectangle", (1, 2), (3, 4)) for name in ("b", "c", "a", "z")))
    text(tmp_path / "labels.txt", "__ignore__\n_background_\nc\nunused\na\nb\n")
    assert data_of(tmp_path).classes == ("c", "a", "b", "z")  # a list that lacks one only gives the order
    text(tmp_path / "labels.txt", "__ignore__\n_background_\nc\nunused\na\nz\nb\n")
    assert data_of(tmp_path).classes == ("c", "unused", "a", "z", "b")


def test_splits_from_folders(tmp_path: Path) -> None:
    for split in ("train", "val"):
        picture(tmp_path / split / f"{split}.jpg")
        saved(
            tmp_path / split / f"{split}.json", shape("car", "rectangle", (1, 2), (3, 4)), path=f"{split}.jpg"
        )
    picture(tmp_path / "test" / "x.jpg")
    data = data_of(tmp_path)
    assert [split.name for split in data.splits] == ["train", "val", "test"]
    assert boxes(data, "val") == {"val/val.jpg": [("car", 1, 2, 3, 4)]}
    assert boxes(data, "test") == {"test/x.jpg": []}
    assert data.notes == ("test holds pictures without annotations",)
    assert open_place(tmp_path / "val").data.format == "labelme"


def test_supervisely_names(tmp_path: Path) -> None:
    picture(tmp_path / "img" / "a.jpg")
    saved(tmp_path / "ann" / "a.jpg.json", shape("car", "rectangle", (1, 2), (3, 4)), path="")
    assert boxes(data_of(tmp_path)) == {"img/a.jpg": [("car", 1, 2, 3, 4)]}


def test_files_of_another_kind(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    saved(tmp_path / "a.json", shape("car", "rectangle", (1, 2), (3, 4)))
    text(tmp_path / "settings.json", '{"theme": "dark"}')
    assert boxes(data_of(tmp_path)) == {"a.jpg": [("car", 1, 2, 3, 4)]}
    found = Labelme().recognise(open_tree(tmp_path))
    assert found is not None and (found.files, found.why) == (("a.json",), "1 JSON files with shapes")
    for name in ("b.jpg", "b.json", "c.jpg", "c.jpg.json", "d.json"):  # beside a picture it is a broken one
        picture(tmp_path / name) if name.endswith("jpg") else text(tmp_path / name, "{")
    found = Labelme().recognise(open_tree(tmp_path))
    assert found is not None and sorted(found.files) == ["a.json", "b.json", "c.jpg.json"]
    saved(tmp_path / "alone.json", shape("car", "rectangle", (1, 2), (3, 4)), path="gone.jpg")
    found = Labelme().recognise(open_tree(tmp_path))
    assert found is not None and "alone.json" in found.files


@pytest.mark.parametrize(
    "said",
    [
        '{"shapes": ' + "[" * 200_000,
        '{"shapes": [{"label": "car"',
        '{"shapes": 5, "imagePath": "a.jpg"}',
        '{"shapes": ["car"], "imagePath": "a.jpg"}',
        "[]",
        "",
        b"\x00\x01",
    ],
)
def test_hostile_files_are_faults_of_their_picture(tmp_path: Path, said: str | bytes) -> None:
    picture(tmp_path / "a.jpg")
    picture(tmp_path / "b.jpg")
    text(tmp_path / "a.json", said)
    saved(tmp_path / "b.json", shape("car", "rectangle", (1, 2), (3, 4)), path="b.jpg")
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [], "b.jpg": [("car", 1, 2, 3, 4)]}
    assert kinds(data) == {"unreadable-annotation": 1}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "9" * 400, '"x"', "null", "[]", "true"])
def test_numbers_that_are_none(tmp_path: Path, number: str) -> None:
    picture(tmp_path / "a.jpg")
    shapes = [shape("car", "rectangle", (1, 2), (3, 77777)), shape("bus", "rectangle", (1, 2), (3, 4))]
    text(tmp_path / "a.json", json.dumps(document(*shapes)).replace("77777", number))
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [("bus", 1, 2, 3, 4)]}
    assert kinds(data) == {"unreadable-annotation": 1}


def test_other_encodings(tmp_path: Path) -> None:
    said = document(shape("Käse", "rectangle", (1, 2), (3, 4)))
    for name, encoding in (("a", "utf-8-sig"), ("b", "utf-16"), ("c", "latin-1")):
        picture(tmp_path / f"{name}.jpg")
        raw = json.dumps({**said, "imagePath": f"{name}.jpg"}, ensure_ascii=False).encode(encoding)
        text(tmp_path / f"{name}.json", raw)
    data = data_of(tmp_path)
    assert data.classes == ("Käse",)
    assert kinds(data) == {"not-utf8": 1}


def test_a_label_that_is_none(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    saved(
        tmp_path / "a.json",
        *(shape(name, "rectangle", (1, 2), (3, 4)) for name in (None, "", 7, ["x"], {"a": 1})),
    )
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [("7", 1, 2, 3, 4)]}
    assert kinds(data) == {"unreadable-annotation": 4}
