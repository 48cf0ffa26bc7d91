"""The harder data set: relations that are true, descriptions that are held out, the same for a seed."""

import json
from pathlib import Path
from typing import Any

import pytest

from skillbank_engine.families.grounding_dino.data.odvg import read_label_map
from skillbank_engine.families.grounding_dino.data.scenes import (
    HELD_OUT,
    HELD_OUT_RELATIONS,
    MARKS,
    SEEN,
    SIDES,
    write_scenes,
)
from tests.grounding_dino.test_shapes import digest

Box = tuple[float, float, float, float]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scenes")
    write_scenes(out, seed=5, train=40, val=len(HELD_OUT), size=128)
    return out


def lines(scenes: Path) -> list[list[tuple[str, Box]]]:
    text = (scenes / "train" / "annotations_odvg.jsonl").read_text(encoding="utf-8")
    documents = [json.loads(line) for line in text.splitlines()]
    return [[(i["category"], tuple(i["bbox"])) for i in d["detection"]["instances"]] for d in documents]


def coco(scenes: Path, part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((scenes / part / "annotations.json").read_text(encoding="utf-8"))
    return found


def centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def distance(one: Box, other: Box) -> float:
    """Between boxes, along the longer way."""
    return max(one[0] - other[2], other[0] - one[2], one[1] - other[3], other[1] - one[3])


@pytest.mark.slow
def test_equal_arguments_give_equal_bytes_with_any_number_of_workers(tmp_path: Path) -> None:
    for name, seed, workers in (("a", 1, 1), ("b", 1, 2), ("c", 2, 1)):
        write_scenes(tmp_path / name, seed=seed, train=20, val=2, size=64, workers=workers)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert digest(tmp_path / "a") != digest(tmp_path / "c")


def test_things_lie_in_their_pictures_and_apart(scenes: Path) -> None:
    for things in lines(scenes):
        assert things
        for number, (_, box) in enumerate(things):
            assert 0 <= box[0] < box[2] <= 128 and 0 <= box[1] < box[3] <= 128
            assert all(distance(box, other) >= 0 for _, other in things[number + 1 :])


def test_relations_are_true_of_the_nearest_neighbour(scenes: Path) -> None:
    marks = 0
    for things in lines(scenes):
        shapes = [(phrase.split()[-1], box) for phrase, box in things if phrase.split()[0] not in MARKS]
        for phrase, box in things:
            mark, *side, shape = phrase.split()
            if mark not in MARKS:
                continue
            marks += 1
            nearest, other = min(shapes, key=lambda known: distance(box, known[1]))
            assert nearest == shape
            (x, y), (other_x, other_y) = centre(box), centre(other)
            right, down = SIDES[" ".join(side)]
            assert (x - other_x) * right >= 0 and (y - other_y) * down >= 0
            assert abs(x - other_x) > 5 if right else abs(y - other_y) > 5
    assert marks > 40


def test_held_out_descriptions_are_in_no_training_word(scenes: Path) -> None:
    assert not set(HELD_OUT) & set(SEEN)
    assert set(read_label_map(scenes / "train" / "annotations_odvg_labelmap.json").values()) == set(SEEN)
    assert {phrase for things in lines(scenes) for phrase, _ in things} <= set(SEEN)
    assert {entry["name"] for entry in coco(scenes, "val")["categories"]} == set(SEEN)
    # Each of their words is known from others, or there would be nothing to compose.
    assert {word for name in HELD_OUT for word in name.split()} <= {
        word for name in SEEN for word in name.split()
    }


def test_every_held_out_description_is_asked_for_and_nothing_else_counts(scenes: Path) -> None:
    document = coco(scenes, "heldout")
    names = {entry["id"]: entry["name"] for entry in document["categories"]}
    assert set(names.values()) == {*HELD_OUT, *SEEN}
    counted = {names[a["category_id"]] for a in document["annotations"] if not a["iscrowd"]}
    assert counted <= set(HELD_OUT)
    assert len(counted) >= len(HELD_OUT) - len(HELD_OUT_RELATIONS), "only a mark may find no room"
    assert {names[a["category_id"]] for a in document["annotations"] if a["iscrowd"]} <= set(SEEN)
