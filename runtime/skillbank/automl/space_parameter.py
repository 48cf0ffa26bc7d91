"""One parameter, made of its schema entry, the spec's default, what its name means, and a user's range."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeGuard

from skillbank.automl.conditions import MathCondition
from skillbank.automl.parameters import Kind, Parameter
from skillbank.automl.parameters_meaning import Meaning, meaning_of
from skillbank.automl.space_ranges import Range
from skillbank.bank import values
from skillbank.bank.schema import Node
from skillbank.errors import SpecError, UsageError

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
    options = words.get("enum") or words.get("valid_options")
    if isinstance(options, list) and options and kind != "array":
        return _options(key, node, default, options, words.get("option_weights"), user)
    if kind == "boolean":
        return _options(key, node, default, [False, True], words.get("option_weights"), user)
    if kind == "array" and isinstance(default, list):
        return _list(key, node, default, user)
    if kind in ("integer", "number") or (kind == "any" and _is_number(default)):
        whole = kind == "integer" or (kind == "any" and isinstance(default, int))
        return _number(key, words, default, whole, user, node)
    raise SpecError(
        f"{key} is {kind if kind != 'any' else 'of no one type'} without a list of options, so it cannot be "
        f"searched; give its values: automl.ranges.{key}={{choices: [...]}}."
    )


def _chosen(key: str, node: Node, default: Any, user: Range) -> Parameter:
    """Return a parameter over the very values that the user lists, each one checked against the schema."""
    assert user.choices is not None
    choices = [values.coerce(choice, node) for choice in user.choices]
    for choice in choices:
        values.check(key, choice, node)
        _check_meaning(key, choice)
    if all(_is_number(c) for c in choices):
        return _ordered(key, choices, user.weights, default)
    return _categorical(key, choices, user.weights, default)


def _options(
    key: str, node: Node, default: Any, options: list[Any], weights: Any, user: Range | None
) -> Parameter:
    if user is not None and not all(_is_number(o) for o in options):
        listed = ", ".join(str(o) for o in options)
        raise SpecError(f"{key} has no range but options ({listed}); give some of them as choices.")
    known = isinstance(weights, list) and len(weights) == len(options) and all(_is_number(w) for w in weights)
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
    if ordered and all(_is_number(o) for o in options):
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
    if not default or not all(_is_number(v) for v in default):
        raise SpecError(
            f"{key} is a list that cannot be searched entry by entry; give whole lists as choices: "
            f"automl.ranges.{key}={{choices: [[...], [...]]}}."
        )
    leaf = key.rpartition(".")[2]
    whole = all(isinstance(v, int) for v in default)
    growing = bool(_MILESTONES.fullmatch(leaf)) and all(b > a for a, b in pairwise(default))
    words = {**node.words, **(node.item.words if node.item else {})}
    words = {w: v for w, v in words.items() if w not in ("default", "automl_minimum", "automl_maximum")}
    if growing:
        # One range for all, so that sorting the entries keeps each inside it.
        ends = Range(user.low if user else None, user.high if user else None)
        one = _number(f"{key}[0]", words, max(default), whole, ends, None)
        items = [replace(one, name=f"{key}[{i}]", default=v) for i, v in enumerate(default)]
        if whole and one.high - one.low + 1 < len(items):
            raise SpecError(f"The range of {key} is too small for {len(items)} growing entries.")
    else:
        items = [_number(f"{key}[{i}]", words, v, whole, user, None) for i, v in enumerate(default)]
    return Parameter(key, Kind.LIST, default, items=tuple(items), increasing=growing)


def _number(
    key: str, words: Mapping[str, Any], default: Any, whole: bool, user: Range | None, node: Node | None
) -> Parameter:
    meaning, math_cond = meaning_of(key), MathCondition.parse(words.get("math_cond"))
    floor, ceiling = _limits(words, math_cond, meaning)
    start = float(default) if _is_number(default) and math.isfinite(default) else None
    log = _log(words, meaning, user)
    low, high = _ends(words, meaning, start, floor, ceiling, bool(log), whole)
    if user is not None:
        for end in (user.low, user.high):
            if end is not None:
                _check_end(key, end, floor, ceiling, node)
        low, high = (
            (low if user.low is None else float(user.low)),
            (high if user.high is None else float(user.high)),
        )
    if low is None or high is None:
        raise SpecError(
            f"{key} has no upper and lower bound that could be searched; give them: "
            f"automl.ranges.{key}=[low, high]."
        )
    low, high = _closed(low, high, floor, ceiling, whole)
    if low > high:
        raise SpecError(f"The range of {key} is empty: its low {low:g} is above its high {high:g}.")
    if log is None:
        log = whole and low >= 1 and high / low >= _WIDE
    if log and low <= 0:
        if user is not None and user.log:
            raise SpecError(f"The range of {key} starts at {low:g}, but a logarithmic one starts above 0.")
        low, log = _lift(low, high, start, meaning)
    step = math.lcm(user.step if user and user.step else 1, math_cond.multiple or 1)
    parameter = Parameter(
        key, Kind.INTEGER if whole else Kind.FLOAT, default, low, high, floor, ceiling, bool(log),
        step if whole else 1, forbidden=_forbidden(words, math_cond),
    )  # fmt: skip
    if math_cond.power:
        powers = [math_cond.power**i for i in range(64) if low <= math_cond.power**i <= high]
        if not powers:
            raise SpecError(f"The range of {key} holds no power of {math_cond.power}.")
        ordered = _ordered(key, [p if whole else float(p) for p in powers], None, default)
        return replace(ordered, floor=floor, ceiling=ceiling)
    if parameter.size - len(parameter.forbidden) < 1:
        raise SpecError(f"The range of {key} ({low:g} to {high:g}) holds no multiple of {step}.")
    return parameter


def _limits(
    words: Mapping[str, Any], math_cond: MathCondition, meaning: Meaning
) -> tuple[tuple[float, bool], tuple[float, bool]]:
    """Return the hard limits, each ``(value, open)``: the tightest of schema, math_cond and physics."""
    floors = [meaning.floor, math_cond.low or (-math.inf, False)]
    ceilings = [meaning.ceiling, math_cond.high or (math.inf, False)]
    for word, is_open in (("minimum", False), ("ge", False), ("exclusiveMinimum", True), ("gt", True)):
        if _is_number(words.get(word)):
            floors.append((float(words[word]), is_open))
    for word, is_open in (("maximum", False), ("le", False), ("exclusiveMaximum", True), ("lt", True)):
        if _is_number(words.get(word)):
            ceilings.append((float(words[word]), is_open))
    return max(floors), min(ceilings, key=lambda limit: (limit[0], not limit[1]))


def _log(words: Mapping[str, Any], meaning: Meaning, user: Range | None) -> bool | None:
    """Return the scale: the user's, else the schema's, else the name's; None leaves it to the range."""
    if user is not None and user.log is not None:
        return user.log
    scale = words.get("automl_scale")
    if scale is not None:
        return str(scale).lower() == "log"
    return True if meaning.log else None


