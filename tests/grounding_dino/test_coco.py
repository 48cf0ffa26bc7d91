"""Validation annotations: what is read, each refusal, and the way out for ids from 1."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from skillbank_engine.data.coco import EvaluationSet, read_evaluation_set
from skillbank_engine.errors import DataError
from skillbank_engine.families.grounding_dino.tokenizer import normalise_phrase


def document() -> dict[str, Any]:
    return {
        "images": [{"id": 5, "file_name": "a.png", "width": 40, "height": 30}],
        "categories": [{"id": 0, "name": "Cat"}, {"id": 1, "name": "dog"}],
        "annotations": [
            {"id": 1, "image_id": 5, "category_id": 1, "bbox": [1, 2, 10, 10]},
            {"id": 2, "image_id": 5, "category_id": 0, "bbox": [5, 5, 10, 10], "iscrowd": 1},
        ],
    }


def read(tmp_path: Path, content: Any) -> EvaluationSet:
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    file = tmp_path / "val.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    source = SimpleNamespace(image_dir=str(tmp_path), json_file=str(file))
    return read_evaluation_set(source, "dataset.val", naming=normalise_phrase)


def test_reading(tmp_path: Path) -> None:
    data = read(tmp_path, document())
    assert data.names == ("cat", "dog")
    assert data.image_ids == (5,)
    assert data.records[0].boxes == ((1, 2, 11, 12),)
    assert data.records[0].phrases == ("dog",)
    assert [entry["iscrowd"] for entry in data.document["annotations"]] == [0, 1]


def changed(part: str, index: int, **values: Any) -> dict[str, Any]:
    result = document()
    result[part][index].update(values)
    return result


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in document().items() if key != name}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "val.json cannot be read as JSON"),
        (without("annotations"), "has no list 'annotations'"),
        ({**document(), "images": []}, "has no picture or no category"),
        (changed("categories", 1, id=0), "two categories with the id 0"),
        (changed("categories", 1, id="x"), "category without a whole number"),
        (changed("categories", 1, name=""), "category 1 has no name"),
        (changed("categories", 1, name="cat"), "names both category 0 and 1 'cat'"),
        (changed("images", 0, file_name=""), "image number 0 needs an id and a file_name"),
        (changed("images", 0, id=None), "image number 0 needs an id"),
        (changed("images", 0, file_name="b.png"), "names the picture b.png, which is not in"),
        ({**document(), "images": document()["images"] * 2}, "two images with id 5"),
        (changed("annotations", 0, image_id=9), "annotation 1 belongs to image 9, which images lacks"),
        (changed("annotations", 0, category_id=2), "annotation 1 has category_id 2, which categories lacks"),
        (changed("annotations", 0, bbox=[1, 2]), "annotation 1: bbox must be four numbers"),
        (changed("annotations", 0, bbox=[1, 2, 0, 5]), "annotation 1 is empty"),
        (changed("annotations", 0, bbox=[1, 2, 500, 5]), "annotation 1 .* lies outside its picture"),
        ({**document(), "annotations": [3]}, "annotation 0 must be an object"),
    ],
)
def test_refusals(tmp_path: Path, content: Any, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ids", [(90, 1), ("90", "1"), (90.0, 1.0)])
def test_ids_of_any_kind_are_read(tmp_path: Path, ids: tuple[Any, Any]) -> None:
    content = document()
    content["categories"] = [{"id": ids[0], "name": "dog"}, {"id": ids[1], "name": "cat"}]
    content["annotations"][0]["category_id"] = ids[0]
    content["annotations"][1]["category_id"] = ids[1]
    data = read(tmp_path, content)
    assert data.names == ("cat", "dog")
    assert data.category_ids == (1, 90)
    assert data.records[0].phrases == ("dog",)
    assert [entry["category_id"] for entry in data.document["annotations"]] == [1, 0]
    assert data.numbers([90]) == [1]
    with pytest.raises(DataError, match=r"eval_class_ids \[0\] has an id that the annotations lack"):
        data.numbers([0])


def test_names_of_pictures_serve_as_their_ids(tmp_path: Path) -> None:
    content = document()
    content["images"][0]["id"] = "frame-5"
    for entry in content["annotations"]:
        entry["image_id"] = "frame-5"
    data = read(tmp_path, content)
    assert data.image_ids == (1,)
    assert {entry["image_id"] for entry in data.document["annotations"]} == {1}


@pytest.mark.parametrize("name", ["a.png", "images/a.png", "set\\images\\a.png"])
def test_names_with_other_folders_in_front_are_found(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, changed("images", 0, file_name=name)).records[0].image == tmp_path / "a.png"


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(DataError, match="which is not in"):
        read(inside, changed("images", 0, file_name="x/../../b.png"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_the_mark_of_some_editors_is_read_over(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "val.json").write_text(json.dumps(document()), encoding=encoding)
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    source = SimpleNamespace(image_dir=str(tmp_path), json_file=str(tmp_path / "val.json"))
    assert read_evaluation_set(source, "dataset.val", naming=normalise_phrase).names == ("cat", "dog")


def test_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "val.json").write_bytes('{"categories": "\u00e9"}'.encode("latin-1"))
    source = SimpleNamespace(image_dir=str(tmp_path), json_file=str(tmp_path / "val.json"))
    with pytest.raises(DataError, match=r"val.json is not in UTF-8 \(byte 16 is 0xe9\): save it as UTF-8"):
        read_evaluation_set(source, "dataset.val", naming=normalise_phrase)


def broken(tmp_path: Path) -> dict[str, Any]:
    """Return annotations of two good pictures, a truncated one and a missing one, and three broken boxes."""
    content = document()
    Image.effect_noise((40, 30), 90).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:300])
    Image.new("RGB", (40, 30)).save(tmp_path / "b.png")
    sized = {"width": 40, "height": 30}
    content["images"] += [
        {"id": 6, "file_name": "b.png", **sized},
        {"id": 7, "file_name": "cut.png", **sized},
        {"id": 8, "file_name": "gone.png", **sized},
    ]
    content["annotations"] += [
        {"id": 3, "image_id": 6, "category_id": 0, "bbox": [1, 2, 0, 5]},
        {"id": 4, "image_id": 6, "category_id": 0, "bbox": [1, 2, 3]},
        {"id": 5, "image_id": 6, "category_id": 7, "bbox": [1, 2, 3, 4]},
        {"id": 6, "image_id": 6, "category_id": 0, "bbox": [1, 2, 3, 4]},
        {"id": 7, "image_id": 8, "category_id": 0, "bbox": [1, 2, 3, 4]},
    ]
    return content


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, broken(tmp_path))
    said = str(caught.value)
    for words in (
        "gone.png",
        "annotation 3 is empty",
        "annotation 4: bbox",
        "annotation 5 has category_id 7",
    ):
        assert words in said
    assert "(4 faults in all; engine.skip_broken=true leaves them out)" in said


def test_what_is_broken_is_left_out_with_a_count(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "val.json"
    file.write_text(json.dumps(broken(tmp_path)), encoding="utf-8")
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    source = SimpleNamespace(image_dir=str(tmp_path), json_file=str(file))
    data = read_evaluation_set(source, "dataset.val", skip_broken=True, naming=normalise_phrase)
    assert data.image_ids == (5, 6)
    assert data.records[1].boxes == ((1, 2, 4, 6),)
    assert [entry["id"] for entry in data.document["images"]] == [5, 6]
    assert [entry["image_id"] for entry in data.document["annotations"]] == [5, 5, 6]
    (line,) = (record.getMessage() for record in caplog.records)
    assert "3 boxes and 2 pictures left out, as engine.skip_broken says" in line


def test_a_picture_that_has_lost_all_of_its_boxes_is_not_measured_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What a model finds there would count as wrong."""
    images = [{"id": number, "file_name": f"{number}.png", "width": 40, "height": 30} for number in (1, 2, 3)]
    found = [(1, 9, [1, 2, 3, 4]), (1, 1, [5, 5, 0, 9]), (2, 1, [1, 2, 3, 4]), (2, 1, [5, 5, 0, 9])]
    annotations = [{"image_id": image, "category_id": kind, "bbox": bbox} for image, kind, bbox in found]
    document = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "cat"}]}
    file = tmp_path / "val.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    for image in images:
        Image.new("RGB", (40, 30)).save(tmp_path / str(image["file_name"]))
    source = SimpleNamespace(image_dir=str(tmp_path), json_file=str(file))
    data = read_evaluation_set(source, "dataset.val", skip_broken=True, naming=normalise_phrase)
    assert data.image_ids == (2, 3), "nobody has marked anything in 3"
    (line,) = (record.getMessage() for record in caplog.records)
    assert "3 boxes and 1 picture left out" in line and "image 1 has no box left" in line
