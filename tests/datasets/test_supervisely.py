"""Projects of Supervisely: data sets as folders, its shapes, and what says a split."""

from __future__ import annotations

import base64
import io
import json
import zlib
from pathlib import Path
from typing import Any

from PIL import Image

from skillbank.datasets.formats.supervisely import Supervisely
from skillbank.datasets.tree import open_tree
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

BOX = (10.0, 20.0, 40.0, 60.0)
CORNERS = {"exterior": [[10, 20], [40, 60]], "interior": []}


def mark(name: str = "dog", kind: str = "rectangle", **said: Any) -> dict[str, Any]:
    return {"id": 5, "classId": 7, "tags": [], "geometryType": kind, "classTitle": name, **said}


def saved(root: Path, name: str, *marks: dict[str, Any], tags: list[Any] | None = None) -> Path:
    """Write a picture of a data set, and its file."""
    picture(root / "img" / name)
    document = {
        "description": "",
        "tags": tags or [],
        "size": {"height": 80, "width": 100},
        "objects": list(marks),
    }
    return text(root / "ann" / f"{name}.json", json.dumps(document))


def meta(root: Path, *classes: str) -> None:
    listed = [{"title": each, "shape": "any", "color": "#0F8A8A", "id": i} for i, each in enumerate(classes)]
    text(root / "meta.json", json.dumps({"classes": listed, "tags": [], "projectType": "images"}))


def packed(box: tuple[int, int, int, int], *, transparent: bool) -> str:
    """Return a mask as Supervisely packs it, a palette with transparency, or as its first version did."""
    mask = Image.new("P", (30, 40), 0)
    mask.putpalette([0, 0, 0, 255, 255, 255])
    mask.paste(1, box)
    file = io.BytesIO()
    if transparent:
        mask.save(file, "PNG", transparency=0)
    else:
        mask.convert("L").save(file, "PNG")
    return base64.b64encode(zlib.compress(file.getvalue())).decode()


def test_data_sets_of_a_project_with_the_order_of_its_classes(tmp_path: Path) -> None:
    meta(tmp_path, "person", "dog")
    saved(tmp_path / "ds0", "a.jpg", mark(points=CORNERS))
    saved(tmp_path / "ds1", "a.jpg", mark("person", points=CORNERS), mark(points=CORNERS))
    picture(tmp_path / "ds1" / "masks_machine" / "a.png")
    recognised = Supervisely().recognise(open_tree(tmp_path))
    assert recognised is not None and "meta.json" in recognised.files
    data = data_of(tmp_path)
    assert (data.format, data.classes) == ("supervisely", ("person", "dog"))
    assert boxes(data) == {
        "ds0/img/a.jpg": [("dog", *BOX)],
        "ds1/img/a.jpg": [("person", *BOX), ("dog", *BOX)],
    }
    assert not kinds(data)


def test_splits_by_folders_and_by_tags(tmp_path: Path) -> None:
    meta(tmp_path / "folders", "person", "dog")
    for folder in ("train", "val"):
        saved(tmp_path / "folders" / folder, f"{folder}.jpg", mark(points=CORNERS))
        saved(tmp_path / "tags" / "ds0", f"{folder}.jpg", mark(points=CORNERS), tags=[{"name": folder}])
    data = data_of(tmp_path / "folders")
    assert [split.name for split in data.splits] == ["train", "val"]
    assert data.classes == ("person", "dog")
    data = data_of(tmp_path / "tags")
    assert boxes(data, "val") == {"ds0/img/val.jpg": [("dog", *BOX)]}


def test_splits_by_words_in_the_names_of_data_sets(tmp_path: Path) -> None:
    meta(tmp_path, "person", "dog")
    for folder in ("ds_train", "ds_val"):
        saved(tmp_path / folder, f"{folder}.jpg", mark(points=CORNERS))
    data = data_of(tmp_path)
    assert ([split.name for split in data.splits], data.classes) == (["train", "val"], ("person", "dog"))
    assert not data.notes


def test_shapes(tmp_path: Path) -> None:
    outline = {"exterior": [[5, 9], [30, 3], [20, 40]], "interior": [[[9, 9], [11, 9], [11, 11]]]}
    saved(
        tmp_path / "ds0",
        "a.jpg",
        mark(points={"exterior": [[40, 60], [10, 20]], "interior": []}),
        mark(kind="polygon", points=outline),
        mark(kind="line", points=outline),
        mark(kind="multipolygon", parts=[CORNERS, {"exterior": [[50, 5], [60, 9]], "interior": []}]),
        mark(kind="bitmap", bitmap={"data": packed((2, 3, 22, 33), transparent=True), "origin": [10, 20]}),
        {
            "classTitle": "dog",
            "bitmap": {"data": packed((0, 0, 30, 40), transparent=False), "origin": [1, 2]},
        },
        mark(kind="bitmap", mask={"data": packed((0, 0, 30, 40), transparent=False), "origin": [3, 4]}),
        {"classTitle": "dog", "faces": [[0, 1]], "points": [[27, 27], [84, 27], [84, 69]]},
        {"classTitle": "dog", "points": {"exterior": [[1, 2], [3, 4]], "interior": []}},
        mark(kind="polygon", points={"exterior": [[5, 6], [7, 8], [9, 0]]}, parts={"exterior": [[0, 0]]}),
        mark(kind="point", points={"exterior": [[1, 2]], "interior": []}),
        mark(kind="graph", nodes={"x": {"loc": [1, 2]}}),
    )
    data = data_of(tmp_path)
    assert boxes(data)["ds0/img/a.jpg"] == [
        ("dog", *BOX),
        ("dog", 5, 3, 30, 40),
        ("dog", 10, 5, 60, 60),
        ("dog", 12, 23, 32, 53),
        ("dog", 1, 2, 31, 42),
        ("dog", 3, 4, 33, 44),
        ("dog", 27, 27, 84, 69),
        ("dog", 1, 2, 3, 4),
        ("dog", 5, 0, 9, 8),
    ]
    assert kinds(data) == {"mark-as-box": 8, "mark-left-out": 3}


def test_what_is_wrong(tmp_path: Path) -> None:
    saved(
        tmp_path / "ds0",
        "a.jpg",
        mark(points={"exterior": [[10, 20]], "interior": []}),
        mark(points={"exterior": [[10, "x"], [3, 4]], "interior": []}),
        mark(kind="bitmap", bitmap={"data": "no mask", "origin": [1, 2]}),
        mark(kind="bitmap", bitmap={"data": packed((0, 0, 1, 1), transparent=True)}),
        mark("", points=CORNERS),
        mark(points=CORNERS),
    )
    saved(tmp_path / "ds0", "b.jpg", mark(points=CORNERS)).write_text('{"objects": 7}')
    saved(tmp_path / "ds0", "c.jpg").write_text("{")
    data = data_of(tmp_path)
    assert boxes(data) == {"ds0/img/a.jpg": [("dog", *BOX)], "ds0/img/b.jpg": [], "ds0/img/c.jpg": []}
    assert kinds(data) == {"unreadable-annotation": 7}
    assert "ds0/ann/a.jpg.json object 3: its place is none of a bitmap" in details(data)


def test_a_bomb_of_a_mask_is_not_unpacked(tmp_path: Path) -> None:
    bomb = base64.b64encode(zlib.compress(bytes(1 << 28))).decode()
    saved(tmp_path / "ds0", "a.jpg", mark(kind="bitmap", bitmap={"data": bomb, "origin": [0, 0]}))
    assert kinds(data_of(tmp_path)) == {"unreadable-annotation": 1}
