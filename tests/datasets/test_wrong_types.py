"""Empty lists, nulls and wrong types anywhere in any format: faults or one sentence, never a crash."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillbank.datasets.checking import check_data
from skillbank.datasets.converting import convert
from skillbank.datasets.opening import open_place
from skillbank.datasets.repairing import Mode
from skillbank.errors import SkillbankError
from tests.datasets import samples
from tests.datasets.reading import text

JSON = ["odvg", "coco", "labelme", "via", "create_ml", "supervisely", "datumaro", "bdd100k", "label_studio"]
JSON += ["hugging_face"]
WRONG: tuple[Any, ...] = (None, [], {}, "", 0, True, "x", [[]], [{}], [1, 2, 3, 4], 1e300, 10**30)
_TRIED = 40


def places(document: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield above
    inner = document.items() if isinstance(document, dict) else ()
    if isinstance(document, list):
        inner = list(enumerate(document))[:2]  # type: ignore[assignment]
    for key, value in inner:
        yield from places(value, (*above, key))


def changed(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    copy = json.loads(json.dumps(document))
    inside = copy
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return copy


@pytest.mark.parametrize("name", JSON)
def test_nothing_wrong_in_a_document_crashes(tmp_path: Path, name: str) -> None:
    numbers = random.Random(f"{name} 5")
    root = tmp_path / "data"
    getattr(samples, name)(root)
    files = [file for file in sorted(root.rglob("*")) if file.suffix in (".json", ".jsonl")]
    for turn in range(_TRIED):
        file = numbers.choice(files)
        raw = file.read_bytes()
        lines = raw.splitlines() if file.suffix == ".jsonl" else [raw]
        first = json.loads(lines[0])
        place = numbers.choice(list(places(first)))
        value = numbers.choice(WRONG)
        file.write_bytes(b"\n".join([json.dumps(changed(first, place, value)).encode(), *lines[1:]]))
        try:
            opened = open_place(root)
            assert json.dumps(check_data(opened, decode=False).document())
            convert(opened, numbers.choice(["coco", "yolo", "voc"]), tmp_path / f"{turn}", mode=Mode.SKIP)
        except SkillbankError as error:
            assert str(error)
        file.write_bytes(raw)


def test_a_list_of_numbers_is_no_list_of_classes(tmp_path: Path) -> None:
    samples.odvg(tmp_path)
    text(tmp_path / "train" / "annotations_odvg_labelmap.json", "[1, 2, 3, 4]")
    try:
        check_data(open_place(tmp_path), decode=False)
    except SkillbankError as error:
        assert str(error)
