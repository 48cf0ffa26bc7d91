"""Which spec key of an action a slot means: the skill says it, by a shorthand or by the names of its keys."""

from __future__ import annotations

from collections.abc import Iterable

from skillbank.bank.actions import Action
from skillbank.bank.skill import Skill
from skillbank.plan.slots import SLOTS, Fills, Slot

__all__ = ["key_of", "slot_of"]

_BY_KEY = {name: slot for slot in SLOTS if slot.fills is Fills.SETTING for name in slot.names}


def slot_of(key: str) -> Slot | None:
    """Return the slot whose setting has this key in a request; None for a key of a spec."""
    return _BY_KEY.get(key)


def key_of(skill: Skill, action: Action, slot: Slot) -> str | None:
    """Return the key of a slot's setting for an action, None where the action has no such value.

    The action's own section counts first (``export.batch_size``), then a shorthand of the skill, then the one
    key anywhere in the schema, or among the action's inputs where there is no schema, that has one of the slot's names.
    """
    if slot.fills is not Fills.SETTING:
        return slot.key
    schema, shorthands = skill.schema(action), skill.shorthands(action)
    own = [f"{action.name}.{name}" for name in slot.names if f"{action.name}.{name}" in schema.keys]
    if own:
        return own[0]
    others = {a.name for a in skill.actions} - {action.name}
    said = [name for name in slot.names if shorthands.get(name, "").partition(".")[0] not in {"", *others}]
    if said and (not schema.keys or shorthands[said[0]] in schema.keys):
        return said[0]
    keys = schema.keys or [declared.key for declared in action.inputs]
    return next((key for name in slot.names if (key := _only(keys, others, name))), None)


def _only(keys: Iterable[str], others: set[str], name: str) -> str | None:
    """Return the one key with this last part, those in the sections of other actions left out."""
    found = [k for k in keys if k.rpartition(".")[2] == name and k.partition(".")[0] not in others]
    return found[0] if len(found) == 1 else None
