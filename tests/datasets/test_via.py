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
        {"name": "ellipse", "cx": 50, "cy": 40, "rx": 20, "ry": 10, "theta": "flat"},
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
        ("car", 30, 30, 70, 50),
    ]
    assert kinds(data) == {"mark-as-box": 4, "mark-left-out": 1, "unreadable-annotation": 2}
    assert "via_region_data.json 'a.jpg7', region 5: its shape is rect" in details(data)


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


@pytest.mark.parametrize(
    ("first", "second", "classes"),
    [
        ({"label": "dog"}, {"label": "cat"}, ("cat", "dog")),
        ({"colour": "red"}, {"colour": " red "}, ("red",)),
        ({"colour": "red", "Label": "dog"}, {"colour": "blue", "Label": "cat"}, ("cat", "dog")),
        ({"name": "a", "class": "dog"}, {"name": "b", "class": "cat"}, ("cat", "dog")),
        ({"name": "a", "class": "dog"}, {"name": "b", "class": "dog"}, ("a", "b")),
        ({"name": "not_defined", "tone": "red"}, {"name": "not_defined", "tone": "blue"}, ("blue", "red")),
        ({"type": "not_defined"}, {"type": "dog"}, ("dog", "not_defined")),
        ({"number": 7}, {"number": 12}, ("12", "7")),
        ({"label": {"dog": True, "cat": True}}, {"label": "cat"}, ("cat",)),
        ({"label": True}, {"label": "cat"}, ("cat",)),
        ({}, {}, ("object",)),
    ],
)
def test_which_attribute_is_the_class(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any], classes: tuple[str, ...]
) -> None:
    saved(tmp_path, entry("a.jpg", region(**first), region(**second)))
    assert data_of(tmp_path).classes == classes


def test_files_that_name_a_split(tmp_path: Path) -> None:
    for split in ("train", "val"):
        saved(tmp_path, entry(f"{split}.jpg", region(name="dog")), file=f"via_{split}.json")
    data = data_of(tmp_path)
    assert [split.name for split in data.splits] == ["train", "val"]
    assert boxes(data, "val") == {"val.jpg": [("dog", *BOX)]}


HEADER = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
TABLE = (
    f"{HEADER}\n"
    'a.jpg,7,"{}",2,0,"{""name"":""rect"",""x"":10,""y"":20,""width"":30,""height"":40}","{""kind"":""dog""}"\n'
    'a.jpg,7,"{}",2,1,"{""name"":""rect"",""x"":10,""y"":20,""width"":30,""height"":40}","{""kind"":""cat""}"\n'
    'b.jpg,7,"{}",0,0,"{}","{}"\n'
)


@pytest.mark.parametrize("begins", ["", "#", "\ufeff"])
def test_a_table(tmp_path: Path, begins: str) -> None:
    for name in "ab":
        picture(tmp_path / f"{name}.jpg")
    text(tmp_path / "via_export_csv.csv", begins + TABLE)
    data = data_of(tmp_path)
    assert (data.format, data.classes) == ("via", ("cat", "dog"))
    assert boxes(data) == {"a.jpg": [("dog", *BOX), ("cat", *BOX)], "b.jpg": []}


def test_exports_of_one_project_are_read_once_and_must_agree(tmp_path: Path) -> None:
    saved(tmp_path, entry("a.jpg", region(kind="dog"), region(kind="cat")), entry("b.jpg"))
    text(tmp_path / "via_export.csv", TABLE)
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [("dog", *BOX), ("cat", *BOX)], "b.jpg": []}
    assert data.notes == ("via_export.csv says the same as via_region_data.json and is left aside",)
    text(tmp_path / "via_export.csv", TABLE.replace(":30", ":31"))
    with pytest.raises(DataError, match=r"via_region_data.json and via_export.csv .* mark a.jpg otherwise"):
        data_of(tmp_path)
    assert boxes(open_place(tmp_path / "via_export.csv").data)["a.jpg"][0] == ("dog", 10, 20, 41, 60)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('a.jpg,7,"{}",1', "has fewer than seven cells in line 5"),
        ('a.jpg,7,"{}",1,0,"{""name"":","{}"', "holds a cell in line 5 that is no JSON"),
    ],
)
def test_a_broken_table(tmp_path: Path, line: str, said: str) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "via.csv", f"{TABLE}{line}\n")
    with pytest.raises(DataError, match=rf"via.csv {said}"):
        data_of(tmp_path)