def _ends(
    words: Mapping[str, Any], meaning: Meaning, start: float | None, floor: tuple[float, bool],
    ceiling: tuple[float, bool], log: bool, whole: bool,
) -> tuple[float | None, float | None]:  # fmt: skip
    """Return where a search is worthwhile inside the limits; None where nothing says."""
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
    if _is_number(lowest):
        low = max(float(lowest), floor[0])
    if _is_number(highest):
        high = min(float(highest), ceiling[0])
    return (low if math.isfinite(low) else None), (high if math.isfinite(high) else None)


def _short(value: float) -> float:
    """Return a derived end with few digits, as a person would have written it."""
    return float(f"{value:.3g}")


def _closed(
    low: float, high: float, floor: tuple[float, bool], ceiling: tuple[float, bool], whole: bool
) -> tuple[float, float]:
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


def _check_end(
    key: str, end: float, floor: tuple[float, bool], ceiling: tuple[float, bool], node: Node | None
) -> None:
    """Refuse an end of a user's range that schema or physics forbid."""
    where = f"The range of {key} reaches {end:g}, but"
    if end < floor[0] or (end == floor[0] and floor[1]):
        raise SpecError(f"{where} it must be {'above' if floor[1] else 'at least'} {floor[0]:g}.")
    if end > ceiling[0] or (end == ceiling[0] and ceiling[1]):
        raise SpecError(f"{where} it must be {'below' if ceiling[1] else 'at most'} {ceiling[0]:g}.")
    if not math.isfinite(end):
        raise SpecError(f"{where} a range has finite ends.")
    if node is not None and node.kind == "integer" and end != int(end):
        raise SpecError(f"{where} its values are whole numbers.")


def _check_meaning(key: str, choice: Any) -> None:
    """Refuse a listed value that physics forbids."""
    meaning = meaning_of(key)
    for value in choice if isinstance(choice, list) else [choice]:
        if _is_number(value):
            try:
                _check_end(key, float(value), meaning.floor, meaning.ceiling, None)
            except UsageError as error:
                raise SpecError(str(error).replace("The range of", "The list of choices of", 1)) from None


def _forbidden(words: Mapping[str, Any], math_cond: MathCondition) -> tuple[float, ...]:
    excluded = words.get("not")
    const = excluded.get("const") if isinstance(excluded, Mapping) else None
    return tuple(dict.fromkeys([*math_cond.forbidden, *([float(const)] if _is_number(const) else [])]))


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
