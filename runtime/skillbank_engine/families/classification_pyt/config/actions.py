"""The blocks of the actions other than train: evaluate, inference, export, gen_trt_engine."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from skillbank_engine.config.blocks import EvaluateBase, ExportBase, InferenceBase
from skillbank_engine.config.fields import MISSING, Block, Int, Text, block, param


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


def _listed(value: object) -> object:
    # The family's templates have an empty text where a list of folders is meant.
    return ([value] if value else []) if isinstance(value, str) else value


class CalibrationConfig(Block):
    """Pictures that ranges of integers are found on."""

    cal_image_dir: Annotated[list[str], BeforeValidator(_listed)] = param([], "Folders of pictures.")
    cal_cache_file: Text = param("", "File of the found ranges.")
    cal_batch_size: Int = param(1, "Pictures of a batch.", ge=1, popular=True)
    cal_batches: Int = param(1, "Batches to look at.", ge=1, popular=True)


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class TensorRTConfig(Block):
    """Precision, memory and batch profile of the engine."""

    workspace_size: Int = param(1024, "Memory in MB that the builder may use to try out kernels.", ge=0)
    min_batch_size: Int = param(1, "Smallest batch that the engine takes.", ge=1, popular=True)
    opt_batch_size: Int = param(1, "Batch that the engine is tuned for.", ge=1, popular=True)
    max_batch_size: Int = param(1, "Largest batch that the engine takes.", ge=1, popular=True)
    layers_precision: list[str] = param([], "Layers with a precision of their own.")
    data_type: Annotated[Literal["fp32", "fp16", "int8"], BeforeValidator(_lower)] = param(
        "fp16", "Arithmetic of the engine."
    )
    calibration: CalibrationConfig = block(
        CalibrationConfig, "Pictures that ranges of integers are found on."
    )

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
