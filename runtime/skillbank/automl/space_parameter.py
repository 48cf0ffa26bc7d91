"""One parameter, made of its schema entry, the spec's default, what its name means, and a user's range."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from skillbank.automl.parameters import Kind, Parameter
from skillbank.automl.parameters_meaning import Meaning, meaning_of
from skillbank.automl.space_ranges import Range
from skillbank.bank import values
from skillbank.bank.limits import Bound, Limits, entry_limits, is_number, options_of, shown
from skillbank.bank.schema import Node
from skillbank.errors import SpecError

_WIDE = 1000
"""From this ratio of its ends on, a range of positive integers is searched on a logarithmic scale."""
_MILESTONES = re.compile(r"(\w+_)?(steps|step_list|milestones)")


def make_parameter(key: str, node: Node, default: Any, user: Range | None) -> Parameter:
    """Make the parameter of one key; conditions and relations come later.

    Raises
    ------
    SpecError
        When the key cannot be searched (free text, no range to be found), or the user's range leaves the
        schema; one sentence with the way out.
    """
    default = values.coerce(default, node)
    words, kind = node.words, node.kind
    if user and user.choices is not None:
        return _chosen(key, node, default, user)
    options = options_of(words)
    if options is not None and kind != "array":
        return _options(key, node, default, options, words.get("option_weights"), user)
    if kind == "boolean":
        return _options(key, node, default, [False, True], words.get("option_weights"), user)
    if kind == "array" and isinstance(default, list):
        return _list(key, node, default, user)
    if kind in ("integer", "number") or (kind == "any" and is_number(default)):
        return _number(key, words, default, _is_whole(node, default, user), user, node.limits)
    raise SpecError(
        f"{key} is {kind if kind != 'any' else 'of no one type'} without a list of options, so it cannot be "
        f"searched; give its values: automl.ranges.{key}={{choices: [...]}}."
    )


def _is_whole(node: Node, default: Any, user: Range | None) -> bool:
    """Whether only whole numbers are searched; where the schema leaves it open, default and user say."""
    if node.kind != "any" or any(branch.kind == "number" for branch in node.branches):
        return node.kind == "integer"
    ends = (user.low, user.high) if user else ()
    return isinstance(default, int) and all(end is None or float(end).is_integer() for end in ends)


def _chosen(key: str, node: Node, default: Any, user: Range) -> Parameter:
    """Return a parameter over the very values that the user lists, each one checked against the schema."""
    assert user.choices is not None
    choices = [values.coerce(choice, node) for choice in user.choices]
    for choice in choices:
        values.check(key, choice, node)
    if all(is_number(c) for c in choices):
        return _ordered(key, choices, user.weights, default)
    return _categorical(key, choices, user.weights, default)


def _options(
    key: str, node: Node, default: Any, options: list[Any], weights: Any, user: Range | None
) -> Parameter:
    if user is not None and not all(is_number(o) for o in options):
        listed = ", ".join(str(o) for o in options)
        raise SpecError(f"{key} has no range but options ({listed}); give some of them as choices.")
    known = isinstance(weights, list) and len(weights) == len(options) and all(is_number(w) for w in weights)
    shares = tuple(max(float(w), 0.0) for w in weights) if known else None
    if shares is not None and sum(shares) <= 0:
        shares = None
    ordered = str(node.words.get("type")) in ("ordered", "ordered_int") or node.kind in ("integer", "number")
    if user is not None:
        low = -math.inf if user.low is None else user.low
        high = math.inf if user.high is None else user.high
        kept = [i for i, o in enumerate(options) if low <= o <= high]
        if not kept:
            raise SpecError(f"The range of {key} holds none of its options ({', '.join(map(str, options))}).")
        options, shares = [options[i] for i in kept], tuple(shares[i] for i in kept) if shares else None
    if ordered and all(is_number(o) for o in options):
        return _ordered(key, options, shares, default)
    if ordered:
        return Parameter(key, Kind.ORDERED, default, choices=tuple(options), weights=shares or ())
    return _categorical(key, options, shares, default)


def _ordered(key: str, options: list[Any], weights: tuple[float, ...] | None, default: Any) -> Parameter:
    pairs = sorted(zip(options, weights or (1.0,) * len(options), strict=True), key=lambda p: float(p[0]))
    choices = tuple(o for o, w in pairs if w > 0)
    shares = tuple(w for _, w in pairs if w > 0)
    return Parameter(
        key, Kind.ORDERED, default, low=float(choices[0]), high=float(choices[-1]), choices=choices,
        weights=shares if weights else (),
    )  # fmt: skip


def _categorical(key: str, options: list[Any], weights: tuple[float, ...] | None, default: Any) -> Parameter:
    pairs = [p for p in zip(options, weights or (1.0,) * len(options), strict=True) if p[1] > 0]
    kind = Kind.BOOLEAN if all(isinstance(o, bool) for o, _ in pairs) else Kind.CATEGORICAL
    return Parameter(
        key, kind, default, choices=tuple(o for o, _ in pairs),
        weights=tuple(w for _, w in pairs) if weights else (),
    )  # fmt: skip


def _list(key: str, node: Node, default: list[Any], user: Range | None) -> Parameter:
    """Return a list parameter: as long as its default, every number in it searched."""
    if not default or not all(is_number(v) for v in default):
        raise SpecError(
            f"{key} is a list that cannot be searched entry by entry; give whole lists as choices: "
            f"automl.ranges.{key}={{choices: [[...], [...]]}}."
        )
    leaf = key.rpartition(".")[2]
    whole = all(isinstance(v, int) for v in default)
    growing = bool(_MILESTONES.fullmatch(leaf)) and all(b > a for a, b in pairwise(default))
    inner = node.item.words if node.item else {}
    words = {w: v for w, v in inner.items() if w not in ("default", "automl_minimum", "automl_maximum")}
    limits = [entry_limits(node.words, inner, i, key) for i in range(len(default))]
    if growing:
        # One range for all, so that sorting the entries keeps each inside it.
        ends = Range(user.low if user else None, user.high if user else None)
        both = limits[0]
        for other in limits[1:]:
            both = both.within(other.low, other.high)
        one = _number(f"{key}[0]", words, max(default), whole, ends, both)
        items = [replace(one, name=f"{key}[{i}]", default=v) for i, v in enumerate(default)]
        if whole and one.high - one.low + 1 < len(items):
            raise SpecError(f"The range of {key} is too small for {len(items)} growing entries.")
    else:
        items = [_number(f"{key}[{i}]", words, v, whole, user, limits[i]) for i, v in enumerate(default)]
    return Parameter(key, Kind.LIST, default, items=tuple(items), increasing=growing)


def _number(
    key: str, words: Mapping[str, Any], default: Any, whole: bool, user: Range | None, limits: Limits
) -> Parameter:
    meaning = meaning_of(key)
    start = float(default) if is_number(default) and math.isfinite(default) else None
    log = _log(words, meaning, user)
    habit = limits.within(meaning.floor, meaning.ceiling)
    low, high = _ends(words, meaning, start, habit, bool(log), whole)
    floor, ceiling = habit.low, habit.high
    # What a user says may go wherever the schema lets it; only our own ends keep to what the name suggests.
    if user is not None and user.low is not None:
        _check_end(key, user.low, limits, whole)
        low, floor = float(user.low), limits.low
    if user is not None and user.high is not None:
        _check_end(key, user.high, limits, whole)
        high, ceiling = float(user.high), limits.high
    if low is None or high is None:
        raise SpecError(
            f"{key} has no upper and lower bound that could be searched; give them: "
            f"automl.ranges.{key}=[low, high]."
        )
    if low > high:
        raise SpecError(f"The range of {key} is empty: its low {low:g} is above its high {high:g}.")
    low, high = _closed(low, high, floor, ceiling, whole)
    if low > high:
        raise SpecError(f"The range of {key} holds no whole number that the schema allows.")
    if log is None:
        log = whole and low >= 1 and high / low >= _WIDE
    if log and low <= 0:
        if user is not None and user.log:
            raise SpecError(f"The range of {key} starts at {low:g}, but a logarithmic one starts above 0.")
        said = user is not None and user.low is not None
        low, log = (low, False) if said else _lift(low, high, start, meaning)
    parameter = Parameter(
        key, Kind.INTEGER if whole else Kind.FLOAT, default, low, high, floor, ceiling, bool(log),
        _step(limits, user) if whole else 1,
        forbidden=tuple(f for f in limits.forbidden if low <= f <= high),
    )  # fmt: skip
    if limits.power or (limits.multiple and not (whole and limits.multiple.is_integer())):
        ordered = _ordered(key, _grid(key, limits, low, high, whole), None, default)
        return replace(ordered, floor=floor, ceiling=ceiling)
    lost = [f for f in parameter.forbidden if not whole or f % parameter.step == 0]
    if parameter.size - len(lost) < 1:
        raise SpecError(f"The range of {key} ({low:g} to {high:g}) holds no {_wanted(parameter, lost)}.")
    return parameter


def _step(limits: Limits, user: Range | None) -> int:
    own = user.step if user and user.step else 1
    factor = limits.multiple
    return math.lcm(own, int(factor)) if factor and factor.is_integer() else own


def _wanted(parameter: Parameter, lost: list[float]) -> str:
    return f"value but {', '.join(map(shown, lost))}" if lost else f"multiple of {parameter.step}"


_GRID = 4096
"""So many multiples or powers of a number are listed one by one."""


def _grid(key: str, limits: Limits, low: float, high: float, whole: bool) -> list[Any]:
    """Return the values of a range that are powers, or multiples of a fraction.

    Raises
    ------
    SpecError
        When there are none, or more than can be listed.
    """
    if limits.power:
        what = f"power of {limits.power}"
        found = [float(limits.power**i) for i in range(64) if low <= limits.power**i <= high]
    else:
        step = limits.multiple or 1.0
        what = f"multiple of {shown(step)}"
        if (high - low) / step > _GRID:
            raise SpecError(f"{key} has too many values that are a {what}; give a smaller range or choices.")
        around = (i * step for i in range(math.floor(low / step), math.ceil(high / step) + 1))
        # An end is a multiple as any value is: up to rounding, and never because zero is near.
        found = [v for v in around if low <= v <= high or math.isclose(v, low) or math.isclose(v, high)]
    kept = [v for v in found if limits.why_not(v) is None and (not whole or v == int(v))]
    if not kept:
        raise SpecError(f"The range of {key} holds no {what}.")
    return [int(v) for v in kept] if whole else kept


def _log(words: Mapping[str, Any], meaning: Meaning, user: Range | None) -> bool | None:
    """Return the scale: the user's, else the schema's, else the name's; None leaves it to the range."""
    if user is not None and user.log is not None:
        return user.log
    scale = words.get("automl_scale")
    if scale is not None:
        return str(scale).lower() == "log"
    return True if meaning.log else None


