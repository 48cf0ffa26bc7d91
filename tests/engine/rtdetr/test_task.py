"""What the family makes of a spec, of classes and of a trained model's values."""

from pathlib import Path
from typing import Any

import pytest
import torch

from skillbank_engine.device import Compute
from skillbank_engine.errors import DataError, EngineError
from skillbank_engine.families.rtdetr.config import ExportSpec, InferenceSpec, TrainSpec
from skillbank_engine.families.rtdetr.config.recipe import SMALL, SMALL_THRESHOLD
from skillbank_engine.families.rtdetr.detector import Detector
from skillbank_engine.families.rtdetr.inference import chosen_labels
from skillbank_engine.families.rtdetr.measuring import class_places
from skillbank_engine.families.rtdetr.shapes import CLASSES
from skillbank_engine.families.rtdetr.task import RtDetr
from skillbank_engine.task import Kept
from skillbank_engine.team import ALONE

_CPU = Compute(torch.device("cpu"), "fp32", 1)


def _spec(kind: Any = TrainSpec, **values: Any) -> Any:
    """A spec of the small profile with further dotted keys (``__`` for a dot)."""
    document: dict[str, Any] = {}
    for key, value in {**SMALL, **{name.replace("__", "."): v for name, v in values.items()}}.items():
        node = document
        *parents, last = key.split(".")
        for step in parents:
            node = node.setdefault(step, {})
        node[last] = value
    return kind.model_validate(document)


def _data(shapes: Path, part: str) -> dict[str, str]:
    return {
        "image_dir": str(shapes / part / "images"),
        "json_file": str(shapes / part / "annotations.json"),
    }


def test_too_few_classes_are_refused(shapes: Path) -> None:
    spec = _spec(dataset__num_classes=3, dataset__train_data_sources=[_data(shapes, "train")])
    with pytest.raises(DataError, match=r"num_classes is 3.*24 categories"):
        RtDetr.read_training(spec, lambda _: None)


def test_what_is_odd_is_told(shapes: Path) -> None:
    told: list[str] = []
    spec = _spec(dataset__num_classes=25, dataset__train_data_sources=[_data(shapes, "train")])
    data = RtDetr.read_training(spec, told.append)
    assert data.validation is None and data.train.names == CLASSES
    assert "num_classes is 25" in told[0] and "without validation" in told[1]


def test_a_validation_measures_and_counts_the_loss(shapes: Path, detector: Detector) -> None:
    spec = _spec(
        dataset__train_data_sources=[_data(shapes, "train")], dataset__val_data_sources=_data(shapes, "val")
    )
    data = RtDetr.read_training(spec, lambda _: None)
    task = RtDetr(spec, detector, CLASSES[:5])
    metrics = task.measure(data.validation, "val", _CPU, ALONE)  # type: ignore[arg-type]
    assert metrics is not None
    assert list(metrics.values) == ["val_mAP", "val_mAP50", "val_loss"]
    assert 0 <= metrics.values["val_mAP50"] < 0.5 < metrics.values["val_loss"]


def test_classes_are_matched_by_name() -> None:
    assert class_places(("a", "b"), ("b", "c"), "dataset.test_data_sources") == [None, 0]
    with pytest.raises(DataError, match=r"categories c, none of which.*knows a, b"):
        class_places(("a", "b"), ("c",), "dataset.test_data_sources")


def test_a_class_map_chooses_classes(tmp_path: Path) -> None:
    file = tmp_path / "map.txt"
    file.write_text("# shown\nred  star\n\n")
    assert chosen_labels(("blue star", "red star"), str(file)) == {1}
    assert chosen_labels(("blue star", "red star"), "") == {0, 1}
    for text, word in (("green star\n", "'green star'"), ("\n", "no class")):
        file.write_text(text)
        with pytest.raises(DataError, match=word):
            chosen_labels(("blue star", "red star"), str(file))


def _kept(detector: Detector) -> Kept:
    spec = _spec(engine__profile="small")
    return Kept(detector.architecture.to_dict(), ("a", "b", "c", "d", "e"), {}, spec.model_dump(mode="json"))


def test_a_small_models_values_hold_where_nobody_chose(detector: Detector) -> None:
    spec, note = RtDetr.settle(ExportSpec(), "export", (), _kept(detector))
    assert (spec.export.input_height, spec.export.input_width) == (128, 128)
    assert spec.model.hidden_dim == 64 and spec.engine.backbone == "mini"
    assert "export.input_height 128" in note
    spec, _ = RtDetr.settle(InferenceSpec(), "inference", (), _kept(detector))
    assert spec.inference.conf_threshold == SMALL_THRESHOLD  # type: ignore[attr-defined]
    chosen = ("inference.conf_threshold=0.5", "dataset.augmentation.eval_spatial_size=[640,640]")
    spec, _ = RtDetr.settle(InferenceSpec(), "inference", chosen, _kept(detector))
    assert spec.inference.conf_threshold == 0.5  # type: ignore[attr-defined]
    assert spec.dataset.augmentation.eval_spatial_size == [640, 640]
    spec, note = RtDetr.settle(InferenceSpec(), "inference", ("model.hidden_dim=256",), _kept(detector))
    assert spec.model.hidden_dim == 64
    assert "model.hidden_dim 64 (spec: 256)" in note  # what is named and cannot be is said


def test_sizes_that_do_not_fit_are_refused(detector: Detector) -> None:
    task = RtDetr(_spec(), detector, ("a", "b", "c", "d", "e"))
    assert task.graph(64, 96).inputs["inputs"].shape == (1, 3, 64, 96)
    with pytest.raises(EngineError, match=r"100 x 64.*multiples of 16"):
        task.graph(64, 100)


def test_a_frozen_backbone_keeps_its_statistics(detector: Detector) -> None:
    task = RtDetr(_spec(model__train_backbone=False), detector, ("a", "b", "c", "d", "e"))
    assert task.frozen() == ["backbone.0"]
    still = _spec(train__freeze=["encoder"], train__optim__lr_backbone=0.0)
    assert RtDetr(still, detector, task.labels).frozen() == ["encoder", *still.model.backbone_names]
    told: list[str] = []
    detector.network.backbone.requires_grad_(False)
    task.check_start(told.append)
    assert "random weights" in told[0]
    task.train_mode()
    assert detector.network.encoder.training and not detector.network.backbone.training
    assert [group["name"] for group in task.parameter_groups()] == ["rest"]


def test_the_rate_rises_and_falls(detector: Detector) -> None:
    task = RtDetr(_spec(train__num_epochs=10), detector, ("a", "b", "c", "d", "e"))
    factors = [task.factor(step, 100) for step in (0, 99, 500, 999)]
    assert factors[0] < 0.02 < 0.9 < factors[1] and 0.4 < factors[2] < 0.6 and factors[3] < 0.01
