"""Create ML as Apple's tools, LabelImg and Roboflow write it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skillbank.datasets.opening import open_place
from skillbank.errors import DataError
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

PLACE = {"x": 25.0, "y": 40.0, "width": 30, "height": 40}
BOX = (10.0, 20.0, 40.0, 60.0)


def entry(name: str, *labels: str, **said: Any) -> dict[str, Any]:
    return {"image": name, **said, "annotations": [{"label": each, "coordinates": PLACE} for each in labels]}


def saved(root: Path, *entries: dict[str, Any], file: str = "_annotations.createml.json") -> Path:
    return text(root / file, json.dumps(entries))


def test_roboflow_lays_a_file_into_each_split(tmp_path: Path) -> None:
    for folder in ("train", "valid", "test"):
        picture(tmp_path / folder / f"{folder}_jpg.rf.2b8.jpg")
        saved(tmp_path / folder, entry(f"{folder}_jpg.rf.2b8.jpg", "dog", "hard hat"))
    data = data_of(tmp_path)
    assert (data.format, data.classes) == ("create_ml", ("dog", "hard hat"))
    assert [split.name for split in data.splits] == ["train", "val", "test"]
    assert boxes(data, "val") == {"valid/valid_jpg.rf.2b8.jpg": [("dog", *BOX), ("hard hat", *BOX)]}
    assert "centre and size in pixels" in data.notes[0]


def test_labelimg_writes_a_list_of_one_for_each_picture(tmp_path: Path) -> None:
    for name in "ab":
        picture(tmp_path / f"{name}.jpg")
        saved(tmp_path, entry(f"{name}.jpg", "dog", verified=False), file=f"{name}.json")
    data = data_of(tmp_path)
    assert (data.format, boxes(data)) == ("create_ml", {f"{name}.jpg": [("dog", *BOX)] for name in "ab"})


def test_the_words_of_apples_page(tmp_path: Path) -> None:
    picture(tmp_path / "breakfast_0.png")
    mark = {"coordinates": {"y": 40, "x": 25, "height": 40, "width": 30}, "label": "Waffle"}
    saved(tmp_path, {"imagefilename": "breakfast_0.png", "annotation": [mark]}, file="food.json")
    data = data_of(tmp_path)
    assert (data.format, boxes(data)) == ("create_ml", {"breakfast_0.png": [("Waffle", *BOX)]})


def test_annotations_before_the_picture_and_a_picture_without_any(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    picture(tmp_path / "images" / "b.jpg")
    turned = dict(reversed(entry("a.jpg", "dog").items()))
    saved(tmp_path, turned, entry("b.jpg"))
    assert boxes(data_of(tmp_path)) == {"images/a.jpg": [("dog", *BOX)], "images/b.jpg": []}
    saved(tmp_path, entry("b.jpg"), entry("c.jpg"))
    data = data_of(tmp_path)
    assert (data.format, boxes(data)) == ("create_ml", {"images/b.jpg": [], "c.jpg": []})


def test_files_at_the_root_that_name_their_split(tmp_path: Path) -> None:
    for split in ("train", "val"):
        picture(tmp_path / "images" / f"{split}.jpg")
        saved(tmp_path, entry(f"{split}.jpg", "dog"), file=f"{split}.json")
    data = data_of(tmp_path)
    assert [split.name for split in data.splits] == ["train", "val"]
    named = open_place(tmp_path / "val.json")
    assert named.split is not None and named.split.name == "val"


def test_what_is_wrong_with_entries(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    marks = [
        {"label": "dog", "coordinates": {"x": "25", "y": 40, "width": 30, "height": 40}},
        {"label": "dog", "coordinates": {"x": 25, "y": 40, "width": 30}},
        {"label": "dog"},
        {"coordinates": PLACE},
    ]
    entries = [{"image": "a.jpg", "annotations": marks}, {"image": 7, "annotations": []}, "no entry", {}]
    text(tmp_path / "a.json", json.dumps(entries))
    data = data_of(tmp_path)
    assert boxes(data)["a.jpg"] == [("dog", *BOX)]
    assert kinds(data) == {"unreadable-annotation": 6}
    said = details(data)
    assert "a.json picture 1, annotation 2: its corners are no four numbers" in said
    assert "a.json picture 1, annotation 4: it has no class" in said
    assert "a.json picture 4: it names no picture" in said


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_marks_of_editors_numbers_for_classes_and_nan(tmp_path: Path, encoding: str) -> None:
    picture(tmp_path / "images" / "ä.jpg")
    entries = [entry("images\\ä.jpg", "dog"), entry("b.jpg", "dog")]
    entries[0]["annotations"].append({"label": 3, "coordinates": PLACE})
    entries[1]["annotations"][0]["coordinates"] = {**PLACE, "x": float("nan")}
    text(tmp_path / "a.json", json.dumps(entries, ensure_ascii=False, indent=4).encode(encoding))
    data = data_of(tmp_path)
    assert boxes(data) == {"images/ä.jpg": [("dog", *BOX), ("3", *BOX)], "b.jpg": []}
    assert kinds(data) == {"unreadable-annotation": 1}


def test_not_a_list_to_its_end_and_not_utf8(tmp_path: Path) -> None:
    picture(tmp_path / "ä.jpg")
    file = saved(tmp_path, entry("ä.jpg", "Bär"))
    file.write_bytes(file.read_text().encode().decode("unicode_escape").encode("latin-1"))
    data = data_of(tmp_path)
    assert boxes(data) == {"ä.jpg": [("Bär", *BOX)]}
    assert kinds(data) == {"not-utf8": 1}
    file.write_text(json.dumps([entry("a.jpg", "dog")])[:-3])
    with pytest.raises(DataError, match=r"_annotations.createml.json is no JSON .*: correct it, or export"):
        data_of(tmp_path)
