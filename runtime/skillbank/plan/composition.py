"""Requests put together from plain words and options, the same way at every door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from skillbank.errors import ActionNotFoundError, UsageError
from skillbank.plan.datasets import bindings
from skillbank.plan.request import (
    ROLES,
    DataLocation,
    Request,
    Setting,
    concerns,
    parse_data,
    parse_settings,
    role_of,
)
from skillbank.plan.weights import FROM_PARENT, SCRATCH

if TYPE_CHECKING:
    from skillbank.bank.skill import Skill
    from skillbank.runtime import Runtime

_EVERYWHERE = ("variant", "platform", "gpus", "nodes", "results_root", "image")
"""Options that hold for every step of a chain."""


def compose(
    runtime: Runtime,
    text: str | None,
    skill: str | None,
    actions: Sequence[str] | None,
    *,
    data: Sequence[str] | None = None,
    settings: Sequence[str] | None = None,
    **options: Any,
) -> tuple[list[Request], list[str]]:
    """Merge plain words and options into requests; options win over words.

    Parameters
    ----------
    data, settings
        ``ROLE=URI`` and ``KEY=VALUE``.
    options
        ``variant``, ``platform``, ``gpus``, ``nodes``, ``results_root``, ``image``, ``parent``,
        ``pretrained``, ``automl``; None is not said.

    Returns
    -------
    requests
        One for each action of the chain.
    notes
        Sentences about how the words were read.

    Raises
    ------
    UsageError, SkillNotFoundError
        When it is not said what to do, or with which skill.
    """
    notes: list[str] = []
    if text is not None:
        whole, claimed = text, tuple[str, ...]()
        if skill is not None:
            with runtime.reading:
                found = runtime.library.find(skill)
            whole, claimed = f"{text} with {found.skill.qualified}", (found.note,) if found.note else ()
        reading = runtime.read(whole)
        requests = [r.model_copy(update={"notes": (*r.notes, *claimed)}) for r in reading.requests]
        notes += reading.notes
        if reading.not_understood:
            notes.append(f"not understood and ignored: {', '.join(reading.not_understood)}")
        if actions:
            said, meant = ", ".join(r.action for r in requests), ", ".join(actions)
            if said != meant:
                notes.append(f"--action {meant} counts, not the {said} of the words")
            requests = [requests[0].model_copy(update={"action": a}) for a in actions]
    elif skill is not None and actions:
        requests = [Request(skill=skill, action=action) for action in actions]
    else:
        raise UsageError(
            'Say what you want: skillbank plan "train Grounding DINO on DATA", or --skill and --action.'
        )
    with runtime.reading:
        known = {a.name for a in runtime.library.get(requests[0].skill).actions}
        reads = [_sources(runtime.library.get(r.skill), r) for r in requests]
    given_data, given = parse_data(data or ()), parse_settings(settings or ())
    own = [[s for s in given if concerns(s.key, r.action, len(requests), known)] for r in requests]
    own_data = [[d for d in given_data if len(requests) == 1 or d.source in sources] for sources in reads]
    _refuse_unused(requests, given, own, given_data, own_data)
    merged = []
    for i, request in enumerate(requests):
        update = {**_chosen(request, own[i], own_data[i], given_data), **_options(i, options)}
        notes += _replaced(request, update, own[i], own_data[i])
        merged.append(Request.model_validate({**request.model_dump(), **update}))
    return merged, list(dict.fromkeys(notes))


def _chosen(
    request: Request, own: list[Setting], data: list[DataLocation], given: Sequence[DataLocation]
) -> dict[str, Any]:
    """Return the data and settings of a request, those of options in the place of those of words."""
    named, keys = {d.source for d in given}, {s.key for s in own}
    return {
        "data": (*(d for d in request.data if d.source not in named), *data),
        "settings": (*(s for s in request.settings if s.key not in keys), *own),
    }


def _options(at: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what options say of the step at a place of the chain."""
    update = {name: options[name] for name in _EVERYWHERE if options.get(name) is not None}
    if at == 0 and options.get("parent") is not None:
        update["parent"] = options["parent"]
    said = options.get("pretrained")
    if said is not None and (said == SCRATCH or (at == 0) is (said != FROM_PARENT)):
        # What a file or job starts is the first step; the steps after it start from the one before.
        update["pretrained"] = said
    if options.get("automl") is not None:
        update |= {"automl": options["automl"], "automl_source": "--automl"}
    return update


def _sources(skill: Skill, request: Request) -> set[str]:
    """Return the data sets that a step reads; everything where that cannot be told."""
    try:
        action = skill.action(request.action, request.variant)
    except ActionNotFoundError:
        return set(ROLES.values())  # the planner says it
    rows, _ = bindings(skill, action, skill.template(action)[0])
    return {row.source for row in rows}


def _refuse_unused(
    requests: Sequence[Request],
    settings: Sequence[Setting],
    own: Sequence[Sequence[Setting]],
    data: Sequence[DataLocation],
    own_data: Sequence[Sequence[DataLocation]],
) -> None:
    """Refuse what was given to a chain and concerns none of its steps."""
    taken = {s.key for each in own for s in each}
    read = {d.source for each in own_data for d in each}
    unused = [f"--set {s.key}" for s in settings if s.key not in taken]
    unused += [f"--data {role_of(d.source)}={d.uri}" for d in data if d.source not in read]
    if unused:
        actions = ", ".join(request.action for request in requests)
        raise UsageError(f"{', '.join(unused)} would have no effect on {actions}; leave it out.")


def _replaced(
    request: Request, update: Mapping[str, Any], own: Sequence[Setting], data: Sequence[DataLocation]
) -> Iterator[str]:
    """Say where an option stands in the place of something else that the words said."""
    before = {s.key: s.value for s in request.settings}
    for setting in own:
        if setting.key in before and before[setting.key] != setting.value:
            yield f"--set {setting.key}={setting.value} counts, not the {before[setting.key]} of the words"
    places = {d.source for d in data}
    gone = [d for d in request.data if d.source in places and d.uri not in {each.uri for each in data}]
    for place in gone:
        yield f"--data {role_of(place.source)} counts, not the {place.uri} of the words"
    for name in (*_EVERYWHERE, "parent", "pretrained", "automl"):
        said = getattr(request, name)
        if said is not None and name in update and str(update[name]) != str(said):
            yield f"--{name.replace('_', '-')} {update[name]} counts, not the {said} of the words"
