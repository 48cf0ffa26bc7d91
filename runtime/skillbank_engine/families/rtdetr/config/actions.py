"""The blocks of the actions other than train."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from skillbank_engine.config.blocks import EvaluateBase, ExportBase, InferenceBase
from skillbank_engine.config.fields import MISSING, Block, Float, Int, Text, block, param
from skillbank_engine.config.tensorrt import CalibratedTensorRTConfig, GenTrtEngineBase
from skillbank_engine.families.rtdetr.config.model import TeacherConfig

CRITERIA = ("IOU", "L1", "L2")


class EvaluateConfig(EvaluateBase):
    """What is evaluated, and on which devices."""

    input_width: Int | None = param(
        None, "Width of the input in pixels; only for engines.", ge=1, in_template=False
    )
    input_height: Int | None = param(
        None, "Height of the input in pixels; only for engines.", ge=1, in_template=False
    )
    conf_threshold: Float = param(0.0, "Detections that score less are left out of the metrics.", ge=0, le=1)
    is_quantized: bool = param(
        False, "The checkpoint is a quantized one; the embedded engine sees it itself."
    )


class InferenceConfig(InferenceBase):
    """Which model labels images, and how the result is drawn."""

    color_map: dict[str, str] = Field(
        default_factory=dict,
        description="Colour of the boxes of each class; others get a colour of their own.",
        json_schema_extra={"automl_enabled": False, "x_in_template": False},
    )
    conf_threshold: Float = param(
        0.5, "Detections that score less are neither written nor drawn.", ge=0, le=1
    )
    is_internal: bool = param(False, "Mirror the folder structure of the input below the results.")
    input_width: Int = param(
        640, "Width of an engine's input; checkpoints follow dataset.augmentation.eval_spatial_size.", ge=32
    )
    input_height: Int = param(
        640, "Height of an engine's input; checkpoints follow dataset.augmentation.eval_spatial_size.", ge=32
    )
    outline_width: Int = param(3, "Thickness of drawn boxes in pixels.", ge=1)
    is_quantized: bool = param(
        False, "The checkpoint is a quantized one; the embedded engine sees it itself."
    )


class ExportConfig(ExportBase):
    """How a checkpoint becomes an ONNX file."""

    input_channel: Literal[1, 3] = param(3, "Channels of the input image.")
    input_width: Int = param(640, "Width of the input in pixels.", ge=32)
    input_height: Int = param(640, "Height of the input in pixels.", ge=32)
    format: Literal["onnx", "xdl"] = param("onnx", "File format.")
    serialize_nvdsinfer: bool = param(False, "Also write the configuration that DeepStream needs.")
    is_quantized: bool = param(
        False, "The checkpoint is a quantized one; the embedded engine sees it itself."
    )


class BindingConfig(Block):
    """One thing that the student learns from the teacher."""

    student_module_name: Text = param("srcs", "What of the student: srcs, the levels the decoder looks at.")
    teacher_module_name: Text = param("srcs", "What of the teacher: srcs, the levels the decoder looks at.")
    criterion: Text = param(
        "IOU", "IOU weights each place by how well the teacher's box there fits an object; L1, L2: all alike."
    )
    weight: Float = param(1.0, "Factor on this part of the loss.", ge=0)


class DistillConfig(Block):
    """Which teacher a student learns from, and what."""

    teacher: TeacherConfig = block(
        TeacherConfig, "Structure of the teacher; a checkpoint of this engine brings its own."
    )
    pretrained_teacher_model_path: Text = param(MISSING, "Checkpoint of the teacher.")
    bindings: list[BindingConfig] = param(
        [BindingConfig()],
        "What the student learns from the teacher.",
    )
    results_dir: Text = param("", "Folder of this action's results; empty means <results_dir>/distill.")


class TensorRTConfig(CalibratedTensorRTConfig):
    """Precision, memory and batch profile of the engine."""

    max_batch_size: Int = param(4, "Largest batch that the engine takes.", ge=1)


class GenTrtEngineConfig(GenTrtEngineBase):
    """How an ONNX file becomes a TensorRT engine."""

    tensorrt: TensorRTConfig = block(TensorRTConfig, "Precision, memory and batch profile.")


def binding_faults(bindings: list[BindingConfig]) -> list[str]:
    """Say which bindings the embedded engine cannot carry out, one sentence each.

    Parameters
    ----------
    bindings : list of BindingConfig
        ``distill.bindings``.
    """
    found = []
    for number, item in enumerate(bindings):
        names = {item.student_module_name, item.teacher_module_name}
        if names != {"srcs"}:
            found.append(
                f"distill.bindings[{number}] binds {' to '.join(sorted(names))}, which the embedded engine "
                "does not do: bind srcs to srcs"
            )
        elif item.criterion not in CRITERIA:
            found.append(
                f"distill.bindings[{number}].criterion={item.criterion} is not part of the embedded engine: "
                f"choose one of {', '.join(CRITERIA)}"
            )
    return found
