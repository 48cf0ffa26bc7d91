"""Which spec key of an action a slot means: the skill says it, by a shorthand or by the names of its keys."""

from __future__ import annotations

from collections.abc import Iterable

from skillbank.bank.actions import Action
from skillbank.bank.keys import plain
from skillbank.bank.skill import Skill
from skillbank.plan.products import SEARCHED, trains
from skillbank.plan.slots import SLOTS, Fills, Slot

__all__ = ["SEARCH_PREFIX", "foreign_sections", "key_of", "keys_of", "meant", "only_trained", "slot_of"]

SEARCH_PREFIX = "automl."
"""What the keys of settings of a search begin with."""
_BY_NAME = {slot.name: slot for slot in SLOTS}
_BY_KEY = {name: slot for slot in SLOTS if slot.fills is Fills.SETTING for name in slot.names}
_SEARCH_KEYS = {name: slot.key for slot in SLOTS if slot.fills is Fills.SEARCH for name in slot.names}


def slot_of(key: str) -> Slot | None:
    """Return the slot whose setting has this key in a request; None for a key of a spec."""
    return _BY_KEY.get(key)


def key_of(skill: Skill, action: Action, slot: Slot) -> str | None:
    """Return the key of a slot's setting for an action, None where the action has no such value.

    The action's own section counts first (``export.batch_size``,
    ``gen_trt_engine.tensorrt.data_type``), then a shorthand for its kind
    (``segment_batch_size`` for ``segment_train``) or of the skill, then the one key that has one of the names
    of the slot, anywhere in the schema (without a schema: among the action's inputs and behind any
    shorthand); of several, the one of the action's own data (``dataset.train_dataset.batch_size`` for
    ``train``). What only other actions read is no such value: the sections that bear their names, and the
    keys that they alone declare.
    """
    found = keys_of(skill, action, slot)
    return found[0] if len(found) == 1 else None


def only_trained(skill: Skill, name: str) -> bool:
    """Whether no action of a skill but those that train has a slot."""
    having = [a for a in skill.actions if name and key_of(skill, a, _BY_NAME[name]) is not None]
    return bool(having) and all(trains(a.name) for a in having)


def keys_of(skill: Skill, action: Action, slot: Slot) -> tuple[str, ...]:
    """Return the keys that a slot could mean in an action: one where it is clear, several where it is not."""
    if slot.fills is Fills.SEARCH:
        return (slot.key,) if action.name == SEARCHED else ()
    if slot.fills is Fills.FIELD:
        return (slot.key,)
    foreign = {"", *foreign_sections(skill, action)}
    key = _in_own_section(skill, action, slot) or _shorthand(skill, action, slot, foreign)
    if key is not None:
        return (key,)
    keys = _own_keys(skill, action, foreign)
    named = (_named(keys, action.name, name) for name in slot.names)
    return next((found for found in named if found), ())


def _in_own_section(skill: Skill, action: Action, slot: Slot) -> str | None:
    """Return the key of a slot in the action's own section; at any depth where the action does not train."""
    keys = skill.schema(action).keys
    sections = dict.fromkeys((action.name, _usual(skill, action)))
    direct = (f"{section}.{name}" for section in sections for name in slot.names)
    if found := next((key for key in direct if key in keys), None):
        return found
    if trains(action.name):
        return None
    within = [key for section in sections for key in keys if key.startswith(f"{section}.")]
    return next((key for name in slot.names for key in within if key.rpartition(".")[2] == name), None)


def _shorthand(skill: Skill, action: Action, slot: Slot, foreign: set[str]) -> str | None:
    """Return the shorthand for a slot of this kind of action, or of any action of the skill."""
    shorthands, keys = skill.shorthands(action), skill.schema(action).keys
    own = {name for name, key in shorthands.items() if key.partition(".")[0] not in foreign}
    special = (f"{kind}_{name}" for kind in _kinds(skill, action) for name in slot.names)
    if mine := next((name for name in special if name in own), None):
        return mine
    said = next((name for name in slot.names if name in own), None)
    return said if said is not None and (not keys or shorthands[said] in keys) else None


def _own_keys(skill: Skill, action: Action, foreign: set[str]) -> list[str]:
    """Return the keys of an action's schema, or those that it names without one, that no other action has."""
    schema, elsewhere = skill.schema(action), _declared_elsewhere(skill, action)
    without = (*(declared.key for declared in action.inputs), *skill.shorthands(action).values())
    return [
        key
        for key in schema.keys or dict.fromkeys(without)
        if key.partition(".")[0] not in foreign and key not in elsewhere
    ]


def foreign_sections(skill: Skill, action: Action) -> set[str]:
    """Return the sections of a spec that are those of other actions; what learns reads that of training."""
    others = {a.name for a in skill.actions} - {action.name, _usual(skill, action)}
    return others - {SEARCHED} if trains(action.name) else others


def _usual(skill: Skill, action: Action) -> str:
    """Return the action that one is a kind of, ``train`` for ``segment_train``; else its own name."""
    names = {a.name for a in skill.actions}
    return next((name for name in names if action.name.endswith(f"_{name}")), action.name)


def _kinds(skill: Skill, action: Action) -> list[str]:
    """Return the words for what kind of its action one is, as shorthands begin with: ``segment``."""
    kind = action.name.removesuffix(_usual(skill, action)).rstrip("_")
    return [word for word in (kind, *(action.variant or "").split("-")) if word]


def meant(skill: Skill, action: Action | None, key: str) -> str:
    """Return the spec key, or the setting of a search, that the key of a setting in a request means."""
    if key.startswith(SEARCH_PREFIX):
        bare = key.removeprefix(SEARCH_PREFIX)
        return _SEARCH_KEYS.get(bare, _SEARCH_KEYS.get(bare.removeprefix("automl_"), key))
    if action is None:
        return key
    shorthands = skill.shorthands(action)
    if key not in shorthands and (slot := slot_of(key)) is not None:
        key = key_of(skill, action, slot) or key
    return shorthands.get(key, key)


def _declared_elsewhere(skill: Skill, action: Action) -> set[str]:
    """Return the keys that other actions declare as something they read, and this one does not."""
    mine = {key for a in skill.actions if a.name == action.name for key in _declared(a)}
    return {key for a in skill.actions if a.name != action.name for key in _declared(a)} - mine


def _declared(action: Action) -> set[str]:
    keys = (*(i.key for i in action.inputs), *(d.key for d in action.data_sources), *action.spec_params)
    return {plain(key) for key in keys}


def _named(keys: Iterable[str], action: str, name: str) -> tuple[str, ...]:
    """Return the keys with this last part; those of the action's own data, where there are such."""
    found = tuple(key for key in keys if key.rpartition(".")[2] == name)
    own = tuple(key for key in found if any(_is_of(part, action) for part in key.split(".")[:-1]))
    return own or found


def _is_of(part: str, action: str) -> bool:
    """Whether a part of a key is an action's, as ``infer_dataset`` is of ``inference``."""
    word = part.partition("_")[0].lower()
    return word == action or (len(word) > 3 and action.startswith(word))
