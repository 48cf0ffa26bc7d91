"""Checkpoints: weights and everything that is needed to use them, or to go on training, without any hint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.errors import WeightsError
from skillbank_engine.exchange import Kept
from skillbank_engine.family import Family
from skillbank_engine.finite import first_not_finite
from skillbank_engine.parameters import NameOf, same_name
from skillbank_engine.quantization import unpacked
from skillbank_engine.results import point_link, replacing

if TYPE_CHECKING:
    from torch import Tensor

_OWN = ("format", "weights", "architecture", "labels", "spec", "epoch", "step", "training", "pixels")
"""Entries of the document that are the frame's; the family's facts stand beside them."""


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds; plain values and tensors only, so that loading one runs no code.

    Attributes
    ----------
    weights : dict
        The module's state.
    kept : Kept
        What the module is built from, and what it was trained with.
    epoch, step : int
        Epoch in progress or just done, counted from 0, and steps done in all.
    training : dict
        Optimiser, scaler, random state and position, for going on.
    """

    weights: dict[str, Any]
    kept: Kept
    epoch: int
    step: int
    training: dict[str, Any]


def format_of(family: str) -> str:
    """The mark of a family's checkpoints."""
    return f"{family}.engine/1"


def checkpoint_name(epoch: int, step: int) -> str:
    """The name of a checkpoint file; the epoch counts from 0."""
    return f"model_epoch_{epoch:03d}_step_{step:05d}.pth"


def save_checkpoint(family: Family, folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint in one step and point the link of the latest at it.

    Returns
    -------
    Path
        The file.
    """
    path = folder / checkpoint_name(checkpoint.epoch, checkpoint.step)
    write_checkpoint(family.name, path, checkpoint)
    point_link(folder / family.latest, path)
    return path


def write_checkpoint(family: str, path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint file in one step; weights may be quantized (:mod:`.quantization`).

    Parameters
    ----------
    family : str
        Name of the family.
    path : Path
        The file; an existing one is replaced.
    checkpoint : Checkpoint
        What it holds.
    """
    kept = checkpoint.kept
    document = {
        "format": format_of(family),
        "weights": checkpoint.weights,
        "architecture": dict(kept.architecture),
        **{name: value for name, value in kept.facts.items() if name not in _OWN},
        "labels": list(kept.labels),
        "spec": dict(kept.spec),
        "epoch": checkpoint.epoch,
        "step": checkpoint.step,
        "training": checkpoint.training,
        "pixels": kept.pixels.to_dict(),
    }
    with replacing(path) as temporary:
        torch.save(document, temporary)


def read_checkpoint(
    family: str, path: str | Path, key: str, name_of: NameOf = same_name, elsewhere: str = ""
) -> Checkpoint:
    """Read a checkpoint of this engine.

    Parameters
    ----------
    family : str
        Name of the family that it must be of.
    path : str or Path
        The file.
    key : str
        The spec's key that names it, for messages.
    name_of : callable
        The family's names of parameters, for messages.
    elsewhere : str
        Where other weights may be given, for the message: ", or give foreign weights as ...".

    Raises
    ------
    WeightsError
        No such file, not a checkpoint, one of another program, or with weights that are no numbers.
    """
    file = Path(path)
    if not file.is_file():
        raise WeightsError(f"{key} names {file}, which is no file: check the path")
    try:
        document = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # what the unpickler trips over depends on the bytes that it finds
        reason = str(error).strip().split("\n")[0]
        raise WeightsError(
            f"{key} names {file}, which cannot be read as a checkpoint ({reason}): name another"
        ) from error
    if not isinstance(document, dict) or document.get("format") != format_of(family):
        raise WeightsError(
            f"{key} names {file}, which is {_what(document)}: name a .pth that {family} train "
            f"wrote{elsewhere}"
        )
    weights = unpacked(document["weights"])
    require_finite(weights, f"{key} names {file}, whose", name_of)
    kept = Kept(
        architecture=document["architecture"],
        labels=tuple(document["labels"]),
        facts={name: value for name, value in document.items() if name not in _OWN},
        spec=document["spec"],
        pixels=PixelScale.from_dict(document.get("pixels")),
    )
    return Checkpoint(weights, kept, document["epoch"], document["step"], document["training"])


def _what(document: object) -> str:
    """Say what a file is that is no checkpoint of the family: one of another, or none at all."""
    form = document.get("format") if isinstance(document, dict) else None
    if isinstance(form, str) and form.endswith(".engine/1"):
        return f"a checkpoint of {form.removesuffix('.engine/1')}"
    return "no checkpoint of this engine"


def require_finite(weights: Mapping[str, Tensor], whose: str, name_of: NameOf = same_name) -> None:
    """Refuse weights that are no numbers: nothing can be found, measured or learned with them.

    Parameters
    ----------
    weights : mapping
        Names to tensors.
    whose : str
        Begins the message: what names them, and where they come from.
    name_of : callable
        The family's names of parameters.

    Raises
    ------
    WeightsError
        A weight is infinite or undefined.
    """
    broken = first_not_finite(weights)
    if broken is not None:
        raise WeightsError(
            f"{whose} weights of {name_of(broken)} are not finite, as after a training that diverged: "
            "name others, such as the checkpoint of an earlier epoch"
        )


def spec_of(family: str, path: str) -> dict[str, object] | None:
    """Return the spec that a checkpoint file of a family was trained with; None for anything else.

    Its weights are not loaded.
    """
    file = Path(path) if path else None
    if file is None or not file.is_file():
        return None
    try:
        document = torch.load(file, map_location="meta", weights_only=True)
    except Exception:  # what the unpickler trips over depends on the bytes that it finds
        return None
    ours = isinstance(document, dict) and document.get("format") == format_of(family)
    return dict(document["spec"]) if ours else None


def load_weights(module: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Put weights into a module; every name and shape must fit.

    Raises
    ------
    WeightsError
        Something is missing, left over or of another shape.
    """
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        first = str(error).split("\n\t")[1] if "\n\t" in str(error) else str(error)
        raise WeightsError(
            f"The weights of {source} do not fit the model ({first}): it was built otherwise"
        ) from error
