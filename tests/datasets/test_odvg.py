"""ODVG as people have it: other names, COCO under its name, numbers in quotes, no label map, UTF-16."""

import json
from pathlib import Path
from typing import Any

import pytest

from skillbank.errors import DataError
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

NAMES = {"0": "red circle", "1": "blue square"}


def line(name: str = "a.jpg", *instances: tuple[Any, Any], **fields: Any) -> str:
    """A line of detection; an instance is a box with its label, or with all of its other fields."""
    made = [
        {"bbox": box, **(other if isinstance(other, dict) else {"label": other})} for box, other in instances
    ]
    document = {"file_name": name, "width": 100, "height": 80, "detection": {"instances": made}} | fields
    return json.dumps({key: value for key, value in document.items() if value is not None})


def made(root: Path, *lines: str, names: Any = NAMES, file: str = "annotations_odvg.jsonl") -> Path:
    picture(root / "images" / "a.jpg")
    picture(root / "images" / "b.jpg")
    text(root / file, "\n".join(lines) + "\n")
    if names is not None:
        text(root / "annotations_odvg_labelmap.json", json.dumps(names))
    return root


def test_lines_become_pictures(tmp_path: Path) -> None:
    made(tmp_path, line("a.jpg", ([1, 2, 30, 40], 0), ([5, 6, 7, 8], 1)), line("b.jpg"))
    data = data_of(tmp_path)
    assert (data.format, data.classes, data.notes) == ("odvg", ("red circle", "blue square"), ())
    assert boxes(data) == {
        "images/a.jpg": [("red circle", 1, 2, 30, 40), ("blue square", 5, 6, 7, 8)],
        "images/b.jpg": [],
    }
    assert not kinds(data)
    assert [str(each.where) for each in data.splits[0].pictures()] == [
        "annotations_odvg.jsonl line 1",
        "annotations_odvg.jsonl line 2",
    ]


@pytest.mark.parametrize(
    "file", ["train.json", "mixed_goods_odvg.jsonl", "annotations.ndjson", "meta/lines.jsonl"]
)
def test_the_name_of_the_file_does_not_matter(tmp_path: Path, file: str) -> None:
    made(tmp_path, line("a.jpg", ([1, 2, 3, 4], 1)), file=file)
    data = data_of(tmp_path)
    assert boxes(data, data.splits[0].name)["images/a.jpg"] == [("blue square", 1, 2, 3, 4)]


def test_coco_under_the_name_of_odvg_is_coco(tmp_path: Path) -> None:
    document = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 80}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4]}],
        "categories": [{"id": 3, "name": "dog"}],
    }
    data = data_of(made(tmp_path, json.dumps(document)))
    assert data.format == "coco"
    assert boxes(data)["images/a.jpg"] == [("dog", 1, 2, 4, 6)]


@pytest.mark.parametrize(
    "said", [1, 1.0, "1", "1.0", "blue square"], ids=["number", "float", "text", "float text", "name"]
)
def test_a_label_in_any_writing(tmp_path: Path, said: Any) -> None:
    data = data_of(made(tmp_path, line("a.jpg", ([1, 2, 3, 4], said))))
    assert boxes(data)["images/a.jpg"] == [("blue square", 1, 2, 3, 4)]
    assert not kinds(data)


def test_a_category_stands_for_a_label_that_is_not_there(tmp_path: Path) -> None:
    data = data_of(made(tmp_path, line("a.jpg", ([1, 2, 3, 4], {"category": "Blue_Square"}))))
    assert boxes(data)["images/a.jpg"] == [("blue square", 1, 2, 3, 4)]


def test_numbers_of_boxes_may_stand_in_quotes(tmp_path: Path) -> None:
    data = data_of(made(tmp_path, line("a.jpg", (["1", "2.5", 3, "4"], 0))))
    assert boxes(data)["images/a.jpg"] == [("red circle", 1, 2.5, 3, 4)]


@pytest.mark.parametrize(
    ("names", "number"),
    [
        ({"1": "dog", "2": "cat"}, 2),
        ({"7": "cat", "3": "dog"}, 7),
        ({"dog": 0, "cat": 1}, 1),
        (["dog", "cat"], 1),
    ],
    ids=["from 1", "gaps", "turned round", "list"],
)
def test_label_maps_in_any_shape(tmp_path: Path, names: Any, number: int) -> None:
    data = data_of(made(tmp_path, line("a.jpg", ([1, 2, 3, 4], number)), names=names))
    assert data.classes == ("dog", "cat")
    assert boxes(data)["images/a.jpg"] == [("cat", 1, 2, 3, 4)]


def test_without_a_label_map_categories_are_the_classes(tmp_path: Path) -> None:
    instance = ([1, 2, 3, 4], {"label": 4, "category": "dog"})
    data = data_of(made(tmp_path, line("a.jpg", instance), names=None))
    assert data.classes == ("dog",)
    assert data.notes == (
        "annotations_odvg.jsonl has no label map; its classes are the categories of its boxes",
    )


def test_numbers_alone_without_a_label_map_cannot_be_read(tmp_path: Path) -> None:
    made(tmp_path, line("a.jpg", ([1, 2, 3, 4], 0)), names=None)
    with pytest.raises(DataError, match="no label map beside it; write one"):
        data_of(tmp_path)


def test_the_label_map_of_the_same_name_counts(tmp_path: Path) -> None:
    made(tmp_path, line("a.jpg", ([1, 2, 3, 4], 0)), names=None, file="cars.jsonl")
    text(tmp_path / "cars_label_map.json", '{"0": "car"}')
    text(tmp_path / "people_label_map.json", '{"0": "person"}')
    assert data_of(tmp_path).classes == ("car",)


