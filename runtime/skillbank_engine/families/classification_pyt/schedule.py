"""The family's learning-rate policies, as pure functions of the step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skillbank_engine.families.classification_pyt.config.train import OptimConfig


def factor(optim: OptimConfig, epochs: int, step: int, steps_per_epoch: int) -> float:
    """Give the factor on the learning rate.

    Parameters
    ----------
    optim : pydantic model
        ``train.optim``.
    epochs : int
        Length of the run.
    step : int
        Number of the step, counted from 0.
    steps_per_epoch : int
        Steps of an epoch.
    """
    per_epoch = max(steps_per_epoch, 1)
    epoch = step // per_epoch
    params = optim.policy_params
    if optim.policy == "cosine":
        rise = optim.warmup_epochs * per_epoch
        if step < rise:
            return float((step + 1) / (rise + 1))
        return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(epochs * per_epoch - rise, 1)))
    if optim.policy == "linear":
        return 1.0 - epoch / (epochs + 1)
    if optim.policy == "step":
        return float(params.gamma ** (epoch // params.step_size))
    drops = [epochs // 2] if params.milestones is None else params.milestones
    return float(params.gamma ** sum(epoch >= drop for drop in drops))
