"""What a surrogate model sees of many points at once, without decoding them one by one.

`features_of` gives, up to the digits that decoding rounds away, what `SearchSpace.features` gives of the
decoded points; a search for the best acquisition looks at thousands of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from skillbank.automl.conditions import Condition
from skillbank.automl.parameters import Kind, Parameter

if TYPE_CHECKING:
    from skillbank.automl.space_points import SearchSpace

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Column:
    """One parameter in all points: whether it counts, its numbers, its places among the choices."""

    counts: Mask
    numbers: Array
    places: npt.NDArray[np.intp]


def features_of(space: SearchSpace, points: Array) -> Array:
    """Return the features of points.

    Parameters
    ----------
    points
        Positions in [0, 1], shape ``(m, dimensions)``.

    Returns
    -------
    array of shape (m, features)
    """
    points = np.clip(points, 0.0, 1.0)
    known: dict[str, _Column] = {}
    blocks: list[Array] = []
    at = 0
    for parameter in space.parameters:
        block = points[:, at : at + parameter.dimensions]
        at += parameter.dimensions
        if parameter.name in space.independent and (simple := _independent(parameter, block)) is not None:
            blocks.append(simple)
            continue
        counts = _counting(space, parameter, known, len(points))
        if parameter.kind is Kind.LIST:
            seen = _listed(parameter, block)
            known[parameter.name] = _Column(counts, np.full(len(points), np.nan), np.zeros(len(points), int))
        else:
            low, high = _bounds(space, parameter, known, len(points))
            column = _decoded(parameter, block[:, 0], counts, low, high)
            known[parameter.name] = column
            seen = _seen(parameter, column)
        resting = np.asarray(space.features_at_rest(parameter))
        blocks.append(np.where(counts[:, None], seen, resting))
    return np.hstack(blocks) if blocks else np.zeros((len(points), 0))


def _independent(parameter: Parameter, block: Array) -> Array | None:
    """Return the features of a parameter on which nothing hangs, where they follow from the positions."""
    if parameter.kind is Kind.FLOAT and parameter.high > parameter.low:
        return block
    if parameter.kind is Kind.INTEGER and not parameter.log and not parameter.forbidden:
        step = parameter.step
        count = math.floor(parameter.high / step) - math.ceil(parameter.low / step) + 1
        return np.asarray((np.minimum(np.floor(block * count), count - 1) + 0.5) / count)
    return None


def _listed(parameter: Parameter, block: Array) -> Array:
    """Return the features of a list's entries, shape ``(m, entries)``."""
    everywhere, anything = np.ones(len(block), dtype=bool), np.full(len(block), math.inf)
    columns = [
        _decoded(item, block[:, i], everywhere, -anything, anything).numbers
        for i, item in enumerate(parameter.items)
    ]
    numbers = np.column_stack(columns)
    if parameter.increasing:
        numbers = np.sort(numbers, axis=1)
    seen = np.hstack(
        [
            _seen(item, _Column(everywhere, numbers[:, i], np.zeros(len(block), dtype=np.intp)))
            for i, item in enumerate(parameter.items)
        ]
    )
    if parameter.increasing:
        # Equal neighbours are moved apart by decoding; that is rare, and done there.
        for row in np.flatnonzero((np.diff(numbers, axis=1) <= 0).any(axis=1)):
            seen[row] = parameter.encode(parameter.decode(block[row].tolist()))
    return seen


def _counting(space: SearchSpace, parameter: Parameter, known: dict[str, _Column], m: int) -> Mask:
    counts = np.ones(m, dtype=bool)
    for condition in parameter.conditions:
        counts &= _holds(space, condition, known, m)
    return counts


def _holds(space: SearchSpace, condition: Condition, known: dict[str, _Column], m: int) -> Mask:
    column = known.get(condition.key)
    if column is None:
        return np.full(m, condition.holds(lambda key: space.value(key, {})))
    decider = space.by_name[condition.key]
    if decider.choices:
        table = np.asarray([condition.accepts(str(c).strip().lower()) for c in decider.choices])
        return np.asarray(~column.counts | table[column.places])
    # Nothing in the family hangs on a number; if a schema ever does, its text decides here as elsewhere.
    said = np.asarray([condition.accepts(f"{n:g}") for n in column.numbers])
    return np.asarray(~column.counts | said)


