"""Values of slots: what an option, a tool's argument or a reader says, checked by the slot's row."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from skillbank.errors import UsageError, did_you_mean
from skillbank.plan.slots import Kind, Slot
from skillbank.visible import one_line

__all__ = ["seconds_of", "shown", "value_of"]

_UNITS = {
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
    "d": 86400, "day": 86400, "days": 86400,
}  # fmt: skip
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)")
_MINUSES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-"))
"""Typographic signs that are meant as a minus."""
_MOST_LISTED = 4096


class _WrongError(Exception):
    """Why a value is none: the rest of a sentence that begins with the option and the value."""


def value_of(slot: Slot, said: object) -> object:
    """Return the value of a slot as its kind has it, from text or typed.

    Parameters
    ----------
    said
        What was said; text is read as the command line has it.

    Returns
    -------
    object
        An int of a count, a float of a number, a list of texts or counts, the seconds of a duration as a
        float, else text.
    """
    try:
        return _READ[slot.kind](slot, said)
    except _WrongError as error:
        value = one_line(said if isinstance(said, str) else str(said), 60)
        if not value.strip() or said == []:
            raise UsageError(f"{slot.way()} is empty; give it a value or leave it out.") from None
        raise UsageError(f"{slot.way()} is {value}, but it {error}.") from None


def seconds_of(text: str) -> float | None:
    """Return the seconds of a duration such as ``90s``, ``1h30m`` or ``2 hours``; None where it is none."""
    found = _PART.findall(text.strip().lower())
    whole = "".join(text.lower().replace(",", "").split())
    if not found or "".join(number + unit for number, unit in found) != whole:
        return None
    units = [unit for _, unit in found]
    if any(unit not in _UNITS for unit in units) or len({_UNITS[unit] for unit in units}) < len(units):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in found)


def shown(slot: Slot, value: object) -> str:
    """Return a value as one would say it: durations in their largest whole unit, lists with commas."""
    if slot.kind is Kind.DURATION and isinstance(value, int | float):
        unit, size = next(
            ((u, _UNITS[u]) for u in ("d", "h", "m") if value >= _UNITS[u] and value % _UNITS[u] == 0),
            ("s", 1),
        )
        return f"{value / size:g}{unit}"
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _text(slot: Slot, said: object) -> str:
    if not isinstance(said, str):
        raise _WrongError("must be text")
    if not said.strip():
        raise _WrongError("is empty")
    return said


def _choice(slot: Slot, said: object) -> str:
    text = "on" if said is True else "off" if said is False else _text(slot, said)
    if slot.open:
        return text  # who knows of more choices judges it: the platforms that there are, a skill's schema
    word = text.strip().lower()
    word = dict(slot.spellings).get(word, word)
    if (under := word.replace("-", "_")) in slot.choices:
        return under
    if (spelled := dict(slot.spellings).get(under)) is not None:
        return spelled
    near = did_you_mean(word, slot.choices)
    raise _WrongError(f"must be one of {', '.join(slot.choices)}{near}")


def _count(slot: Slot, said: object) -> int:
    number = said
    if isinstance(said, str):
        text = _text(slot, said).strip().translate(_MINUSES)
        number = int(text) if re.fullmatch(r"[-+]?[0-9]{1,18}", text) else None
    elif isinstance(said, float) and said.is_integer() and abs(said) < 2**53:
        number = int(said)
    if not isinstance(number, int) or isinstance(number, bool):
        raise _WrongError("must be a whole number")
    return int(_least(slot, number))


def _number(slot: Slot, said: object) -> float:
    number = said
    if isinstance(said, str):
        text = _text(slot, said).strip().translate(_MINUSES)
        number = float(text) if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?", text) else None
    if not isinstance(number, int | float) or isinstance(number, bool):
        raise _WrongError("must be a number")
    if abs(number) > 1e308 or not math.isfinite(number):
        raise _WrongError("must be a finite number")
    return float(_least(slot, number))


def _least(slot: Slot, number: float) -> float:
    if slot.minimum is not None and number < slot.minimum:
        raise _WrongError(f"must be at least {slot.minimum}")
    return number


def _counts(slot: Slot, said: object) -> list[int]:
    parts: object = [said] if isinstance(said, int) and not isinstance(said, bool) else said
    if isinstance(said, str):
        parts = [p for p in re.split(r"[\s,]+", _text(slot, said).strip().strip("[]")) if p]
    if not isinstance(parts, list | tuple) or not parts:
        raise _WrongError("must be whole numbers, such as 0,1")
    numbers = [number for part in parts for number in _span(slot, part)]
    if len(set(numbers)) < len(numbers):
        raise _WrongError("names one of them twice")
    return numbers


def _span(slot: Slot, part: object) -> list[int]:
    """Return one count, or those of a range such as ``0-3``."""
    ends = (
        re.fullmatch(r"([0-9]{1,6})-([0-9]{1,6})", part.translate(_MINUSES))
        if isinstance(part, str)
        else None
    )
    if ends is None:
        return [_count(slot, part)]
    first, last = int(ends[1]), int(ends[2])
    if not first <= last < first + _MOST_LISTED:
        raise _WrongError("has a range that does not go up")
    return list(range(first, last + 1))


def _texts(slot: Slot, said: object) -> list[str]:
    texts = [said] if isinstance(said, str) else said
    if not isinstance(texts, list | tuple) or not texts:
        raise _WrongError("must be one text or several")
    if any(isinstance(each, str) and not each.strip() for each in texts):
        raise UsageError(f"{slot.way()} is empty; give it a value or leave it out.")
    return [_text(slot, each) for each in texts]


def _duration(slot: Slot, said: object) -> float:
    """Return seconds; a text must say its unit, a number is seconds already."""
    seconds = seconds_of(_text(slot, said)) if isinstance(said, str) else said
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise _WrongError("must be a time with its unit, such as 90s, 30m, 8h or 1d")
    if not 0 < seconds < 1e10:
        raise _WrongError("must be longer than nothing and shorter than three centuries")
    return float(seconds)


_READ: Mapping[Kind, Callable[[Slot, object], object]] = {
    Kind.NUMBER: _number,
    Kind.COUNT: _count,
    Kind.CHOICE: _choice,
    Kind.TEXT: _text,
    Kind.TEXTS: _texts,
    Kind.COUNTS: _counts,
    Kind.PLACE: _text,
    Kind.JOB: _text,
    Kind.DURATION: _duration,
}
