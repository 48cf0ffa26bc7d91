"""A user's own ranges by dotted key: ``[low, high]``, ``{low, high, log}`` or ``{choices}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from skillbank.bank.limits import is_number, numbers_of
from skillbank.errors import UsageError, did_you_mean

_WORDS = ("low", "high", "log", "step", "choices", "weights")
_ALIASES = {"min": "low", "minimum": "low", "max": "high", "maximum": "high", "options": "choices",
            "values": "choices", "enum": "choices", "option_weights": "weights"}  # fmt: skip


@dataclass(frozen=True)
class Range:
    """A user's own range of one parameter; None means that the schema says."""

    low: float | None = None
    high: float | None = None
    log: bool | None = None
    step: int | None = None
    choices: tuple[object, ...] | None = None
    weights: tuple[float, ...] | None = None


def read_ranges(ranges: Mapping[str, object] | None) -> dict[str, Range]:
    """Read ranges by dotted key, or in nested mappings: ``{"train": {"optim": {"lr": [1e-5, 1e-3]}}}``."""
    return {key: _read(key, value) for key, value in _flat(ranges or {}, "")}


def _flat(node: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    for name, value in node.items():
        key = f"{prefix}.{name}" if prefix else str(name)
        if isinstance(value, Mapping) and not any(w in _WORDS or w in _ALIASES for w in value):
            # An empty mapping is no section; let the reader refuse it by name.
            yield from _flat(value, key) if value else iter([(key, value)])
        else:
            yield key, value


def _read(key: str, value: object) -> Range:
    form = f"range of {key} must be [low, high], {{low, high, log}} or {{choices: [...]}}"
    if isinstance(value, Mapping):
        words = {_ALIASES.get(str(w), str(w)): v for w, v in value.items()}
        for word in words:
            if word not in _WORDS:
                raise UsageError(f"The {form}; '{word}' is none of its words{did_you_mean(word, _WORDS)}.")
        if not words:
            raise UsageError(f"The {form}, and it is empty.")
        return _checked(key, words, form)
    if isinstance(value, list | tuple):
        if len(value) == 2 and all(is_number(v) for v in value):
            return _checked(key, {"low": value[0], "high": value[1]}, form)
        return _checked(key, {"choices": value}, form)
    raise UsageError(f"The {form}, not {value!r}.")


def _checked(key: str, words: Mapping[str, object], form: str) -> Range:
    low, high = (_end(words.get(end), end, form) for end in ("low", "high"))
    step, log = words.get("step"), words.get("log")
    if low is not None and high is not None and low > high:
        raise UsageError(f"The range of {key} is empty: its low {low:g} is above its high {high:g}.")
    if step is not None and (not isinstance(step, int) or isinstance(step, bool) or step < 1):
        raise UsageError(f"The step of the range of {key} must be a whole number from 1, not {step!r}.")
    if log is not None and not isinstance(log, bool):
        raise UsageError(f"The word log in the range of {key} must be true or false, not {log!r}.")
    return Range(low, high, log, step, *_choices(key, words.get("choices"), words.get("weights")))


def _end(value: object, end: str, form: str) -> float | None:
    if value is not None and not is_number(value):
        raise UsageError(f"The {form}, but its {end} is {value!r}.")
    return value


def _choices(
    key: str, choices: object, weights: object
) -> tuple[tuple[object, ...] | None, tuple[float, ...] | None]:
    """Return the choices and how often each is to be tried; None for what is not said."""
    if choices is not None and (not isinstance(choices, list | tuple) or not choices):
        raise UsageError(f"The choices of {key} must be a list with at least one entry.")
    shares = numbers_of(weights) if isinstance(weights, list | tuple) else None
    if weights is not None and (choices is None or shares is None or not _are_weights(shares, len(choices))):
        raise UsageError(f"The weights of {key} must be as many numbers from 0 as it has choices.")
    return (
        tuple(choices) if choices is not None else None,
        tuple(float(w) for w in shares) if shares is not None else None,
    )


def _are_weights(weights: list[float], choices: int) -> bool:
    return len(weights) == choices and min(weights) >= 0 and sum(weights) > 0
