"""Captions that a request sets, read by the one rule of descriptions: the plan shows what is looked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skillbank.bank.keys import plain
from skillbank.bank.skill import Skill
from skillbank.descriptions import advice_for, read_descriptions
from skillbank.errors import UsageError
from skillbank.plan.model import Override
from skillbank.plan.slot_keys import key_of
from skillbank.plan.slots import slot

__all__ = ["CAPTIONS", "read_captions", "reads_words"]

CAPTIONS = "dataset.infer_data_sources.captions"


def reads_words(skill: Skill) -> bool:
    """Whether the model of a skill is told in words what to find; others know classes by name."""
    return any(key_of(skill, action, slot("captions")) is not None for action in skill.actions)


def read_captions(changes: Sequence[Override]) -> tuple[list[Override], list[str]]:
    """Take texts of several captions apart.

    Parameters
    ----------
    changes
        What the user set. Captions may be one text or a list, under their own key or in a block above it.

    Returns
    -------
    tuple
        The changes with one description an entry, and warnings on what was left out and on commas in a text
        that was given alone.

    Raises
    ------
    UsageError
        When a caption is empty among others, or names a file.
    """
    told: list[str] = []
    return [_read(change, told) for change in changes], told


def _read(change: Override, told: list[str]) -> Override:
    key = plain(change.key)
    if key == CAPTIONS:
        return change.model_copy(update={"value": _parted(change.value, told)})
    if CAPTIONS.startswith(f"{key}.") and isinstance(change.value, Mapping):
        steps = CAPTIONS[len(key) + 1 :].split(".")
        return change.model_copy(update={"value": _inside(change.value, steps, told)})
    return change


def _inside(block: Mapping[str, object], steps: Sequence[str], told: list[str]) -> dict[str, object]:
    first, *rest = steps
    if first not in block:
        return dict(block)
    value = block[first]
    if not rest:
        return {**block, first: _parted(value, told)}
    return {**block, first: _inside(value, rest, told)} if isinstance(value, Mapping) else dict(block)


def _parted(value: object, told: list[str]) -> object:
    texts = [value] if isinstance(value, str) else value
    # What is no list of texts is for the schema to refuse, and nothing at all for the plan to ask.
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return value
    if not any(text.strip() for text in texts):
        return value
    try:
        read = read_descriptions(texts)
    except UsageError as error:
        raise UsageError(f"{CAPTIONS}: {error.sentence.marked}") from None
    told += read.notes
    if len(texts) == 1 and len(read.names) == 1 and (advice := advice_for(read.names[0])):
        told.append(f"{CAPTIONS}: {advice}")
    return list(read.names)
