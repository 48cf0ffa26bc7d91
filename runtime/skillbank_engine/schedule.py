"""Learning rates over a run, as a pure function of the step: nothing to save, nothing to restore."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from skillbank_engine.config.blocks import SpecBase

Kind = Literal["constant", "cosine", "linear", "poly", "MultiStep", "StepLR"]


@dataclass(frozen=True)
class Schedule:
    """Factor on every group's learning rate.

    Attributes
    ----------
    kind : str
        ``constant``; ``cosine``, ``linear`` or ``poly``, to zero at the end; ``MultiStep`` or ``StepLR``.
    total_steps, steps_per_epoch : int
        Length of the run and of an epoch.
    warmup_steps : int
        Steps of linear rise; never more than a tenth of the run.
    milestones : tuple of int
        Epochs at which MultiStep drops.
    step_size : int
        Epochs between StepLR's drops.
    decay : float
        Factor of a drop.
    power : float
        Exponent of ``poly``.
    """

    kind: Kind
    total_steps: int
    steps_per_epoch: int
    warmup_steps: int = 0
    milestones: tuple[int, ...] = ()
    step_size: int = 1
    decay: float = 0.1
    power: float = 0.9

    @classmethod
    def from_spec(cls, spec: SpecBase, steps_per_epoch: int) -> Schedule:
        """Read ``train.optim`` and the engine block."""
        optim = getattr(spec.train, "optim")  # noqa: B009
        return cls(
            kind="cosine" if getattr(spec.engine, "lr_scheduler", "") == "cosine" else optim.lr_scheduler,
            total_steps=steps_per_epoch * spec.train.num_epochs,
            steps_per_epoch=steps_per_epoch,
            warmup_steps=getattr(spec.engine, "warmup_steps", 0),
            milestones=tuple(optim.lr_steps),
            step_size=max(optim.lr_step_size, 1),
            decay=optim.lr_decay,
        )

    def factor(self, step: int) -> float:
        """Factor for the step with this number, counted from 0."""
        warmup = min(self.warmup_steps, self.total_steps // 10)
        rise = min(1.0, (step + 1) / (warmup + 1))
        if self.kind == "cosine":
            return rise * 0.5 * (1 + math.cos(math.pi * step / max(self.total_steps, 1)))
        if self.kind in ("constant", "linear", "poly"):
            power = {"constant": 0.0, "linear": 1.0}.get(self.kind, self.power)
            return float(rise * (1 - step / max(self.total_steps, 1)) ** power)
        epoch = step // max(self.steps_per_epoch, 1)
        drops = (
            sum(epoch >= milestone for milestone in self.milestones)
            if self.kind == "MultiStep"
            else epoch // self.step_size
        )
        return float(rise * self.decay**drops)
