"""The specs of the toy family."""

from __future__ import annotations

from typing import Literal

from skillbank_engine.config.blocks import (
    EngineBase,
    EvaluateBase,
    ExportBase,
    InferenceBase,
    QuantizeConfig,
    SpecBase,
    TrainBase,
    engine_block,
)
from skillbank_engine.config.fields import Block, Float, Int, Text, block, param
from skillbank_engine.config.specs import Recipe, RunSettings, Specs


class ModelConfig(Block):
    """Structure."""

    hidden: Int = param(16, "Width of the hidden layer.", ge=1)
    norm: Literal["none", "batch"] = param("none", "Normalisation behind it.")


class DatasetConfig(Block):
    """Folders of pictures, one a class."""

    root: Text = param("", "Folder with train/ and val/, and a folder of each class in both.")
    infer: list[str] = param([], "Folders of pictures for inference.")
    batch_size: Int = param(4, "Pictures a step.", ge=1)


class OptimConfig(Block):
    """Optimiser."""

    optimizer: Literal["AdamW", "SGD"] = param("AdamW", "Optimiser.")
    lr: Float = param(0.05, "Learning rate.", gt=0)
    momentum: Float = param(0.9, "Momentum, or first beta.", ge=0, lt=1)
    weight_decay: Float = param(0.0, "Weight decay.", ge=0)
    lr_scheduler: Literal["constant", "linear"] = param("constant", "Schedule.")
    lr_steps: list[Int] = param([], "Unused.")
    lr_step_size: Int = param(1, "Unused.", ge=1)
    lr_decay: Float = param(0.1, "Unused.", ge=0)


class TrainConfig(TrainBase):
    """How training runs."""

    optim: OptimConfig = block(OptimConfig, "Optimiser.")
    freeze: list[str] = param([], "Names that are not trained.")


class ToyExport(ExportBase):
    """Smaller pictures."""

    input_width: Int = param(32, "Width in pixels.", ge=8)
    input_height: Int = param(32, "Height in pixels.", ge=8)


class ToySpec(SpecBase):
    """What all actions share."""

    model: ModelConfig = block(ModelConfig, "Structure.")
    dataset: DatasetConfig = block(DatasetConfig, "Data.")
    train: TrainConfig = block(TrainConfig, "Training.")
    quantize: QuantizeConfig = block(QuantizeConfig, "Quantization.")
    engine: EngineBase = engine_block(EngineBase)


class EvaluateSpec(ToySpec):
    """Spec of evaluate."""

    evaluate: EvaluateBase = block(EvaluateBase, "What is evaluated.")


class InferenceSpec(ToySpec):
    """Spec of inference."""

    inference: InferenceBase = block(InferenceBase, "What is run.")


class ExportSpec(ToySpec):
    """Spec of export."""

    export: ToyExport = block(ToyExport, "What is exported.")


def settings(spec: ToySpec) -> RunSettings:
    """Read how a training is carried out."""
    engine = spec.engine
    return RunSettings(
        batch_size=spec.dataset.batch_size,
        freeze=tuple(spec.train.freeze),
        ema_decay=engine.ema_decay,
        early_stopping=engine.early_stopping,
        accumulate=engine.accumulate,
    )


TOY: Specs[ToySpec] = Specs(
    arch="toy",
    title="Toy",
    by_action={
        "train": ToySpec,
        "evaluate": EvaluateSpec,
        "inference": InferenceSpec,
        "export": ExportSpec,
        "quantize": ToySpec,
    },
    needed={
        "evaluate": (("evaluate.checkpoint",),),
        "inference": (("inference.checkpoint",),),
        "export": (("export.checkpoint",),),
        "quantize": (("quantize.model_path",),),
    },
    settings=settings,
    recipe=Recipe(small={"model.hidden": 8}, full=lambda spec, _named: spec.model.hidden != 16),
)
