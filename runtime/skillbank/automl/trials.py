"""From a recommendation to the plan of its trial, and from a trial to the plan that evaluates it."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence

from skillbank.plan.model import Override, ParentRef, Plan, Policy, Source
from skillbank.plan.paths import MISSING, format_path, get_path, leaves, set_path

__all__ = ["evaluation_plan", "fitting_interval", "structure", "trial_plan"]

_INTERVAL = re.compile(
    r"((validation|val|eval|evaluation|checkpoint|save|test)_interval|check_val_every_n_epoch)$"
)


def trial_plan(
    plan: Plan,
    experiment: str,
    number: int,
    values: Mapping[str, object],
    *,
    epochs: int | None,
    epochs_key: str | None,
    gpu_ids: Sequence[int] = (),
) -> Plan:
    """Return the plan of one trial: the experiment's own, with the recommended values put in.

    Equal arguments give plans of equal id, so that a launch can be repeated.

    Parameters
    ----------
    values
        Recommended values by dotted key.
    epochs
        Epochs in all, those of an earlier trial that this one goes on from included; None for the plan's own.
    epochs_key
        The key that holds the number of epochs.
    gpu_ids
        The GPUs of the trial's slot; none leaves the choice to the plan.
    """
    spec = copy.deepcopy(plan.spec)
    detail = f"recommendation {number} of {experiment}"
    changed = dict(values)
    if epochs is not None and epochs_key is not None:
        changed[epochs_key] = epochs
    ids_key = f"{plan.action}.gpu_ids"
    if gpu_ids and get_path(spec, ids_key) is not MISSING:
        changed[ids_key] = list(gpu_ids)
    for key, value in changed.items():
        set_path(spec, key, copy.deepcopy(value))
    total = get_path(spec, epochs_key) if epochs_key else MISSING
    if isinstance(total, int) and not isinstance(total, bool) and total > 0:
        for key, value in _intervals(spec, total).items():
            set_path(spec, key, value)
            changed[key] = value
    overrides = {override.key: override for override in plan.overrides}
    for key, value in changed.items():
        overrides[key] = Override(key=key, value=value, source=Source.AUTOML, detail=detail)
    fields = {
        "route": plan.route.model_copy(
            update={"name": "direct", "reason": detail, "skill": plan.route.skill and plan.skill.name}
        ),
        "automl_policy": Policy(value="off", source=f"trial of {experiment}"),
        "spec": spec,
        "overrides": tuple(sorted(overrides.values(), key=lambda o: o.key)),
        "automl": None,
        "search": None,
        "questions": (),
    }
    return Plan.model_validate({**plan.model_dump(), **fields})


def _intervals(spec: Mapping[str, object], epochs: int) -> dict[str, int]:
    """Return the intervals that must change so that the last epoch is validated and saved."""
    changed = {}
    for path, value in leaves(spec):
        name = str(path[-1]) if path else ""
        if not _INTERVAL.search(name) or isinstance(value, bool) or not isinstance(value, int) or value < 1:
            continue
        unit = get_path(spec, (*path[:-1], f"{name}_unit"))
        if isinstance(unit, str) and unit != "epoch":
            continue
        fitting = fitting_interval(value, epochs)
        if fitting != value:
            changed[format_path(path)] = fitting
    return changed


def fitting_interval(interval: int, epochs: int) -> int:
    """Return the largest interval, not above the wanted one, at which the last epoch is one of those met."""
    return next(n for n in range(min(interval, epochs), 0, -1) if epochs % n == 0)


def structure(plan: Plan) -> dict[str, object]:
    """Return the structural parameters that AutoML chose: a model made with them needs them again."""
    return {
        override.key: override.value
        for override in plan.overrides
        if override.source is Source.AUTOML and override.key.startswith(("model.", "engine."))
    }


def evaluation_plan(evaluation: Plan, trial: Plan, job: str) -> Plan:
    """Return the plan that evaluates the model of a trial's job."""
    spec = copy.deepcopy(evaluation.spec)
    overrides = {override.key: override for override in evaluation.overrides}
    for key, value in structure(trial).items():
        if get_path(spec, key) is not MISSING:
            set_path(spec, key, copy.deepcopy(value))
            detail = "structure of the parent's model"
            overrides[key] = Override(key=key, value=value, source=Source.PARENT, detail=detail)
    fields = {
        "spec": spec,
        "overrides": tuple(sorted(overrides.values(), key=lambda o: o.key)),
        "parents": (ParentRef(job=job, action=trial.action, skill=trial.skill.name),),
    }
    return evaluation.model_copy(update=fields)
