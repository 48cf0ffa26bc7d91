"""The specs themselves: one class per action, put together from the blocks."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank_engine.config.blocks import QuantizeConfig, SpecBase, engine_block
from skillbank_engine.config.fields import MISSING, block
from skillbank_engine.config.specs import RunSettings, Specs
from skillbank_engine.families.grounding_dino.config.actions import (
    EvaluateConfig,
    ExportConfig,
    GenTrtEngineConfig,
    InferenceConfig,
)
from skillbank_engine.families.grounding_dino.config.dataset import DatasetConfig
from skillbank_engine.families.grounding_dino.config.engine import EngineConfig
from skillbank_engine.families.grounding_dino.config.model import ModelConfig
from skillbank_engine.families.grounding_dino.config.recipe import RECIPE
from skillbank_engine.families.grounding_dino.config.train import TrainConfig


class ExperimentSpec(SpecBase):
    """What the specs of all actions share."""

    model: ModelConfig = block(ModelConfig, "Structure of the detector and the weights of its losses.")
    dataset: DatasetConfig = block(DatasetConfig, "Data, its loading and its augmentation.")
    train: TrainConfig = block(TrainConfig, "How training runs.")
    quantize: QuantizeConfig = block(QuantizeConfig, "How the model is quantized.")
    engine: EngineConfig = engine_block(EngineConfig)


class TrainSpec(ExperimentSpec):
    """Spec of the train action."""


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
    "evaluate": EvaluateSpec,
    "inference": InferenceSpec,
    "export": ExportSpec,
    "quantize": QuantizeSpec,
    "gen_trt_engine": GenTrtEngineSpec,
}
"""Action to the class of its spec."""

NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "train": (),
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
        ema_decay=engine.ema_decay,
        early_stopping=engine.early_stopping,
        accumulate=engine.accumulate,
    )


def warnings(spec: ExperimentSpec) -> Iterator[str]:
    """Warn of settings that are often set by mistake."""
    dataset = spec.dataset
    if dataset.eval_class_ids is not None:
        yield (
            f"dataset.eval_class_ids is {dataset.eval_class_ids}: mAP counts these categories only; set it "
            "to null for all"
        )


UNHEEDED = {
    "model.clip_max_norm": "train.clip_grad_norm is the one in force",
    "dataset.dataset_type": "pictures are read as they are needed, whatever it is",
    "dataset.augmentation.fixed_random_crop": (
        "the embedded engine has no large-scale jitter; crops follow train_random_crop_min and "
        "train_random_crop_max"
    ),
    "train.optim.monitor_name": "no schedule watches a value",
    "evaluate.input_width": "checkpoints take pictures by dataset.augmentation",
    "evaluate.input_height": "checkpoints take pictures by dataset.augmentation",
    "inference.input_width": "checkpoints take pictures by dataset.augmentation",
    "inference.input_height": "checkpoints take pictures by dataset.augmentation",
}
"""Dotted key to why it is not heeded."""


GROUNDING_DINO = Specs(
    arch="grounding_dino",
    title="Grounding DINO",
    by_action=SPECS,
    needed=NEEDED,
    settings=settings,
    recipe=RECIPE,
    warnings=warnings,
    unheeded=UNHEEDED,
    not_what=frozenset(
        {
            "dataset.workers",
            "dataset.pin_memory",
            "dataset.test_data_sources",
            "dataset.infer_data_sources",
            "dataset.quant_calibration_data_sources",
            "engine.nms_iou",
        }
    ),
    chosen={"dataset.augmentation.fixed_padding": False, "train.activation_checkpoint": False},
    recordable=True,
    deploy={
        "gen_trt_engine": {},
        "evaluate": {"checkpoint": "", "trt_engine": MISSING},
        "inference": {"checkpoint": "", "trt_engine": MISSING},
    },
)
"""What the frame knows of all these."""
