"""``grounding_dino export``."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skillbank_engine.device import choose_compute
from skillbank_engine.errors import EngineError, UnsupportedActionError
from skillbank_engine.extras import require
from skillbank_engine.families.grounding_dino.checkpoint import read_checkpoint
from skillbank_engine.families.grounding_dino.commands.loading import settle_with_model
from skillbank_engine.families.grounding_dino.commands.session import open_session
from skillbank_engine.families.grounding_dino.export import OPSETS, agreement, write_onnx

_LOG = logging.getLogger(__name__)
_LEAST_AGREEMENT = 0.9


def export(spec: Any, overrides: Sequence[str]) -> None:
    """Write ``export.checkpoint`` as the ONNX file ``export.onnx_file`` and compare the two.

    The file takes and gives what the family's does (:mod:`.onnx_model`) and carries
    vocabulary, labels and normalisation along.  A model that was trained at one size (``engine.image_size``)
    is exported at this size, unless the spec names another than the family's 960 x 544.

    Parameters
    ----------
    spec : pydantic model
        The loaded export spec.
    overrides : sequence of str
        The ``a.b=c`` words of the command line.
    """
    with open_session("export", spec) as session:
        _refuse_unsupported(spec.export)
        for package in ("onnx", "onnxruntime"):
            require(package, "export", "export")
        path = Path(spec.export.onnx_file or session.folder / "model.onnx")
        if path.exists():
            raise EngineError(f"export.onnx_file names {path}, which exists: remove it or name another file")
        checkpoint = read_checkpoint(spec.export.checkpoint, "export.checkpoint")
        spec, note = settle_with_model(spec, "export", overrides, checkpoint)
        session.use(spec, note)
        settings = spec.export
        compute = choose_compute(spec, [settings.gpu_id])
        path.parent.mkdir(parents=True, exist_ok=True)
        write_onnx(
            checkpoint,
            path,
            height=settings.input_height,
            width=settings.input_width,
            batch=settings.batch_size if settings.batch_size > 0 else None,
            opset=settings.opset_version,
            verbose=settings.verbose,
        )
        share = agreement(checkpoint, path, compute)
        if share < _LEAST_AGREEMENT:
            path.unlink()
            raise EngineError(
                f"The exported graph does not compute what the checkpoint does ({share:.0%} of its answers "
                "agree) and was removed: export at another export.opset_version"
            )
        megabytes = path.stat().st_size / 1e6
        kpi = {"agreement": share, "megabytes": megabytes}
        session.status.write("RUNNING", f"Exported {path}.", kpi=kpi)
        _LOG.info("wrote %s, %.1f MB; %.1f%% of its answers agree", path, megabytes, 100 * share)


def _refuse_unsupported(settings: Any) -> None:
    """Name the first value that the embedded engine cannot honour."""
    elsewhere = "or run export in the family's toolkit container (platform docker, slurm or kubernetes)"
    if settings.format != "onnx":
        raise UnsupportedActionError(
            f"export.format={settings.format} is not written by the embedded engine: set onnx, {elsewhere}"
        )
    if settings.serialize_nvdsinfer:
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
