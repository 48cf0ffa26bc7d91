"""Datumaro's own JSON: of its newest version, of those that CVAT writes, and its kinds of annotations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skillbank.errors import DataError
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

BOX = (10.0, 20.0, 40.0, 60.0)


def mark(label: int | None = 1, kind: str = "bbox", **said: Any) -> dict[str, Any]:
    place = {"bbox": [10.0, 20.0, 30.0, 40.0]} if kind == "bbox" else {}
    return {"id": 0, "type": kind, "attributes": {}, "group": 0, "label_id": label, **place, **said}


def item(name: str, *marks: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {
        "id": name,
        "annotations": list(marks),
        "image": {"path": f"{name}.jpg", "size": [80, 100]},
        **said,
    }


def saved(root: Path, subset: str, *items: dict[str, Any], names: tuple[str, ...] = ("cat", "dog")) -> Path:
    labels = [{"name": name, "parent": "", "attributes": []} for name in names]
    document = {
        "info": {},
        "categories": {"label": {"labels": labels, "attributes": []}},
        "items": list(items),
    }
    return text(root / "annotations" / f"{subset}.json", json.dumps(document))


def test_splits_with_pictures_of_the_same_names(tmp_path: Path) -> None:
    for subset in ("train", "validation"):
        picture(tmp_path / "images" / subset / "a.jpg")
        saved(tmp_path, subset, item("a", mark()))
    data = data_of(tmp_path)
    assert (data.format, data.classes) == ("datumaro", ("cat", "dog"))
    assert [split.name for split in data.splits] == ["train", "val"]
    assert boxes(data, "val") == {"images/validation/a.jpg": [("dog", *BOX)]}
    assert not kinds(data)


def test_a_default_subset_and_identities_that_are_paths(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "default" / "day" / "a.png")
    picture(tmp_path / "images" / "b.jpg")
    saved(
        tmp_path,
        "default",
        item("day/a", mark(), image={"path": "../elsewhere/images/default/day/a.png"}),
        item("b", mark(0)),
        {"id": "b", "annotations": [], "media": {"path": ""}},
    )
    data = data_of(tmp_path)
    assert [split.name for split in data.splits] == [""]
    assert boxes(data) == {"images/default/day/a.png": [("dog", *BOX)], "images/b.jpg": []}


def test_kinds_of_annotations(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "train" / "a.jpg")
    mask = {"size": [4, 5], "counts": [5, 2, 2, 2, 9]}
    saved(
        tmp_path,
        "train",
        item(
            "a",
            mark(kind="polygon", points=[5.0, 9.0, 30.0, 3.0, 20.0, 40.0]),
            mark(kind="ellipse", points=[5.0, 9.0, 30.0, 40.0]),
            mark(kind="cuboid_2d", points=[[5, 9], [30, 3], [20, 40]]),
            mark(kind="mask", rle=mask),
            mark(attributes={"is_crowd": True}),
            mark(kind="label"),
            mark(kind="points", points=[1, 2], visibility=[2]),
            mark(kind="caption", caption="two dogs"),
            mark(kind="polygon", points=[5.0, 9.0, 30.0]),
            mark(kind="mask", rle={"size": [4, 5], "counts": "]"}),
            mark(None),
            mark(9),
            mark(bbox=[1, 2, None, 4]),
        ),
    )
    data = data_of(tmp_path)
    assert boxes(data, "train")["images/train/a.jpg"] == [
        ("dog", 5, 3, 30, 40),
        ("dog", 5, 9, 30, 40),
        ("dog", 5, 3, 30, 40),
        ("dog", 1, 1, 3, 3),
        ("dog", *BOX),
    ]
    [split] = data.splits
    assert [box.crowd for each in split.pictures() for box in each.boxes] == [False] * 4 + [True]
    assert kinds(data) == {
        "mark-as-box": 4,
        "mark-left-out": 3,
        "unreadable-annotation": 4,
        "unknown-class": 1,
    }
    assert "annotations/train.json item 1, annotation 12: its class is number 9" in details(data)


def test_videos_and_broken_documents(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "train" / "a.jpg")
    moving = {"video_path": "x.mp4", "frame_index": 3}
    file = saved(
        tmp_path, "train", item("a"), {"id": "x", "annotations": [], "video_frame": moving}, {"id": 1}
    )
    assert kinds(data_of(tmp_path)) == {"unreadable-annotation": 2}
    file.write_text(file.read_text()[:-9])
    with pytest.raises(DataError, match=r"annotations/train.json is no JSON"):
        data_of(tmp_path)
    file.write_text('{"categories": {"label": {"labels": []}}, "items": 7}')
    with pytest.raises(DataError, match=r"annotations/train.json holds no list of items"):
        data_of(tmp_path)


def test_an_item_of_another_encoding_says_so(tmp_path: Path) -> None:
    for name in "ab":
        picture(tmp_path / "images" / "train" / f"{name}.jpg")
    file = saved(tmp_path, "train", item("a", mark(attributes={"note": "xx"})), item("b", mark()))
    assert not kinds(data_of(tmp_path))
    file.write_bytes(file.read_bytes().replace(b"xx", b"\xf6"))
    assert kinds(data_of(tmp_path)) == {"not-utf8": 1}


@pytest.mark.parametrize("corners", [[1, 2, 3], [1, 2, 3, "x"], [], None, "abcd"])
def test_boxes_that_are_no_four_numbers_are_said_as_they_stand(tmp_path: Path, corners: Any) -> None:
    picture(tmp_path / "images/train/a.jpg")
    saved(tmp_path, "train", item("a", mark(bbox=corners)))
    shown = corners if isinstance(corners, list) else [corners]
    assert f"its corners are no four numbers: {shown}" in details(data_of(tmp_path))


def test_pictures_lie_below_the_folder_that_holds_the_annotations(tmp_path: Path) -> None:
    for name in ("x/images/train/a.jpg", "images/train/a.jpg"):
        picture(tmp_path / name)
    text(tmp_path / "x/annotations/train.json", saved(tmp_path, "train", item("a", mark())).read_text())
    (tmp_path / "annotations/train.json").unlink()
    assert list(boxes(data_of(tmp_path), "train")) == ["x/images/train/a.jpg"]
