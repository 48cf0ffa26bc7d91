"""``export``: a checkpoint as an ONNX file, compared with what it was made of."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from skillbank_engine.answering import read_weights, task_of
from skillbank_engine.device import choose_compute
from skillbank_engine.errors import EngineError, UnsupportedActionError
from skillbank_engine.extras import require
from skillbank_engine.family import Family
from skillbank_engine.onnx_file import OPSETS, OnnxRunner, agreement, format_of, read_onnx, write_graph
from skillbank_engine.session import open_session

if TYPE_CHECKING:
    from skillbank_engine.config.blocks import ExportBase, SpecBase

_LOG = logging.getLogger(__name__)


def export(family: Family, action: str, spec: SpecBase, overrides: Sequence[str]) -> None:
    """Write ``export.checkpoint`` as the ONNX file ``export.onnx_file`` and compare the two.

    Parameters
    ----------
    family : Family
        Whose spec.
    action : str
        Its action.
    spec : pydantic model
        The loaded spec.
    overrides : sequence of str
        The ``a.b=c`` words of the command line.
    """
    specs = family.specs()
    with open_session(specs, action, spec) as session:
        specs.refuse(action, spec)
        _refuse_unsupported(spec.export)
        for package in ("onnx", "onnxruntime"):
            require(package, "export", "export")
        path = Path(_named(spec.export.onnx_file) or session.folder / "model.onnx")
        if path.exists():
            raise EngineError(f"export.onnx_file names {path}, which exists: remove it or name another file")
        kind = family.task()
        checkpoint = read_weights(family, spec, spec.export.checkpoint, "export.checkpoint", session.tell)
        spec, note = kind.settle(spec, action, overrides, checkpoint.kept)
        session.use(spec, note)
        settings = spec.export
        compute = choose_compute(spec, [settings.gpu_id], precision="fp32", on_cpu=settings.on_cpu)
        path.parent.mkdir(parents=True, exist_ok=True)
        task = task_of(kind, spec, checkpoint)
        batch = settings.batch_size if settings.batch_size > 0 else None
        size = (settings.input_height, settings.input_width)
        write_graph(
            task.graph(*size, batch or 1),
            path,
            {"format": format_of(family.name), **kind.onnx_metadata(checkpoint.kept)},
            batch=batch,
            opset=settings.opset_version,
            verbose=settings.verbose,
        )
        # Not the number of pictures that it was traced with, where that is open.
        graph = task.graph(*size, batch or 2)
        with torch.inference_mode():
            wanted = graph.module(*graph.inputs.values())
        found = OnnxRunner(read_onnx(family.name, path, "export.onnx_file"), compute)(*graph.inputs.values())
        share = agreement(graph, found, wanted)
        if share < graph.least:
            path.unlink()
            raise EngineError(
                f"The exported graph does not compute what the checkpoint does ({share:.0%} of its answers "
                "agree) and was removed: export at another export.opset_version"
            )
        megabytes = path.stat().st_size / 1e6
        kpi = {"agreement": share, "megabytes": megabytes}
        session.status.write("RUNNING", f"Exported {path}.", kpi=kpi)
        _LOG.info("wrote %s, %.1f MB; %.1f%% of its answers agree", path, megabytes, 100 * share)


def _named(file: str) -> str:
    return "" if file == "???" else file


def _refuse_unsupported(settings: ExportBase) -> None:
    """Name the first value that no family honours here."""
    elsewhere = "or run export in the family's toolkit container (platform docker, slurm or kubernetes)"
    form = getattr(settings, "format", "onnx")
    if form != "onnx":
        raise UnsupportedActionError(
            f"export.format={form} is not written by the embedded engine: set onnx, {elsewhere}"
        )
    if getattr(settings, "serialize_nvdsinfer", False):
        raise UnsupportedActionError(
            "export.serialize_nvdsinfer, DeepStream's configuration, is not written by the embedded engine: "
            f"set it to false, {elsewhere}"
        )
    if settings.input_channel != 3:
        raise UnsupportedActionError(
            f"export.input_channel={settings.input_channel} does not fit the model, whose pictures have "
            "three colours: set it to 3"
        )
    if settings.opset_version not in OPSETS:
        raise UnsupportedActionError(
            f"export.opset_version={settings.opset_version} cannot be written: choose one from {OPSETS[0]} "
            f"to {OPSETS[-1]}"
        )