def _bounds(
    space: SearchSpace, parameter: Parameter, known: dict[str, _Column], m: int
) -> tuple[Array, Array]:
    """Return the bounds that relations add, each of shape ``(m,)``."""
    low, high = np.full(m, -math.inf), np.full(m, math.inf)
    for relation in parameter.relations:
        side = np.full(m, relation.factor)
        for key in relation.keys:
            if key in known:
                side = side * np.where(known[key].counts, known[key].numbers, np.nan)
            else:
                value = space.value(key, {})
                number = isinstance(value, int | float) and not isinstance(value, bool)
                side = side * (float(value) if number else math.nan)
        if parameter.kind is Kind.FLOAT:
            away = math.inf if relation.is_floor else -math.inf
            side = np.nextafter(side, away) if relation.is_strict else side
        elif relation.is_floor:
            side = np.floor(side) + 1 if relation.is_strict else np.ceil(side)
        else:
            side = np.ceil(side) - 1 if relation.is_strict else np.floor(side)
        if relation.is_floor:
            low = np.fmax(low, side)
        else:
            high = np.fmin(high, side)
    return low, high


def _decoded(parameter: Parameter, u: Array, counts: Mask, low: Array, high: Array) -> _Column:
    nowhere = np.zeros(len(u), dtype=np.intp)
    if parameter.choices:
        cumulated = np.asarray(parameter._cumulated)
        last = len(cumulated) - 1
        if not parameter.relations:
            places = np.minimum(np.searchsorted(cumulated, u, side="left"), last)
        else:
            choices = np.asarray(parameter.choices, dtype=float)
            first = np.searchsorted(choices, low, side="left")
            count = np.maximum(np.searchsorted(choices, high, side="right") - first, 1)
            places = np.minimum(first + np.minimum((u * count).astype(np.intp), count - 1), last)
        numbers = (
            np.asarray(parameter.choices, dtype=float)[places]
            if parameter.is_number
            else np.full(len(u), np.nan)
        )
        return _Column(counts, numbers, places.astype(np.intp))
    low, high = np.maximum(low, parameter.low), np.minimum(high, parameter.high)
    if parameter.kind is Kind.FLOAT:
        if parameter.log:
            return _Column(counts, np.exp(np.log(low) + u * (np.log(high) - np.log(low))), nowhere)
        return _Column(counts, low + u * (high - low), nowhere)
    first, final = np.ceil(low / parameter.step), np.floor(high / parameter.step)
    if parameter.log:
        a, b = np.log(np.maximum(first - 0.5, 0.5)), np.log(final + 0.5)
        steps = np.clip(np.round(np.exp(a + u * (b - a))), first, final)
    else:
        steps = np.minimum(first + np.floor(u * (final - first + 1)), final)
    numbers = steps * parameter.step
    for forbidden in parameter.forbidden:
        moved = np.where(numbers + parameter.step <= high, numbers + parameter.step, numbers - parameter.step)
        numbers = np.where(numbers == forbidden, moved, numbers)
    return _Column(counts, numbers, nowhere)


def _seen(parameter: Parameter, column: _Column) -> Array:
    """Return a parameter's features, shape ``(m, columns)``: its place in its whole range."""
    if parameter.choices:
        if parameter.kind is Kind.CATEGORICAL and len(parameter.choices) > 2:
            return np.asarray(0.5 * np.eye(len(parameter.choices))[column.places])
        cumulated = np.asarray(parameter._cumulated)
        middles = (np.r_[0.0, cumulated[:-1]] + cumulated) / 2
        return np.asarray(middles[column.places][:, None])
    value = np.clip(column.numbers, parameter.low, parameter.high)
    if parameter.kind is Kind.INTEGER:
        first, final = math.ceil(parameter.low / parameter.step), math.floor(parameter.high / parameter.step)
        steps = value / parameter.step
        if parameter.log:
            a, b = math.log(max(first - 0.5, 0.5)), math.log(final + 0.5)
            share = np.clip((np.log(np.maximum(steps, 0.5)) - a) / (b - a), 0.0, 1.0)
        else:
            share = np.minimum((steps - first + 0.5) / (final - first + 1), 1.0)
    elif parameter.high <= parameter.low:
        share = np.full(len(value), 0.5)
    elif parameter.log:
        share = (np.log(value) - math.log(parameter.low)) / (
            math.log(parameter.high) - math.log(parameter.low)
        )
    else:
        share = (value - parameter.low) / (parameter.high - parameter.low)
    return np.asarray(share)[:, None]
