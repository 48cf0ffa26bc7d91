"""The blocks of the actions other than train."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from skillbank_engine.config.blocks import EvaluateBase, ExportBase, InferenceBase
from skillbank_engine.config.fields import MISSING, Block, Float, Int, Text, block, param
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
    conf_threshold: Float = param(0.0, "Detections that score less are left out of the metrics.")
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
    conf_threshold: Float = param(0.5, "Detections that score less are neither written nor drawn.")
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
        [{"student_module_name": "srcs", "teacher_module_name": "srcs", "criterion": "IOU", "weight": 1.0}],
        "What the student learns from the teacher.",
    )
    results_dir: Text = param("", "Folder of this action's results; empty means <results_dir>/distill.")


class CalibrationConfig(Block):
    """Images that an engine's INT8 ranges are found on."""

    cal_image_dir: list[str] = param([], "Folders with the images.")
    cal_cache_file: Text = param("", "File that keeps the ranges.")
    cal_batch_size: Int = param(1, "Images per step.", ge=1, popular=True)
    cal_batches: Int = param(1, "Steps.", ge=1, popular=True)


class TensorRTConfig(Block):
    """Precision, memory and batch profile of the engine."""

    workspace_size: Int = param(1024, "Memory in MB that the builder may use to try out kernels.", ge=0)
    min_batch_size: Int = param(1, "Smallest batch that the engine takes.", ge=1, popular=True)
    opt_batch_size: Int = param(1, "Batch that the engine is tuned for.", ge=1, popular=True)
    max_batch_size: Int = param(4, "Largest batch that the engine takes.", ge=1)
    layers_precision: list[str] = param([], "Layers with a precision of their own.")
    data_type: Literal["FP32", "FP16", "INT8"] = param("FP32", "Arithmetic of the engine.")
    calibration: CalibrationConfig = block(CalibrationConfig, "Images that INT8 ranges are found on.")

    @model_validator(mode="after")
    def _profile(self) -> TensorRTConfig:
        if not self.min_batch_size <= self.opt_batch_size <= self.max_batch_size:
            raise ValueError(
                "gen_trt_engine.tensorrt batch sizes must satisfy min <= opt <= max, not "
                f"{self.min_batch_size}, {self.opt_batch_size}, {self.max_batch_size}"
            )
        return self


class GenTrtEngineConfig(Block):
    """How an ONNX file becomes a TensorRT engine."""

    results_dir: Text = param(
        "", "Folder of this action's results; empty means <results_dir>/gen_trt_engine."
    )
    gpu_id: Int = param(0, "Index of the GPU that the engine is built on and for.", ge=0, popular=True)
    onnx_file: Text = param(MISSING, "Exported ONNX file to build from.")
    trt_engine: Text = param(MISSING, "Engine file to write.")
    timing_cache: Text = param(
        "", "File of kernel timings, read if present and updated, that speeds up later builds."
    )
    batch_size: Int = param(-1, "Batch size of the ONNX input; -1 when it is open.", ge=-1, popular=True)
    verbose: bool = param(False, "Log what the builder does.")
    tensorrt: TensorRTConfig = block(TensorRTConfig, "Precision, memory and batch profile.")


def binding_faults(bindings: list[Any]) -> list[str]:
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
