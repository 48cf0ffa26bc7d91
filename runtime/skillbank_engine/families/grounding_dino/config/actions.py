"""The blocks of the actions other than train: evaluate, inference, export, gen_trt_engine."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from skillbank_engine.config.blocks import EvaluateBase, ExportBase, InferenceBase
from skillbank_engine.config.fields import Float, Int, block, param
from skillbank_engine.config.tensorrt import GenTrtEngineBase, TensorRTBase


class EvaluateConfig(EvaluateBase):
    """What is evaluated, and on which devices."""

    input_width: Int | None = param(
        None, "Width of the input in pixels; only for engines.", ge=1, in_template=False
    )
    input_height: Int | None = param(
        None, "Height of the input in pixels; only for engines.", ge=1, in_template=False
    )
    conf_threshold: Float = param(0.0, "Detections that score less are left out of the metrics.", ge=0, le=1)


class InferenceConfig(InferenceBase):
    """Which model labels images, and how the result is drawn."""

    color_map: dict[str, str] = Field(
        default_factory=dict,
        description="Colour of the boxes for each description; others get a colour of their own.",
        json_schema_extra={"automl_enabled": False, "x_in_template": False},
    )
    conf_threshold: Float = param(
        0.5, "Detections that score less are neither written nor drawn.", ge=0, le=1
    )
    is_internal: bool = param(False, "Mirror the folder structure of the input below the results.")
    input_width: Int = param(960, "Width of the model's input in pixels.", ge=32)
    input_height: Int = param(544, "Height of the model's input in pixels.", ge=32)
    outline_width: Int = param(3, "Thickness of drawn boxes in pixels.", ge=1)


class ExportConfig(ExportBase):
    """How a checkpoint becomes an ONNX file."""

    input_channel: Literal[1, 3] = param(3, "Channels of the input image.")
    format: Literal["onnx", "xdl"] = param("onnx", "File format.")
    serialize_nvdsinfer: bool = param(False, "Also write the configuration that DeepStream needs.")


class TensorRTConfig(TensorRTBase):
    """Precision, memory and batch profile of the engine."""

    workspace_size: Int = param(8192, "Memory in MB that the builder may use to try out kernels.", ge=0)
    max_batch_size: Int = param(4, "Largest batch that the engine takes.", ge=1)
    data_type: Literal["FP32", "FP16"] = param(
        "FP32", "Arithmetic of the engine; INT8 does not exist for this model."
    )

    @field_validator("data_type", mode="before")
    @classmethod
    def _no_int8(cls, value: object) -> object:
        if isinstance(value, str) and value.upper() == "INT8":
            raise ValueError("cannot be INT8: INT8 is not supported for Grounding DINO, use FP16 or FP32")
        return value


class GenTrtEngineConfig(GenTrtEngineBase):
    """How an ONNX file becomes a TensorRT engine."""

    tensorrt: TensorRTConfig = block(TensorRTConfig, "Precision, memory and batch profile.")
