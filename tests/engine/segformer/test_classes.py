"""What the numbers and colours of masks mean."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skillbank_engine.errors import DataError
from skillbank_engine.families.segformer.classes import PALETTE_FILE, classes_of, settle_classes
from skillbank_engine.families.segformer.config.dataset import IGNORED, SegmentConfig


def entry(name: str, rgb: list[int], label: int, of: str = "") -> dict[str, Any]:
    return {"seg_class": name, "rgb": rgb, "label_id": label, "mapping_class": of or name}


def segment(
    palette: list[dict[str, Any]], classes: int, transform: str = "None", **more: Any
) -> SegmentConfig:
    return SegmentConfig.model_validate(
        {"palette": palette, "num_classes": classes, "label_transform": transform, **more}
    )


def test_the_family_default_reads_0_and_255() -> None:
    classes = classes_of(SegmentConfig())
    assert classes.names == ("foreground", "background")
    found, unknown = classes.indices(np.array([[0, 255], [1, 255]], dtype=np.uint8))
    assert found.tolist() == [[0, 1], [IGNORED, 1]]
    assert unknown == [(1,)]


def test_an_empty_palette_takes_numbers_as_classes() -> None:
    classes = classes_of(segment([], 3))
    assert classes.names == ("class 0", "class 1", "class 2")
    assert classes.indices(np.array([[2, 0, 1]]))[0].tolist() == [[2, 0, 1]]


def test_classes_are_numbered_by_label_id_and_written_as_such() -> None:
    classes = classes_of(segment([entry("road", [85], 7), entry("sky", [170], 3)], 2))
    assert (classes.names, classes.label_ids) == (("sky", "road"), (3, 7))
    found, _ = classes.indices(np.array([[85, 170]]))
    assert found.tolist() == [[1, 0]]
    assert classes.label_mask(found).tolist() == [[7, 3]]


def test_several_things_become_one_class() -> None:
    palette = [entry("car", [1], 1), entry("bus", [2], 2, "car"), entry("rest", [0], 0)]
    classes = classes_of(segment(palette, 2))
    assert classes.names == ("rest", "car")
    assert classes.indices(np.array([[0, 1, 2]]))[0].tolist() == [[0, 1, 1]]


def test_label_255_counts_nowhere() -> None:
    palette = [entry("a", [0], 0), entry("b", [1], 1), entry("edge", [9], 255)]
    classes = classes_of(segment(palette, 2))
    found, unknown = classes.indices(np.array([[0, 1, 9]]))
    assert (found.tolist(), unknown) == ([[0, 1, IGNORED]], [])


def test_colours_are_classes() -> None:
    classes = classes_of(segment([entry("red", [255, 0, 0], 0), entry("black", [0], 1)], 2))
    assert not classes.grey
    mask = np.array([[[255, 0, 0], [0, 0, 0], [0, 255, 0]]], dtype=np.uint8)
    found, unknown = classes.indices(mask)
    assert found.tolist() == [[0, 1, IGNORED]]
    assert unknown == [(0, 255, 0)]


@pytest.mark.parametrize(
    ("palette", "count", "says"),
    [
        ([entry("a", [0], 0), entry("b", [1], 1)], 3, "set num_classes to 2"),
        ([entry("a", [0], 0), entry("b", [0], 1)], 2, "the same rgb"),
        ([entry("a", [0], 0), entry("b", [1], 0)], 2, "the same label_id"),
    ],
)
def test_a_palette_that_contradicts_itself_is_refused(
    palette: list[dict[str, Any]], count: int, says: str
) -> None:
    with pytest.raises(DataError, match=says):
        classes_of(segment(palette, count))


def test_the_data_set_says_what_its_masks_mean(tmp_path: Path) -> None:
    palette = [entry("a", [0], 0), entry("b", [1], 1), entry("c", [2], 2)]
    (tmp_path / PALETTE_FILE).write_text(json.dumps({"palette": palette}), encoding="utf-8")
    said = settle_classes(SegmentConfig(root_dir=str(tmp_path)))
    assert said["dataset.segment.num_classes"] == 3
    assert said["dataset.segment.label_transform"] == "None"
    # What the spec says itself wins.
    assert settle_classes(SegmentConfig(root_dir=str(tmp_path), num_classes=5)) == {}
    assert settle_classes(SegmentConfig(root_dir=str(tmp_path / "none"))) == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"palette": [{"seg_class": "a", "rgb": [300]}]}', '{"a": 1}'])
def test_a_palette_file_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / PALETTE_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=f"{PALETTE_FILE}.*correct or remove it"):
        settle_classes(SegmentConfig(root_dir=str(tmp_path)))
