"""What a request names, made to hold from anywhere: local paths become absolute, a job's name its parent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.keys import plain
from skillbank.bank.skill import Skill
from skillbank.errors import ActionNotFoundError, ConflictError
from skillbank.plan import inference
from skillbank.plan.model import PARENT_MODEL, is_hub_name
from skillbank.plan.reader.roots import absolute
from skillbank.plan.request import Request, Setting
from skillbank.plan.weights import FROM_PARENT, SCRATCH
from skillbank.team.places import hidden

__all__ = ["resolve"]

JobId = Callable[[str], "str | None"]
"""Returns the id of the job that a text names; None when it names none."""
_SCRATCH_WORDS = frozenset({SCRATCH, "nothing", "scratch", "from scratch", "random"})


def resolve(request: Request, skill: Skill, job: JobId) -> Request:
    """Settle what the places and models of a request are.

    Parameters
    ----------
    job
        Looks a job up.

    Raises
    ------
    ConflictError
        When it names two jobs.
    """
    try:
        action = skill.action(request.action, request.variant)
    except ActionNotFoundError:
        return request  # the planner says it
    models = _model_fields(skill, action)
    read = {plain(i.key) for i in action.inputs if i.type not in ("list", "text")} | {
        plain(key) for key in models
    }
    hub = {i.key for i in action.inputs if i.extra.get("hub") is True}
    jobs = [request.parent] if request.parent is not None else []
    settings = []
    shorthands = skill.shorthands(action)
    for setting in request.settings:
        key, value = shorthands.get(setting.key, setting.key), setting.value
        if key in models and (found := _job(value, job)) is not None:
            jobs.append(found)
            value = PARENT_MODEL
        elif plain(key) in read:
            value = _place(value, key in hub)
        settings.append(Setting(key=setting.key, value=value))
    pretrained = request.pretrained
    if pretrained is not None and pretrained.strip().lower() in _SCRATCH_WORDS:
        pretrained = SCRATCH
    elif pretrained is not None and (found := _job(pretrained, job)) is not None:
        jobs.append(found)
        # Beside a key that takes the job's model too, the training still starts from it.
        pretrained = FROM_PARENT if any(s.value == PARENT_MODEL for s in settings) else None
    elif pretrained != FROM_PARENT:
        pretrained = _place(pretrained, bool(hub & models))
    ids = list(dict.fromkeys(job(name) or name for name in jobs))
    if len(ids) > 1:
        raise ConflictError(f"The request names two jobs to start from, {' and '.join(ids)}; keep one.")
    update: dict[str, Any] = {
        "data": tuple(d.model_copy(update={"uri": absolute(d.uri)}) for d in request.data),
        "settings": tuple(settings),
        "pretrained": pretrained,
        "parent": ids[0] if ids else None,
        "results_root": absolute(request.results_root) if request.results_root else None,
    }
    return request.model_copy(update=update)


def _model_fields(skill: Skill, action: Action) -> set[str]:
    """Return the keys of an action that a model's file can fill."""
    fields = {key for key, function in action.spec_params.items() if inference.reads(function)}
    rows = (row for row in skill.inference_table if row.action.rpartition("/")[2] == action.name)
    return fields | {row.field for row in rows if inference.reads(row.function)}


def _job(value: Any, job: JobId) -> str | None:
    """Return the id of a job that stands where a model's file could; a file of that name comes first."""
    text = value.strip() if isinstance(value, str) else ""
    word = text and text not in (FROM_PARENT, "???") and not set("/.{") & set(text)
    return job(text) if word and not _is_here(text) else None


def _place(value: Any, hub: bool) -> Any:
    """Return a local path as an absolute one; names on the hub, other places and tokens stay.

    A folder that is here and called like a model on the hub is the folder, whoever launches from wherever.
    """
    if isinstance(value, list):
        return [_place(each, hub) for each in value]
    if not isinstance(value, str) or value.strip() in ("", "???") or set("{$") & set(value):
        return value
    on_hub = hub and is_hub_name(value) and not _is_here(value)
    return value if on_hub else absolute(value)


def _is_here(name: str) -> bool:
    return not hidden(name) and Path(name).exists()
