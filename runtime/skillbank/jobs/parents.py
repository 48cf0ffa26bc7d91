"""Parents: what a plan takes of a job; at the launch whether they have ended well, and the model of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from skillbank.bank.discovery import OWN
from skillbank.bank.engines import own_engine
from skillbank.bank.skill import Skill
from skillbank.errors import ParentError
from skillbank.jobs.binding import ParentModel, needs_parent_model
from skillbank.jobs.checkpoints import model_of
from skillbank.jobs.metrics import read_status
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.retries import attempts
from skillbank.jobs.uploads import results_folder
from skillbank.plan.draft import Parent
from skillbank.plan.model import ParentRef, Plan, Source
from skillbank.visible import one_line
from skillbank.ways import Sentence, command, marked, option

__all__ = [
    "chosen_structure",
    "finished_parents",
    "lacking_model",
    "other_maker",
    "parent_models",
    "planned_parent",
]


LABELS = "skillbank-label-set"
"""The skill that looks at pictures with a model of another one."""


def planned_parent(record: JobRecord, look: Callable[[str], JobRecord]) -> Parent:
    """Return what the planner is to know of a job that was named as a parent; it may still be running."""
    if record.state in (JobState.ERROR, JobState.CANCELED):
        raise ParentError(
            f"The parent job {record.id} ended as {record.state}; "
            f"give a parent that is complete ('{command('jobs')}' lists them)."
        )
    ref = ParentRef(job=record.id, action=record.action, skill=record.skill)
    # The model of an experiment has the structure of its best trial.
    giver = look(record.product) if record.product else record
    spec = giver.plan.get("spec")
    return Parent(ref, spec if isinstance(spec, Mapping) else {})


def other_maker(record: JobRecord, skill: Skill) -> str:
    """Say that a named parent is of another skill, or of another bank's of the same name."""
    command = record.plan.get("command") or ("",)
    engine = own_engine(str(command[0]))
    if engine is not None and engine.labels_by_description and skill.qualified == f"{OWN}:{LABELS}":
        return ""  # what labels takes the models of just these programs
    if record.skill != skill.name:
        return (
            f"the parent {record.id} was made by {one_line(record.skill, 60)}, and this is {skill.name}: "
            "whether its model fits is not known"
        )
    theirs = record.plan.get("skill") or {}
    bank = str(theirs.get("bank", ""))
    if bank == skill.bank or theirs.get("digest") == skill.digest:
        return ""
    return (
        f"the parent {record.id} was made by {one_line(record.skill, 60)} of bank {one_line(bank, 60)}, and "
        f"this is that of bank {one_line(skill.bank, 60)}"
    )


def finished_parents(
    plan: Plan, given: Sequence[JobRecord], look: Callable[[str], JobRecord]
) -> list[JobRecord]:
    """Return the jobs that a plan's parents are, each of them COMPLETE.

    Parameters
    ----------
    given
        Jobs named at the launch; those that ran an earlier plan of a chain stand for it.
    look
        Returns a job by its id, as it stands now.
    """
    # A parent that had to be retried with half the batch still stands for the plan of its first attempt.
    by_plan = {attempt.plan_id: record for record in given for attempt in attempts(record, look)}
    parents = [_parent(ref, by_plan, look) for ref in plan.parents]
    known = {record.id for record in parents}
    parents += [record for record in given if record.id not in known]
    for record in parents:
        if record.state is not JobState.COMPLETE:
            raise ParentError(f"parent job {record.id} ({record.action}) {marked(_why(record))}")
    return parents


def _parent(ref: ParentRef, by_plan: dict[str, JobRecord], look: Callable[[str], JobRecord]) -> JobRecord:
    if ref.job is not None:
        return look(ref.job)
    if ref.plan in by_plan:
        return by_plan[ref.plan]
    builds_on = f"the {ref.action} of {ref.skill} that this plan builds on"
    if by_plan:
        raise ParentError(f"{builds_on} is of none of the jobs that were named; name the one that ran it")
    raise ParentError(f"{builds_on} has not run yet; launch that plan first")


def _why(record: JobRecord) -> str:
    if record.state is JobState.ERROR:
        reason = f": {record.failure.explanation.rstrip('.')}" if record.failure else ""
        return Sentence(
            f"failed{reason}; see {command('logs', record.id)}, run it again, or name another parent"
        )
    if record.state is JobState.CANCELED:
        return "was canceled; run it again, or name another parent"
    return Sentence(
        f"is {record.state} and has no model yet; wait with {command('status', record.id, '--watch')}"
    )


def parent_models(
    plan: Plan, parents: Sequence[JobRecord], look: Callable[[str], JobRecord], method: str = "auto"
) -> list[ParentModel]:
    """Choose each parent's model by its own metric; parents that a plan takes no model from may have none.

    An experiment gives the model and the structure of its best trial.

    Raises
    ------
    ParentError
        When the plan needs a model and no parent has it.
    """
    needed = needs_parent_model(plan)
    models, refusals = [], []
    for record in parents:
        try:
            giver = look(record.product) if record.product else record
            model = _model(plan, giver, method)
            models.append(ParentModel(record.id, record.action, model, chosen_structure(giver)))
        except ParentError as error:
            refusals.append(error)
    if needed and (not models or models[0].job_id != parents[0].id):  # the first stands for the model
        raise (
            refusals[0]
            if refusals
            else ParentError(
                f"{plan.action} of {plan.skill.name} takes a parent job's model; name one with "
                f"{option('parent', 'JOB')}"
            )
        )
    return models


def lacking_model(plan: Plan, look: Callable[[str], JobRecord]) -> str:
    """Say which finished parent on this machine has no model any more; empty where none is missing."""
    for record in (look(ref.job) for ref in plan.parents if ref.job is not None):
        if record.state is JobState.COMPLETE and record.results_uri is None:
            try:
                parent_models(plan, [record], look)
            except ParentError as error:
                return error.sentence
    return ""


def chosen_structure(record: JobRecord) -> dict[str, object]:
    """Return the parameters of the model that AutoML chose for a job, by key."""
    return {
        override["key"]: override["value"]
        for override in record.plan.get("overrides") or ()
        if override["source"] == Source.AUTOML and override["key"].startswith(("model.", "engine."))
    }


def _model(plan: Plan, record: JobRecord, method: str) -> Path:
    theirs: dict[str, Any] = record.plan
    results_dir = results_folder(record)
    return model_of(
        record.id,
        record.action,
        results_dir,
        method=method,
        epochs=read_status(results_dir, record.action).epochs,
        metric=theirs.get("metric") or plan.metric,
        direction=theirs.get("metric_direction") or plan.metric_direction,
    )
