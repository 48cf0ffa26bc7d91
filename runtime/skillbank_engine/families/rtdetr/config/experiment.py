"""The specs themselves: one class per action, put together from the blocks."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank_engine.config.blocks import QuantizeConfig, SpecBase, engine_block
from skillbank_engine.config.fields import MISSING, block
from skillbank_engine.config.specs import RunSettings, Specs
from skillbank_engine.errors import UnsupportedActionError
from skillbank_engine.families.rtdetr.config.actions import (
    DistillConfig,
    EvaluateConfig,
    ExportConfig,
    GenTrtEngineConfig,
    InferenceConfig,
    binding_faults,
)
from skillbank_engine.families.rtdetr.config.dataset import DatasetConfig
from skillbank_engine.families.rtdetr.config.engine import EngineConfig
from skillbank_engine.families.rtdetr.config.model import ModelConfig
from skillbank_engine.families.rtdetr.config.recipe import RECIPE
from skillbank_engine.families.rtdetr.config.train import TrainConfig

_ELSEWHERE = "run the job on a platform with the family's container (docker, slurm or kubernetes)"
_ABSENT = ("fan_", "efficientvit_")


class ExperimentSpec(SpecBase):
    """What the specs of all actions share."""

    model: ModelConfig = block(ModelConfig, "Structure of the detector and the weights of its losses.")
    dataset: DatasetConfig = block(DatasetConfig, "Data, its loading and its augmentation.")
    train: TrainConfig = block(TrainConfig, "How training runs.")
    quantize: QuantizeConfig = block(QuantizeConfig, "How the model is quantized.")
    engine: EngineConfig = engine_block(EngineConfig)


class TrainSpec(ExperimentSpec):
    """Spec of the train action."""


class DistillSpec(ExperimentSpec):
    """Spec of the distill action."""

    distill: DistillConfig = block(DistillConfig, "Which teacher a student learns from, and what.")


class QuantizeSpec(ExperimentSpec):
    """Spec of the quantize action."""


class EvaluateSpec(ExperimentSpec):
    """Spec of the evaluate action."""

    evaluate: EvaluateConfig = block(EvaluateConfig, "What is evaluated, and on which devices.")


class InferenceSpec(ExperimentSpec):
    """Spec of the inference action."""

    inference: InferenceConfig = block(
        InferenceConfig, "Which model labels images, and how results are drawn."
    )


class ExportSpec(ExperimentSpec):
    """Spec of the export action."""

    export: ExportConfig = block(ExportConfig, "How a checkpoint becomes an ONNX file.")


class GenTrtEngineSpec(ExperimentSpec):
    """Spec of the gen_trt_engine action."""

    gen_trt_engine: GenTrtEngineConfig = block(
        GenTrtEngineConfig, "How an ONNX file becomes a TensorRT engine."
    )


SPECS: dict[str, type[ExperimentSpec]] = {
    "train": TrainSpec,
    "distill": DistillSpec,
    "evaluate": EvaluateSpec,
    "inference": InferenceSpec,
    "export": ExportSpec,
    "quantize": QuantizeSpec,
    "gen_trt_engine": GenTrtEngineSpec,
}
"""Action to the class of its spec."""

NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "train": (),
    "distill": (("distill.pretrained_teacher_model_path",),),
    "evaluate": (("evaluate.checkpoint", "evaluate.trt_engine"),),
    "inference": (("inference.checkpoint", "inference.trt_engine"),),
    "export": (("export.checkpoint",),),
    "quantize": (("quantize.model_path",),),
    "gen_trt_engine": (("gen_trt_engine.onnx_file",), ("gen_trt_engine.trt_engine",)),
}
"""Keys that an action cannot run without; of keys in one group, one is enough."""


def settings(spec: ExperimentSpec) -> RunSettings:
    """Read how a training is carried out."""
    train, engine = spec.train, spec.engine
    return RunSettings(
        batch_size=spec.dataset.batch_size,
        workers=spec.dataset.workers,
        pin_memory=spec.dataset.pin_memory,
        clip=train.clip_grad_norm,
        precision=train.precision,
        strategy=train.distributed_strategy,
        freeze=tuple(train.freeze),
        dry_run=train.is_dry_run,
        start={
            "train.pretrained_model_path": train.pretrained_model_path,
            "model.pretrained_backbone_path": spec.model.pretrained_backbone_path,
        },
        ema_decay=train.ema.decay if train.enable_ema else engine.ema_decay,
        early_stopping=engine.early_stopping,
        accumulate=engine.accumulate,
    )


def warnings(spec: ExperimentSpec) -> Iterator[str]:
    """Warn of settings often set by mistake."""
    dataset = spec.dataset
    if dataset.eval_class_ids is not None:
        yield (
            f"dataset.eval_class_ids is {dataset.eval_class_ids}: mAP counts these categories only; set it "
            "to null for all"
        )


UNHEEDED = {
    "model.clip_max_norm": "train.clip_grad_norm is the one in force",
    "model.linear_proj_names": "projections train at the rate of the rest",
    "model.frozen_fm.backbone": "the embedded engine has no foundation model",
    "model.frozen_fm.checkpoint": "the embedded engine has no foundation model",
    "dataset.dataset_type": "pictures are read as they are needed, whatever it is",
    "dataset.remap_mscoco_category": "the embedded engine takes the categories that the annotations list",
    "train.ema.cpu_offload": "the average of the weights stays where the model is",
    "train.optim.monitor_name": "no schedule watches a value",
    "distill.teacher": "the teacher's own checkpoint says how it is built",
    "evaluate.input_width": "checkpoints follow dataset.augmentation.eval_spatial_size",
    "evaluate.input_height": "checkpoints follow dataset.augmentation.eval_spatial_size",
    "inference.input_width": "checkpoints follow dataset.augmentation.eval_spatial_size",
    "inference.input_height": "checkpoints follow dataset.augmentation.eval_spatial_size",
    "evaluate.is_quantized": "the checkpoint itself says so",
    "inference.is_quantized": "the checkpoint itself says so",
    "export.is_quantized": "the checkpoint itself says so",
}
"""Dotted key to why it is not heeded."""


def refuse(action: str, spec: ExperimentSpec) -> None:
    """Refuse what the embedded engine cannot honour and what would change the result.

    Raises
    ------
    UnsupportedActionError
        Names all such values.
    """
    found = list(_unsupported(action, spec))
    if found:
        raise UnsupportedActionError(f"{'; '.join(found)}: {_ELSEWHERE}")


def _unsupported(action: str, spec: ExperimentSpec) -> Iterator[str]:
    model, ema = spec.model, spec.train.ema
    if model.backbone.startswith(_ABSENT) and spec.engine.backbone == "spec":
        yield (
            f"model.backbone={model.backbone} is not part of the embedded engine, which has resnet_18, _34, "
            "_50, _101 and convnext_tiny, _small, _base, _large, _xlarge"
        )
    if model.frozen_fm.enabled:
        yield "model.frozen_fm.enabled is not part of the embedded engine"
    if spec.train.enable_ema and ema.every_n_steps > 1:
        yield f"train.ema.every_n_steps={ema.every_n_steps} is not done by the embedded engine: set 1"
    if spec.train.enable_ema and ema.validate_original_weights:
        yield "train.ema.validate_original_weights is not done: the embedded engine measures the average"
    if isinstance(spec, DistillSpec):
        yield from binding_faults(spec.distill.bindings)
    if isinstance(spec, ExportSpec):
        if spec.export.format != "onnx":
            yield f"export.format={spec.export.format} is not written by the embedded engine: set onnx"
        if spec.export.input_channel != 3:
            yield f"export.input_channel={spec.export.input_channel}: models take 3 channels"
        if spec.export.serialize_nvdsinfer:
            yield "export.serialize_nvdsinfer is not written by the embedded engine"


RTDETR = Specs(
    arch="rtdetr",
    title="RT-DETR",
    by_action=SPECS,
    needed=NEEDED,
    settings=settings,
    recipe=RECIPE,
    warnings=warnings,
    unheeded=UNHEEDED,
    refuse=refuse,
    not_what=frozenset(
        {
            "dataset.workers",
            "dataset.pin_memory",
            "dataset.test_data_sources",
            "dataset.infer_data_sources",
            "dataset.quant_calibration_data_sources",
        }
    ),
    chosen={"train.activation_checkpoint": False},
    deploy={
        "gen_trt_engine": {},
        "evaluate": {"checkpoint": "", "trt_engine": MISSING},
        "inference": {"checkpoint": "", "trt_engine": MISSING},
    },
    trains=("train", "distill"),
)
"""What the frame knows of all these."""
