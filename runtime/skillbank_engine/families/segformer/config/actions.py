"""The blocks of the actions other than train and quantize."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator, model_validator

from skillbank_engine.config.blocks import EvaluateBase, ExportBase, InferenceBase
from skillbank_engine.config.fields import MISSING, Block, Int, Text, block, param


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


class CalibrationConfig(Block):
    """Pictures that an INT8 engine is calibrated on."""

    cal_image_dir: list[str] = param([], "Folders with pictures.")
    cal_cache_file: Text = param("", "File that the ranges found are kept in.")
    cal_batch_size: Int = param(1, "Pictures per batch.", ge=1, popular=True)
    cal_batches: Int = param(1, "Batches looked at.", ge=1, popular=True)


class TensorRTConfig(Block):
    """Precision, memory and batch profile of the engine."""

    data_type: Literal["FP32", "FP16", "INT8"] = param("FP32", "Arithmetic of the engine.")
    workspace_size: Int = param(1024, "Memory in MB that the builder may use to try out kernels.", ge=0)
    min_batch_size: Int = param(1, "Smallest batch that the engine takes.", ge=1, popular=True)
    opt_batch_size: Int = param(1, "Batch that the engine is tuned for.", ge=1, popular=True)
    max_batch_size: Int = param(1, "Largest batch that the engine takes.", ge=1, popular=True)
    layers_precision: list[str] = param([], "Layers with a precision of their own.")
    calibration: CalibrationConfig = block(CalibrationConfig, "Pictures that INT8 is calibrated on.")

    @field_validator("data_type", mode="before")
    @classmethod
    def _in_capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

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
