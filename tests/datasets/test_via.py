"""VGG Image Annotator: exports and projects, its shapes, and which attribute is the class."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from skillbank.datasets.opening import open_place
from skillbank.errors import DataError
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

RECT = {"name": "rect", "x": 10, "y": 20, "width": 30, "height": 40}
BOX = (10.0, 20.0, 40.0, 60.0)


def region(shape: dict[str, Any] | None = None, **said: Any) -> dict[str, Any]:
    return {"shape_attributes": shape or RECT, "region_attributes": said}


def entry(name: str, *regions: dict[str, Any]) -> dict[str, Any]:
    return {"filename": name, "size": 7, "regions": list(regions), "file_attributes": {}}


def saved(root: Path, *entries: dict[str, Any], file: str = "via_region_data.json") -> Path:
    for each in entries:
        picture(root / each["filename"])
    return text(root / file, json.dumps({f"{each['filename']}7": each for each in entries}))


def test_an_export_and_a_project(tmp_path: Path) -> None:
    file = saved(tmp_path, entry("a.jpg", region(kind="dog"), region(kind="cat")), entry("b.jpg"))
    data = data_of(tmp_path)
    assert (data.format, data.classes, data.notes) == ("via", ("cat", "dog"), ())
    expected = {"a.jpg": [("dog", *BOX), ("cat", *BOX)], "b.jpg": []}
    assert boxes(data) == expected
    project = {"_via_settings": {"ui": {}}, "_via_img_metadata": json.loads(file.read_text())}
    text(file, json.dumps(project))
    assert boxes(data_of(tmp_path)) == expected


def test_the_first_version_has_regions_by_number_and_may_name_no_class(tmp_path: Path) -> None:
    for split in ("train", "val"):
        file = saved(tmp_path / split, entry(f"{split}.jpg", region()))
        document = json.loads(file.read_text())
        for each in document.values():
            each["regions"] = {"0": each["regions"][0]}
        text(file, json.dumps(document))
    data = data_of(tmp_path)
    assert boxes(data, "val") == {"val/val.jpg": [("object", *BOX)]}
    assert data.notes == ("the regions of via_region_data.json name no class; all boxes are 'object'",)
    assert open_place(tmp_path / "train" / "via_region_data.json").data.classes == ("object",)


def test_shapes(tmp_path: Path) -> None:
    shapes: list[dict[str, Any]] = [
        {"name": "polygon", "all_points_x": [5, 30, 20], "all_points_y": [9, 3, 40]},
        {"name": "circle", "cx": 50, "cy": 40, "r": 5},
        {"name": "ellipse", "cx": 50, "cy": 40, "rx": 20, "ry": 10, "theta": math.pi / 2},
        {"name": "point", "cx": 5, "cy": 6},
        {"name": "rect", "x": 1, "y": None, "width": 3, "height": 4},
        {"name": "polygon", "all_points_x": [5, 30], "all_points_y": [9]},
    ]
    saved(tmp_path, entry("a.jpg", *(region(each, label="car") for each in shapes)))
    data = data_of(tmp_path)
    assert boxes(data)["a.jpg"] == [
        ("car", 5, 3, 30, 40),
        ("car", 45, 35, 55, 45),
        ("car", 40, 20, 60, 60),
    ]
    assert kinds(data) == {"mark-as-box": 3, "mark-left-out": 1, "unreadable-annotation": 2}
    assert "via_region_data.json 'a.jpg7', region 4: its shape is rect" in details(data)


def test_a_region_without_a_class_among_others_is_said(tmp_path: Path) -> None:
    saved(tmp_path, entry("a.jpg", region(type="dog", colour="red"), region(colour="red")))
    data = data_of(tmp_path)
    assert (data.classes, boxes(data)["a.jpg"]) == (("dog",), [("dog", *BOX)])
    assert kinds(data) == {"unreadable-annotation": 1}


def test_ticked_boxes(tmp_path: Path) -> None:
    saved(tmp_path, entry("a.jpg", region(kind={"dog": True, "cat": False})))
    assert boxes(data_of(tmp_path))["a.jpg"] == [("dog", *BOX)]


def test_several_attributes_of_which_none_is_a_class(tmp_path: Path) -> None:
    saved(tmp_path, entry("a.jpg", region(colour="red", mood="glad")))
    with pytest.raises(DataError, match=r"attributes 'colour', 'mood'; call the one .* 'class'"):
        data_of(tmp_path)


def test_files_that_name_a_split(tmp_path: Path) -> None:
    for split in ("train", "val"):
        saved(tmp_path, entry(f"{split}.jpg", region(name="dog")), file=f"via_{split}.json")
    data = data_of(tmp_path)
    assert [split.name for split in data.splits] == ["train", "val"]
    assert boxes(data, "val") == {"val.jpg": [("dog", *BOX)]}
