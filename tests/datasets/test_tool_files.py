"""Marks of labelling tools on pictures of 127 x 83, and the lists that divide them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from skillbank.datasets.formats.image_sets import image_sets, list_bases
from skillbank.datasets.tree import open_tree
from tests.datasets import test_label_studio as studio
from tests.datasets import test_via as via
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

W, H = 127, 83


def result(kind: str, value: Mapping[str, object], identity: str, **more: object) -> dict[str, object]:
    sides = {"original_width": W, "original_height": H}
    return {"id": identity, "type": kind, "value": value, "to_name": "image", **sides, **more}


def test_label_studio_has_percent_of_each_side(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", (W, H))
    square = {"x": 50, "y": 25, "width": 25, "height": 50, "rotation": 0}
    results = [
        result("rectanglelabels", {**square, "rectanglelabels": ["cat"]}, "1"),
        result("rectanglelabels", {**square, "rotation": 90, "rectanglelabels": ["dog"]}, "2"),
        result(
            "ellipselabels", {"x": 50, "y": 50, "radiusX": 25, "radiusY": 50, "ellipselabels": ["cat"]}, "3"
        ),
        result(
            "polygonlabels", {"points": [[0, 0], [100, 0], [50, 100]], "polygonlabels": ["cat", "ant"]}, "4"
        ),
        result("polygonlabels", {"points": [[0, 0], [100]], "polygonlabels": ["cat"]}, "5"),
        result("keypointlabels", {"x": 1, "y": 1, "width": 1, "keypointlabels": ["cat"]}, "6"),
        result("rectanglelabels", {**square, "x": "left", "rectanglelabels": ["cat"]}, "7"),
        result("rectangle", square, "8"),
        result("choices", {"choices": ["bee"]}, "8"),
    ]
    studio.saved(
        tmp_path, {"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"id": 9, "result": results}]}
    )
    data = data_of(tmp_path)
    assert data.classes == ("ant", "bee", "cat", "dog")
    [found] = boxes(data).values()
    assert found == [
        ("cat", 63.5, 20.75, 95.25, 62.25),
        ("dog", 22.0, 20.75, 63.5, 52.5),
        ("cat", 31.75, 0, 95.25, 83),
        ("cat", 0, 0, 127, 83),
        ("ant", 0, 0, 127, 83),
        ("bee", 63.5, 20.75, 95.25, 62.25),
    ]
    assert kinds(data) == {
        "mark-as-box": 4, "several-classes": 1, "unreadable-annotation": 2, "mark-left-out": 1,
    }  # fmt: skip
    for told in (
        "mark 2: a turned box",
        "mark 3: an ellipse",
        "mark 5: its place is no numbers",
        "mark 4: cat, ant",
    ):
        assert told in details(data)
    [entry] = data.splits[0].pictures()
    assert (entry.width, entry.height) == (W, H)
    assert [box.at for box in entry.boxes] == ["mark 1", "mark 2", "mark 3", "mark 4", "mark 4", "mark 8"]


def test_of_several_answers_the_last_counts_and_the_others_are_said(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", (W, H))
    picture(tmp_path / "b.jpg", (W, H))
    square = {"x": 50, "y": 25, "width": 25, "height": 50}

    def answer(name: str, day: int) -> dict[str, object]:
        marked = result("rectanglelabels", {**square, "rectanglelabels": [name]}, "1")
        return {"id": day, "updated_at": f"2026-01-{day:02}T00:00:00Z", "result": [marked]}

    studio.saved(
        tmp_path,
        {
            "id": 1,
            "data": {"image": "a.jpg"},
            "annotations": [answer("cat", 3), answer("dog", 7), answer("ant", 5)],
        },
        {"id": 2, "data": {"image": "b.jpg"}, "annotations": [answer("cat", 3)]},
    )
    data = data_of(tmp_path)
    assert {name: [each[0] for each in some] for name, some in boxes(data).items()} == {
        "a.jpg": ["dog"], "b.jpg": ["cat"],
    }  # fmt: skip
    first, second = data.splits[0].pictures()
    assert [fault.detail for fault in first.faults] == ["3 of them"] and second.faults == ()


@pytest.mark.parametrize(
    ("xy", "box"),
    [
        ([2, 10, 20, 30, 40], (10, 20, 40, 60)),
        ([3, 50, 40, 15], (35, 25, 65, 55)),
        ([4, 50, 40, 20, 10], (30, 30, 70, 50)),
        ([7, 10, 20, 60, 30, 40, 70], (10, 20, 60, 70)),
        ([8, 10, 40, 30, 20, 50, 40, 30, 60], (10, 20, 50, 60)),
        ([9, 60, 40, 50, 50, 40, 40], (40, 30, 60, 50)),
        ([9, 10, 10, 20, 20, 30, 30], None),
        ([1, 10, 20], None),
        ([6, 10, 20, 30, 40], None),
        ([2, 10, 20, 30], None),
    ],
)
def test_shapes_of_via_3(tmp_path: Path, xy: list[float], box: tuple[int, ...] | None) -> None:
    picture(tmp_path / "a.jpg", (W, H))
    via.third(tmp_path, via.mark([2, 1, 2, 3, 4], _1="0"), via.mark(xy, _1="0"))
    found = next(some for some in boxes(data_of(tmp_path)).values() if some)
    assert found[0][1:] == (1, 2, 4, 6)
    assert [each[1:] for each in found[1:]] == ([box] if box else [])


@pytest.mark.parametrize(
    ("files", "lists", "notes"),
    [
        ({"ImageSets/Main/train.txt": "a\nb.jpg\n", "ImageSets/Main/val.txt": "c 1\n"},
         {"train": ("a", "b"), "val": ("c",)}, ()),
        ({"ImageSets/Main/train.txt": "a", "ImageSets/train.txt": "b", "train.txt": "c"},
         {"train": ("a",)}, ()),
        ({"ImageSets/train.txt": "x\\y.jpg\n'q'\n\n", "train.txt": "c"}, {"train": ("x/y", "q")}, ()),
        ({"train.txt": "a -1\nb 0\nc 2\n", "notes.txt": "z"}, {"train": ("a", "b", "c 2")}, ()),
        ({"ImageSets/Main/trainval.txt": "a\nb\nc", "ImageSets/Main/val.txt": "b"},
         {"train": ("a", "c"), "val": ("b",)},
         ("the list set/ImageSets/Main/trainval.txt is taken for training without the pictures of the list "
          "for val",)),
        ({"ImageSets/Main/trainval.txt": "a\nb", "ImageSets/Main/test.txt": "b"},
         {"train": ("a", "b"), "test": ("b",)},
         ("the list set/ImageSets/Main/trainval.txt is taken for training",)),
        ({"ImageSets/Main/trainval.txt": "a\nb", "ImageSets/Main/train.txt": "b"}, {"train": ("b",)}, ()),
        ({"ImageSets/Main/default.txt": "a.xml\nb.c"}, {"": ("a", "b.c")}, ()),
        ({"ImageSets/Main/cats.txt": "a"}, {},
         ("lists that name no split are not read (set/ImageSets/Main/cats.txt)",)),
        ({"notes.txt": "a", "deep/train.txt": "b"}, {}, ()),
    ],
)  # fmt: skip
def test_lists_of_pictures_divide_a_data_set(
    tmp_path: Path, files: dict[str, str], lists: dict[str, tuple[str, ...]], notes: tuple[str, ...]
) -> None:
    for name, said in files.items():
        text(tmp_path / "set" / name, said)
    found = image_sets(open_tree(tmp_path), "set")
    assert found.lists == lists and found.notes == notes and set(found.files) == set(lists)
    bases = ["set/"] if any("ImageSets/" in name for name in files) else []
    assert list_bases(open_tree(tmp_path)) == bases


def test_shapes_of_cvat(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg", (W, H))
    marks = (
        '<box label="cat" xtl="10" ytl="20" xbr="50" ybr="30" occluded="0"/>'
        '<box label="dog" xtl="10" ytl="20" xbr="50" ybr="30" rotation="90"/>'
        '<polygon label="cat" points="5,9;30,3;20,40"/>'
        '<ellipse label="ant" cx="50" cy="40" rx="20" ry="10"/>'
        '<polyline label="cat" points="1,2;3,4"/><points label="cat" points="1,2"/><tag label="day"/>'
        '<box label="cat" xtl="x" ytl="20" xbr="50" ybr="30"/>'
    )
    image = f'<image id="4" name="a.jpg" width="{W}" height="{H}">{marks}</image>'
    text(tmp_path / "annotations.xml", f"<annotations>{image}</annotations>")
    data = data_of(tmp_path)
    assert boxes(data) == {
        "images/a.jpg": [
            ("cat", 10, 20, 50, 30), ("dog", 25, 5, 35, 45), ("cat", 5, 3, 30, 40), ("ant", 30, 30, 70, 50),
        ]
    }  # fmt: skip
    assert data.classes == ("ant", "cat", "dog")
    assert {kind: count for kind, count in kinds(data).items() if kind != "mark-left-out"} == {
        "mark-as-box": 3, "unreadable-annotation": 1,
    }  # fmt: skip
    assert "annotations.xml image 4, mark 2: " in details(data)


def test_frames_of_scalabel_have_corners_and_outlines(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", (W, H))
    place = {"x1": 10, "y1": 20, "x2": 50, "y2": 60}
    labels = [
        {"category": "car", "box2d": place},
        {"category": "bus", "box2d": {**place, "x2": 55}, "attributes": {"crowd": True}},
        {"category": "lane", "poly2d": [{"vertices": [[1, 2], [30, 40]], "types": "LL", "closed": False}]},
    ]
    text(tmp_path / "a.json", json.dumps([{"name": "a.jpg", "labels": labels}]))
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [("car", 10, 20, 50, 60), ("bus", 10, 20, 55, 60)]}
    assert data.classes == ("bus", "car") and any(
        note.startswith("1 outlines without a box") for note in data.notes
    )
