"""The files that a program asks for: names, numbers and what they cannot hold."""

import json
from pathlib import Path

from skillbank.datasets.checking import check_data
from skillbank.datasets.opening import open_place
from skillbank.datasets.providing import Classes, Provided, provide
from skillbank.datasets.wanted import Wanted
from tests.datasets.reading import picture

LINES, MAP, COCO = "annotations_odvg.jsonl", "labelmap.json", "annotations.json"


def provided(place: Path, work: Path, wanted: Wanted, first: int = 0) -> Provided:
    opened = open_place(place)
    [split] = opened.data.splits
    classes = Classes()
    classes.add(["Zebra", "DOG"])
    report = check_data(opened, decode=False)
    return provide(opened, split, wanted, work, "refuse", report=report, classes=classes, first=first)


def grounding(place: Path) -> Path:
    picture(place / "images" / "a.jpg")
    picture(place / "images" / "images" / "b.jpg")
    region = {"phrase": "a big cat", "bbox": [1.23456789, 2, 30, 40]}
    entries = (
        {"file_name": "a.jpg", "grounding": {"caption": "a big cat sleeps", "regions": [region]}},
        {"file_name": "images/b.jpg", "grounding": {"regions": [{"phrase": "dog", "bbox": [1, 2, 3, 4]}]}},
    )
    (place / LINES).write_text("".join(json.dumps(each) + "\n" for each in entries))
    return place


def test_phrases_stay_in_lines_and_are_classes_where_there_is_no_caption(tmp_path: Path) -> None:
    made = provided(grounding(tmp_path / "data"), tmp_path / "work", Wanted("images", LINES, MAP))
    first, second = (json.loads(line) for line in made.paths[LINES].read_text().splitlines())
    assert first["grounding"] == {
        "caption": "a big cat sleeps",
        "regions": [{"bbox": [1.234568, 2, 30, 40], "phrase": "a big cat"}],
    }
    assert second["file_name"] == "images/b.jpg"
    assert second["detection"]["instances"] == [{"bbox": [1, 2, 3, 4], "label": 1, "category": "DOG"}]
    assert json.loads(made.paths[MAP].read_text()) == {"0": "Zebra", "1": "DOG"}


def test_each_phrase_is_a_class_of_a_coco_document(tmp_path: Path) -> None:
    place = grounding(tmp_path / "data")
    made = provided(place, tmp_path / "work", Wanted("images", coco=COCO, classes="labels.txt"), first=1)
    document = json.loads(made.paths[COCO].read_text())
    assert [each["file_name"] for each in document["images"]] == ["a.jpg", "images/b.jpg"]
    assert document["categories"] == [
        {"id": 1, "name": "Zebra"},
        {"id": 2, "name": "DOG"},
        {"id": 3, "name": "a big cat"},
    ]
    assert [each["category_id"] for each in document["annotations"]] == [3, 2]
    assert made.paths["labels.txt"].read_text() == "Zebra\nDOG\na big cat\n"
    assert (made.paths["images"], made.notes, made.boxes) == (place / "images", (), 2)


def test_crowds_are_kept_in_coco_and_told_where_lines_leave_them_out(tmp_path: Path) -> None:
    place = tmp_path / "data"
    picture(place / "images" / "a.jpg")
    box = {"image_id": 1, "category_id": 5, "bbox": [1, 2, 10, 10]}
    document = {
        "images": [{"id": 1, "file_name": "a.jpg"}],
        "annotations": [{"id": 1, **box}, {"id": 2, **box, "iscrowd": 1}],
        "categories": [{"id": 5, "name": "dog"}],
    }
    (place / COCO).write_text(json.dumps(document))
    lines = provided(place, tmp_path / "lines", Wanted("images", LINES, MAP))
    [line] = lines.paths[LINES].read_text().splitlines()
    assert len(json.loads(line)["detection"]["instances"]) == lines.boxes == 1
    assert lines.notes == ("boxes of crowds, which ODVG does not know, are left out: 1",)
    coco = provided(place, tmp_path / "coco", Wanted("images", coco=COCO))
    assert [each["iscrowd"] for each in json.loads(coco.paths[COCO].read_text())["annotations"]] == [0, 1]
    assert (coco.boxes, coco.notes) == (2, ())
