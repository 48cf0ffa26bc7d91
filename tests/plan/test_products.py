"""One table says what an action leaves: for planning with it, for finding it, and for needing it."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.jobs.checkpoints import model_of, scan
from skillbank.plan.products import (
    PICTURE_SUFFIXES,
    leaving,
    producer_of,
    product_in,
    product_of,
    suffixes_of,
    trains,
)
from skillbank_engine.data import images

ACTIONS = ("train", "retrain", "distill", "prune", "quantize", "export", "gen_trt_engine", "evaluate")


def test_pictures_are_what_the_engine_reads() -> None:
    assert set(PICTURE_SUFFIXES) == set(images.SUFFIXES)


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_with_a_task_before_its_name_is_the_same(action: str) -> None:
    assert leaving(f"segment_{action}") == leaving(action)
    assert suffixes_of(f"segment_{action}") == suffixes_of(action)
    assert trains(f"segment_{action}") == trains(action) == (action in ("train", "retrain", "distill"))


@pytest.mark.parametrize("product", ["weights", "onnx", "engine"])
def test_who_makes_a_product_leaves_it(product: str) -> None:
    maker = producer_of(product)  # type: ignore[arg-type]
    assert product_of(maker) == product
    assert {product_in(f"model{suffix}") for suffix in suffixes_of(maker)} == {product}


def test_what_is_planned_to_be_left_is_what_is_looked_for(tmp_path: Path) -> None:
    for name in ("model.pth", "model.onnx", "model.engine", "student.pth"):
        (tmp_path / name).write_text("x")
    found = {
        action: {c.path.suffix for c in scan(tmp_path, action)}
        for action in ("segment_export", "segment_train")
    }
    assert found == {"segment_export": {".onnx"}, "segment_train": {".pth"}}
    assert model_of("job", "segment_export", tmp_path).name == "model.onnx"
    assert model_of("job", "class_distill", tmp_path).name == "student.pth"
    assert model_of("job", "segment_gen_trt_engine", tmp_path).name == "model.engine"
