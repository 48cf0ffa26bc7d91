"""What a trained model says of other actions' specs, and what is refused beside it."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from skillbank_engine.device import Compute
from skillbank_engine.errors import DataError
from skillbank_engine.families.segformer.config import EvaluateSpec, ExportSpec, InferenceSpec, TrainSpec
from skillbank_engine.families.segformer.data.sets import read_set
from skillbank_engine.families.segformer.data.shapes import CLASSES
from skillbank_engine.families.segformer.model import Architecture, build
from skillbank_engine.families.segformer.task import SegformerTask
from skillbank_engine.task import Kept, Place
from skillbank_engine.team import ALONE

TINY = Architecture("own", (8, 8, 16, 16), (1, 1, 1, 1), (1, 1, 2, 2), 16)
PALETTE = [{"seg_class": name, "rgb": [number], "label_id": 10 * number} for number, name in enumerate("abc")]
TRAINED = {"num_classes": 3, "label_transform": "None", "palette": PALETTE, "img_size": 64}
CPU = Compute(torch.device("cpu"), "fp32", 1)


@pytest.fixture
def kept() -> Kept:
    spec = TrainSpec.model_validate({"dataset": {"segment": TRAINED}, "engine": {"profile": "full"}})
    return Kept(TINY.to_dict(), ("a", "b", "c"), {}, spec.model_dump(mode="json"))


def test_masks_mean_what_they_meant_in_training(kept: Kept) -> None:
    spec = EvaluateSpec.model_validate({"dataset": {"segment": {"root_dir": "x"}}})
    found, note = SegformerTask.settle(spec, "evaluate", [], kept)
    segment = found.dataset.segment
    assert (segment.num_classes, segment.label_transform, segment.img_size) == (3, "None", 64)
    assert [entry.seg_class for entry in segment.palette] == ["a", "b", "c"]
    assert "dataset.segment.palette" in note


def test_what_a_spec_says_of_masks_itself_stays(kept: Kept) -> None:
    own = [{"seg_class": name, "rgb": [number * 5], "label_id": number} for number, name in enumerate("abc")]
    segment = {"root_dir": "x", "num_classes": 3, "label_transform": "None", "palette": own}
    spec = EvaluateSpec.model_validate({"dataset": {"segment": segment}})
    found, _ = SegformerTask.settle(spec, "evaluate", [], kept)
    assert [entry.rgb for entry in found.dataset.segment.palette] == [[0], [5], [10]]


def test_the_measured_data_set_may_say_it_too(kept: Kept, masked_shapes: Path) -> None:
    spec = EvaluateSpec.model_validate({"dataset": {"segment": {"root_dir": str(masked_shapes)}}})
    found, _ = SegformerTask.settle(spec, "evaluate", [], kept)
    assert found.dataset.segment.num_classes == len(CLASSES)
    # Inference reads no masks: the model's own classes are written.
    looked = InferenceSpec.model_validate({"dataset": {"segment": {"root_dir": str(masked_shapes)}}})
    assert SegformerTask.settle(looked, "inference", [], kept)[0].dataset.segment.num_classes == 3


def test_a_model_is_exported_at_the_size_of_its_training(kept: Kept) -> None:
    spec, note = SegformerTask.settle(ExportSpec(), "export", [], kept)
    assert (spec.export.input_height, spec.export.input_width) == (64, 64)
    assert "export.input_height=64" in note
    named = ExportSpec.model_validate({"export": {"input_height": 96, "input_width": 128}})
    spec, _ = SegformerTask.settle(named, "export", [], kept)
    assert (spec.export.input_height, spec.export.input_width) == (96, 128)
    usual = ExportSpec().export.input_height
    spec, _ = SegformerTask.settle(ExportSpec(), "export", [f"export.input_height={usual}"], kept)
    assert (spec.export.input_height, spec.export.input_width) == (usual, 64)


def test_a_split_that_is_not_measured_on_is_told(kept: Kept, masked_shapes: Path) -> None:
    spec = EvaluateSpec.model_validate({"dataset": {"segment": {"root_dir": str(masked_shapes)}}})
    _, note = SegformerTask.settle(spec, "evaluate", [], kept)
    assert "Measured on dataset.segment.test_split, 'val'; the split 'test' of" in note
    asked = spec.model_copy(deep=True)
    asked.dataset.segment.test_split = "test"
    assert "Measured" not in SegformerTask.settle(asked, "evaluate", [], kept)[1]


def test_other_classes_than_the_model_has_are_refused(kept: Kept, two_pictures: Path) -> None:
    spec = TrainSpec.model_validate({"dataset": {"segment": {"root_dir": str(two_pictures)}}})
    task = SegformerTask.restore(spec, kept)
    with pytest.raises(DataError, match=r"tells a, b, c apart.*foreground, background"):
        task.measure(read_set(spec, "train_split"), "val", CPU, ALONE)


def test_masks_that_are_written_hold_label_ids(
    kept: Kept, two_pictures: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec, _ = SegformerTask.settle(
        InferenceSpec.model_validate({"dataset": {"segment": {"root_dir": str(two_pictures)}}}),
        "inference",
        [],
        kept,
    )
    task = SegformerTask.restore(spec, kept)
    task.use(CPU, None)
    picture = two_pictures / "images" / "train" / "0.png"
    with caplog.at_level(logging.WARNING):
        numbers = task.infer([Place(picture, Path("0.txt"))], tmp_path, CPU)
    assert numbers["images"] == 1.0
    meaning: dict[str, Any] = json.loads((tmp_path / "masks.json").read_text(encoding="utf-8"))
    assert meaning["classes"] == {"0": "a", "10": "b", "20": "c"}
    assert sum(meaning["masks"][0]["shares"].values()) == pytest.approx(1.0, abs=1e-4)
    assert not caplog.records


def test_a_classless_validation_split_is_said(two_pictures: Path) -> None:
    said: list[str] = []
    palette = [*PALETTE[:1], {"seg_class": "b", "rgb": [255], "label_id": 1}, *PALETTE[2:]]
    segment = {**TRAINED, "palette": palette, "root_dir": str(two_pictures)}
    spec = TrainSpec.model_validate({"dataset": {"segment": segment}})
    data = SegformerTask.read_training(spec, said.append)
    assert data.validation is None
    assert any("class c: it cannot be learned" in text for text in said)
    assert any("trains without validation" in text or "runs without validation" in text for text in said)


def test_the_encoder_stands_still_where_the_spec_says_so(kept: Kept) -> None:
    spec = TrainSpec.model_validate({"model": {"backbone": {"freeze_backbone": True}}})
    segmenter = build(TINY, ("a", "b", "c"))
    task = SegformerTask(spec, segmenter, ("a", "b", "c"), TINY.to_dict())
    assert task.frozen() == ["backbone"]
    names = {task.family_name(name).split(".")[0] for name, _ in segmenter.named_parameters()}
    assert names == {"backbone", "decode_head"}
    task.train_mode()
    assert segmenter.network.decode_head.training and not segmenter.network.segformer.training


@pytest.mark.parametrize(
    ("values", "factors"),
    [
        ({"train": {"num_epochs": 4}}, [1.0, 0.75, 0.5, 0.25]),
        ({"train": {"num_epochs": 6, "optim": {"policy": "step"}}}, [1.0, 1.0, 0.1, 0.1, 0.01, 0.01]),
    ],
)
def test_the_learning_rate_follows_the_policy(values: dict[str, Any], factors: list[float]) -> None:
    task = SegformerTask(TrainSpec.model_validate(values), build(TINY, ("a",)), ("a",), TINY.to_dict())
    assert [task.factor(10 * epoch, 10) for epoch in range(len(factors))] == pytest.approx(factors)
