"""What a training run keeps of itself: checkpoints of sound weights, and where it stood."""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.errors import EngineError, InterruptedRunError, NotFiniteError
from skillbank_engine.families.grounding_dino.checkpoint import (
    LATEST,
    Checkpoint,
    checkpoint_name,
    save_checkpoint,
)
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.finite import first_not_finite
from skillbank_engine.families.grounding_dino.model import network_values
from skillbank_engine.families.grounding_dino.parameters import family_name
from skillbank_engine.families.grounding_dino.replicas import is_shared, whole
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.team import Team

_LOG = logging.getLogger(__name__)


@dataclass
class Position:
    """Where a run stands.

    Attributes
    ----------
    epoch : int
        Epoch in progress, counted from 0.
    batches : int
        Batches of that epoch already done; a batch is what all processes take in one step.
    step : int
        Steps done in all.
    loss_sum : float
        Sum of the losses of the epoch's batches so far.
    """

    epoch: int = 0
    batches: int = 0
    step: int = 0
    loss_sum: float = 0.0


@dataclass
class Keeper:
    """Writes the checkpoints of a run; all of its processes call alike, the main one writes.

    Attributes
    ----------
    folder : Path
        Results folder.
    spec : pydantic model
        Profile applied.
    detector, tokenizer, labels
        What a checkpoint is of.
    optimizer, scaler
        What it takes to go on from one.
    batch_size : int
        Pictures of one step, of all processes.
    team : Team
        The processes.
    pixels : PixelScale
        How pictures are scaled.
    saved_step : int
        Step that the newest checkpoint is of.
    """

    folder: Path
    spec: Any
    detector: Detector
    tokenizer: PhraseTokenizer
    labels: tuple[str, ...]
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    batch_size: int
    team: Team
    pixels: PixelScale
    saved_step: int = field(default=-1)

    def save(self, position: Position, named_epoch: int) -> Path:
        """Write a checkpoint that carries the name of an epoch.

        Raises
        ------
        NotFiniteError
            Weights or optimiser hold something that is no number; nothing is written.
        """
        checkpoint = self._checkpoint(position, named_epoch)
        broken = first_not_finite(checkpoint.weights) or self._broken_state(checkpoint.training["optimizer"])
        if broken:
            raise NotFiniteError(
                f"The weights of {family_name(broken)} are not finite after step {position.step}: no "
                "checkpoint of them is written; lower train.optim.lr or set train.clip_grad_norm"
            )
        if self.team.main:
            save_checkpoint(self.folder, checkpoint)
        self.saved_step = position.step
        return self.folder / checkpoint_name(checkpoint.epoch, checkpoint.step)

    def save_after(self, error: BaseException, position: Position) -> None:
        """Save what there is when an error ends the run, unless going on would only meet the error again."""
        if isinstance(error, NotFiniteError):
            latest = self.folder / LATEST
            kept = f"the last checkpoint is {latest.resolve().name}" if latest.exists() else "there is none"
            _LOG.error("what came after step %d is not saved; %s", position.step, kept)
            return
        # Weights that are shared out take all processes to save, and only a stop reaches all.
        able = not is_shared(self.detector) or isinstance(error, InterruptedRunError)
        if not able or position.step == 0 or self.saved_step == position.step:
            return
        try:
            # The epoch in the name is the one in progress: its later checkpoint will replace the link.
            path = self.save(position, position.epoch)
        except (EngineError, OSError, RuntimeError) as fault:
            _LOG.error("nothing was saved: %s", fault)
        else:
            _LOG.warning("saved %s; the same command goes on from there", path)

    def _broken_state(self, optimizer: dict[str, Any]) -> str | None:
        """Name of the first parameter whose optimiser state is not finite."""
        names = {id(parameter): name for name, parameter in self.detector.named_parameters()}
        order = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        broken = (number for number, state in optimizer["state"].items() if first_not_finite(state))
        return next((names[id(order[number])] for number in broken), None)

    def _checkpoint(self, position: Position, named_epoch: int) -> Checkpoint:
        return Checkpoint(
            weights=whole(self.detector.state_dict()),
            architecture=self.detector.architecture,
            network=network_values(self.detector),
            vocabulary=self.tokenizer.vocabulary,
            labels=self.labels,
            spec=self.spec.model_dump(mode="json"),
            epoch=named_epoch,
            step=position.step,
            training={
                "optimizer": whole(self.optimizer.state_dict()),
                "scaler": self.scaler.state_dict(),
                "position": vars(position).copy(),
                "batch_size": self.batch_size,
            },
            pixels=self.pixels,
        )
