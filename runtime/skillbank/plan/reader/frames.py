"""Frames: rows of words that mean the same wherever they stand, as data (``words/lists/frames.toml``).

A frame is a pattern; what of it is accounted for is named ``w``, or is all of it. ``{name}`` in one stands
for a part that several have: of the table's own, or one made of the actions and slots that there are.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache

from skillbank.plan.reader.lexicon import WORDS
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS, filled
from skillbank.plan.reader.place import AFTER, BARE, NOUN
from skillbank.plan.reader.value import UNITS
from skillbank.plan.slots import SLOTS

__all__ = ["frame", "frames", "take"]

_VERBS = [action for action in ACTIONS if action not in ("gen_trt_engine", "dataset_convert")]
"""The actions that have a verb; what the others do is said in phrases."""
_MADE = {
    "slots": "|".join(f"slots.{s.name}.{part}" for s in SLOTS for part in ("nouns", "before")),
    "nouns": "|".join(f"slots.{s.name}.nouns" for s in SLOTS),
    "units": "|".join(f"slots.units.{unit}" for unit in (*UNITS, "months")),
    "verbs": "|".join(f"actions.{a}.{form}" for a in _VERBS for form in ("base", "third", "ing")),
    "done": "|".join(f"actions.{a}.past" for a in _VERBS),
    "roles": f"{BARE}|{NOUN}|{AFTER}",
}


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, tuple[str, ...]]]:
    content = tomllib.loads((WORDS / "lists" / "frames.toml").read_text("utf-8"))
    parts = {**_MADE, **content.pop("parts")}
    return {
        section: {
            name: tuple(filled(source, parts) for source in sources) for name, sources in groups.items()
        }
        for section, groups in content.items()
    }


def frames(name: str) -> tuple[str, ...]:
    """Return the frames of a group, such as ``courtesy.wishing``, as patterns."""
    section, _, group = name.partition(".")
    return _table()[section][group]


def frame(name: str) -> str:
    """Return the frame of a group that has but one."""
    [source] = frames(name)
    return source


def take(text: Text, name: str) -> None:
    """Account for what the frames of a group find, as what their section is called: ``order.joining``."""
    kind = name.partition(".")[0]
    for source in frames(name):
        for match in text.find(source):
            text.ledger.claim(kind, match.tokens("w") or match.tokens())
