"""Hugging Face's folders of pictures with metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skillbank.errors import DataError
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

CARD = """---
license: mit
dataset_info:
  features:
  - name: image
    dtype: image
  - name: objects
    sequence:
    - name: bbox
      sequence: float32
      length: 4
    - name: category
      dtype:
        class_label:
          names:
            '0': dog
            '1': cat
---
# Pets
"""


def saved(path: Path, *entries: Any) -> Path:
    return text(path, "".join(f"{json.dumps(entry)}\n" for entry in entries))


def test_split_folders(tmp_path: Path) -> None:
    for folder in ("train", "validation"):
        picture(tmp_path / folder / "a.png")
        picture(tmp_path / folder / "b.png")
        objects = {"bbox": [[10, 20, 30, 40], [1, 2, 3, 4]], "categories": ["cat", "dog"]}
        saved(
            tmp_path / folder / "metadata.jsonl",
            {"file_name": "a.png", "objects": objects},
            {"file_name": "b.png", "objects": {"bbox": [], "categories": []}},
        )
    data = data_of(tmp_path)
    assert data.format == "hugging_face"
    assert data.classes == ("cat", "dog")
    assert boxes(data, "val") == {
        "validation/a.png": [("cat", 10, 20, 40, 60), ("dog", 1, 2, 4, 6)],
        "validation/b.png": [],
    }


def test_card_names_the_classes(tmp_path: Path) -> None:
    text(tmp_path / "README.md", CARD)
    for folder in ("train", "test"):
        picture(tmp_path / folder / "a.png")
        objects = {"bbox": [[10, 20, 30, 40]], "category": [1]}
        saved(tmp_path / folder / "metadata.jsonl", {"file_name": "a.png", "objects": objects})
    data = data_of(tmp_path)
    assert data.classes == ("dog", "cat")
    assert boxes(data, "train") == {"train/a.png": [("cat", 10, 20, 40, 60)]}
    assert [split.name for split in data.splits] == ["train", "test"]


def test_one_file_for_all_splits(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "a.png")
    picture(tmp_path / "test" / "b.png")
    saved(
        tmp_path / "metadata.jsonl",
        *(
            {"file_name": name, "objects": [{"bbox": [1, 2, 3, 4], "label": 3}]}
            for name in ("train/a.png", "test/b.png")
        ),
    )
    data = data_of(tmp_path)
    assert data.classes == ("3",)
    assert any("the classes have no names" in note for note in data.notes)
    assert boxes(data, "test") == {"test/b.png": [("3", 1, 2, 4, 6)]}


def test_table_of_metadata(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    rows = '"{""bbox"": [[10, 20, 30, 40]], ""category"": [""cat""]}"'
    text(tmp_path / "metadata.csv", f"file_name,objects\na.png,{rows}\n")
    data = data_of(tmp_path)
    assert data.format == "hugging_face"
    assert boxes(data) == {"a.png": [("cat", 10, 20, 40, 60)]}


def test_captions_alone_are_no_boxes(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    saved(tmp_path / "metadata.jsonl", {"file_name": "a.png", "text": "a cat"})
    assert data_of(tmp_path).format == "pictures"


def test_a_table_of_names_without_boxes_is_none_of_metadata(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    text(tmp_path / "metadata.csv", "file_name,objects\na.png,cat\n")
    assert data_of(tmp_path).format == "pictures"


def test_tables_with_the_pictures_inside(tmp_path: Path) -> None:
    text(tmp_path / "data" / "train-00000-of-00001.parquet", b"PAR1....PAR1")
    with pytest.raises(DataError, match=r"inside of tables \(data/train-00000.*write a metadata\.jsonl"):
        data_of(tmp_path)


def test_a_card_that_grows_without_bound(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    text(tmp_path / "README.md", "---\n" + "\n".join(lines) + "\n---\n")
    picture(tmp_path / "a.png")
    saved(
        tmp_path / "metadata.jsonl",
        {"file_name": "a.png", "objects": {"bbox": [[1, 2, 3, 4]], "category": ["x"]}},
    )
    assert boxes(data_of(tmp_path)) == {"a.png": [("x", 1, 2, 4, 6)]}


def test_hostile_entries(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    good = {"file_name": "a.png", "objects": {"bbox": [[1, 2, 3, 4]], "category": ["x"]}}
    lines = [
        json.dumps(good),
        json.dumps({**good, "objects": {"bbox": [[1, 2, 3, 4], [5, 6, 7, 8]], "category": ["x"]}}),
        json.dumps(
            {**good, "objects": {"bbox": [[float("nan"), 2, 3, 4], [1, 2, 3], "x", None, [10**400, 1, 1, 1]]}}
        ),
        json.dumps({"file_name": "../../etc/passwd", "objects": good["objects"]}),
        json.dumps({"file_name": 5, "objects": good["objects"]}),
        json.dumps({"file_name": "a.png"}),
        '{"objects": ' + "[" * 200_000,
        "{",
        "7",
    ]
    text(tmp_path / "metadata.jsonl", "\n".join(lines))
    data = data_of(tmp_path)
    found = list(data.splits[0].pictures())
    assert sum(len(each.boxes) for each in found) == 4
    assert {each.path for each in found} == {"a.png", None}
    assert kinds(data) == {"unreadable-annotation": 11}
    assert "metadata.jsonl line 7: it is nested too deeply" in details(data)


def test_more_classes_than_boxes_are_said(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    objects = {"bbox": [[1, 2, 3, 4]], "categories": ["cat", "dog"]}
    text(tmp_path / "metadata.jsonl", json.dumps({"file_name": "a.jpg", "objects": objects}))
    assert "a.jpg" in boxes(data := data_of(tmp_path))
    assert "object 2: it has more classes than boxes" in details(data)


def test_corners_are_told_by_the_pictures(tmp_path: Path) -> None:
    for name in ("a", "b"):
        picture(tmp_path / f"{name}.jpg")
    objects = {"bbox": [[10, 20, 40, 60], [60, 20, 90, 70]], "categories": ["cat", "cat"]}
    lines = (json.dumps({"file_name": f"{name}.jpg", "objects": objects}) for name in ("a", "b"))
    text(tmp_path / "metadata.jsonl", "\n".join(lines))
    data = data_of(tmp_path)
    assert boxes(data)["a.jpg"] == [("cat", 10, 20, 40, 60), ("cat", 60, 20, 90, 70)]
    assert data.notes[0].startswith("boxes are taken as two corners")
