"""Validation annotations: what is read, each refusal, and the way out for ids from 1."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from grounding_dino.__main__ import main
from grounding_dino.data.coco import EvaluationSet, read_evaluation_set
from grounding_dino.errors import DataError


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
    return read_evaluation_set(SimpleNamespace(image_dir=str(tmp_path), json_file=str(file)), "dataset.val")


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
        (changed("categories", 0, id=3), r"categories 3, 1, .* run 'grounding_dino remap .*val.json'"),
        (changed("categories", 1, id=2), r"categories 0, 2, but they must count from 0 to 1"),
        (changed("categories", 1, id="x"), "category without a whole number"),
        (changed("categories", 1, name=""), "category 1 has no name"),
        (changed("categories", 1, name="cat"), "names both category 0 and 1 'cat'"),
        (changed("images", 0, file_name=""), "image number 0 needs an id and a file_name"),
        (changed("images", 0, id="5"), "image number 0 has the id '5', which is no whole number"),
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


def test_remap_makes_ids_usable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = document()
    content["categories"] = [{"id": 90, "name": "dog"}, {"id": 1, "name": "cat"}]
    content["annotations"][0]["category_id"] = 90
    content["annotations"][1]["category_id"] = 1
    with pytest.raises(DataError, match="remap"):
        read(tmp_path, content)
    assert main(["remap", str(tmp_path / "val.json")]) == 0
    assert "90 -> 1  dog" in capsys.readouterr().out
    fixed = json.loads((tmp_path / "val.remapped.json").read_text(encoding="utf-8"))
    data = read(tmp_path, fixed)
    assert data.names == ("cat", "dog")
    assert data.records[0].phrases == ("dog",)


def test_remap_refuses_what_it_cannot_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = changed("annotations", 0, category_id=77)
    (tmp_path / "val.json").write_text(json.dumps(content), encoding="utf-8")
    assert main(["remap", str(tmp_path / "val.json")]) == 1
    assert "category_id 77" in capsys.readouterr().err
    assert main(["remap", str(tmp_path / "none.json")]) == 1
    assert "is no file" in capsys.readouterr().err
