"""Everything that a report shows, as one JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypedDict

from skillbank.automl.charter import settings_of
from skillbank.automl.experiment import Evaluation, Experiment, Trial
from skillbank.automl.limits import gpu_hours
from skillbank.automl.report.importance import importances
from skillbank.jobs.record import JobRecord
from skillbank.plan.model import Plan
from skillbank.plan.paths import MISSING, get_path

__all__ = ["clock", "report_data"]


class TrialRow(TypedDict):
    """A trial in a report."""

    number: int
    state: str
    job: str | None
    attempts: int
    values: dict[str, object]
    epochs: int | None
    resume_from: int | None
    scores: list[float] | None
    best_epoch: int | None
    curve: list[list[float]]
    reason: str
    started: str | None
    ended: str | None
    seconds: float
    slot: int
    place: str


class EvaluationRow(TypedDict):
    """An evaluation in a report."""

    trial: int | None
    job: str | None
    metrics: dict[str, float]
    note: str


class Objective(TypedDict):
    """What a search makes larger or smaller."""

    metric: str
    direction: str


class ReportData(TypedDict):
    """All that a report shows."""

    experiment: str
    skill: str
    plan_id: str
    request: str
    platform: str
    algorithm: str
    seed: int | None
    state: str
    message: str
    created: str
    seconds: float
    gpu_hours: float
    objectives: list[Objective]
    parameters: list[str]
    log_scale: list[str]
    defaults: dict[str, object]
    trials: list[TrialRow]
    best: int | None
    best_overrides: dict[str, object]
    default_scores: list[float] | None
    pareto: list[int]
    importance: dict[str, float]
    evaluations: dict[str, EvaluationRow]
    notes: list[str]
    results_dir: str


def report_data(record: JobRecord, stands: Experiment, end: Mapping[str, object] | None = None) -> ReportData:
    """Return the report of an experiment as it stands."""
    now = datetime.now(UTC)
    plan = Plan.from_document(record.plan)
    settings = settings_of(plan)
    state, message = _state(stands, end)
    keys = sorted({key for trial in stands.trials.values() for key in trial.values})
    return {
        "experiment": record.id,
        "skill": record.skill,
        "plan_id": record.plan_id,
        "request": plan.request,
        "platform": plan.platform,
        "algorithm": settings.algorithm,
        "seed": settings.seed,
        "state": state,
        "message": message,
        "created": record.created.isoformat(),
        "seconds": round(stands.spent(now), 1),
        "gpu_hours": round(gpu_hours(stands, plan, now), 4),
        "objectives": [{"metric": o.metric, "direction": o.direction} for o in stands.objectives],
        "parameters": keys,
        "log_scale": sorted(key for key in keys if _is_log(stands, key)),
        "defaults": _defaults(stands, plan, keys),
        "trials": [
            _trial(stands, trial, now) for trial in sorted(stands.trials.values(), key=lambda t: t.number)
        ],
        "best": stands.best.number if stands.best is not None else None,
        "best_overrides": dict(stands.best.values) if stands.best is not None else {},
        "default_scores": _default_scores(stands),
        "pareto": [trial.number for trial in stands.pareto] if len(stands.objectives) > 1 else [],
        "importance": importances(stands),
        "evaluations": {what: _evaluation(e) for what, e in stands.evaluations.items()},
        "notes": list(stands.notes),
        "results_dir": record.results,
    }


def _state(stands: Experiment, end: Mapping[str, object] | None) -> tuple[str, str]:
    """Return the state of an experiment and what is said of it, as it is about to end or has ended."""
    said = end or (stands.end.body if stands.end is not None else None)
    if not said:
        return stands.state, ""
    return str(said["state"]), str(said["message"])


def _trial(stands: Experiment, trial: Trial, now: datetime) -> TrialRow:
    return {
        "number": trial.number,
        "state": trial.state.value,
        "job": trial.job,
        "attempts": len(trial.jobs),
        "values": dict(trial.values),
        "epochs": trial.epochs,
        "resume_from": trial.resume_from,
        "scores": None if trial.scores is None else list(trial.scores),
        "best_epoch": trial.best_epoch,
        "curve": [[m.epoch, *m.values] for m in trial.curve],
        "reason": trial.reason,
        "started": trial.started.isoformat() if trial.started else None,
        "ended": trial.ended.isoformat() if trial.ended else None,
        "seconds": round(trial.seconds(now), 1),
        "slot": trial.slot,
        "place": trial.place,
    }


def _evaluation(evaluation: Evaluation) -> EvaluationRow:
    return {
        "trial": evaluation.trial,
        "job": evaluation.job,
        "metrics": dict(evaluation.metrics),
        "note": evaluation.note,
    }


def _default_scores(stands: Experiment) -> list[float] | None:
    """Return what the default configuration reached where it was trained for the longest."""
    first = stands.trials.get(0)
    if first is None:
        return None
    same = [t for t in stands.trials.values() if t.counts and dict(t.values) == dict(first.values)]
    longest = max(same, key=lambda t: (t.epochs or 0, -t.number), default=None)
    return None if longest is None else list(longest.scores or ())


def _defaults(stands: Experiment, plan: Plan, keys: list[str]) -> dict[str, object]:
    """Return what the default configuration has, which is trial 0: a program may read a spec its own way."""
    first = stands.trials.get(0)
    found = {key: get_path(plan.spec, key) for key in keys}
    spec = {key: None if value is MISSING else value for key, value in found.items()}
    return {**spec, **(first.values if first is not None else {})}


def _is_log(stands: Experiment, key: str) -> bool:
    """Say whether a parameter was tried over orders of magnitude, so that it is shown so."""
    tried = [t.values[key] for t in stands.trials.values() if key in t.values]
    numbers = [v for v in tried if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) != len(tried) or len(numbers) < 3 or min(numbers) <= 0:
        return False
    return any(isinstance(v, float) for v in numbers) and max(numbers) / min(numbers) >= 30


def clock(seconds: float) -> str:
    """Return a time as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
