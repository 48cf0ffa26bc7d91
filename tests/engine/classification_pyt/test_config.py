"""The specs: facts of the family, what is refused, and the lists of networks."""

import pytest
from pydantic import ValidationError

from skillbank_engine.config.named import NOTHING
from skillbank_engine.config.unheeded import not_heeded
from skillbank_engine.errors import ModelError, UnsupportedActionError
from skillbank_engine.families.classification_pyt.backbones import (
    AVAILABLE,
    DEFAULT,
    FAMILY_NAMES,
    UNAVAILABLE,
    backbone,
    name_of,
)
from skillbank_engine.families.classification_pyt.config import BY_ACTION, SPECS_OF_FAMILY
from skillbank_engine.families.classification_pyt.config.family import SMALL, refuse, settings


def test_the_familys_defaults_stand() -> None:
    spec = BY_ACTION["train"]()
    assert (spec.train.optim.lr, spec.train.optim.policy, spec.dataset.num_classes) == (6e-5, "linear", 20)
    assert (spec.model.backbone.type, spec.dataset.img_size, spec.train.clip_grad_norm) == (DEFAULT, 224, 2.0)
    assert BY_ACTION["distill"]().train.optim.policy == "step"
    export = BY_ACTION["export"]().model_dump()["export"]
    assert (export["input_width"], export["input_height"]) == (224, 224)


def test_every_name_is_had_or_refused_with_the_list() -> None:
    assert set(FAMILY_NAMES) == set(UNAVAILABLE) | (set(AVAILABLE) & set(FAMILY_NAMES))
    assert len(FAMILY_NAMES) == len(set(FAMILY_NAMES)) == 107
    for name in UNAVAILABLE:
        with pytest.raises(ModelError, match=r"resnet_50.*swin_tiny_patch4_window7_224"):
            backbone(name)
    for name in AVAILABLE:
        assert backbone(name) is AVAILABLE[name]
        BY_ACTION["train"].model_validate({"model": {"backbone": {"type": name}}})


def test_a_configuration_finds_its_name() -> None:
    for name, known in AVAILABLE.items():
        if known.sizes:
            assert name_of(known.kind, known.sizes) == name
    assert name_of("levit", {"depths": [1]}) == "levit"


def test_unknown_names_and_bad_numbers_are_refused() -> None:
    for values in (
        {"model": {"backbone": {"type": "resnet_51"}}},
        {"model": {"head": {"topk": [0]}}},
        {"dataset": {"augmentation": {"std": [0.1, 0.0, 0.1]}}},
        {"dataset": {"augmentation": {"random_color": {"hue": 0.6}}}},
        {"dataset": {"augmentation": {"with_scale_random_crop": {"scale_range": [2, 1]}}}},
        {"train": {"optim": {"betas": [0.9]}}},
        {"dataset": {"imgsize": 3}},
    ):
        with pytest.raises(ValidationError):
            BY_ACTION["train"].model_validate(values)


def test_what_would_change_the_result_is_refused_all_at_once() -> None:
    both = BY_ACTION["distill"].model_validate({"distill": {"mode": "summary", "loss_type": "FD"}})
    with pytest.raises(UnsupportedActionError, match=r"distill\.mode is summary.*; distill\.loss_type is FD"):
        refuse("distill", both)
    for action, values, words in (
        ("distill", {"distill": {"mode": "spatial"}}, "distill.mode"),
        ("distill", {"distill": {"loss_type": "FD"}}, "KL, CE, L1, L2, MSE"),
        ("train", {"dataset": {"train_nolabel": {"folder_path": "/x"}}}, "train_nolabel"),
    ):
        with pytest.raises(UnsupportedActionError, match=words):
            refuse(action, BY_ACTION[action].model_validate(values))


def test_what_is_not_heeded_is_said() -> None:
    spec = BY_ACTION["train"].model_validate(
        {
            "train": {"tensorboard": {"enabled": True}, "optim": {"warmup_epochs": 3, "monitor_name": "x"}},
        }
    )
    said = [*SPECS_OF_FAMILY.warnings(spec), *not_heeded(SPECS_OF_FAMILY, spec)]
    assert len(said) == 3
    assert not list(SPECS_OF_FAMILY.warnings(BY_ACTION["train"]()))


def test_the_average_of_weights_is_the_familys_switch() -> None:
    kind = BY_ACTION["train"]
    assert settings(kind()).ema_decay == 0
    assert settings(kind.model_validate({"train": {"enable_ema": True, "ema_decay": 0.9}})).ema_decay == 0.9
    assert settings(kind.model_validate({"engine": {"ema_decay": 0.5}})).ema_decay == 0.5


def test_the_small_recipe_names_keys_that_there_are() -> None:
    spec = BY_ACTION["train"]().model_dump()
    for key in SMALL:
        node = spec
        for step in key.split("."):
            node = node[step]
    full = SPECS_OF_FAMILY.recipe.full
    assert not full(BY_ACTION["train"](), NOTHING)
    assert full(BY_ACTION["train"].model_validate({"model": {"backbone": {"type": "resnet_50"}}}), NOTHING)
    assert full(BY_ACTION["train"].model_validate({"train": {"pretrained_model_path": "x/y"}}), NOTHING)
