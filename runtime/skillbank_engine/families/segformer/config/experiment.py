"""The specs themselves, one class per action, and what the frame has to know of them."""

from __future__ import annotations

from pydantic import model_validator

from skillbank_engine.config.blocks import QuantizeConfig, SpecBase, engine_block
from skillbank_engine.config.fields import MISSING, block
from skillbank_engine.config.named import Named
from skillbank_engine.config.specs import Recipe, RunSettings, Specs
from skillbank_engine.errors import UnsupportedActionError
from skillbank_engine.families.segformer.config.actions import (
    EvaluateConfig,
    ExportConfig,
    GenTrtEngineConfig,
    InferenceConfig,
)
from skillbank_engine.families.segformer.config.dataset import DatasetConfig, UnreadDatasetConfig
from skillbank_engine.families.segformer.config.engine import EngineConfig
from skillbank_engine.families.segformer.config.model import ModelConfig
from skillbank_engine.families.segformer.config.train import TrainConfig


class ExperimentSpec(SpecBase):
    """What the specs of all actions share."""

    model: ModelConfig = block(ModelConfig, "Structure of the network.")
    dataset: DatasetConfig = block(DatasetConfig, "Data, its loading and its augmentation.")
    train: TrainConfig = block(TrainConfig, "How training runs.")
    quantize: QuantizeConfig = block(QuantizeConfig, "How the model is quantized.")
    engine: EngineConfig = engine_block(EngineConfig)


class TrainSpec(ExperimentSpec):
    """Spec of the train action."""


class _DatalessSpec(ExperimentSpec):
    """What the specs share whose actions read no masks: where these are may stay open."""

    dataset: UnreadDatasetConfig = block(UnreadDatasetConfig, "Data, its loading and its augmentation.")

    @model_validator(mode="after")
    def _may_stay_open(self) -> _DatalessSpec:
        if self.dataset.segment.root_dir == MISSING:
            self.dataset.segment.root_dir = ""
        return self


class QuantizeSpec(_DatalessSpec):
    """Spec of the quantize action."""


class EvaluateSpec(ExperimentSpec):
    """Spec of the evaluate action."""

    evaluate: EvaluateConfig = block(EvaluateConfig, "What is evaluated, and on which devices.")


class InferenceSpec(ExperimentSpec):
    """Spec of the inference action."""

    inference: InferenceConfig = block(InferenceConfig, "Which model is run on pictures.")


class ExportSpec(_DatalessSpec):
    """Spec of the export action."""

    export: ExportConfig = block(ExportConfig, "How a checkpoint becomes an ONNX file.")


class GenTrtEngineSpec(_DatalessSpec):
    """Spec of the gen_trt_engine action."""

    gen_trt_engine: GenTrtEngineConfig = block(
        GenTrtEngineConfig, "How an ONNX file becomes a TensorRT engine."
    )


SMALL: dict[str, object] = {
    "dataset.segment.img_size": 128,
    "dataset.segment.workers": 0,
    # What is left, mirroring and turning, shows edges as they are.
    "dataset.segment.augmentation.random_color.enable": False,
    "dataset.segment.augmentation.with_scale_random_crop.enable": False,
    "dataset.segment.augmentation.with_random_crop": False,
    "dataset.segment.augmentation.with_random_blur": False,
    "train.optim.lr": 3e-3,
    "engine.backbone": "mini",
    "engine.drop_path": 0.0,
    "engine.dropout": 0.0,
    "engine.clip_grad_norm": 1.0,
    "engine.lr_scheduler": "cosine",
    "engine.warmup_steps": 50,
    "model.decode_head.decoder_params.embed_dim": 64,
}
"""Dotted key to value of the recipe that learns on two processor cores."""


def _settings(spec: ExperimentSpec) -> RunSettings:
    data, engine = spec.dataset.segment, spec.engine
    return RunSettings(
        batch_size=data.batch_size,
        shuffle=data.shuffle,
        workers=data.workers,
        pin_memory=True,
        clip=engine.clip_grad_norm,
        precision=engine.precision,
        freeze=("backbone",) if spec.model.backbone.freeze_backbone else (),
        start={
            "train.pretrained_model_path": spec.train.pretrained_model_path,
            "model.backbone.pretrained_backbone_path": spec.model.backbone.pretrained_backbone_path,
        },
        ema_decay=engine.ema_decay,
        early_stopping=engine.early_stopping,
        accumulate=engine.accumulate,
    )


