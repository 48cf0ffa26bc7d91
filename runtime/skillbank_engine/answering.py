"""Trained models made ready to answer: checkpoints and exported files alike."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from skillbank_engine.checkpoint import Checkpoint, load_weights, read_checkpoint
from skillbank_engine.data.survey import settle_scale
from skillbank_engine.device import Compute
from skillbank_engine.errors import UnsupportedActionError
from skillbank_engine.family import Family
from skillbank_engine.onnx_file import OnnxFile, OnnxRunner, read_onnx
from skillbank_engine.task import Answer, Kept, Task

AnyTask = Task[Any, Any, Any, Any]
Model = Checkpoint | OnnxFile


def refuse_trt(action: str, block: Any) -> None:
    """Say where a TensorRT engine can be used, when a spec names one and no checkpoint."""
    if getattr(block, "trt_engine", "") not in ("", "???") and block.checkpoint in ("", "???"):
        raise UnsupportedActionError(
            f"{action}.trt_engine needs TensorRT, which the embedded engine does not have: set "
            f"{action}.checkpoint, or run on a platform with the family's deploy container (docker, slurm "
            "or kubernetes)"
        )


def read_model(family: Family, path: str | Path, key: str) -> Model:
    """Read a trained model: an ONNX file if its name says so, else a checkpoint.

    Parameters
    ----------
    family : Family
        Whose.
    path : str or Path
        The file.
    key : str
        The spec's key that names it, for messages.
    """
    kind = family.task()
    if Path(path).suffix.lower() == ".onnx":
        return read_onnx(family.name, path, key, kind.in_file)
    return read_checkpoint(family.name, path, key, kind.family_name, kind.foreign_weights)


def kept_of(kind: type[AnyTask], model: Model) -> Kept:
    """What is kept of a model beside its weights."""
    return model.kept if isinstance(model, Checkpoint) else kind.kept_in(model.metadata)


def task_of(kind: type[AnyTask], spec: Any, model: Model, pictures: Iterable[Path] = ()) -> AnyTask:
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
    kept = kept_of(kind, model)
    task = kind.restore(spec, kept)
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


def answer_of(task: AnyTask, compute: Compute) -> Answer:
    """Give a task's own answer: the graph of its module, on the device."""
    task.to(compute.device)
    if task.spec.engine.compile:
        task.compile(compute.device, training=False)
    module = task.graph().module.to(compute.device).eval()

    @torch.inference_mode()
    def answer(*inputs: Tensor) -> tuple[Tensor, ...]:
        with compute.autocast():
            found = module(*inputs)
        return tuple(part.float() if part.is_floating_point() else part for part in found)

    return answer
