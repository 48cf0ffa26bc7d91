"""What a model says it read, and the words that it read it from: a value counts only where these hold it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from skillbank.plan.request import DataLocation
from skillbank.plan.slot_values import seconds_of
from skillbank.plan.slots import Kind, Slot

__all__ = ["Claim", "holds", "in_text", "reads_as", "rest_of"]

_MINUSES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\d.]*\d)")
_TIME = re.compile(r"\d+(?:\.\d+)?\s*[a-z]+(?:\s*\d+\s*[a-z]+)*")
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SMALL = """
a an and as at be by do for have i in is it its of on please set that the then to use using we with
"""
"""Words that may stand around a value without saying anything of it."""
_TURNING = """
no not never without except but instead rather than unless if only avoid skip disable off until cannot dont
doesnt wont shouldnt sin kein keine ohne nicht sans pas senza non без не
"""
"""Words that turn what stands beside them into something else."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One value that was read from a text.

    Attributes
    ----------
    name
        What it is the value of: a slot's name, or a spec key.
    said
        The words that it was read from; empty where they are not known.
    slot
        None for a spec key.
    """

    name: str
    value: object
    said: str = ""
    slot: Slot | None = None


def in_text(said: str, text: str) -> bool:
    """Whether words stand in a text as they are, blanks aside."""
    return bool(said.strip()) and " ".join(said.split()) in " ".join(text.split())


def holds(said: str, place: DataLocation) -> bool:
    """Whether words name a place."""
    return place.uri in said


def reads_as(claim: Claim) -> bool:
    """Whether a value can be read from the words of its claim.

    A number, a place or a name must stand in them, and no word that turns them into something else.
    """
    if set(_TURNING.split()) & set(_plain(claim.said)):
        return False
    kind = claim.slot.kind if claim.slot is not None else None
    if kind is Kind.DURATION:
        return any(seconds_of(found) == claim.value for found in _TIME.findall(claim.said.lower()))
    if kind is Kind.CHOICE:
        return True
    return all(_stands(value, claim.said) for value in _values(claim.value))


def rest_of(words: str, said: Iterable[str]) -> str:
    """Return what is left of words when those that claims were read from are taken out, small words aside."""
    left = f" {' '.join(words.split())} "
    for each in sorted(said, key=len, reverse=True):
        left = left.replace(" ".join(each.split()), " ")
    left = " ".join(left.split())
    return left if set(_plain(left)) - set(_SMALL.split()) else ""


def _plain(words: str) -> list[str]:
    return re.findall(r"[^\W_]+", words.lower().replace("'", "").replace("\u2019", ""))


def _values(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _values(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _values(inner)
    else:
        yield value


def _stands(value: object, said: str) -> bool:
    if isinstance(value, bool) or value is None:
        return True
    if isinstance(value, int | float):
        return any(number == value for number in _numbers(said))
    return str(value).lower() in said.lower()


def _numbers(said: str) -> Sequence[float]:
    lower = said.lower().translate(_MINUSES)
    words = [n for n, word in enumerate(_WORDS) if re.search(rf"\b{word}\b", lower)]
    return [*(float(found) for found in _NUMBER.findall(lower)), *words]