def _meant_at_full_size(spec: ExperimentSpec, named: Named) -> bool:
    """Whether a spec names weights or a network."""
    usual, model = ModelConfig(), spec.model
    if spec.engine.backbone == "mini":
        return False
    return bool(
        spec.train.pretrained_model_path
        or model.backbone.pretrained_backbone_path
        or model.backbone.type != usual.backbone.type
        or model.decode_head != usual.decode_head
        or "model.backbone.type" in named
        or "model.decode_head" in named
    )


def _said_by_the_data(spec: ExperimentSpec) -> dict[str, object]:
    """What the data set itself says of its masks, for a spec that leaves it at the family's defaults."""
    # It brings NumPy, which specs do without.
    from skillbank_engine.families.segformer.classes import settle_classes

    return settle_classes(spec.dataset.segment)


UNHEEDED = {
    "train.tensorboard": "segmentation reports to status.json only",
    "train.optim.monitor_name": "neither policy watches anything: the learning rate follows the epochs",
    "train.segment.weights": "it weighs outputs of several scales, and this model has one",
    "train.use_distributed_sampler": "every process has its own part of the data, always",
}
"""Dotted key to why it is not heeded."""


def _refuse(action: str, spec: ExperimentSpec) -> None:
    """Refuse what would change the result and cannot be had here."""
    head = spec.model.decode_head
    if head.align_corners:
        raise UnsupportedActionError(
            "model.decode_head.align_corners=true is not built by the embedded engine, whose head enlarges "
            "by areas: set it to false"
        )
    if head.in_index != [0, 1, 2, 3] or head.feature_strides != [4, 8, 16, 32]:
        raise UnsupportedActionError(
            f"model.decode_head.in_index {head.in_index} with feature_strides {head.feature_strides} is not "
            "built by the embedded engine, whose head takes all four stages: set [0, 1, 2, 3] and "
            "[4, 8, 16, 32]"
        )
    optim = spec.train.optim
    if action == "train" and optim.optim != "sgd" and optim.momentum >= 1:
        raise UnsupportedActionError(
            f"train.optim.momentum is {optim.momentum:g}, with which {optim.optim} would never move: set it "
            "below 1, as 0.9"
        )
    if spec.model.backbone.feat_downsample:
        raise UnsupportedActionError(
            "model.backbone.feat_downsample=true belongs to the encoder fan_base_16_p4_hybrid, which the "
            "embedded engine does not build: set it to false"
        )


SPECS_OF_FAMILY = Specs(
    arch="segformer",
    title="SegFormer",
    by_action={
        "train": TrainSpec,
        "evaluate": EvaluateSpec,
        "inference": InferenceSpec,
        "export": ExportSpec,
        "quantize": QuantizeSpec,
        "gen_trt_engine": GenTrtEngineSpec,
    },
    needed={
        "train": (("dataset.segment.root_dir",),),
        "evaluate": (("evaluate.checkpoint", "evaluate.trt_engine"), ("dataset.segment.root_dir",)),
        "inference": (("inference.checkpoint", "inference.trt_engine"), ("dataset.segment.root_dir",)),
        "export": (("export.checkpoint",),),
        "quantize": (("quantize.model_path",),),
        "gen_trt_engine": (("gen_trt_engine.onnx_file",), ("gen_trt_engine.trt_engine",)),
    },
    settings=_settings,
    recipe=Recipe(
        small=SMALL,
        full=_meant_at_full_size,
        trained_with=("backbone", "mini_channels", "mini_depths", "mini_heads", "drop_path", "dropout"),
        prepare=_said_by_the_data,
        prepared="The data set says of its masks",
    ),
    unheeded=UNHEEDED,
    refuse=_refuse,
    deploy={
        "gen_trt_engine": {},
        "evaluate": {"checkpoint": "", "trt_engine": MISSING},
        "inference": {"checkpoint": "", "trt_engine": MISSING},
    },
)
"""The specs of the family."""
