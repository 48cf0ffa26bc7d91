"""When a search is over before its algorithm says so: budgets, patience, a target, nothing but failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING

from skillbank.automl.experiment import Experiment, Trial, TrialState
from skillbank.automl.metrics import UNSEEN
from skillbank.plan.model import Plan

if TYPE_CHECKING:
    from skillbank.automl.settings import AutoMLSettings

__all__ = ["Limit", "exhausted", "gpu_hours"]

_FAILURES = 5
"""So many failed trials and not one that succeeded: the next ones would fail as well."""


@dataclass(frozen=True)
class Limit:
    """Why nothing new is started; ``hard`` halts what runs, ``failed`` makes the whole a failure."""

    reason: str
    hard: bool = False
    failed: bool = False


def gpu_hours(stands: Experiment, plan: Plan, now: datetime) -> float:
    """Return what the trials have cost so far: hours times the GPUs that each asks for."""
    return stands.trial_seconds(now) / 3600 * max(1, plan.resources.gpus) * plan.resources.nodes


def exhausted(stands: Experiment, settings: AutoMLSettings, plan: Plan, now: datetime) -> Limit | None:
    """Return the limit that has been reached; None while there is none."""
    if settings.time_budget is not None and stands.spent(now) >= settings.time_budget:
        return Limit(f"the time budget of {settings.time_budget:g} s is spent", hard=True)
    if settings.cost_budget is not None and gpu_hours(stands, plan, now) >= settings.cost_budget:
        return Limit(f"the budget of {settings.cost_budget:g} GPU hours is spent", hard=True)
    best = stands.best
    if best is not None and best.scores is not None and settings.target is not None:
        objective = stands.objectives[0]
        if not objective.better(settings.target, best.scores[0]):
            return Limit(f"{objective.metric} has reached the target of {settings.target:g}", hard=True)
    return _barren(stands, settings)


def _barren(stands: Experiment, settings: AutoMLSettings) -> Limit | None:
    """Judge the trials in the order in which they ended."""
    told = sorted(stands.done, key=lambda trial: (trial.ended or trial.asked, trial.number))
    best = stands.best
    if best is None:
        return _all_failed(told, settings)
    later = takewhile(lambda trial: trial.number != best.number, reversed(told))
    since = sum(trial.counts for trial in later)
    if settings.patience is not None and since >= settings.patience:
        return Limit(f"the last {since} trials brought nothing better")
    failed = len(list(takewhile(lambda trial: not trial.counts, reversed(told))))
    if settings.max_failures is not None and failed >= settings.max_failures:
        return Limit(f"the last {failed} trials all failed")
    return None


def _all_failed(told: Sequence[Trial], settings: AutoMLSettings) -> Limit | None:
    """Judge trials of which none succeeded: one whose metric is not there speaks for all."""
    blind = next((t for t in told if t.state is TrialState.FAILED and t.reason.startswith(UNSEEN)), None)
    if blind is not None:
        return Limit(blind.reason, hard=True, failed=True)
    if len(told) >= (settings.max_failures or _FAILURES):
        return Limit(f"the first {len(told)} trials all failed", hard=True)
    return None
