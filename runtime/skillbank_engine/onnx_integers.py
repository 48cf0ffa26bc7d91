"""Static quantization of ONNX files: weights and activations as integers, ranges found on pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from torch import Tensor

from skillbank_engine.errors import EngineError
from skillbank_engine.extras import require
from skillbank_engine.onnx_file import OnnxFile, set_metadata
from skillbank_engine.results import replacing

if TYPE_CHECKING:
    from skillbank_engine.data.pixels import Array

_OPERATORS = ["Conv", "MatMul", "Gemm"]


class _Reader:
    """Hands inputs out one by one, the way ONNX Runtime asks for them."""

    def __init__(self, inputs: Iterator[dict[str, Tensor]], batch: int | None) -> None:
        self._inputs = inputs
        self._batch = batch

    def get_next(self) -> dict[str, Array] | None:
        found = next(self._inputs, None)
        if found is None:
            return None
        # A graph of a fixed batch size takes as many pictures as that.
        copies = self._batch or 1
        return {name: tensor.repeat_interleave(copies, 0).numpy() for name, tensor in found.items()}


def quantize_onnx(
    model: OnnxFile,
    inputs: Iterator[dict[str, Tensor]],
    path: Path,
    *,
    method: str,
    skipped: Sequence[str],
    options: Mapping[str, object],
) -> None:
    """Write an ONNX file whose convolutions and matrix products work on integers.

    Parameters
    ----------
    model : OnnxFile
        The file to quantize.
    inputs : iterator of dict
        What ranges are found on (:meth:`.task.Task.calibration`).
    path : Path
        The file to write; an existing one is replaced.
    method : str
        ``MinMax`` or ``Entropy``.
    skipped : sequence of str
        Names of nodes that keep full precision.
    options : mapping
        Further arguments of ONNX Runtime's ``quantize_static``.

    Raises
    ------
    EngineError
        ONNX Runtime does not take the options.
    """
    runtime = require("onnxruntime.quantization", "export", "engine.quantizer=onnxruntime")

    settings = {
        "op_types_to_quantize": _OPERATORS,
        "nodes_to_exclude": list(skipped),
        "calibrate_method": runtime.CalibrationMethod[method],
        "per_channel": True,
        # Weights of seven bits: with eight, processors without VNNI saturate in the sums.
        "activation_type": runtime.QuantType.QUInt8,
        "reduce_range": True,
        **options,
    }
    with TemporaryDirectory() as folder, replacing(path) as temporary:
        shaped = Path(folder) / "shaped.onnx"
        # Shapes alone: its optimisation would fuse nodes into ones that only ONNX Runtime knows.
        runtime.quant_pre_process(model.path, shaped, skip_optimization=True, skip_symbolic_shape=True)
        try:
            runtime.quantize_static(shaped, temporary, _Reader(inputs, model.batch), **settings)
        except (TypeError, ValueError) as error:
            raise EngineError(
                f"ONNX Runtime cannot quantize with these quantize.backend_kwargs ({error}): give arguments "
                "of quantize_static"
            ) from error
        set_metadata(temporary, model.metadata)


def node_names(model: OnnxFile) -> list[str]:
    """Names of the nodes that can be quantized."""
    onnx = require("onnx", "export", "Reading ONNX")
    graph = onnx.load_model(model.path, load_external_data=False).graph
    return [node.name for node in graph.node if node.op_type in _OPERATORS]
