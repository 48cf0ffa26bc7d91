"""The blocks of the actions other than train: evaluate, inference, export, gen_trt_engine."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from skillbank_engine.config.blocks import EvaluateBase, ExportBase, InferenceBase
from skillbank_engine.config.fields import Int, block, param
from skillbank_engine.config.tensorrt import CalibratedTensorRTConfig, GenTrtEngineBase


class EvaluateConfig(EvaluateBase):
    """What is evaluated, and on which devices."""

    vis_after_n_batches: Int = param(1, "Of no effect: evaluation draws its page alone.", ge=1)
    is_quantized: bool = param(False, "The checkpoint is quantized; the embedded engine sees it by itself.")


class InferenceConfig(InferenceBase):
    """Which model classifies pictures."""

    vis_after_n_batches: Int = param(1, "Draw the pictures of every so many batches.", ge=1)
    is_quantized: bool = param(False, "The checkpoint is quantized; the embedded engine sees it by itself.")


class ExportConfig(ExportBase):
    """How a checkpoint becomes an ONNX file."""

    input_channel: Literal[1, 3] = param(3, "Channels of the input image.")
    input_width: Int = param(224, "Width of the input in pixels.", ge=32)
    input_height: Int = param(224, "Height of the input in pixels.", ge=32)
    format: Literal["onnx", "xdl"] = param("onnx", "File format.")
    serialize_nvdsinfer: bool = param(False, "Also write the configuration that DeepStream needs.")
    is_quantized: bool = param(False, "The checkpoint is quantized; the embedded engine sees it by itself.")


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class TensorRTConfig(CalibratedTensorRTConfig):
    """Precision, memory and batch profile of the engine."""

    data_type: Annotated[Literal["fp32", "fp16", "int8"], BeforeValidator(_lower)] = param(  # type: ignore[assignment]
        "fp16", "Arithmetic of the engine."
    )


class GenTrtEngineConfig(GenTrtEngineBase):
    """How an ONNX file becomes a TensorRT engine."""

    tensorrt: TensorRTConfig = block(TensorRTConfig, "Precision, memory and batch profile.")
