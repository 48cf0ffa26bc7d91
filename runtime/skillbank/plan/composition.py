"""Requests put together from plain words and options, the same way at every door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from skillbank.errors import UsageError
from skillbank.plan.request import Request, concerns, parse_data, parse_settings
from skillbank.plan.weights import FROM_PARENT, SCRATCH

if TYPE_CHECKING:
    from skillbank.runtime import Runtime


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
        reading = runtime.read(text if skill is None else f"{text} with {skill}")
        requests = list(reading.requests)
        notes += reading.notes
        if reading.not_understood:
            notes.append(f"not understood and ignored: {', '.join(reading.not_understood)}")
        if actions:
            requests = [requests[0].model_copy(update={"action": a}) for a in actions]
    elif skill is not None and actions:
        requests = [Request(skill=skill, action=action) for action in actions]
    else:
        raise UsageError(
            'Say what you want: skillbank plan "train Grounding DINO on DATA", or --skill and --action.'
        )
    with runtime.reading:
        known = {a.name for a in runtime.library.get(requests[0].skill).actions}
    given_data, given = parse_data(data or ()), parse_settings(settings or ())
    named = {d.source for d in given_data}
    merged = []
    for i, request in enumerate(requests):
        own = [s for s in given if concerns(s.key, request.action, len(requests), known)]
        keys = {s.key for s in own}
        update: dict[str, Any] = {
            "data": (*(d for d in request.data if d.source not in named), *given_data),
            "settings": (*(s for s in request.settings if s.key not in keys), *own),
        }
        for name in ("variant", "platform", "gpus", "nodes", "results_root", "image"):
            if options.get(name) is not None:
                update[name] = options[name]
        if i == 0 and options.get("parent") is not None:
            update["parent"] = options["parent"]
        said = options.get("pretrained")
        if said is not None and (said == SCRATCH or (i == 0) is (said != FROM_PARENT)):
            # What a file or job starts is the first step; the steps after it start from the one before.
            update["pretrained"] = said
        if options.get("automl") is not None:
            update |= {"automl": options["automl"], "automl_source": "--automl"}
        merged.append(Request.model_validate({**request.model_dump(), **update}))
    return merged, notes
