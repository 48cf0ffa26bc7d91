"""Checkpoints of Grounding DINO: the frame's, and what a detector is rebuilt from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillbank_engine import checkpoint as frame
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.families.grounding_dino.architecture import Architecture
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.model import rebuild_detector
from skillbank_engine.families.grounding_dino.parameters import family_name
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.task import Kept

if TYPE_CHECKING:
    from torch import Tensor

NAME = "grounding_dino"
FOREIGN = ", or give foreign weights as train.pretrained_model_path"


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
    network: dict[str, object]
    vocabulary: tuple[str, ...]
    labels: tuple[str, ...]
    spec: dict[str, Any]
    epoch: int
    step: int
    training: dict[str, Any]
    pixels: PixelScale = field(default_factory=PixelScale)

    @classmethod
    def of(cls, found: frame.Checkpoint) -> Checkpoint:
        """Read what the frame has found in a file."""
        kept = found.kept
        return cls(
            weights=found.weights,
            architecture=Architecture.from_dict(dict(kept.architecture)),
            network=kept.facts["network"],
            vocabulary=tuple(kept.facts["vocabulary"]),
            labels=kept.labels,
            spec=dict(kept.spec),
            epoch=found.epoch,
            step=found.step,
            training=found.training,
            pixels=kept.pixels,
        )

    @property
    def kept(self) -> Kept:
        """What the frame keeps beside the weights."""
        return Kept(
            architecture=self.architecture.to_dict(),
            labels=self.labels,
            facts={"network": self.network, "vocabulary": list(self.vocabulary)},
            spec=self.spec,
            pixels=self.pixels,
        )

    @property
    def tokenizer(self) -> PhraseTokenizer:
        """The tokenizer that the weights were trained with."""
        return PhraseTokenizer(self.vocabulary)

    def detector(self) -> Detector:
        """Build the detector with its weights, on the CPU."""
        detector = rebuild_detector(self.network, self.architecture, self.tokenizer)
        frame.load_weights(detector, self.weights, "the checkpoint")
        return detector


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint file in one step; weights may be quantized."""
    whole = frame.Checkpoint(
        checkpoint.weights, checkpoint.kept, checkpoint.epoch, checkpoint.step, checkpoint.training
    )
    frame.write_checkpoint(NAME, path, whole)


def read_checkpoint(path: str | Path, key: str) -> Checkpoint:
    """Read a checkpoint of this program.

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
    return Checkpoint.of(frame.read_checkpoint(NAME, path, key, family_name, FOREIGN))


def require_finite(weights: Mapping[str, Tensor], whose: str) -> None:
    """Refuse weights that are no numbers (:func:`skillbank_engine.checkpoint.require_finite`)."""
    frame.require_finite(weights, whose, family_name)


def is_checkpoint(path: Path) -> bool:
    """Whether a file is a checkpoint of this program, as far as can be seen without loading its weights."""
    return frame.spec_of(NAME, str(path)) is not None
