"""Checkpoints: weights and everything that is needed to use them, or to go on training, without any hint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.errors import WeightsError
from skillbank_engine.families.grounding_dino.architecture import Architecture
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.finite import first_not_finite
from skillbank_engine.families.grounding_dino.model import rebuild_detector
from skillbank_engine.families.grounding_dino.parameters import family_name
from skillbank_engine.families.grounding_dino.quantization import unpacked
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.results import point_link, replacing

FORMAT = "grounding_dino.engine/1"
LATEST = "gdino_model_latest.pth"


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds; plain values and tensors only, so that loading one runs no code.

    Attributes
    ----------
    weights : dict
        The detector's state.
    architecture : Architecture
        What the detector is built from.
    network : dict
        Complete configuration of its network.
    vocabulary : tuple of str
        The tokenizer's.
    labels : tuple of str
        Class names of the training set.
    spec : dict
        The resolved spec of the run.
    epoch, step : int
        Epoch in progress or just done, counted from 0, and steps done in all.
    training : dict
        Optimiser, scaler, random state and position, for going on.
    pixels : PixelScale
        How pictures of more than 8 bits were scaled; without levels in checkpoints of older versions.
    """

    weights: dict[str, Any]
    architecture: Architecture
    network: dict[str, Any]
    vocabulary: tuple[str, ...]
    labels: tuple[str, ...]
    spec: dict[str, Any]
    epoch: int
    step: int
    training: dict[str, Any]
    pixels: PixelScale = field(default_factory=PixelScale)

    @property
    def tokenizer(self) -> PhraseTokenizer:
        """The tokenizer that the weights were trained with."""
        return PhraseTokenizer(self.vocabulary)

    def detector(self) -> Detector:
        """Build the detector with its weights, on the CPU."""
        detector = rebuild_detector(self.network, self.architecture, self.tokenizer)
        load_weights(detector, self.weights, "the checkpoint")
        return detector


def checkpoint_name(epoch: int, step: int) -> str:
    """The family's name of a checkpoint file; the epoch counts from 0."""
    return f"model_epoch_{epoch:03d}_step_{step:05d}.pth"


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint in one step and point the link of the latest at it.

    Returns
    -------
    Path
        The file.
    """
    path = folder / checkpoint_name(checkpoint.epoch, checkpoint.step)
    write_checkpoint(path, checkpoint)
    point_link(folder / LATEST, path)
    return path


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint file in one step; weights may be quantized (:mod:`.quantization`)."""
    document = {
        "format": FORMAT,
        "weights": checkpoint.weights,
        "architecture": checkpoint.architecture.to_dict(),
        "network": checkpoint.network,
        "vocabulary": list(checkpoint.vocabulary),
        "labels": list(checkpoint.labels),
        "spec": checkpoint.spec,
        "epoch": checkpoint.epoch,
        "step": checkpoint.step,
        "training": checkpoint.training,
        "pixels": checkpoint.pixels.to_dict(),
    }
    with replacing(path) as temporary:
        torch.save(document, temporary)


def read_checkpoint(path: str | Path, key: str) -> Checkpoint:
    """Read a checkpoint of this engine.

    Parameters
    ----------
    path : str or Path
        The file.
    key : str
        The spec's key that names it, for messages.

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
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise WeightsError(
            f"{key} names {file}, which is no checkpoint of this engine: name a .pth that grounding_dino "
            "train wrote, or give foreign weights as train.pretrained_model_path"
        )
    weights = unpacked(document["weights"])
    require_finite(weights, f"{key} names {file}, whose")
    return Checkpoint(
        weights=weights,
        architecture=Architecture.from_dict(document["architecture"]),
        network=document["network"],
        vocabulary=tuple(document["vocabulary"]),
        labels=tuple(document["labels"]),
        spec=document["spec"],
        epoch=document["epoch"],
        step=document["step"],
        training=document["training"],
        pixels=PixelScale.from_dict(document.get("pixels")),
    )


def require_finite(weights: Mapping[str, Any], whose: str) -> None:
    """Refuse weights that are no numbers: nothing can be found, measured or learned with them.

    Parameters
    ----------
    weights : mapping
        Names to tensors.
    whose : str
        Begins the message: what names them, and where they come from.

    Raises
    ------
    WeightsError
        A weight is infinite or undefined.
    """
    broken = first_not_finite(weights)
    if broken is not None:
        raise WeightsError(
            f"{whose} weights of {family_name(broken)} are not finite, as after a training that diverged: "
            "name others, such as the checkpoint of an earlier epoch"
        )


def is_checkpoint(path: Path) -> bool:
    """Whether a file is a checkpoint of this engine, as far as can be seen without loading its weights."""
    return spec_of(str(path)) is not None


def spec_of(path: str) -> dict[str, Any] | None:
    """Return the spec that a checkpoint file of this engine was trained with; None for anything else."""
    file = Path(path) if path else None
    if file is None or not file.is_file():
        return None
    try:
        document = torch.load(file, map_location="meta", weights_only=True)
    except Exception:  # what the unpickler trips over depends on the bytes that it finds
        return None
    ours = isinstance(document, dict) and document.get("format") == FORMAT
    return dict(document["spec"]) if ours else None


def load_weights(detector: Detector, weights: dict[str, Any], source: str) -> None:
    """Put weights into a detector; every name and shape must fit.

    Raises
    ------
    WeightsError
        Something is missing, left over or of another shape.
    """
    try:
        detector.load_state_dict(weights)
    except RuntimeError as error:
        first = str(error).split("\n\t")[1] if "\n\t" in str(error) else str(error)
        raise WeightsError(
            f"The weights of {source} do not fit the model ({first}): it was built otherwise"
        ) from error
