"""The specs themselves: one class per action, put together from the blocks."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator

from skillbank_engine.config.fields import Block, Text, block, param
from skillbank_engine.families.grounding_dino.config.actions import (
    EvaluateConfig,
    ExportConfig,
    GenTrtEngineConfig,
    InferenceConfig,
    QuantizeConfig,
)
from skillbank_engine.families.grounding_dino.config.dataset import DatasetConfig
from skillbank_engine.families.grounding_dino.config.engine import EngineConfig
from skillbank_engine.families.grounding_dino.config.model import ModelConfig
from skillbank_engine.families.grounding_dino.config.train import TrainConfig, WandbConfig


class ExperimentSpec(Block):
    """What the specs of all actions share."""

    model_name: Text = param("", "Name of the model where one program serves several.")
    encryption_key: Text = param("", "Key that checkpoints are encrypted with; empty for none.")
    results_dir: Text = param("", "Folder that all results go below.")
    wandb: WandbConfig = block(WandbConfig, "Reporting to Weights & Biases.")
    model: ModelConfig = block(ModelConfig, "Structure of the detector and the weights of its losses.")
    dataset: DatasetConfig = block(DatasetConfig, "Data, its loading and its augmentation.")
    train: TrainConfig = block(TrainConfig, "How training runs.")
    quantize: QuantizeConfig = block(QuantizeConfig, "How the model is quantized.")
    engine: EngineConfig = block(EngineConfig, "Settings of the embedded engine only.", in_template=False)

    @field_validator("engine", mode="before")
    @classmethod
    def _null_is_default(cls, value: Any) -> Any:
        return EngineConfig() if value is None else value


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

ACTION_BLOCKS: dict[str, type[Block]] = {
    "evaluate": EvaluateConfig,
    "inference": InferenceConfig,
    "export": ExportConfig,
    "gen_trt_engine": GenTrtEngineConfig,
}
"""Blocks that belong to one action; a spec written for several actions holds more than one."""

NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "train": (),
    "evaluate": (("evaluate.checkpoint", "evaluate.trt_engine"),),
    "inference": (("inference.checkpoint", "inference.trt_engine"),),
    "export": (("export.checkpoint",),),
    "quantize": (("quantize.model_path",),),
    "gen_trt_engine": (("gen_trt_engine.onnx_file",), ("gen_trt_engine.trt_engine",)),
}
"""Keys that an action cannot run without; of keys in one group, one is enough."""
