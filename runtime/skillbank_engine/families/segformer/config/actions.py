"""The blocks of the actions other than train and quantize."""

from __future__ import annotations

from typing import Literal

from skillbank_engine.config.blocks import EvaluateBase, ExportBase, InferenceBase
from skillbank_engine.config.fields import Int, block, param
from skillbank_engine.config.tensorrt import CalibratedTensorRTConfig, GenTrtEngineBase


class EvaluateConfig(EvaluateBase):
    """What is evaluated, and on which devices."""

    batch_size: Int = param(8, "Pictures per step.", ge=1)
    vis_after_n_batches: Int = param(1, "The pictures of every so many batches are drawn.", ge=1)


class InferenceConfig(InferenceBase):
    """Which model is run on pictures."""

    batch_size: Int = param(8, "Pictures per step.", ge=1)
    vis_after_n_batches: Int = param(1, "The pictures of every so many batches are drawn.", ge=1)


class ExportConfig(ExportBase):
    """How a checkpoint becomes an ONNX file."""

    input_channel: Literal[1, 3] = param(3, "Channels of the input image.")
    input_width: Int = param(256, "Width of the input in pixels; keep it at img_size.", ge=32)
    input_height: Int = param(256, "Height of the input in pixels; keep it at img_size.", ge=32)
    format: Literal["onnx", "xdl"] = param("onnx", "File format.")
    serialize_nvdsinfer: bool = param(False, "Also write the configuration that DeepStream needs.")


class GenTrtEngineConfig(GenTrtEngineBase):
    """How an ONNX file becomes a TensorRT engine."""

    tensorrt: CalibratedTensorRTConfig = block(
        CalibratedTensorRTConfig, "Precision, memory and batch profile."
    )
