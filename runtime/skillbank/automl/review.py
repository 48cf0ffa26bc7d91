"""What a search will do and cost, said before anybody approves it; and how long it will still take."""

from __future__ import annotations

from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, TypedDict

from skillbank.automl.charter import Charter, objectives_of, settings_of
from skillbank.automl.experiment import Experiment
from skillbank.automl.places import slots_of
from skillbank.jobs.record import JobRecord, JobState
from skillbank.plan.model import Plan
from skillbank.plan.paths import get_path

if TYPE_CHECKING:
    from skillbank.automl.settings import AutoMLSettings
    from skillbank.automl.space_points import Row
    from skillbank.jobs.service import Jobs

__all__ = ["Review", "remaining_seconds", "review"]

_LOOKED_AT = 20


class Goal(TypedDict):
    """A metric, and whether more or less of it is better."""

    metric: str
    direction: str


class Review(TypedDict):
    """What a search will do; its times are None while no training tells."""

    algorithm: str
    objectives: list[Goal]
    trials: int
    epochs: int | None
    parallel: int
    gpus_per_trial: int
    seconds: int | None
    gpu_hours: float | None
    limits: dict[str, float]
    keep: str
    seed: int
    space: list[Row]
    evaluation: bool
    notes: list[str]


def review(plan: Plan, charter: Charter, jobs: Jobs) -> Review:
    """Return the review of a planned search.

    Times come from the newest trainings of the same skill on the same platform; None while there are none,
    until the first trial has run.
    """
    settings = settings_of(plan)
    platform = jobs.platform(plan.platform)
    slots = slots_of(platform, plan, settings.parallel)
    epochs = _epochs(plan, charter, settings)
    per_epoch = _seconds_per_epoch(plan, charter, jobs)
    seconds = None if per_epoch is None or epochs is None else per_epoch * epochs
    each = len(slots[0]) if platform.here else plan.resources.gpus * plan.resources.nodes
    return {
        "algorithm": settings.algorithm,
        "objectives": [{"metric": o.metric, "direction": o.direction} for o in objectives_of(plan)],
        "trials": settings.max_recommendations,
        "epochs": epochs,
        "parallel": len(slots),
        "gpus_per_trial": each,
        "seconds": None if seconds is None else round(seconds / len(slots)),
        "gpu_hours": None if seconds is None or not each else round(seconds * each / 3600, 2),
        "limits": {
            name: value
            for name in ("trial_timeout", "time_budget", "cost_budget", "patience", "target")
            if (value := getattr(settings, name)) is not None
        },
        "keep": settings.keep,
        "seed": settings.seed,
        "space": charter.space(plan).describe(),
        "evaluation": charter.evaluation is not None,
        "notes": [*charter.notes, *_settling(plan)],
    }


def _settling(plan: Plan) -> list[str]:
    """Say that the program is asked later what it makes of the spec: nothing runs before a yes."""
    command = plan.search.settle.get(plan.action) if plan.search is not None else None
    if command is None or plan.platform != "local":
        return []
    return [
        f"once this is approved, '{command}' says what the program takes on this machine in place of the "
        "defaults above; the search's log tells"
    ]


def _epochs(plan: Plan, charter: Charter, settings: AutoMLSettings) -> int | None:
    """Return the epochs of all trials together; of rungs the most that they may take."""
    if settings.epoch_budget is not None:
        return settings.epoch_budget
    each = get_path(charter.plan(plan).spec, charter.epochs_key) if charter.epochs_key else None
    if settings.is_multi_fidelity:
        each = settings.max_epochs
    return each * settings.max_recommendations if isinstance(each, int) else None


def _seconds_per_epoch(plan: Plan, charter: Charter, jobs: Jobs) -> float | None:
    if charter.epochs_key is None:
        return None
    earlier = jobs.store.list(
        skill=plan.skill.name, action=plan.action, state=JobState.COMPLETE, limit=_LOOKED_AT
    )
    found = []
    for record in earlier:
        epochs = get_path(record.plan.get("spec"), charter.epochs_key)
        if record.platform == plan.platform and isinstance(epochs, int) and epochs > 0:
            found.append(_seconds(record) / epochs)
    return median(found) if found else None


def _seconds(record: JobRecord) -> float:
    begun = next((line.at for line in record.history if line.state is JobState.RUNNING), record.created)
    return (record.history[-1].at - begun).total_seconds()


def remaining_seconds(stands: Experiment, plan: Plan, slots: int, now: datetime) -> float | None:
    """Return how long the rest of a search will take, by its own trials so far; None before the first ends.

    What a multi-fidelity search will still ask for is not known beforehand, nor what an early stop saves.
    """
    settings = settings_of(plan)
    spent = [t.seconds(now) for t in stands.done if t.counts]
    if not spent or settings.is_multi_fidelity or stands.end is not None:
        return None
    wanted = stands.extended or settings.max_recommendations
    ahead = 0 if stands.no_more else max(0, wanted - len(stands.trials))
    each = median(spent)
    left = sum(max(0.0, each - t.seconds(now)) for t in stands.running)
    return (ahead * each + left) / max(1, slots)
