"""One parameter, made of its schema entry, the spec's default, what its name means, and a user's range."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from skillbank.automl.parameters import Kind, Parameter
from skillbank.automl.space_number import Number, ordered_choices
from skillbank.automl.space_ranges import Range
from skillbank.bank import values
from skillbank.bank.limits import entry_limits, is_number, numbers_of, options_of
from skillbank.bank.schema import Node
from skillbank.errors import SpecError

_MILESTONES = re.compile(r"(\w+_)?(steps|step_list|milestones)")


def make_parameter(key: str, node: Node, default: object, user: Range | None) -> Parameter:
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
    options: list[object] | None = [False, True] if kind == "boolean" else None
    options = options_of(words) or options if kind != "array" else None
    if options is not None:
        return _options(key, node, default, options, words.get("option_weights"), user)
    if kind == "array" and isinstance(default, list):
        return _list(key, node, default, user)
    if kind in ("integer", "number") or (kind == "any" and is_number(default)):
        whole = _is_whole(node, default, user)
        return Number(key, words, default, whole, user or Range(), node.limits).parameter()
    raise SpecError(
        f"{key} is {kind if kind != 'any' else 'of no one type'} without a list of options, so it cannot be "
        f"searched; give its values: automl.ranges.{key}={{choices: [...]}}."
    )


def _is_whole(node: Node, default: object, user: Range | None) -> bool:
    """Whether only whole numbers are searched; where the schema leaves it open, default and user say."""
    if node.kind != "any" or any(branch.kind == "number" for branch in node.branches):
        return node.kind == "integer"
    ends = (user.low, user.high) if user else ()
    return isinstance(default, int) and all(end is None or float(end).is_integer() for end in ends)


def _chosen(key: str, node: Node, default: object, user: Range) -> Parameter:
    """Return a parameter over the very values that the user lists, each one checked against the schema."""
    assert user.choices is not None
    choices = [values.coerce(choice, node) for choice in user.choices]
    for choice in choices:
        values.check(key, choice, node)
    if (numbers := numbers_of(choices)) is not None:
        return ordered_choices(key, numbers, user.weights, default)
    return _categorical(key, choices, user.weights, default)


def _options(
    key: str, node: Node, default: object, options: list[object], weights: object, user: Range | None
) -> Parameter:
    numbers = numbers_of(options)
    shares = _shares(weights, len(options))
    if user is not None:
        if numbers is None:
            listed = ", ".join(str(o) for o in options)
            raise SpecError(f"{key} has no range but options ({listed}); give some of them as choices.")
        kept = _within(key, numbers, user)
        numbers, shares = [numbers[i] for i in kept], tuple(shares[i] for i in kept) if shares else None
        options = [*numbers]
    ordered = str(node.words.get("type")) in ("ordered", "ordered_int") or node.kind in ("integer", "number")
    if not ordered:
        return _categorical(key, options, shares, default)
    if numbers is not None:
        return ordered_choices(key, numbers, shares, default)
    return Parameter(key, Kind.ORDERED, default, choices=tuple(options), weights=shares or ())


def _within(key: str, options: list[int | float], user: Range) -> list[int]:
    """Return the positions of the options that lie in a user's range."""
    low = -math.inf if user.low is None else user.low
    high = math.inf if user.high is None else user.high
    kept = [i for i, option in enumerate(options) if low <= option <= high]
    if not kept:
        raise SpecError(f"The range of {key} holds none of its options ({', '.join(map(str, options))}).")
    return kept


def _shares(weights: object, options: int) -> tuple[float, ...] | None:
    """Return how often each option is to be tried; None where the schema does not say it of all of them."""
    if not isinstance(weights, list) or len(weights) != options or not all(is_number(w) for w in weights):
        return None
    shares = tuple(max(float(w), 0.0) for w in weights)
    return shares if sum(shares) > 0 else None


def _categorical(
    key: str, options: Sequence[object], weights: tuple[float, ...] | None, default: object
) -> Parameter:
    pairs = [p for p in zip(options, weights or (1.0,) * len(options), strict=True) if p[1] > 0]
    kind = Kind.BOOLEAN if all(isinstance(o, bool) for o, _ in pairs) else Kind.CATEGORICAL
    return Parameter(
        key, kind, default, choices=tuple(o for o, _ in pairs),
        weights=tuple(w for _, w in pairs) if weights else (),
    )  # fmt: skip


def _list(key: str, node: Node, default: list[object], user: Range | None) -> Parameter:
    """Return a list parameter: as long as its default, every number in it searched."""
    own = numbers_of(default)
    if not own:
        raise SpecError(
            f"{key} is a list that cannot be searched entry by entry; give whole lists as choices: "
            f"automl.ranges.{key}={{choices: [[...], [...]]}}."
        )
    whole = all(isinstance(v, int) for v in own)
    leaf = key.rpartition(".")[2]
    growing = bool(_MILESTONES.fullmatch(leaf)) and all(b > a for a, b in pairwise(own))
    inner = node.item.words if node.item else {}
    words = {w: v for w, v in inner.items() if w not in ("default", "automl_minimum", "automl_maximum")}
    limits = [entry_limits(node.words, inner, i, key) for i in range(len(own))]
    numbers = [Number(f"{key}[{i}]", words, v, whole, user or Range(), limits[i]) for i, v in enumerate(own)]
    items = _growing(key, numbers, max(own)) if growing else [number.parameter() for number in numbers]
    return Parameter(key, Kind.LIST, default, items=tuple(items), increasing=growing)


def _growing(key: str, numbers: list[Number], largest: float) -> list[Parameter]:
    """Return numbers of one range for all, so that sorting them keeps each inside it."""
    first = numbers[0]
    both = first.limits
    for other in numbers[1:]:
        both = both.within(other.limits.low, other.limits.high)
    ends = Range(first.user.low, first.user.high)
    one = replace(first, default=largest, user=ends, limits=both).parameter()
    if first.whole and one.high - one.low + 1 < len(numbers):
        raise SpecError(f"The range of {key} is too small for {len(numbers)} growing entries.")
    return [replace(one, name=number.key, default=number.default) for number in numbers]
