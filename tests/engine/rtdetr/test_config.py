"""The specs: those of the family are taken as they are, and what cannot be honoured is said."""

from typing import Any

import pytest
from pydantic import ValidationError

from skillbank_engine.config.unheeded import not_heeded
from skillbank_engine.errors import ModelError, UnsupportedActionError
from skillbank_engine.families.rtdetr.architecture import Architecture
from skillbank_engine.families.rtdetr.config import RTDETR, SPECS, DistillSpec, ExportSpec, TrainSpec
from skillbank_engine.families.rtdetr.config.recipe import SMALL, wants_full


def _with(values: dict[str, Any], kind: Any = TrainSpec) -> Any:
    """A spec with some dotted keys set."""
    document: dict[str, Any] = {}
    for key, value in values.items():
        node = document
        *parents, last = key.split(".")
        for step in parents:
            node = node.setdefault(step, {})
        node[last] = value
    return kind.model_validate(document)


def test_the_small_recipe_is_a_spec() -> None:
    spec = _with(SMALL)
    assert Architecture.from_spec(spec).backbone == "mini"
    assert spec.model.feat_channels == [spec.model.hidden_dim] * spec.model.num_feature_levels


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"model.return_interm_indices": [1, 3], "model.num_feature_levels": 2}, "without a gap"),
        ({"model.num_feature_levels": 2}, "as many stages"),
        ({"model.feat_strides": [4, 8, 16]}, "feat_strides"),
        ({"model.hidden_dim": 128}, "feat_channels"),
        ({"model.use_encoder_idx": [3]}, "use_encoder_idx"),
        ({"model.nheads": 7}, "nheads"),
        ({"model.eval_idx": 6}, "eval_idx"),
    ],
)
def test_what_does_not_fit_together_is_named(values: dict[str, Any], word: str) -> None:
    spec = _with(values)
    with pytest.raises(ModelError, match=word):
        Architecture.from_spec(spec)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"dataset.augmentation.train_spatial_size": [640, 650]}, "multiples of 32"),
        ({"dataset.augmentation.multi_scales": [500]}, "multiples of 32"),
        ({"model.loss_types": ["masks"]}, "loss_types"),
    ],
)
def test_what_no_run_could_use_is_refused(values: dict[str, Any], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        _with(values)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"model.backbone": "fan_tiny"}, "fan_tiny.*resnet_18"),
        ({"model.frozen_fm.enabled": True}, "frozen_fm"),
        ({"train.enable_ema": True, "train.ema.every_n_steps": 2}, "every_n_steps"),
        ({"train.enable_ema": True, "train.ema.validate_original_weights": True}, "original_weights"),
    ],
)
def test_what_cannot_be_honoured_is_refused(values: dict[str, Any], word: str) -> None:
    with pytest.raises(UnsupportedActionError, match=word):
        RTDETR.refuse("train", _with(values))


@pytest.mark.parametrize(
    ("binding", "word"),
    [({"student_module_name": "pred_logits"}, "pred_logits"), ({"criterion": "KL"}, "KL.*IOU")],
)
def test_bindings_other_than_srcs_are_refused(binding: dict[str, Any], word: str) -> None:
    spec = _with({"distill.bindings": [binding]}, DistillSpec)
    with pytest.raises(UnsupportedActionError, match=word):
        RTDETR.refuse("distill", spec)
    RTDETR.refuse("distill", DistillSpec())


def test_exports_of_other_kinds_are_refused() -> None:
    spec = _with({"export.format": "xdl", "export.serialize_nvdsinfer": True}, ExportSpec)
    with pytest.raises(UnsupportedActionError, match=r"export\.format=xdl.*serialize_nvdsinfer"):
        RTDETR.refuse("export", spec)


def test_the_average_of_weights_follows_the_familys_own_keys() -> None:
    assert RTDETR.settings(TrainSpec()).ema_decay == 0
    assert RTDETR.settings(_with({"train.enable_ema": True, "train.ema.decay": 0.9})).ema_decay == 0.9
    assert RTDETR.settings(_with({"engine.ema_decay": 0.5})).ema_decay == 0.5


def test_a_spec_that_names_a_network_or_weights_means_full_size() -> None:
    assert not wants_full(TrainSpec())
    assert wants_full(_with({"model.backbone": "resnet_18"}))
    assert wants_full(_with({"train.pretrained_model_path": "some/folder"}))
    assert not wants_full(_with({"model.backbone": "resnet_18", "engine.backbone": "mini"}))


def test_warnings_say_what_is_not_heeded() -> None:
    spec = _with({"dataset.eval_class_ids": [1], "dataset.remap_mscoco_category": True})
    said = [*RTDETR.warnings(spec), *not_heeded(RTDETR, spec)]
    assert [sentence.split(" ")[0] for sentence in said] == [
        "dataset.eval_class_ids",
        "dataset.remap_mscoco_category",
    ]
    assert not list(RTDETR.warnings(TrainSpec()))


@pytest.mark.parametrize("action", SPECS)
def test_every_action_has_its_block(action: str) -> None:
    assert action in ("train", "quantize") or action in SPECS[action].model_fields
    for group in RTDETR.needed[action]:
        for key in group:
            block, name = key.split(".")
            assert hasattr(getattr(SPECS[action](), block), name)