def test_label_maps_that_could_both_be_meant_are_named(tmp_path: Path) -> None:
    made(tmp_path, line("a.jpg", ([1, 2, 3, 4], 0)), names=None, file="x.jsonl")
    text(tmp_path / "first.json", '{"0": "car"}')
    text(tmp_path / "second.json", '{"0": "person"}')
    with pytest.raises(DataError, match=r"label maps that differ: first\.json, second\.json"):
        data_of(tmp_path)


def test_faults_are_kept_with_their_picture(tmp_path: Path) -> None:
    made(
        tmp_path,
        line("a.jpg", ([1, 2, 3, 4], 5), ([1, 2, 3], 0), (["a", 2, 3, 4], 0), ([1, 2, 3, 4], 0)),
        '{"file_name": "b.jpg", "detection"',
        line(None),  # type: ignore[arg-type]
        "[1]",
        '{"file_name": "b.jpg"}',
        '{"file_name": "b.jpg", "detection": ' + "[" * 100_000,
        '{"file_name": "b.jpg", "detection": {"boxes": []}}',
        '{"file_name": "b.jpg", "detection": {"instances": [{"bbox": [NaN, 1, 2, 3], "label": 0}]}}',
    )
    data = data_of(tmp_path)
    assert boxes(data)["images/a.jpg"] == [("red circle", 1, 2, 3, 4)]
    assert kinds(data) == {"unknown-class": 1, "unreadable-annotation": 9}
    said = details(data)
    assert "annotations_odvg.jsonl line 1 box 0: the label map has no 5" in said
    assert "annotations_odvg.jsonl line 2: it is no JSON" in said
    assert "annotations_odvg.jsonl line 3: it has no file_name" in said
    assert "annotations_odvg.jsonl line 8 box 0: its bbox is not four numbers" in said


def test_a_category_that_contradicts_its_label_is_kept_beside_it(tmp_path: Path) -> None:
    data = data_of(made(tmp_path, line("a.jpg", ([1, 2, 3, 4], {"label": 1, "category": "red circle"}))))
    found = next(data.splits[0].pictures()).boxes[0]
    assert (found.label, found.phrase) == (1, "red circle")


def test_phrases_of_a_caption(tmp_path: Path) -> None:
    regions = [
        {"bbox": [1, 2, 3, 4], "phrase": "a dog"},
        {"bbox": [[5, 6, 7, 8], [9, 10, 11, 12]], "phrase": "two cats"},
        {"bbox": [1, 2, 3, 4]},
    ]
    grounding = {"caption": "a dog and two cats", "regions": regions}
    data = data_of(made(tmp_path, line("a.jpg", detection=None, grounding=grounding), names=None))
    first = next(data.splits[0].pictures())
    assert first.caption == "a dog and two cats"
    assert [(box.label, box.phrase, box.x1) for box in first.boxes] == [
        (None, "a dog", 1),
        (None, "two cats", 5),
        (None, "two cats", 9),
    ]
    assert kinds(data) == {"unreadable-annotation": 1}


@pytest.mark.parametrize("shape", ["list", "lines"])
def test_documents_in_a_list_or_over_several_lines(tmp_path: Path, shape: str) -> None:
    documents = [json.loads(line(name, ([1, 2, 3, 4], 0))) for name in ("a.jpg", "b.jpg")]
    said = (
        json.dumps(documents)
        if shape == "list"
        else "\n".join(json.dumps(each, indent=1) for each in documents)
    )
    data = data_of(made(tmp_path, said, file="annotations_odvg.json"))
    assert len(boxes(data)) == 2
    assert not kinds(data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str, end: str) -> None:
    picture(tmp_path / "images" / "größe.jpg")
    said = end.join(
        json.dumps(json.loads(line("größe.jpg", ([1, 2, 3, 4], 0))), ensure_ascii=False) for _ in range(2)
    )
    text(tmp_path / "annotations_odvg.jsonl", (said + end).encode(encoding))
    text(tmp_path / "labelmap.json", json.dumps({"0": "Größe"}, ensure_ascii=False).encode(encoding))
    data = data_of(tmp_path)
    assert data.classes == ("Größe",)
    assert boxes(data) == {"images/größe.jpg": [("Größe", 1, 2, 3, 4)]}
    assert kinds(data)["not-utf8"] == (2 if encoding == "cp1252" else 0)


def test_filename_and_no_size(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "turned.jpg", (100, 80), orientation=6)
    document = {"filename": "turned.jpg", "detection": {"instances": []}}
    first = next(data_of(made(tmp_path, json.dumps(document))).splits[0].pictures())
    assert (first.path, first.width, first.height) == ("images/turned.jpg", 80, 100)


def test_files_of_several_splits(tmp_path: Path) -> None:
    made(tmp_path, line("a.jpg", ([1, 2, 3, 4], 0)), file="train_odvg.jsonl")
    text(tmp_path / "val_odvg.jsonl", line("b.jpg", ([1, 2, 3, 4], 1)))
    data = data_of(tmp_path)
    assert [split.name for split in data.splits] == ["train", "val"]
    assert boxes(data, "val") == {"images/b.jpg": [("blue square", 1, 2, 3, 4)]}


def test_of_several_files_none_is_guessed(tmp_path: Path) -> None:
    made(tmp_path, line("a.jpg"), file="first.jsonl")
    text(tmp_path / "second.jsonl", line("b.jpg"))
    with pytest.raises(DataError, match=r"could be meant: first\.jsonl, second\.jsonl; name one of them"):
        data_of(tmp_path)


def test_an_empty_file_is_no_data_set(tmp_path: Path) -> None:
    made(tmp_path, "")
    assert data_of(tmp_path).format == "pictures"
