"""Blocks of ``gen_trt_engine``, the action of the deploy containers that makes TensorRT engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BeforeValidator, field_validator, model_validator

from skillbank_engine.config.fields import MISSING, Block, Int, Text, block, param


def _listed(value: object) -> object:
    # Templates of the containers have an empty text where a list of folders is meant.
    return ([value] if value else []) if isinstance(value, str) else value


class CalibrationConfig(Block):
    """Pictures that the ranges of an INT8 engine are found on."""

    cal_image_dir: Annotated[list[str], BeforeValidator(_listed)] = param([], "Folders with the pictures.")
    cal_cache_file: Text = param("", "File that keeps the ranges found.")
    cal_batch_size: Int = param(1, "Pictures per batch.", ge=1, popular=True)
    cal_batches: Int = param(1, "Batches looked at.", ge=1, popular=True)


class TensorRTBase(Block):
    """Precision, memory and batch profile of an engine that may be INT8; a family sets its own defaults."""

    workspace_size: Int = param(1024, "Memory in MB that the builder may use to try out kernels.", ge=0)
    min_batch_size: Int = param(
        1,
        "Smallest batch that the engine takes.",
        ge=1,
        popular=True,
        depends_on="gen_trt_engine.tensorrt.opt_batch_size",
        relation="<= gen_trt_engine.tensorrt.opt_batch_size",
    )
    opt_batch_size: Int = param(
        1,
        "Batch that the engine is tuned for.",
        ge=1,
        popular=True,
        depends_on="gen_trt_engine.tensorrt.max_batch_size",
        relation="<= gen_trt_engine.tensorrt.max_batch_size",
    )
    max_batch_size: Int = param(1, "Largest batch that the engine takes.", ge=1, popular=True)
    layers_precision: list[str] = param([], "Layers with a precision of their own.")
    data_type: Literal["FP32", "FP16", "INT8"] = param("FP32", "Arithmetic of the engine.")

    @field_validator("data_type", mode="before", check_fields=False)
    @classmethod
    def _in_capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _profile(self) -> Self:
        if not self.min_batch_size <= self.opt_batch_size <= self.max_batch_size:
            raise ValueError(
                "gen_trt_engine.tensorrt batch sizes must satisfy min <= opt <= max, not "
                f"{self.min_batch_size}, {self.opt_batch_size}, {self.max_batch_size}"
            )
        return self


class CalibratedTensorRTConfig(TensorRTBase):
    """The same of a family whose engines may be INT8."""

    calibration: CalibrationConfig = block(
        CalibrationConfig, "Pictures that the ranges of an INT8 engine are found on."
    )


class GenTrtEngineBase(Block):
    """How an ONNX file becomes an engine; a family adds ``tensorrt``, a :class:`TensorRTBase`."""

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

    if TYPE_CHECKING:
        # A field of the family's own class, which says where among its keys it stands.
        @property
        def tensorrt(self) -> TensorRTBase:
            """Precision, memory and batch profile."""
            ...
