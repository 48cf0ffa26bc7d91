"""Exported models: ONNX files that carry all that is needed to use them among their metadata."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from skillbank_engine.device import Compute
from skillbank_engine.errors import WeightsError
from skillbank_engine.extras import require
from skillbank_engine.results import replacing
from skillbank_engine.task import Graph

if TYPE_CHECKING:
    from skillbank_engine.data.pixels import Array

OPSETS = range(16, 21)
"""Operator sets that can be written: the first has grid sampling, the last is the exporter's newest."""


@dataclass(frozen=True)
class OnnxFile:
    """An exported model as its file describes it.

    Attributes
    ----------
    path : Path
        The file.
    metadata : dict
        What it carries along.
    inputs, outputs : tuple of str
        Names, in order.
    frame : (int, int)
        Height and width of the input.
    batch : int or None
        Pictures that a pass must have; None for any number.
    """

    path: Path
    metadata: dict[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    frame: tuple[int, int]
    batch: int | None


def format_of(family: str) -> str:
    """The mark of a family's exported files."""
    return f"{family}.onnx/1"


def read_onnx(family: str, path: str | Path, key: str, what: str = "labels") -> OnnxFile:
    """Read what an exported model says of itself.

    Parameters
    ----------
    family : str
        Name of the family that it must be of.
    path : str or Path
        The file.
    key : str
        The spec's key that names it, for messages.
    what : str
        What such a file carries along, for messages.

    Raises
    ------
    WeightsError
        No such file, not ONNX, or not exported by this program.
    """
    onnx = require("onnx", "export", f"{key}={path}")
    file = Path(path)
    if not file.is_file():
        raise WeightsError(f"{key} names {file}, which is no file: check the path")
    try:
        model = onnx.load_model(file, load_external_data=False)
    except Exception as error:  # protobuf's DecodeError has no base class of its own to catch
        raise WeightsError(f"{key} names {file}, which cannot be read as ONNX: name another") from error
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    if metadata.get("format") != format_of(family):
        raise WeightsError(
            f"{key} names {file}, which this engine did not export: name a file that {family} export "
            f"wrote, which carries its {what} along"
        )
    sizes = [part.dim_value for part in model.graph.input[0].type.tensor_type.shape.dim]
    return OnnxFile(
        file,
        metadata,
        tuple(item.name for item in model.graph.input),
        tuple(item.name for item in model.graph.output),
        (sizes[2], sizes[3]),
        sizes[0] or None,
    )


def write_graph(
    graph: Graph,
    path: Path,
    metadata: Mapping[str, str],
    *,
    batch: int | None = None,
    opset: int = 17,
    verbose: bool = False,
) -> None:
    """Write a model as an ONNX file.

    Parameters
    ----------
    graph : Graph
        The model, with example inputs of the size to write.
    path : Path
        The file; an existing one is replaced.
    metadata : mapping
        What it carries along.
    batch : int, optional
        Fixed number of pictures; any number by default.
    opset : int
        One of :data:`OPSETS`.
    verbose : bool
        Let the exporter print the graph.
    """
    require("onnx", "export", "Writing ONNX")
    axes: dict[str, dict[int, str]] = {name: dict(found) for name, found in graph.dynamic.items()}
    if not batch:
        for name in (*graph.inputs, *graph.outputs):
            axes.setdefault(name, {}).setdefault(0, "batch")
    with replacing(path) as temporary, warnings.catch_warnings():
        # The tracer warns of every size that becomes a constant of the graph; they are meant to.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph.module,
            tuple(graph.inputs.values()),
            str(temporary),
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_axes=axes,
            opset_version=opset,
            verbose=verbose,
            # The newer exporter cannot express all models at operator set 17.
            dynamo=False,
        )
        set_metadata(temporary, metadata)


def set_metadata(path: Path, metadata: Mapping[str, str]) -> None:
    """Check an ONNX file and write metadata into it."""
    onnx = require("onnx", "export", "Writing ONNX")
    model = onnx.load_model(path)
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.save_model(model, path)
    onnx.checker.check_model(path)


class OnnxRunner:
    """Runs an exported model like :attr:`.task.Task.answer`.

    Parameters
    ----------
    model : OnnxFile
        The model.
    compute : Compute
        Device and threads.
    """

    def __init__(self, model: OnnxFile, compute: Compute) -> None:
        runtime = require("onnxruntime", "export", f"Running {model.path}")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = compute.threads
        options.log_severity_level = 3
        # As `threads.wait_passively` says of torch's: of a small model, spinning took half of the processor.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        wanted = ["CPUExecutionProvider"]
        if compute.device.type == "cuda":
            wanted.insert(0, "CUDAExecutionProvider")
        providers = [name for name in wanted if name in runtime.get_available_providers()]
        self._session = runtime.InferenceSession(str(model.path), options, providers=providers)
        self._model = model

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Run the graph in parts as large as it wants them; a smaller last part is filled up.

        Parameters
        ----------
        *inputs : Tensor
            Those of the graph, in order, each ``(B, ...)``.

        Returns
        -------
        tuple of Tensor
            The outputs, on the device of the first input.
        """
        count = len(inputs[0])
        size = self._model.batch or count
        host = [tensor.cpu() for tensor in inputs]
        parts: list[list[Tensor]] = []
        for start in range(0, count, size):
            # Places beyond the end repeat the last picture.
            rows = torch.arange(start, start + size).clamp(max=count - 1)
            feeds = {
                name: tensor[rows].numpy() for name, tensor in zip(self._model.inputs, host, strict=True)
            }
            found: Sequence[Array] = self._session.run(list(self._model.outputs), feeds)
            parts.append([torch.from_numpy(array) for array in found])
        device = inputs[0].device
        return tuple(torch.cat(tensors)[:count].to(device) for tensors in zip(*parts, strict=True))


def agreement(graph: Graph, found: Sequence[Tensor], wanted: Sequence[Tensor]) -> float:
    """Say which share of a file's outputs agrees with the module's."""
    if graph.agreement is not None:
        return graph.agreement(wanted, found)
    near = total = 0
    for mine, theirs in zip(wanted, found, strict=True):
        size = float(mine.abs().max()) if mine.numel() else 0.0
        near += int(((mine - theirs).abs() <= graph.tolerance * max(size, 1.0)).sum())
        total += mine.numel()
    return near / max(total, 1)
