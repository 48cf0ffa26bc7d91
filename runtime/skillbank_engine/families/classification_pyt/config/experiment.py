"""The specs themselves: one class per action, put together from the blocks."""

from __future__ import annotations

from skillbank_engine.config.blocks import QuantizeConfig, SpecBase, engine_block
from skillbank_engine.config.fields import block
from skillbank_engine.families.classification_pyt.config.actions import (
    EvaluateConfig,
    ExportConfig,
    GenTrtEngineConfig,
    InferenceConfig,
)
from skillbank_engine.families.classification_pyt.config.dataset import DatasetConfig
from skillbank_engine.families.classification_pyt.config.engine import EngineConfig
from skillbank_engine.families.classification_pyt.config.model import ModelConfig
from skillbank_engine.families.classification_pyt.config.train import (
    DistillConfig,
    DistillTrainConfig,
    TeachingConfig,
    TrainConfig,
)


class ClassificationSpec(SpecBase):
    """What the specs of all actions share."""

    model: ModelConfig = block(ModelConfig, "Structure of the classifier.")
    dataset: DatasetConfig = block(DatasetConfig, "Data, its loading and its augmentation.")
    train: TrainConfig = block(TrainConfig, "How training runs.")
    distill: DistillConfig = block(DistillConfig, "How a student learns from a teacher.")
    quantize: QuantizeConfig = block(QuantizeConfig, "How the model is quantized.")
    engine: EngineConfig = engine_block(EngineConfig)


class TrainSpec(ClassificationSpec):
    """Spec of the train action."""


class DistillSpec(ClassificationSpec):
    """Spec of the distill action."""

    train: DistillTrainConfig = block(DistillTrainConfig, "How training runs.")
    distill: TeachingConfig = block(TeachingConfig, "How a student learns from a teacher.")


class QuantizeSpec(ClassificationSpec):
    """Spec of the quantize action."""


class EvaluateSpec(ClassificationSpec):
    """Spec of the evaluate action."""

    evaluate: EvaluateConfig = block(EvaluateConfig, "What is evaluated, and on which devices.")


class InferenceSpec(ClassificationSpec):
    """Spec of the inference action."""

    inference: InferenceConfig = block(InferenceConfig, "Which model classifies pictures.")


class ExportSpec(ClassificationSpec):
    """Spec of the export action."""

    export: ExportConfig = block(ExportConfig, "How a checkpoint becomes an ONNX file.")


class GenTrtEngineSpec(ClassificationSpec):
    """Spec of the gen_trt_engine action."""

    gen_trt_engine: GenTrtEngineConfig = block(
        GenTrtEngineConfig, "How an ONNX file becomes a TensorRT engine."
    )


BY_ACTION: dict[str, type[ClassificationSpec]] = {
    "train": TrainSpec,
    "evaluate": EvaluateSpec,
    "inference": InferenceSpec,
    "export": ExportSpec,
    "quantize": QuantizeSpec,
    "gen_trt_engine": GenTrtEngineSpec,
    "distill": DistillSpec,
}
"""Action to the class of its spec."""

NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "train": (("dataset.train_dataset.images_dir",),),
    "distill": (("dataset.train_dataset.images_dir",), ("distill.pretrained_teacher_model_path",)),
    "evaluate": (
        ("evaluate.checkpoint", "evaluate.trt_engine"),
        ("dataset.val_dataset.images_dir", "dataset.test_dataset.images_dir"),
    ),
    "inference": (
        ("inference.checkpoint", "inference.trt_engine"),
        ("dataset.test_dataset.images_dir",),
    ),
    "export": (("export.checkpoint",),),
    "quantize": (("quantize.model_path",),),
    "gen_trt_engine": (("gen_trt_engine.onnx_file",), ("gen_trt_engine.trt_engine",)),
}
"""Keys that an action cannot run without; of keys in one group, one is enough."""