def _ends(
    words: Mapping[str, Any], meaning: Meaning, start: float | None, limits: Limits, log: bool, whole: bool
) -> tuple[float | None, float | None]:
    """Return where a search is worthwhile inside the limits; None where nothing says."""
    floor, ceiling = limits.low, limits.high
    low, high = floor[0], ceiling[0]
    bounded = math.isfinite(low) and math.isfinite(high) and not (log and low <= 0)
    if not bounded or meaning.typical:
        if meaning.typical and (start is None or meaning.typical[0] <= start <= meaning.typical[1]):
            low, high = max(low, meaning.typical[0]), min(high, meaning.typical[1])
        elif start is not None and start > 0:
            near, far = _short(start / meaning.around), _short(start * meaning.around)
            low = max(low, math.floor(near) if whole else near)
            high = min(high, math.ceil(far) if whole else far)
        elif start is not None and start < 0 and not log:
            low, high = max(low, start * meaning.around), min(high, start / meaning.around)
    lowest, highest = words.get("automl_minimum"), words.get("automl_maximum")
    if is_number(lowest):
        low = max(float(lowest), floor[0])
    if is_number(highest):
        high = min(float(highest), ceiling[0])
    return (low if math.isfinite(low) else None), (high if math.isfinite(high) else None)


def _short(value: float) -> float:
    """Return a derived end with few digits, as a person would have written it."""
    return float(f"{value:.3g}")


