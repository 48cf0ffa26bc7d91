"""JSON of labelling services: each dialect, whatever holds its entries, and what is wrong with some."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

BOX = {"top": 20, "left": 10, "height": 40, "width": 30}
READ = {"images/a.jpg": [("cat", 10, 20, 40, 60)]}
SAGEMAKER = {
    "source-ref": "s3://bucket/raw/a.jpg",
    "pets": {
        "image_size": [{"width": 100, "height": 80, "depth": 3}],
        "annotations": [{"class_id": 0, **BOX}],
    },
    "pets-metadata": {"class-map": {"0": "cat"}, "type": "groundtruth/object-detection"},
}
AZURE = {
    "image_url": "azureml://workspaces/w/datastores/d/paths/a.jpg",
    "label": [{"label": "cat", "topX": 0.1, "topY": 0.25, "bottomX": 0.4, "bottomY": 0.75}],
}
LABELBOX = {
    "data_row": {"id": "1", "external_id": "a.jpg", "row_data": "https://storage/x?token=1"},
    "media_attributes": {"width": 100, "height": 80},
    "projects": {"p": {"labels": [{"annotations": {"objects": [{"name": "cat", "bounding_box": BOX}]}}]}},
}
OLD_LABELBOX = {
    "External ID": "a.jpg",
    "Labeled Data": "https://storage/x.jpg",
    "Label": {"objects": [{"title": "cat", "value": "cat", "bbox": BOX}]},
}
CROWD_HUMAN = {"ID": "a", "gtboxes": [{"tag": "cat", "fbox": [10, 20, 30, 40], "hbox": [1, 2, 3, 4]}]}
VOTT = {
    "assets": {
        "0f": {
            "asset": {"name": "a.jpg", "path": "file:C:/x/a.jpg", "size": {"width": 100, "height": 80}},
            "regions": [{"tags": ["cat"], "boundingBox": BOX}],
        }
    }
}
SUPER_ANNOTATE = {
    "metadata": {"name": "a.jpg", "width": 100, "height": 80},
    "instances": [
        {"type": "bbox", "className": "cat", "points": {"x1": 10, "y1": 20, "x2": 40, "y2": 60}},
        {"type": "point", "className": "cat", "x": 1, "y": 2},
    ],
}
DARWIN = {
    "item": {"name": "a.jpg", "slots": [{"width": 100, "height": 80}]},
    "annotations": [
        {"name": "cat", "bounding_box": {"x": 10, "y": 20, "w": 30, "h": 40}, "slot_names": ["0"]}
    ],
}
HASTY = {
    "label_classes": [{"class_name": "cat"}],
    "images": [{"image_name": "a.jpg", "labels": [{"class_name": "cat", "bbox": [10, 20, 40, 60]}]}],
}
PALI_GEMMA = {"image": "a.jpg", "prefix": "detect cat", "suffix": "<loc0256><loc0102><loc0768><loc0410> cat"}
FLORENCE = {"image": "a.jpg", "prefix": "<OD>", "suffix": "cat<loc_100><loc_250><loc_400><loc_750>"}


def saved(root: Path, file: str, *entries: Any) -> Path:
    picture(root / "images" / "a.jpg")
    text(root / file, "".join(f"{json.dumps(each)}\n" for each in entries))
    return root


@pytest.mark.parametrize(
    ("file", "entry"),
    [
        ("output.manifest", SAGEMAKER),
        ("train.jsonl", AZURE),
        ("export.ndjson", LABELBOX),
        ("export.json", [OLD_LABELBOX]),
        ("annotation_train.odgt", CROWD_HUMAN),
        ("pets-export.json", VOTT),
        ("a.jpg___objects.json", SUPER_ANNOTATE),
        ("a.json", DARWIN),
        ("hasty.json", HASTY),
        ("_annotations.train.jsonl", PALI_GEMMA),
        ("annotations.jsonl", FLORENCE),
    ],
)
def test_each_service(tmp_path: Path, file: str, entry: Any) -> None:
    data = data_of(saved(tmp_path, file, entry))
    assert (data.format, data.classes) == ("service_json", ("cat",))
    [split] = data.splits
    [[(name, *corners)]] = boxes(data, split.name).values()
    assert name == "cat" and corners == pytest.approx([10, 20, 40, 60], abs=0.1)
    assert split.name == ("train" if "train" in file else "")
    assert set(kinds(data)) <= {"mark-left-out"}


def test_lines_without_an_answer_are_pictures_without_boxes(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "b.jpg")
    other = {"source-ref": "s3://bucket/raw/b.jpg"}
    data = data_of(saved(tmp_path, "o.manifest", SAGEMAKER, other))
    assert boxes(data) == {**READ, "images/b.jpg": []}
    assert data.notes == ("1 pictures that nobody has annotated are taken as ones without objects",)


def test_a_spoilt_entry_is_said_with_its_line(tmp_path: Path) -> None:
    data = data_of(saved(tmp_path, "x.jsonl", AZURE, {"image_url": "a.jpg", "label": [{"label": "cat"}]}))
    assert kinds(data)["unreadable-annotation"] == 1
    assert "x.jsonl line 2: it is no entry of Azure ML (KeyError: 'topX')" in details(data)


def test_a_spoilt_file_among_those_of_a_service_is_said(tmp_path: Path) -> None:
    for name in ("b", "c"):
        picture(tmp_path / "images" / f"{name}.jpg")
    text(tmp_path / "b.json", json.dumps({**DARWIN, "item": {"name": "b.jpg"}}))
    text(tmp_path / "c.json", json.dumps(DARWIN)[:40])
    data = data_of(saved(tmp_path, "a.json", DARWIN))
    assert len(boxes(data)) == 3 and "c.json: it is no JSON" in details(data)


def test_files_of_a_service_are_told_from_those_of_other_folders(tmp_path: Path) -> None:
    for number in range(4):
        text(tmp_path / "notes" / f"{number}.json", json.dumps({"note": number}))
    text(tmp_path / "answers" / "a.json", json.dumps(DARWIN))
    text(tmp_path / "answers" / "b.json", json.dumps({**DARWIN, "item": {"name": "b.jpg"}}))
    text(tmp_path / "answers" / "c.json", json.dumps(DARWIN)[:40])
    picture(tmp_path / "images" / "a.jpg")
    assert "answers/c.json: it is no JSON" in details(data_of(tmp_path))


def test_shares_of_a_picture_that_is_not_there_are_no_boxes(tmp_path: Path) -> None:
    data = data_of(saved(tmp_path, "x.jsonl", {**AZURE, "image_url": "gone.jpg"}))
    assert kinds(data) == {"size-unknown": 1} and boxes(data) == {"gone.jpg": []}


def test_crowds_corrected_answers_and_outlines(tmp_path: Path) -> None:
    crowd = json.loads(json.dumps(AZURE))
    crowd["label"][0]["isCrowd"] = "true"
    data = data_of(saved(tmp_path / "a", "x.jsonl", crowd))
    assert [box.crowd for each in data.splits[0].pictures() for box in each.boxes] == [True]
    first = {"source-ref": "a.jpg", "first": {"annotations": []}}
    data = data_of(saved(tmp_path / "b", "x.manifest", {**first, **SAGEMAKER}))
    assert boxes(data) == READ and kinds(data) == {"several-answers": 1}
    document = json.loads(json.dumps(VOTT))
    points = [{"x": 10, "y": 20}, {"x": 40, "y": 20}, {"x": 25, "y": 60}]
    document["assets"]["0f"]["regions"][0] |= {"type": "POLYGON", "points": points}
    data = data_of(saved(tmp_path / "c", "x.json", document))
    assert boxes(data) == READ and kinds(data) == {"mark-as-box": 1}


def test_several_answers_regions_and_points_are_said(tmp_path: Path) -> None:
    [label] = LABELBOX["projects"]["p"]["labels"]  # type: ignore[index]
    data = data_of(
        saved(tmp_path / "a", "x.ndjson", {**LABELBOX, "projects": {"p": {"labels": [label] * 2}}})
    )
    assert boxes(data) == READ and kinds(data) == {"several-answers": 1}
    region = {"tag": "mask", "fbox": [1, 2, 3, 4]}
    crowd = {**CROWD_HUMAN, "gtboxes": [*CROWD_HUMAN["gtboxes"], region]}
    assert kinds(data_of(saved(tmp_path / "b", "x.odgt", crowd))) == {"region-left-out": 1}
    assert kinds(data_of(saved(tmp_path / "c", "x.json", SUPER_ANNOTATE))) == {"mark-left-out": 1}


def test_what_a_language_model_is_taught_besides_boxes_is_said(tmp_path: Path) -> None:
    suffix = f"{PALI_GEMMA['suffix'].replace(' ', '<seg001>' * 16 + ' ')} ; <loc0001><loc0002> cat"
    data = data_of(saved(tmp_path / "a", "x.jsonl", {**PALI_GEMMA, "suffix": suffix}))
    assert len(boxes(data)["images/a.jpg"]) == 1 and kinds(data) == {"mark-left-out": 1}
    suffix = f"{FLORENCE['suffix']}dog<loc_1><loc_2>"
    data = data_of(saved(tmp_path / "b", "x.jsonl", {**FLORENCE, "suffix": suffix}))
    assert boxes(data) == READ and kinds(data) == {"mark-left-out": 1}
    words = {**FLORENCE, "prefix": "<OCR_WITH_REGION>"}
    data = data_of(saved(tmp_path / "c", "x.jsonl", FLORENCE, words))
    assert "x.jsonl line 2" in details(data) and "words by four points" in details(data)


def test_files_of_a_service_among_many_others_are_all_read(tmp_path: Path) -> None:
    for number in range(30):
        text(tmp_path / f"{number:02}.json", json.dumps({"kind": number}))
    text(tmp_path / "00.json", json.dumps(DARWIN))
    picture(tmp_path / "images" / "b.jpg")
    text(tmp_path / "99.json", json.dumps({**DARWIN, "item": {"name": "b.jpg"}}))
    picture(tmp_path / "images" / "a.jpg")
    assert {name: len(some) for name, some in boxes(data_of(tmp_path)).items()} == {
        "images/a.jpg": 1,
        "images/b.jpg": 1,
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_list_with_a_mark_at_its_start_is_read(tmp_path: Path, encoding: str) -> None:
    picture(tmp_path / "images" / "a.jpg")
    text(tmp_path / "export.json", json.dumps([OLD_LABELBOX]).encode(encoding))
    assert boxes(data_of(tmp_path)) == READ


def test_a_region_that_crowd_human_ignores_is_no_object(tmp_path: Path) -> None:
    ignored = {"tag": "cat", "fbox": [1, 2, 3, 4], "extra": {"ignore": 1}}
    entry = {**CROWD_HUMAN, "gtboxes": [*CROWD_HUMAN["gtboxes"], ignored]}
    data = data_of(saved(tmp_path, "x.odgt", entry))
    assert boxes(data) == READ and kinds(data) == {"region-left-out": 1}


def test_a_document_without_its_entries_is_said(tmp_path: Path) -> None:
    for name in ("b", "c"):
        text(tmp_path / f"{name}.json", json.dumps(VOTT).replace("a.jpg", f"{name}.jpg"))
        picture(tmp_path / "images" / f"{name}.jpg")
    text(tmp_path / "d.json", json.dumps({"version": VOTT}))
    assert "d.json: it has no 'assets'" in details(data_of(tmp_path))


@pytest.mark.parametrize(
    ("full", "empty"),
    [
        (DARWIN, {**DARWIN, "annotations": []}),
        (SUPER_ANNOTATE, {**SUPER_ANNOTATE, "instances": [], "tags": [], "comments": []}),
    ],
)
def test_files_of_pictures_without_objects_are_read_where_most_are_such(
    tmp_path: Path, full: Any, empty: Any
) -> None:
    picture(tmp_path / "images" / "a.jpg")
    text(tmp_path / "a.json", json.dumps(full))
    for name in ("b", "c", "d"):
        picture(tmp_path / "images" / f"{name}.jpg")
        text(tmp_path / f"{name}.json", json.dumps(empty).replace("a.jpg", f"{name}.jpg"))
    none: dict[str, list[Any]] = {f"images/{name}.jpg": [] for name in ("b", "c", "d")}
    assert boxes(data_of(tmp_path)) == {**READ, **none}


def test_an_entry_is_told_by_its_line_where_there_are_several(tmp_path: Path) -> None:
    [alone] = data_of(saved(tmp_path / "a", "x.jsonl", AZURE)).splits[0].pictures()
    two = (
        data_of(saved(tmp_path / "b", "x.jsonl", AZURE, {**AZURE, "image_url": "b.jpg"})).splits[0].pictures()
    )
    assert [str(each.where) for each in (alone, *two)] == ["x.jsonl", "x.jsonl line 1", "x.jsonl line 2"]
