"""BDD100K and Scalabel in the forms that they have had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

BOX = (10.0, 20.0, 40.0, 60.0)
PLACE = {"x1": 10.0, "y1": 20.0, "x2": 40.0, "y2": 60.0}
LANE = [{"vertices": [[1, 2], [9, 40]], "types": "LL", "closed": False}]


def label(category: str = "car", **said: Any) -> dict[str, Any]:
    return {"id": "0", "category": category, "attributes": {"occluded": False}, **said}


def frame(name: str, *labels: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"name": name, "timestamp": 10000, "labels": list(labels) or None, **said}


def test_the_first_release_has_all_tasks_in_one_list(tmp_path: Path) -> None:
    for split in ("train", "val"):
        picture(tmp_path / "bdd100k" / "images" / "100k" / split / f"{split}-1.jpg")
        marks = [label(box2d=PLACE), label("lane", poly2d=LANE), label("drivable area", poly2d=LANE)]
        file = tmp_path / "bdd100k" / "labels" / f"bdd100k_labels_images_{split}.json"
        text(file, json.dumps([frame(f"{split}-1.jpg", *marks), frame(f"{split}-2.jpg")]))
    data = data_of(tmp_path)
    assert (data.format, data.classes) == ("bdd100k", ("car",))
    assert [split.name for split in data.splits] == ["train", "val"]
    expected = {"bdd100k/images/100k/val/val-1.jpg": [("car", *BOX)], "val-2.jpg": []}
    assert boxes(data, "val") == expected
    [note] = data.notes
    assert note.startswith("4 outlines without a box are left out") and "'drivable area', 'lane'" in note
    assert not kinds(data)


def test_a_file_a_picture(tmp_path: Path) -> None:
    for split in ("train", "val"):
        picture(tmp_path / "images" / "100k" / split / f"{split}.jpg")
        marks = [{"category": "car", "id": 0, "attributes": {}, "box2d": PLACE}]
        document: dict[str, Any] = {
            "name": split,
            "frames": [{"timestamp": 10000, "objects": marks}],
            "attributes": {},
        }
        text(tmp_path / "labels" / "100k" / split / f"{split}.json", json.dumps(document))
    data = data_of(tmp_path)
    assert boxes(data, "train") == {"images/100k/train/train.jpg": [("car", *BOX)]}


def test_a_document_with_a_configuration_and_frames_of_videos(tmp_path: Path) -> None:
    for video in ("v1", "v2"):
        picture(tmp_path / "images" / video / "0001.jpg")
    document: dict[str, Any] = {
        "frames": [frame("0001.jpg", label("bus", box2d=PLACE), videoName=video) for video in ("v1", "v2")],
        "groups": None,
        "config": {
            "imageSize": {"width": 100, "height": 80},
            "categories": [{"name": "car"}, {"name": "bus"}],
        },
    }
    text(tmp_path / "export.json", json.dumps(document))
    data = data_of(tmp_path)
    assert data.classes == ("bus",)
    assert boxes(data) == {f"images/{video}/0001.jpg": [("bus", *BOX)] for video in ("v1", "v2")}
    [split] = data.splits
    assert {(each.width, each.height) for each in split.pictures()} == {(100, 80)}


def test_outlines_alone_are_boxes(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    rle = {"size": [4, 5], "counts": [5, 2, 2, 2, 9]}
    marks = [
        label(poly2d=[{"vertices": [[5, 9], [30, 3]]}, {"vertices": [[20, 40]]}]),
        label(poly2d=[[5, 9, "L"], [30, 3, "L"]]),
        label(rle=rle),
        label(poly2d=[{"vertices": [[5, None]]}]),
        label(),
    ]
    text(tmp_path / "ins_seg.json", json.dumps([frame("a.jpg", *marks)]))
    data = data_of(tmp_path)
    assert boxes(data)["a.jpg"] == [("car", 5, 3, 30, 40), ("car", 5, 3, 30, 9), ("car", 1, 1, 3, 3)]
    assert kinds(data) == {"mark-as-box": 3, "mark-left-out": 1, "unreadable-annotation": 1}


def test_what_is_wrong_and_crowds(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    marks = [
        label(box2d={"x1": 1, "y1": 2}),
        label("", box2d=PLACE),
        label(box2d=[1, 2, 3, 4]),
        {"category": "car", "box2d": PLACE, "attributes": {"crowd": True}},
    ]
    entries = [frame("a.jpg", *marks), {"name": 7}, frame("", label(box2d=PLACE))]
    text(tmp_path / "labels.json", json.dumps(entries))
    data = data_of(tmp_path)
    [split] = data.splits
    assert [box.crowd for each in split.pictures() for box in each.boxes] == [True, False]
    assert kinds(data) == {"unreadable-annotation": 5}
    assert "labels.json frame 3: it names no picture" in details(data)


@pytest.mark.parametrize("count", [260])
def test_more_files_than_are_looked_into(tmp_path: Path, count: int) -> None:
    for number in range(count):
        document = {"name": f"{number:04d}", "frames": [{"objects": [label(box2d=PLACE)]}]}
        text(tmp_path / "labels" / f"{number:04d}.json", json.dumps(document))
    picture(tmp_path / "images" / "0259.jpg")
    data = data_of(tmp_path)
    read = boxes(data)
    assert len(read) == count and read["images/0259.jpg"] == [("car", *BOX)]


def test_an_object_without_frames_holds_none(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    only = frame("a.jpg", label(box2d=PLACE))
    text(tmp_path / "a.json", json.dumps({"frames": [only]}))
    assert data_of(tmp_path).format == "bdd100k"
    text(tmp_path / "a.json", json.dumps(only))
    assert data_of(tmp_path).format == "pictures"
