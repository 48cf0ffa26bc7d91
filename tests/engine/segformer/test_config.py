"""The specs of SegFormer: what is accepted, what is refused, and what the small profile puts in."""

from typing import Any

import pytest
from pydantic import ValidationError

from skillbank_engine.config.load import SpecError, build_spec
from skillbank_engine.config.unheeded import not_heeded
from skillbank_engine.errors import ModelError, UnsupportedActionError
from skillbank_engine.families.segformer.config import SPECS_OF_FAMILY, TrainSpec
from skillbank_engine.families.segformer.model import ENCODERS, architecture_of
from skillbank_engine.profile import apply_profile


def spec_with(**values: Any) -> TrainSpec:
    return TrainSpec.model_validate(values)


def test_a_spec_that_says_nothing_is_small_without_a_gpu_and_full_with_one() -> None:
    spec = spec_with()
    small, changed = apply_profile(SPECS_OF_FAMILY, spec, "train", [], cuda=False)
    assert small.engine.profile == "small"
    assert architecture_of(small).backbone == "mini"
    assert changed["dataset.segment.img_size"] == 128
    full, changed = apply_profile(SPECS_OF_FAMILY, spec, "train", [], cuda=True)
    assert (full.engine.profile, changed) == ("full", {})


@pytest.mark.parametrize(
    "values",
    [
        {"model": {"backbone": {"type": "mit_b0"}}},
        {"model": {"decode_head": {"decoder_params": {"embed_dim": 256}}}},
        {"train": {"pretrained_model_path": "folder"}},
        {"model": {"backbone": {"pretrained_backbone_path": "file.pth"}}},
    ],
)
def test_a_spec_that_names_a_network_is_full(values: dict[str, Any]) -> None:
    found, changed = apply_profile(SPECS_OF_FAMILY, spec_with(**values), "train", [], cuda=False)
    assert (found.engine.profile, changed) == ("full", {})


def test_an_encoder_that_is_not_built_is_refused_with_what_there_is() -> None:
    with pytest.raises(ModelError, match=r"fan_base_16_p4_hybrid is not built.*mit_b0, mit_b1.*mit_b5"):
        architecture_of(spec_with(model={"backbone": {"type": "fan_base_16_p4_hybrid"}}))


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_has_the_channels_of_its_stages(name: str) -> None:
    architecture = architecture_of(spec_with(model={"backbone": {"type": name}}))
    assert architecture.channels == ENCODERS[name][0]
    assert architecture.head_channels == 768


def test_channels_that_the_encoder_has_not_are_refused() -> None:
    model = {"backbone": {"type": "mit_b0"}, "decode_head": {"in_channels": [1, 2, 3, 4]}}
    with pytest.raises(ModelError, match=r"\[32, 64, 160, 256\]"):
        architecture_of(spec_with(model=model))


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ({"decode_head": {"align_corners": True}}, "align_corners=true"),
        ({"decode_head": {"in_index": [1, 2, 3]}}, "in_index"),
        ({"backbone": {"feat_downsample": True}}, "feat_downsample"),
    ],
)
def test_what_would_change_the_result_is_refused(model: dict[str, Any], says: str) -> None:
    with pytest.raises(UnsupportedActionError, match=says):
        SPECS_OF_FAMILY.refuse("train", spec_with(model=model))


def test_a_momentum_that_forgets_nothing_is_refused() -> None:
    with pytest.raises(UnsupportedActionError, match="below 1"):
        SPECS_OF_FAMILY.refuse("train", spec_with(train={"optim": {"momentum": 1}}))
    SPECS_OF_FAMILY.refuse("train", spec_with(train={"optim": {"momentum": 1, "optim": "sgd"}}))


def test_what_changes_nothing_is_said() -> None:
    segment = {"loss": "ce", "weights": [1.0]}
    train = {"tensorboard": {"enabled": True}, "segment": segment, "optim": {"monitor_name": "train_loss"}}
    said = " ".join(not_heeded(SPECS_OF_FAMILY, spec_with(train=train)))
    for key in ("tensorboard", "monitor_name", "segment.weights"):
        assert key in said


@pytest.mark.parametrize(
    ("segment", "says"),
    [
        ({"palette": [{"seg_class": "a", "rgb": [85]}]}, "label_transform to 'None'"),
        ({"palette": [{"rgb": [0]}]}, "without seg_class"),
        ({"palette": [{"seg_class": "a", "rgb": [0, 1]}]}, "one number or three"),
        ({"augmentation": {"std": [0, 1, 1]}}, "positive"),
        ({"augmentation": {"with_scale_random_crop": {"scale_range": [2, 1]}}}, "smallest and the largest"),
    ],
)
def test_values_that_mean_nothing_are_refused(segment: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        spec_with(dataset={"segment": segment})


def test_the_root_folder_is_needed_by_what_reads_masks_alone() -> None:
    with pytest.raises(SpecError, match=r"dataset.segment.root_dir is not set"):
        build_spec(SPECS_OF_FAMILY, "train", {})
    export = {"export": {"checkpoint": "a.pth", "onnx_file": "a.onnx"}}
    assert build_spec(SPECS_OF_FAMILY, "export", export).model_dump()["dataset"]["segment"]["root_dir"] == ""


def test_null_means_no_label_transform() -> None:
    spec = spec_with(dataset={"segment": {"label_transform": None, "palette": []}})
    assert spec.dataset.segment.label_transform == "None"
