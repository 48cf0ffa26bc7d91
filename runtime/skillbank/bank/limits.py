"""Which numbers a schema's entry allows: JSON Schema's bounds, the family's own words, what a name forbids.

This is the only reading of bounds there is. What a user sets is judged by it (`skillbank.bank.values`), and
a search takes its hard limits from it (`skillbank.automl.space_number`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

Bound = tuple[float, bool]
"""A bound and whether it is open: ``(1.0, True)`` above is "below 1"."""

_LARGEST = 10**308
_LOW, _HIGH = (-math.inf, False), (math.inf, False)
_FLOOR_WORDS = (("minimum", False), ("ge", False), ("valid_min", False),
                ("exclusiveMinimum", True), ("gt", True))  # fmt: skip
_CEILING_WORDS = (("maximum", False), ("le", False), ("valid_max", False),
                  ("exclusiveMaximum", True), ("lt", True))  # fmt: skip
_NUMBER = r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf(?:inity)?)"
_CLAUSE = re.compile(rf"(>=|<=|==|!=|>|<|/|\^)\s*({_NUMBER}|depends_on)", re.IGNORECASE)
_BETWEEN = re.compile(r"(?:[\s,;&]|\band\b)*", re.IGNORECASE)
_ORDERS = (">", ">=", "<", "<=")

_BELOW_ONE: tuple[Bound, Bound] = ((0.0, False), (1.0, True))
_FRACTION: tuple[Bound, Bound] = ((0.0, False), (1.0, False))
_NAMES: tuple[tuple[str, tuple[Bound, Bound]], ...] = (
    (r"momentum|beta_?[12]|betas|moms|ema[._]decay|ema_momentum", _BELOW_ONE),
    (r"(\w+_)?(dropout|drop_?path|drop)(_(rate|ratio|prob|path))?", _BELOW_ONE),
    (r"(\w+_)?(prob|probability)", _FRACTION),
)
"""What numbers of these names cannot be, whatever a schema allows (many bound a momentum by infinity)."""


@dataclass(frozen=True)
class Limits:
    """Which numbers one entry of a schema allows.

    Attributes
    ----------
    low, high
        The tightest bounds, each ``(value, open)``; infinite where there is none.
    multiple
        Values are multiples of this number.
    power
        Values are whole powers of this number, 1 among them.
    forbidden
        Values that are refused.
    order
        The operator of ``> depends_on`` and the like, which `skillbank.bank.relations` reads on.
    unread
        Words of the entry, as written, that nobody can read and that are therefore not checked.
    """

    low: Bound = _LOW
    high: Bound = _HIGH
    multiple: float | None = None
    power: int | None = None
    forbidden: tuple[float, ...] = ()
    order: str | None = None
    unread: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Mapping[str, object], key: str = "") -> Limits:
        """Read the bounds of one entry.

        Parameters
        ----------
        words
            The entry: ``minimum``, ``exclusiveMaximum``, ``multipleOf``, ``ge``, ``valid_max``,
            ``not: {const}``, and ``math_cond``: ``> 0.0 <= 1.0``, ``!= 0``, ``/ 8`` (a multiple of 8),
            ``^ 2`` (a power of 2).
        key
            Dotted key. The limits of its name hold unless the entry's own default breaks them.
        """
        found = _math_cond(words.get("math_cond"))
        found = _bounded(found, words)
        factor = words.get("multipleOf")
        if is_number(factor) and factor > 0:
            found = replace(found, multiple=_both(found.multiple, float(factor)))
        elif factor is not None:
            found = _unread(found, "multipleOf", factor)
        excluded = words.get("not")
        if isinstance(excluded, Mapping) and is_number(excluded.get("const")):
            found = replace(found, forbidden=_added(found.forbidden, float(excluded["const"])))
        elif excluded is not None:
            found = _unread(found, "not", excluded)
        return _named(found, words, key) if key else found

    def why_not(self, value: float) -> str | None:
        """Say in a few words what a value must be instead (``at most 1``), or None when it is allowed."""
        if abs(value) > _LARGEST:
            return "must be a number below 1e308"
        if not math.isfinite(value):
            return "must be a finite number"
        beyond = self.why_beyond(value)
        if beyond is not None:
            return beyond
        if self.multiple is not None and not is_multiple(value, self.multiple):
            return f"must be a multiple of {shown(self.multiple)}"
        if self.power is not None and not _is_power(value, self.power):
            return f"must be a power of {self.power}"
        if value in self.forbidden:
            return f"must not be {shown(value)}"
        return None

    def why_beyond(self, value: float) -> str | None:
        """Say which bound a value leaves, or None."""
        if value < self.low[0] or (value == self.low[0] and self.low[1]):
            return f"must be {'above' if self.low[1] else 'at least'} {shown(self.low[0])}"
        if value > self.high[0] or (value == self.high[0] and self.high[1]):
            return f"must be {'below' if self.high[1] else 'at most'} {shown(self.high[0])}"
        return None

    def within(self, low: Bound, high: Bound) -> Limits:
        """Return these limits with further bounds."""
        return replace(self, low=max(self.low, low), high=min(self.high, high, key=_openness))


def entry_limits(words: Mapping[str, object], item: Mapping[str, object], index: int, key: str) -> Limits:
    """Return the limits of one element of a list.

    The family writes bounds beside a list (``minimum: 0``) and means its elements; a list of bounds
    (``minimum: [0.8, 0.9]``) has one for each. Both hold together with those of ``items``.
    """
    own = {}
    for word in ("math_cond", *(w for w, _ in (*_FLOOR_WORDS, *_CEILING_WORDS))):
        bound = words.get(word)
        if isinstance(bound, list):
            bound = bound[index] if index < len(bound) else None
        if bound is not None:
            own[word] = bound
    default = words.get("default")
    if isinstance(default, list) and index < len(default):
        own["default"] = default[index]
    mine, theirs = Limits.of(own, key), Limits.of(item)
    return replace(
        mine.within(theirs.low, theirs.high),
        multiple=_both(mine.multiple, theirs.multiple) if theirs.multiple else mine.multiple,
        power=mine.power or theirs.power,
        forbidden=_added(mine.forbidden, *theirs.forbidden),
        unread=(*mine.unread, *theirs.unread),
    )


def options_of(words: Mapping[str, object]) -> list[object] | None:
    """Return the values that an entry lists, None when it lists none."""
    for word in ("enum", "valid_options"):
        listed = words.get(word)
        if isinstance(listed, list) and listed:
            return list(listed)
    return [words["const"]] if "const" in words else None


def numbers_of(values: Sequence[object]) -> list[int | float] | None:
    """Return values that are all numbers, None when one is not."""
    found = [value for value in values if is_number(value)]
    return found if len(found) == len(values) else None


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_multiple(value: float, factor: float) -> bool:
    """Whether a number is a whole multiple of another, up to rounding."""
    if isinstance(value, int) and factor.is_integer():
        return value % int(factor) == 0
    return math.isclose(round(value / factor) * factor, value, rel_tol=1e-9, abs_tol=0.0)


def shown(value: float) -> str:
    """Return a number as a person writes it: ``5``, ``0.1``, ``1e-05``; nothing is rounded."""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**21 else "a number of more than 20 digits"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _math_cond(text: object) -> Limits:
    if text is None or text == "":
        return Limits()
    if not isinstance(text, str):
        return _unread(Limits(), "math_cond", text)
    found, at, whole = Limits(), 0, True
    for clause in _CLAUSE.finditer(text):
        whole = whole and _BETWEEN.fullmatch(text, at, clause.start()) is not None
        at = clause.end()
        further = _clause(found, clause[1], clause[2].lower())
        whole, found = whole and further is not None, further or found
    if not whole or _BETWEEN.fullmatch(text, at) is None:
        found = _unread(found, "math_cond", text)
    return found


def _clause(found: Limits, operator: str, word: str) -> Limits | None:
    """Add one clause of a ``math_cond``; None when it says nothing that can be checked."""
    if word == "depends_on":
        return replace(found, order=operator) if operator in _ORDERS else None
    number = float(word)
    if operator == "!=":
        return replace(found, forbidden=_added(found.forbidden, number))
    if operator == "/":
        return replace(found, multiple=_both(found.multiple, number)) if 0 < number < math.inf else None
    if operator == "^":
        return replace(found, power=int(number)) if number.is_integer() and 1 < number < math.inf else None
    low = (number, operator == ">") if operator in (">", ">=", "==") else _LOW
    high = (number, operator == "<") if operator in ("<", "<=", "==") else _HIGH
    return found.within(low, high)


def _bounded(found: Limits, words: Mapping[str, object]) -> Limits:
    """Add bounds that have words of their own."""
    for names, is_floor in ((_FLOOR_WORDS, True), (_CEILING_WORDS, False)):
        for word, is_open in names:
            bound = words.get(word)
            if bound is None or isinstance(bound, bool):
                continue  # the exclusive words of older drafts are true or false: see below
            if not is_number(bound) or math.isnan(bound):
                found = _unread(found, word, bound)
                continue
            plain = word in ("minimum", "maximum")
            older = f"exclusive{word.capitalize()}" if plain else ""
            limit = (float(bound), is_open or words.get(older) is True)
            found = found.within(limit, _HIGH) if is_floor else found.within(_LOW, limit)
    return found


def _named(found: Limits, words: Mapping[str, object], key: str) -> Limits:
    name = ".".join(re.sub(r"\[\d+\]", "", key.lower()).split(".")[-2:])
    leaf = name.rpartition(".")[2]
    default = words.get("default")
    for pattern, (low, high) in _NAMES:
        if re.fullmatch(pattern, leaf) or re.fullmatch(pattern, name):
            if is_number(default) and Limits(low, high).why_beyond(default):
                return found  # the skill's own default shows that the name means something else here
            return found.within(low, high)
    return found


def _unread(found: Limits, word: str, value: object) -> Limits:
    text = str(value)
    return replace(
        found, unread=(*found.unread, f"{word} '{text if len(text) <= 40 else text[:37] + '...'}'")
    )


def _both(one: float | None, other: float) -> float:
    """Return what is a multiple of both; of two broken numbers the larger, which is the stricter."""
    if one is None:
        return other
    if one.is_integer() and other.is_integer():
        return float(math.lcm(int(one), int(other)))
    return max(one, other)


def _added(values: tuple[float, ...], *more: float) -> tuple[float, ...]:
    return tuple(dict.fromkeys([*values, *more]))


def _is_power(value: float, base: int) -> bool:
    if value < 1 or value != int(value):
        return False
    rest = int(value)
    while rest % base == 0:
        rest //= base
    return rest == 1


def _openness(bound: Bound) -> tuple[float, bool]:
    return bound[0], not bound[1]