def third(root: Path, *marks: dict[str, Any], kind: int = 2, shown: tuple[int, ...] = (1,)) -> Path:
    """Write a project of VIA 3 of two pictures, the second without a mark."""
    for name in "ab":
        picture(root / f"{name}.jpg")
    options = {"0": "dog", "1": "cat"}
    document = {
        "project": {
            "pid": "__VIA_PROJECT_ID__",
            "rev": "__VIA_PROJECT_REV_ID__",
            "pname": "dogs",
            "data_format_version": "3.1.1",
            "creator": "VGG Image Annotator (http://www.robots.ox.ac.uk/~vgg/software/via)",
            "created": 1649082838493,
            "vid_list": ["1", "2"],
        },
        "config": {"file": {"loc_prefix": {"1": ""}}, "ui": {}},
        "attribute": {
            "1": {"aname": "kind", "anchor_id": "FILE1_Z0_XY1", "type": 4, "options": options},
            "2": {"aname": "seen", "anchor_id": "FILE1_Z0_XY1", "type": 2, "options": options},
            "3": {"aname": "title", "anchor_id": "FILE1_Z0_XY0", "type": 1, "options": {}},
        },
        "file": {
            "1": {"fid": "1", "fname": "a.jpg", "type": kind, "loc": 1, "src": ""},
            "2": {"fid": "2", "fname": "b.jpg", "type": 2, "loc": 1, "src": "b.jpg"},
        },
        "view": {"1": {"fid_list": list(shown)}, "2": {"fid_list": ["2"]}},
        "metadata": {f"1_{number}": each for number, each in enumerate(marks)},
    }
    return text(root / "project.json", json.dumps(document))


def mark(xy: list[float], **av: str) -> dict[str, Any]:
    values = {key.removeprefix("_"): value for key, value in av.items()}
    return {"vid": "1", "flg": 0, "z": [], "xy": xy, "av": values}


def test_the_third_version(tmp_path: Path) -> None:
    third(
        tmp_path,
        mark([2, 10, 20, 30, 40], _1="0", _2="0,1"),
        mark([3, 50, 40, 5], _1="1"),
        mark([4, 50, 40, 20, 10], _1="1"),
        mark([7, 5, 9, 30, 3, 20, 40], _1="1"),
        mark([8, 5, 9, 30, 3, 20, 40, 9, 2], _1="1"),
        mark([9, 55, 40, 45, 40, 50, 35], _1="1"),
        mark([1, 5, 6], _1="1"),
        mark([9, 1, 1, 2, 2, 3, 3], _1="1"),
        mark([2, 1, 2, 3, 4]),
        mark([], _3="two dogs"),
    )
    data = data_of(tmp_path)
    assert (data.format, data.classes) == ("via", ("cat", "dog"))
    assert boxes(data) == {
        "a.jpg": [
            ("dog", *BOX),
            ("cat", 45, 35, 55, 45),
            ("cat", 30, 30, 70, 50),
            ("cat", 5, 3, 30, 40),
            ("cat", 5, 2, 30, 40),
            ("cat", 45, 35, 55, 45),
        ],
        "b.jpg": [],
    }
    assert kinds(data) == {"mark-as-box": 5, "mark-left-out": 1, "unreadable-annotation": 2}


def test_tables_of_the_third_version(tmp_path: Path) -> None:
    third(tmp_path, mark([2, 10, 20, 30, 40], _1="0"))
    options = json.dumps({"1": {"aname": "kind", "type": 4, "options": {"0": "dog"}}})
    comments = (
        "# Exported using VGG Image Annotator (http://www.robots.ox.ac.uk/~vgg/software/via)\n"
        f"# ATTRIBUTE = {options}\n"
        "# CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata\n"
    )
    row = '"1_abc","[""a.jpg""]",0,"[]","[2,10,20,30,40]","{""1"":""0""}"\n'
    table = text(tmp_path / "export.csv", comments + row)
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [("dog", *BOX)], "b.jpg": []}
    assert data.notes == ("export.csv says the same as project.json and is left aside",)
    (tmp_path / "project.json").unlink()
    assert boxes(data_of(tmp_path)) == {"a.jpg": [("dog", *BOX)]}
    table.write_text(comments + row.replace("a.jpg", "a.mp4"))
    with pytest.raises(DataError, match=r"export.csv marks videos or sounds \(a.mp4\)"):
        data_of(tmp_path)


def test_the_third_version_of_what_is_no_single_picture(tmp_path: Path) -> None:
    third(tmp_path, kind=4)
    with pytest.raises(DataError, match=r"project.json marks videos or sounds \(a.jpg\), and only pictures"):
        data_of(tmp_path)
    third(tmp_path, shown=(1, 2))
    with pytest.raises(DataError, match=r"project.json compares pictures \(view 1 shows several\)"):
        data_of(tmp_path)
