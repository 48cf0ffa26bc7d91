"""What a request names, made to hold from anywhere: local paths become absolute, a job's name its parent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from skillbank.bank.actions import Action
from skillbank.bank.keys import plain
from skillbank.bank.skill import Skill
from skillbank.errors import ActionNotFoundError, ConflictError
from skillbank.nearby import refuse_almost_address, refuse_credentials
from skillbank.plan import inference
from skillbank.plan.model import PARENT_MODEL, is_hub_name
from skillbank.plan.paths import strings_in
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

    Raises
    ------
    ConflictError
        When it names two jobs.
    UsageError
        When an address in it is almost one, or holds a password.
    """
    said = [request.results_root, request.pretrained, *(d.uri for d in request.data)]
    for text in strings_in([*said, *(setting.value for setting in request.settings)]):
        refuse_credentials(text)
    try:
        action = skill.action(request.action, request.variant)
    except ActionNotFoundError:
        return request  # the planner says it
    jobs = _Jobs(job, [request.parent] if request.parent is not None else [])
    settings = _settings(request, skill, action, jobs)
    hub = bool(_on_hub(action) & _model_fields(skill, action))
    pretrained = _pretrained(request.pretrained, jobs, settings, hub)
    ids = list(dict.fromkeys(job(name) or name for name in jobs.named))
    if len(ids) > 1:
        raise ConflictError(f"The request names two jobs to start from, {' and '.join(ids)}; keep one.")
    update: dict[str, object] = {
        "data": tuple(d.model_copy(update={"uri": _from_anywhere(d.uri)}) for d in request.data),
        "settings": settings,
        "pretrained": pretrained,
        "parent": ids[0] if ids else None,
        "results_root": _from_anywhere(request.results_root) if request.results_root else None,
    }
    return request.model_copy(update=update)


def _from_anywhere(text: str) -> str:
    """Return a place as it holds from anywhere; raise `UsageError` for what is almost an address."""
    refuse_almost_address(text)
    return absolute(text)


@dataclass
class _Jobs:
    """The jobs that a request names where a model could stand."""

    look_up: JobId
    named: list[str]

    def takes(self, value: object) -> bool:
        """Whether a value is a job, which is then one of those that are named."""
        found = _job(value, self.look_up)
        if found is not None:
            self.named.append(found)
        return found is not None


def _settings(request: Request, skill: Skill, action: Action, jobs: _Jobs) -> tuple[Setting, ...]:
    """Return the settings with absolute places; a job in the place of a model is the plan's parent."""
    models, hub, shorthands = _model_fields(skill, action), _on_hub(action), skill.shorthands(action)
    read = {plain(i.key) for i in action.inputs if i.type not in ("list", "text")} | {*map(plain, models)}
    settled = []
    for setting in request.settings:
        key, value = shorthands.get(setting.key, setting.key), setting.value
        if key in models and jobs.takes(value):
            value = PARENT_MODEL
        elif plain(key) in read:
            value = _place(value, key in hub)
        settled.append(Setting(key=setting.key, value=value))
    return tuple(settled)


def _pretrained(said: str | None, jobs: _Jobs, settings: Sequence[Setting], hub: bool) -> str | None:
    """Return which weights are meant: none, those of a parent, those of a place or a name."""
    if said is None or said == FROM_PARENT:
        return said
    if said.strip().lower() in _SCRATCH_WORDS:
        return SCRATCH
    if jobs.takes(said):
        # Beside a key that takes the job's model too, the training still starts from it.
        return FROM_PARENT if any(s.value == PARENT_MODEL for s in settings) else None
    return str(_place(said, hub))


def _on_hub(action: Action) -> set[str]:
    """Return the keys whose value may be the name of a model on the hub."""
    return {i.key for i in action.inputs if i.extra.get("hub") is True}


def _model_fields(skill: Skill, action: Action) -> set[str]:
    """Return the keys of an action that a model's file can fill."""
    fields = {key for key, function in action.spec_params.items() if inference.reads(function)}
    rows = (row for row in skill.inference_table if row.action.rpartition("/")[2] == action.name)
    return fields | {row.field for row in rows if inference.reads(row.function)}


def _job(value: object, job: JobId) -> str | None:
    """Return the id of a job that stands where a model's file could; a file of that name comes first."""
    text = value.strip() if isinstance(value, str) else ""
    word = text and text not in (FROM_PARENT, "???") and not set("/.{") & set(text)
    return job(text) if word and not _is_here(text) else None


def _place(value: object, hub: bool) -> object:
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
