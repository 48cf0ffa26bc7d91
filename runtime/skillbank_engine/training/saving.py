"""What a training run keeps of itself: checkpoints of sound weights, and where it stood."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from skillbank_engine.checkpoint import Checkpoint, checkpoint_name, save_checkpoint
from skillbank_engine.data.canvases import WINDOW
from skillbank_engine.errors import EngineError, InterruptedRunError, NotFiniteError
from skillbank_engine.family import Family
from skillbank_engine.finite import first_not_finite
from skillbank_engine.results import point_link
from skillbank_engine.task import Kept
from skillbank_engine.team import Team
from skillbank_engine.training.averaging import WeightAverage
from skillbank_engine.training.replicas import is_shared, whole
from skillbank_engine.training.stopping import BestSoFar

if TYPE_CHECKING:
    from skillbank_engine.task import AnyTask
    from skillbank_engine.training.loading import EpochBatches

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


def recounted(position: Position, batch_size: int, pictures: int, now: EpochBatches) -> Position:
    """Give the same place of a run in batches of another size, or of other pictures.

    Parameters
    ----------
    position : Position
        Where a run stood.
    batch_size, pictures : int
        Of its batches and epochs.
    now : EpochBatches
        What is counted in; an epoch in progress stays one, by the share of its pictures that were seen.
    """
    seen = min(position.batches * batch_size, pictures) * now.count // pictures
    batches = seen // now.size
    return Position(
        epoch=position.epoch,
        batches=batches,
        step=position.epoch * now.batches + batches,
        loss_sum=position.loss_sum / max(position.batches, 1) * batches,
    )


@dataclass
class Keeper:
    """Writes the checkpoints of a run; all of its processes call alike, the main one writes.

    Attributes
    ----------
    family : Family
        Names formats and links.
    folder : Path
        Results folder.
    task : Task
        What a checkpoint is of.
    optimizer, scaler
        What it takes to go on from one.
    batch_size : int
        Pictures of one step, of all processes.
    pictures : int
        Those of a whole epoch.
    team : Team
        The processes.
    average : WeightAverage or None
        What is kept as the weights where there is one.
    best : BestSoFar or None
        Kept along, where the best epoch matters.
    saved_step : int
        Step that the newest checkpoint is of.
    """

    family: Family
    folder: Path
    task: AnyTask
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    batch_size: int
    pictures: int
    team: Team
    average: WeightAverage | None = None
    best: BestSoFar | None = None
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
                f"The weights of {self.task.family_name(broken)} are not finite after step {position.step}: "
                "no checkpoint of them is written; lower train.optim.lr or set train.clip_grad_norm"
            )
        if self.team.main:
            save_checkpoint(self.family, self.folder, checkpoint)
        self.saved_step = position.step
        return self.folder / checkpoint_name(checkpoint.epoch, checkpoint.step)

    def save_best(self, position: Position, named_epoch: int, due: bool) -> None:
        """Write a checkpoint and point the link of the best at it; take away what was kept for that alone.

        Parameters
        ----------
        position, named_epoch
            As for :meth:`save`.
        due : bool
            Whether the checkpoint would be written anyhow.
        """
        assert self.best is not None
        before, needless = self.best.file, self.best.extra
        # Ahead of saving: the checkpoint itself tells who goes on from it which file the best is.
        self.best.file, self.best.extra = checkpoint_name(named_epoch, position.step), not due
        path = self.save(position, named_epoch)
        if not self.team.main:
            return
        point_link(self.folder / self.family.best, path)
        if before and needless and before != path.name:
            (self.folder / before).unlink(missing_ok=True)

    def save_after(self, error: BaseException, position: Position) -> None:
        """Save what there is when an error ends the run, unless going on would only meet the error again."""
        if isinstance(error, NotFiniteError):
            latest = self.folder / self.family.latest
            kept = f"the last checkpoint is {latest.resolve().name}" if latest.exists() else "there is none"
            _LOG.error("what came after step %d is not saved; %s", position.step, kept)
            return
        # Weights that are shared out take all processes to save, and only a stop reaches all.
        able = not is_shared(self.task.module) or isinstance(error, InterruptedRunError)
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
        names = {id(parameter): name for name, parameter in self.task.module.named_parameters()}
        order = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        broken = (number for number, state in optimizer["state"].items() if first_not_finite(state))
        return next((names[id(order[number])] for number in broken), None)

    def _checkpoint(self, position: Position, named_epoch: int) -> Checkpoint:
        task = self.task
        training = {
            "optimizer": whole(self.optimizer.state_dict()),
            "scaler": self.scaler.state_dict(),
            "position": vars(position).copy(),
            "batch_size": self.batch_size,
            "pictures": self.pictures,
            "window": WINDOW,
        }
        if self.average is not None:
            training["average"] = self.average.state()
        if self.best is not None:
            training["best"] = self.best.state()
        with self.average.in_place() if self.average is not None else nullcontext():
            weights = whole(task.module.state_dict())
            if self.average is not None:
                # The state is that of the module, which gets its own weights back.
                weights = {name: value.clone() for name, value in weights.items()}
        return Checkpoint(
            weights=weights,
            kept=Kept(
                architecture=task.architecture,
                labels=task.labels,
                facts=task.facts,
                spec=task.spec.model_dump(mode="json"),
                pixels=task.pixels,
            ),
            epoch=named_epoch,
            step=position.step,
            training=training,
        )
