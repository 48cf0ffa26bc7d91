"""ODVG read by its format alone: what each line, instance and region becomes, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from skillbank.datasets.document import Picture
from skillbank.datasets.formats.odvg import Odvg
from tests.datasets.reading import details, tree_of

Said = list[tuple[Any, ...]]


def odvg(
    root: Path, *documents: Any, labels: Any = None, text: str = ""
) -> tuple[Said, list[str], list[Picture]]:
    said = text or "".join(f"{json.dumps(each)}\n" for each in documents)
    texts: Mapping[str, str] = {"a_odvg.jsonl": said}
    if labels is not None:
        texts = {**texts, "a_odvg_labelmap.json": json.dumps(labels)}
    data = Odvg().read(tree_of(root, texts, ("a.jpg", "b.jpg")))
    pictures = list(data.splits[0].pictures())
    return (
        [
            (data.classes[box.label] if box.label is not None else None, box.x1, box.y1, box.x2, box.y2)
            for one in pictures
            for box in one.boxes
        ],
        details(data).splitlines(),
        pictures,
    )


def instance(**fields: Any) -> Any:
    return {"file_name": "a.jpg", "detection": {"instances": [{"bbox": [1, 2, 30, 40], **fields}]}}


@pytest.mark.parametrize(
    ("document", "found", "told"),
    [
        (instance(label=1), [("dog", 1, 2, 30, 40)], ""),
        (instance(label="1", category="dog"), [("dog", 1, 2, 30, 40)], ""),
        (instance(label="Dog"), [("dog", 1, 2, 30, 40)], ""),
        (instance(category="dog"), [("dog", 1, 2, 30, 40)], ""),
        (instance(label=1, category="cat"), [("dog", 1, 2, 30, 40)], ""),
        (instance(label=7), [], "the label map has no 7"),
        (instance(label=7, category="dog"), [], "the label map has no 7 (its category is 'dog')"),
        (instance(label="owl", category="dog"), [], "the label map has no 'owl' (its category is 'dog')"),
        (instance(label=[1], category="dog"), [], "the label map has no [1] (its category is 'dog')"),
        (instance(), [], "the label map has no None"),
        (instance(label=1, bbox=[1, 2, 3]), [], "its bbox is not four numbers"),
    ],
)
def test_instances_of_odvg(tmp_path: Path, document: Any, found: Said, told: str) -> None:
    boxes, said, [picture] = odvg(tmp_path, document, labels={"0": "cat", "1": "dog"})
    assert boxes == found and said == ([f"a_odvg.jsonl line 1 box 0: {told}"] if told else [])
    unlike = document["detection"]["instances"][0].get("category") == "cat"
    assert [box.phrase for box in picture.boxes] == (["cat" if unlike else ""] if found else [])
    assert [box.at for box in picture.boxes] == ["line 1 box 0"] * len(found)


REGION = {"phrase": " a cat ", "bbox": [1, 2, 30, 40]}


@pytest.mark.parametrize(
    ("document", "boxes", "caption", "told"),
    [
        ({"grounding": {"caption": "a cat", "regions": [REGION]}}, 1, "a cat", ""),
        ({"grounding": {"caption": 7, "regions": [REGION]}}, 1, "", ""),
        ({"grounding": {"regions": [{**REGION, "bbox": [[1, 2, 3, 4], [5, 6, 7, 8]]}]}}, 2, "", ""),
        ({"grounding": {"regions": [{**REGION, "bbox": []}]}}, 0, "", " box 0: its bbox is not four numbers"),
        ({"grounding": {"regions": [REGION, 7]}}, 1, "", " box 1: it has no phrase"),
        ({"grounding": {"regions": [{**REGION, "phrase": " "}]}}, 0, "", " box 0: it has no phrase"),
        (
            {"detection": {"instances": []}, "grounding": {"caption": "x", "regions": [REGION]}}, 0, "",
            ": it has detection and grounding, and only detection is read",
        ),
        ({}, 0, "", ": it has neither detection nor grounding"),
        ({"grounding": {"caption": "x"}}, 0, "", ": it has no list of instances or regions"),
        ({"detection": {"instances": 7}}, 0, "", ": it has no list of instances or regions"),
    ],
)  # fmt: skip
def test_regions_of_odvg(tmp_path: Path, document: Any, boxes: int, caption: str, told: str) -> None:
    good = {"file_name": "b.jpg", "detection": {"instances": []}}
    _, said, [_, picture] = odvg(tmp_path, good, {"file_name": "a.jpg", **document}, labels={"0": "cat"})
    assert (len(picture.boxes), picture.caption) == (boxes, caption)
    assert said == ([f"a_odvg.jsonl line 2{told}"] if told else [])
    assert all(box.phrase == "a cat" and box.label is None for box in picture.boxes)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}\n", "a_odvg.jsonl line 2: it has no file_name"),
        ("\n7\n", "a_odvg.jsonl line 3: it is no JSON object"),
        ('{"file_name": " "}\n', "a_odvg.jsonl line 2: it has no file_name"),
        ("{x}\n", "a_odvg.jsonl line 2: it is no JSON (Expecting property name enclosed in double quotes, "
                  "character 2)"),
    ],
)  # fmt: skip
def test_lines_of_odvg_that_name_no_picture(tmp_path: Path, text: str, told: str) -> None:
    good = json.dumps(instance(label=0))
    _, said, pictures = odvg(tmp_path, text=f"{good}\n{text}", labels={"0": "cat"})
    assert said == [told] and [each.path for each in pictures] == ["a.jpg", None]


def test_sizes_of_odvg_are_those_that_are_stated_else_of_the_file(tmp_path: Path) -> None:
    some = [{**instance(label=0), **more} for more in ({"width": 50, "height": 40}, {"width": 50}, {})]
    _, _, pictures = odvg(
        tmp_path, *some, {"image": "gone.jpg", "grounding": {"regions": []}}, labels={"0": "c"}
    )
    sizes = [(each.width, each.height) for each in pictures]
    assert sizes == [(50, 40), (100, 80), (100, 80), (None, None)] and pictures[3].name == "gone.jpg"


def test_documents_in_a_list_or_over_lines_are_read_to_what_is_spoilt(tmp_path: Path) -> None:
    one, two = (json.dumps(instance(label=0, bbox=[x, 2, 30, 40]), indent=1) for x in (1, 5))
    for number, text in enumerate((f"[{one},\n {two}]", f"{one}\n{two}\n")):
        boxes, said, pictures = odvg(tmp_path / str(number), text=text, labels={"0": "cat"})
        assert boxes == [("cat", 1, 2, 30, 40), ("cat", 5, 2, 30, 40)] and said == []
        assert [str(each.where) for each in pictures] == ["a_odvg.jsonl entry 0", "a_odvg.jsonl entry 1"]
    _, said, pictures = odvg(tmp_path / "x", text=f"[{one}, x, {two}]", labels={"0": "cat"})
    assert (
        len(pictures) == 2 and "entry 1: it is no JSON" in said[0] and "nothing behind it is read" in said[0]
    )


def test_without_a_label_map_the_categories_are_the_classes(tmp_path: Path) -> None:
    some = [instance(label=3, category=" owl "), instance(category="cat"), instance(label=1, category="dog")]
    boxes, _, _ = odvg(tmp_path, *some)
    assert [name for name, *_ in boxes] == ["owl", "cat", "dog"]
