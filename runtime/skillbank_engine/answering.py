"""Trained models made ready to answer: checkpoints and exported files alike."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import torch

from skillbank_engine.checkpoint import Checkpoint, load_weights, read_checkpoint, require_finite
from skillbank_engine.config.blocks import EvaluateBase, InferenceBase, SpecBase
from skillbank_engine.data.survey import settle_scale
from skillbank_engine.device import Compute
from skillbank_engine.errors import UnsupportedActionError
from skillbank_engine.family import Family
from skillbank_engine.onnx_file import OnnxFile, OnnxRunner, read_onnx
from skillbank_engine.ownership import digest_of
from skillbank_engine.task import AnyTask, Kept, Tell

Model = Checkpoint | OnnxFile

_FILES = (".pth", ".pt", ".safetensors", ".bin")
"""Endings that no name on the hub is meant by."""


def refuse_trt(action: str, block: EvaluateBase | InferenceBase) -> None:
    """Say where a TensorRT engine can be used, when a spec names one and no checkpoint."""
    if getattr(block, "trt_engine", "") not in ("", "???") and block.checkpoint in ("", "???"):
        raise UnsupportedActionError(
            f"{action}.trt_engine needs TensorRT, which the embedded engine does not have: set "
            f"{action}.checkpoint, or run on a platform with the family's deploy container (docker, slurm "
            "or kubernetes)"
        )


def read_model(family: Family, spec: SpecBase, path: str, key: str, tell: Tell) -> Model:
    """Read a model: an ONNX file if its name says so, else weights.

    Those are a checkpoint's, or of what the family's task reads: a folder, or a name on the model hub.

    Parameters
    ----------
    family : Family
        Whose.
    spec : pydantic model
        Of the action.
    path : str
        The file, the folder or the name.
    key : str
        The spec's key that names it, for messages.
    tell : callable
        Says what the user should know.
    """
    if Path(path).suffix.lower() == ".onnx":
        return read_onnx(family.name, path, key, family.task().in_file)
    return read_weights(family, spec, path, key, tell)


def read_weights(family: Family, spec: SpecBase, path: str, key: str, tell: Tell) -> Checkpoint:
    """Read a model whose weights can be had, as :func:`read_model` does."""
    kind = family.task()
    if not (Path(path).is_dir() or _is_hub_name(path)):
        return read_checkpoint(family.name, path, key, kind.family_name, kind.foreign_weights)
    task = kind.released(spec, path, key, tell)
    weights = task.module.state_dict()
    require_finite(weights, f"{key} names {path}, whose", kind.family_name)
    saved = task.spec.model_dump(mode="json")
    # Nothing of it is as small as what is trained without a GPU.
    saved["engine"]["profile"] = "full"
    kept = Kept(architecture=task.architecture, labels=task.labels, facts=task.facts, spec=saved)
    return Checkpoint(weights, kept, epoch=0, step=0, training={})


def _is_hub_name(text: str) -> bool:
    """Whether a text that names no file is a name on the model hub, ``OWNER/NAME``."""
    return (
        re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", text) is not None
        and Path(text).suffix.lower() not in _FILES
        and not Path(text).exists()
    )


def model_digest(path: str, model: Model) -> str:
    """The sha256 of a model: of its file, or of the weights that came from a folder or a name."""
    if not isinstance(model, Checkpoint) or Path(path).is_file():
        return digest_of(path)
    found = hashlib.sha256()
    for name, value in sorted(model.weights.items()):
        found.update(name.encode())
        found.update(value.detach().contiguous().flatten().view(torch.uint8).numpy().data)
    return found.hexdigest()


def kept_of(kind: type[AnyTask], model: Model) -> Kept:
    """What is kept of a model beside its weights."""
    return model.kept if isinstance(model, Checkpoint) else kind.kept_in(model.metadata)


def task_of(kind: type[AnyTask], spec: SpecBase, model: Model, pictures: Iterable[Path] = ()) -> AnyTask:
    """Make the task of a trained model, on the CPU.

    Parameters
    ----------
    kind : type
        The family's.
    spec : pydantic model
        The trained model's values in it.
    model : Checkpoint or OnnxFile
        What was read.
    pictures : iterable of Path
        All that it is to see, for the scale of those of more than 8 bits.
    """
    kept, pictures = kept_of(kind, model), list(pictures)
    task = kind.restore(spec, kept)
    task.ahead = len(pictures)
    if isinstance(model, Checkpoint):
        load_weights(task.module, model.weights, "the checkpoint")
    task.module.eval()
    task.pixels = settle_scale(
        pictures, kept.pixels, source="the model's training", missing="these pictures, the model has none"
    )
    return task


def make_ready(task: AnyTask, model: Model, compute: Compute) -> None:
    """Let a task answer, by its module or by the file."""
    if isinstance(model, OnnxFile):
        task.use(compute, OnnxRunner(model, compute), model.frame)
    else:
        task.use(compute, None)
