"""One searched parameter: its kind, its range, and the way between values and the unit interval.

Algorithms think in *positions*, numbers in [0, 1]; `Parameter.decode` turns any position into a valid value,
so nothing has to be clamped afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate, pairwise
from typing import Any

from skillbank.automl.conditions import Condition
from skillbank.bank.limits import is_number
from skillbank.bank.relations import Relation

DIGITS = 6
"""Significant digits of a suggested float: enough for any training, and short in a spec."""


class Kind(StrEnum):
    """What a parameter's values are."""

    FLOAT = "float"
    INTEGER = "integer"
    ORDERED = "ordered"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    LIST = "list"


@dataclass(frozen=True)
class Parameter:
    """One key of a spec that is searched.

    Attributes
    ----------
    name
        Dotted key.
    default
        The spec's own value; None when it has none.
    low, high
        Ends of the search range of numbers, both included.
    floor, ceiling
        The hard limits around it, ``(value, open)``: what no range of a user may leave.
    log
        Whether the range is searched on a logarithmic scale.
    step
        Integers lie at multiples of this number.
    choices, weights
        Values of ordered, categorical and boolean parameters, and how often each is drawn at random.
    forbidden
        Numbers in the range that the schema refuses.
    items
        Elements of a list; each one is a parameter of its own.
    increasing
        Whether a list's elements must grow, as the milestones of a schedule do.
    conditions
        All must hold, or the parameter does not count.
    relations
        Orders that hold between this value and other keys.
    """

    name: str
    kind: Kind
    default: object = None
    low: float = 0.0
    high: float = 1.0
    floor: tuple[float, bool] = (-math.inf, False)
    ceiling: tuple[float, bool] = (math.inf, False)
    log: bool = False
    step: int = 1
    choices: tuple[Any, ...] = ()
    weights: tuple[float, ...] = ()
    forbidden: tuple[float, ...] = ()
    items: tuple[Parameter, ...] = ()
    increasing: bool = False
    conditions: tuple[Condition, ...] = ()
    relations: tuple[Relation, ...] = ()
    _cumulated: tuple[float, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.choices:
            weights = self.weights or (1.0,) * len(self.choices)
            total = math.fsum(weights)
            object.__setattr__(self, "_cumulated", tuple(s / total for s in accumulate(weights)))

    @property
    def dimensions(self) -> int:
        """How many positions it takes: one, or one for each element of a list."""
        return len(self.items) or 1

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers that have an order."""
        return self.kind in (Kind.FLOAT, Kind.INTEGER) or (
            self.kind is Kind.ORDERED and all(is_number(c) for c in self.choices)
        )

    @property
    def is_structural(self) -> bool:
        """Whether it shapes the model, so that a checkpoint of another value does not fit."""
        return self.name.partition(".")[0] in ("model", "policy")

    @property
    def size(self) -> float:
        """How many values there are; infinite for floats."""
        if self.kind is Kind.LIST:
            return math.prod(item.size for item in self.items)
        if self.kind is Kind.FLOAT:
            return math.inf if self.high > self.low else 1
        if self.kind is Kind.INTEGER:
            return (math.floor(self.high / self.step) - math.ceil(self.low / self.step)) + 1
        return len(self.choices)

    def decode(self, position: Sequence[float], low: float = -math.inf, high: float = math.inf) -> Any:
        """Return the value at a position, inside the range and the given further bounds.

        Parameters
        ----------
        position
            `dimensions` numbers in [0, 1].
        low, high
            Bounds, both included, that relations to other values add; they leave at least one value.
        """
        if self.kind is Kind.LIST:
            parts = [item.decode((u,)) for item, u in zip(self.items, position, strict=True)]
            return _spread(sorted(parts), self.items[-1].high) if self.increasing else parts
        u = min(max(position[0], 0.0), 1.0)
        if self.kind is Kind.FLOAT:
            return self._float_at(u, max(low, self.low), min(high, self.high))
        if self.kind is Kind.INTEGER:
            return self._integer_at(u, max(low, self.low), min(high, self.high))
        if low == -math.inf and high == math.inf:
            return next(
                (c for c, s in zip(self.choices, self._cumulated, strict=True) if u <= s), self.choices[-1]
            )
        within = [c for c in self.choices if low <= c <= high]
        return within[min(int(u * len(within)), len(within) - 1)]

    def encode(self, value: object, low: float = -math.inf, high: float = math.inf) -> tuple[float, ...]:
        """Return the position of a value: the inverse of `decode`; a value outside gets the nearest end.

        Bounds that leave nothing, as values that nobody has checked may bring about, give the middle.
        """
        if self.kind is Kind.LIST:
            entries = list(value) if isinstance(value, list | tuple) else []
            if len(entries) != len(self.items):
                return (0.5,) * self.dimensions
            return tuple(item.encode(v)[0] for item, v in zip(self.items, entries, strict=True))
        if self.kind in (Kind.FLOAT, Kind.INTEGER):
            if not is_number(value):
                return (0.5,)
            low, high = max(low, self.low), min(high, self.high)
            return (self._share(float(value), low, high),)
        if low == -math.inf and high == math.inf:
            index = _index(self.choices, value)
            if index is None:
                return (0.5,)
            before = self._cumulated[index - 1] if index else 0.0
            return ((before + self._cumulated[index]) / 2,)
        within = [c for c in self.choices if low <= c <= high]
        index = _index(tuple(within), value)
        return (0.5,) if index is None else ((index + 0.5) / len(within),)

    def why_not(self, value: object) -> str | None:
        """Say in a few words why a value is not in the search range, or return None when it is."""
        if self.kind is Kind.LIST:
            return self._why_no_list(value)
        if self.choices:
            listed = ", ".join(str(c) for c in self.choices)
            return None if _index(self.choices, value) is not None else f"must be one of {listed}"
        if not is_number(value) or not math.isfinite(value):
            return "must be a finite number"
        if self.kind is Kind.INTEGER and not isinstance(value, int):
            return "must be a whole number"
        if not self.low <= value <= self.high:
            return f"must be in {self.low:g} to {self.high:g}"
        if value in self.forbidden:
            return f"must not be {value:g}"
        if self.kind is Kind.INTEGER and self.step > 1 and value % self.step:
            return f"must be a multiple of {self.step}"
        return None

    def _why_no_list(self, value: object) -> str | None:
        if not isinstance(value, list | tuple) or len(value) != len(self.items):
            return f"must be a list of {len(self.items)}"
        if self.increasing and any(b <= a for a, b in pairwise(value)):
            return "must grow from entry to entry"
        reasons = (item.why_not(v) for item, v in zip(self.items, value, strict=True))
        return next((f"has an entry that {r}" for r in reasons if r), None)

    def _float_at(self, u: float, low: float, high: float) -> float:
        if self.log:
            value = math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
        else:
            value = low + u * (high - low)
        short = float(f"{value:.{DIGITS}g}")
        # Rounding may step over an end by its last digit; the end itself is a value too.
        short = min(max(short, low), high)
        return short if short not in self.forbidden else math.nextafter(short, high if short < high else low)

    def _integer_at(self, u: float, low: float, high: float) -> int:
        first, last = math.ceil(low / self.step), math.floor(high / self.step)
        if self.log:
            # Every integer owns the interval half a step to both sides of it.
            a, b = math.log(max(first - 0.5, 0.5)), math.log(last + 0.5)
            count = min(max(round(math.exp(a + u * (b - a))), first), last)
        else:
            count = min(first + int(u * (last - first + 1)), last)
        value = count * self.step
        if value in self.forbidden:
            value += self.step if value + self.step <= high else -self.step
        return value

    def _share(self, value: float, low: float, high: float) -> float:
        value = min(max(value, low), high)
        if self.kind is Kind.INTEGER:
            first, last = math.ceil(low / self.step), math.floor(high / self.step)
            if first > last:
                return 0.5
            count = value / self.step
            if self.log:
                a, b = math.log(max(first - 0.5, 0.5)), math.log(last + 0.5)
                return min(max((math.log(max(count, 0.5)) - a) / (b - a), 0.0), 1.0)
            return min((count - first + 0.5) / (last - first + 1), 1.0)
        if high <= low:
            return 0.5
        if self.log:
            return (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
        return (value - low) / (high - low)


def _index(choices: tuple[object, ...], value: object) -> int | None:
    """Return where a value stands among the choices; true is not 1 here."""
    found = (
        i for i, c in enumerate(choices) if c == value and isinstance(c, bool) == isinstance(value, bool)
    )
    return next(found, None)


def _spread(entries: list[float], highest: float) -> list[float]:
    """Move equal neighbours of a sorted list apart by as little as possible, up first and then back down."""
    apart = 1 if all(isinstance(e, int) for e in entries) else 1e-6
    for i in range(1, len(entries)):
        entries[i] = max(entries[i], entries[i - 1] + apart)
    for i in range(len(entries) - 1, -1, -1):
        limit = highest if i == len(entries) - 1 else entries[i + 1] - apart
        entries[i] = entries[i] if entries[i] <= limit else type(entries[i])(limit)
    return entries