def _closed(low: float, high: float, floor: Bound, ceiling: Bound, whole: bool) -> tuple[float, float]:
    """Return ends that belong to the range: an open limit is left by one, or by a thousandth of the range."""
    if whole:
        low, high = float(math.ceil(low)), float(math.floor(high))
        low += 1 if floor[1] and low <= floor[0] else 0
        high -= 1 if ceiling[1] and high >= ceiling[0] else 0
        return low, high
    gap = (high - low) / 1000
    return (low + gap if floor[1] and low <= floor[0] else low), (
        high - gap if ceiling[1] and high >= ceiling[0] else high
    )


def _lift(low: float, high: float, start: float | None, meaning: Meaning) -> tuple[float, bool]:
    """Return a positive low end for a logarithmic range, or keep the range linear when it ends at 0."""
    if high <= 0:
        return low, False
    if meaning.typical:
        return min(meaning.typical[0], high / 10), True
    return (start / meaning.around if start and 0 < start <= high else high / meaning.around**2), True


def _check_end(key: str, end: float, limits: Limits, whole: bool) -> None:
    """Refuse an end of a user's range that a user's value could not have either."""
    where = f"The range of {key} reaches {shown(end)}, but"
    if not math.isfinite(end):
        raise SpecError(f"{where} a range has finite ends.")
    rule = limits.why_beyond(end)
    if rule is not None:
        raise SpecError(f"{where} it {rule}.")
    if whole and end != int(end):
        raise SpecError(f"{where} its values are whole numbers.")
