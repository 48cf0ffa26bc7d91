"""Compiling for a runtime: a request or a chain of them to plans, with its parents and its data named."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from skillbank.datasets.parts import may_be_there
from skillbank.environment import IMAGE
from skillbank.errors import ActionNotFoundError, JobNotFoundError, UsageError
from skillbank.facade.arguments import requests_of
from skillbank.lazy_imports import lazy_imports
from skillbank.misfits import refuse_text
from skillbank.plan.allowed import refuse_hidden_places_of, refuse_hidden_places_of_request
from skillbank.plan.captions import reads_words
from skillbank.plan.datasets import bindings
from skillbank.plan.divided import divided, local_place
from skillbank.plan.draft import Parent
from skillbank.plan.naming import resolve
from skillbank.plan.planner import compile_plan
from skillbank.plan.request import Request
from skillbank.plan.set_places import set_place
from skillbank.platforms.registry import chosen_platform
from skillbank.team.rights import Right
from skillbank.trust.origin import origin_of

with lazy_imports():
    from skillbank.jobs import data_elsewhere, parents, set_files

if TYPE_CHECKING:
    from skillbank.bank.skill import Skill
    from skillbank.facade.planning import Planning
    from skillbank.plan.model import Plan

__all__ = ["divided_step", "plans_of"]


def plans_of(
    runtime: Planning, request: str | Request | Sequence[Request], leave_out: Sequence[str]
) -> list[Plan]:
    """Return the plans of a request; see `skillbank.facade.planning.Planning.plan`."""
    runtime.permit(Right.PLAN, "plan")
    refuse_text(leave_out, "leave_out")
    if leave_out and not isinstance(request, str):
        raise UsageError("leave_out is of words; give them, or leave it out.")
    if isinstance(request, str):
        reading = runtime.read(request)
        chain: Sequence[Request] = (reading.leaving_out(leave_out) if leave_out else reading).requests
    else:
        chain = requests_of(request)
    plans: list[Plan] = []
    platforms = [chosen_platform(step.platform) for step in chain]
    with runtime.reading:
        skills = [runtime.library.find(step.skill).skill for step in chain]
    for step, platform in zip(chain, platforms, strict=True):
        with runtime.reading:
            note = runtime.library.find(step.skill).note
            if note and note not in step.notes:
                step = step.model_copy(update={"notes": (*step.notes, note)})
            skill = runtime.library.current(step.skill)
            step = resolve(step, skill, partial(_job_named, runtime, skill=skill))
            step, said = runtime.divided(step, skill, skills)
            step = step.model_copy(update={"notes": (*step.notes, *said)})
        if step.parent is None:
            parent = Parent.before(plans, skill.name, skill.bank, step.action)
        else:
            parent, note = _parent(runtime, step.parent, skill)
            step = step.model_copy(update={"notes": (*step.notes, note)}) if note else step
        if step.image is None and (image := IMAGE.value):
            step = step.model_copy(update={"image": image, "image_source": IMAGE.name})
        with runtime.reading:
            origin = origin_of(skill, runtime.bank_of(skill))
            plans.append(compile_plan(skill, step, platform, parent, origin))
            refuse_hidden_places_of(plans[-1])
    return plans


def divided_step(
    runtime: Planning, step: Request, skill: Skill, chain: Sequence[Skill], *, elsewhere: bool
) -> tuple[Request, tuple[str, ...]]:
    """Return a step with its data named by parts; see `skillbank.facade.planning.Planning.divided`."""
    refuse_hidden_places_of_request(step)

    def splits_at(uri: str, form: str) -> Sequence[str]:
        place = local_place(uri)
        if may_be_there(place) if place is not None else elsewhere:
            return _splits_at(uri, form, elsewhere)
        return ()

    try:
        action = skill.action(step.action, step.variant)
    except ActionNotFoundError:
        return step, ()  # the planner says it
    rows = bindings(skill, action, skill.template(action)[0])[0]
    said: tuple[str, ...] = ()
    if any(set_place(location.uri) for location in step.data):
        words = any(reads_words(each) for each in chain)
        step, said = set_files.with_sets(
            step, {row.source for row in rows}, lambda: runtime.sets, prompts=words
        )
    step, more = divided(step, rows, splits_at)
    return step, (*said, *more)


def _parent(runtime: Planning, job: str, skill: Skill) -> tuple[Parent, str]:
    store = runtime.jobs.store
    record = store.get(job, skill=skill.name, bank=skill.bank)
    return parents.planned_parent(record, store.get), parents.other_maker(record, skill)


def _job_named(runtime: Planning, text: str, *, skill: Skill) -> str | None:
    try:
        return runtime.jobs.store.get(text, skill=skill.name, bank=skill.bank).id
    except JobNotFoundError:
        if text.startswith("last:"):  # nothing else is called so
            raise
        return None


def _splits_at(uri: str, form: str, elsewhere: bool) -> Sequence[str]:
    return data_elsewhere.splits_at(uri, form, elsewhere=elsewhere)
