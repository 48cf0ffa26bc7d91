"""Steps written as a block: sections named by an action, or a list whose entries have one each.

``train:`` and ``evaluate:`` are sections of a spec as well; they are steps where one of them says what a
request says (its model, its data) and no spec does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from skillbank.plan.reader.lexicon import lexicon
from skillbank.plan.reader.phrases import ACTIONS

__all__ = ["PATTERN", "BlockStep", "steps_in"]

_KEY = r"[A-Za-z_][\w.\[\]-]*:(?:[ ][^\n]*)?"
_BELOW = rf"(?:\n[ ]+(?:-[ ][^\n]+|{_KEY}))+"
_SECTION = rf"(?-i:[a-z_]+):[ ]*{_BELOW}"
_ENTRY = rf"[ ]*-[ ]+{_KEY}{_BELOW}"
PATTERN = (
    r"(?:(?<=\n)|\A)(?:(?-i:[a-z_]+):[ ]*\n)?"
    rf"(?:{_SECTION}(?:\n{_SECTION})+(?:\n{_KEY})*|{_ENTRY}(?:\n{_ENTRY})+)(?=\n|\Z)"
)
"""Two sections or entries of several lines, in the words of the lexer's verbose pattern."""
_OF_REQUESTS = frozenset({"model", "skill", "data", "dataset", "val", "parent", "job"})
_NAMING = ("action", "step", "task", "command")
"""Keys of an entry that say its action."""


@dataclass(frozen=True)
class BlockStep:
    """A step of a block: the word of its action, if it has one, and what is said of it."""

    action: str | None
    settings: Mapping[str, object] = field(default_factory=dict)


def steps_in(document: object) -> list[BlockStep] | None:
    """Return the steps of a block in their order, None where it is none of steps.

    What stands beside sections is said before all of them.
    """
    if isinstance(document, list):
        return _entries(document)
    if not isinstance(document, dict):
        return None
    [*values] = document.values()
    if len(values) == 1 and _action(next(iter(document))) is None:
        return steps_in(values[0]) if isinstance(values[0], list | dict) else None
    sections = [
        BlockStep(action, value)
        for key, value in document.items()
        if isinstance(value, dict) and (action := _action(key)) is not None
    ]
    if not any(_says_request(step.settings) for step in sections):
        return None
    beside = {k: v for k, v in document.items() if _action(k) is None or not isinstance(v, dict)}
    return [*([BlockStep(None, beside)] if beside else []), *sections]


def _entries(entries: Sequence[object]) -> list[BlockStep] | None:
    return list(map(_entry, entries)) if _are_mappings(entries) else None


def _are_mappings(entries: Sequence[object]) -> bool:
    return bool(entries) and all(isinstance(e, dict) and all(isinstance(k, str) for k in e) for e in entries)


def _entry(entry: object) -> BlockStep:
    """Read ``{action: train, model: ...}``, or ``{train: {model: ...}}``."""
    said: Mapping[str, object] = entry if isinstance(entry, dict) else {}
    for key, value in said.items():
        if len(said) == 1 and isinstance(value, dict) and _action(key) is not None:
            return BlockStep(_action(key), value)
        if key.lower() in _NAMING and isinstance(value, str):
            return BlockStep(value, {k: v for k, v in said.items() if k != key})
    return BlockStep(None, said)


def _action(key: object) -> str | None:
    """Return the action that a key names, as a verb or a noun."""
    word = str(key).lower()
    forms = ((each, f"actions.{each}.{form}") for each in ACTIONS for form in ("base", "nouns"))
    return next((each for each, section in forms if word == each or lexicon().has(word, section)), None)


def _says_request(settings: Mapping[str, object]) -> bool:
    """Whether settings name what a request is about: a model, data or a job by one word, or several."""
    return any(
        str(key).lower() in _OF_REQUESTS and isinstance(value, str | list) for key, value in settings.items()
    )
