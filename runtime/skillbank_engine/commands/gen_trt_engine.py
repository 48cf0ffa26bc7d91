"""``gen_trt_engine``: an ONNX file as a TensorRT engine."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from skillbank_engine.errors import EngineError, UnsupportedActionError
from skillbank_engine.family import Family
from skillbank_engine.onnx_file import read_onnx
from skillbank_engine.session import open_session
from skillbank_engine.tensorrt_engine import build_engine

if TYPE_CHECKING:
    from skillbank_engine.config.blocks import SpecBase
    from skillbank_engine.config.tensorrt import TensorRTBase

_ELSEWHERE = "run in the family's deploy container (platform docker, slurm or kubernetes)"


def gen_trt_engine(family: Family, action: str, spec: SpecBase, overrides: Sequence[str]) -> None:
    """Build ``gen_trt_engine.trt_engine`` from ``gen_trt_engine.onnx_file``.

    Only where TensorRT and a GPU are; elsewhere the refusal says what is missing.

    Parameters
    ----------
    family : Family
        Whose spec.
    action : str
        Its action.
    spec : pydantic model
        The loaded spec.
    overrides : sequence of str
        The ``a.b=c`` words of the command line, already part of ``spec``.
    """
    specs = family.specs()
    with open_session(specs, action, spec) as session:
        specs.refuse(action, spec)
        settings = spec.gen_trt_engine
        _refuse_unsupported(settings.tensorrt)
        _require_tensorrt()
        if settings.gpu_id >= torch.cuda.device_count():
            raise EngineError(
                f"gen_trt_engine.gpu_id names GPU {settings.gpu_id}, but there are "
                f"{torch.cuda.device_count()}: correct it"
            )
        model = read_onnx(family.name, settings.onnx_file, "gen_trt_engine.onnx_file", family.task().in_file)
        session.use(spec)
        path = Path(settings.trt_engine)
        path.parent.mkdir(parents=True, exist_ok=True)
        with torch.cuda.device(settings.gpu_id):
            build_engine(import_module("tensorrt"), model, path, settings)
        kpi = {"megabytes": path.stat().st_size / 1e6}
        session.status.write("RUNNING", f"Engine written to {path}.", kpi=kpi)


def _refuse_unsupported(wanted: TensorRTBase) -> None:
    """Name what would make another engine than the one that is built."""
    if str(wanted.data_type).upper() == "INT8":
        raise UnsupportedActionError(
            "gen_trt_engine.tensorrt.data_type is INT8, which the embedded engine does not calibrate: set "
            f"FP16 or FP32, quantize the ONNX file, or {_ELSEWHERE}"
        )
    if getattr(wanted, "layers_precision", None):
        raise UnsupportedActionError(
            "gen_trt_engine.tensorrt.layers_precision is not heeded by the embedded engine: leave it empty, "
            f"or {_ELSEWHERE}"
        )


def _require_tensorrt() -> None:
    """Say what is missing to build an engine here, and where it can be built."""
    missing = [] if find_spec("tensorrt") else ["the package tensorrt"]
    if not torch.cuda.is_available():
        missing.append("a GPU")
    if missing:
        raise UnsupportedActionError(
            f"gen_trt_engine lacks {' and '.join(missing)} here: run it in the family's deploy container on "
            "a machine with a GPU (variant deploy on platform docker, slurm or kubernetes)"
        )
