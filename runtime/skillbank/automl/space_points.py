"""The search space as a cube: how any point of it becomes a valid configuration.

Parameters stand in an order in which whatever one depends on comes before it. A point is a list of
positions in [0, 1]; `SearchSpace.decode` walks the order, leaves out what does not count, and narrows each
range by the relations to the values already chosen. The ranges are cut beforehand so that no such narrowing
ends empty: every point is valid, and nothing is ever clamped after the fact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Required, TypedDict

import numpy as np
import numpy.typing as npt

from skillbank.automl.parameters import Kind, Parameter
from skillbank.plan.paths import MISSING, get_path

Values = Mapping[str, Any]
Array = npt.NDArray[np.float64]


class Extent(TypedDict, total=False):
    """Where a parameter's values lie: two ends, choices, or the extent of each entry of a list."""

    low: float
    high: float
    log: bool
    step: int
    choices: list[object]
    weights: list[float]
    items: list[Extent]
    increasing: bool


class Row(Extent):
    """A parameter as ``skillbank show SKILL train --search-space`` prints it."""

    key: Required[str]
    kind: Required[str]
    default: Required[object]
    conditions: Required[list[str]]
    relations: Required[list[str]]
    counts_now: Required[bool]


@dataclass(frozen=True)
class SearchSpace:
    """The searched parameters of one action's spec.

    Attributes
    ----------
    parameters
        In an order in which whatever one depends on comes first.
    spec
        The plan's spec: gives the values of keys that are not searched.
    notes
        What was left out and why, one sentence each.
    """

    parameters: tuple[Parameter, ...]
    spec: Mapping[str, object] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Parameter]:
        """The parameters by dotted key."""
        return {p.name: p for p in self.parameters}

    @cached_property
    def independent(self) -> frozenset[str]:
        """Names of the parameters that always count, have no relations, and decide about no other one."""
        hanging = {c.key for p in self.parameters for c in p.conditions}
        hanging |= {key for p in self.parameters for relation in p.relations for key in relation.keys}
        free = (p for p in self.parameters if not p.conditions and not p.relations)
        return frozenset(p.name for p in free) - hanging

    @cached_property
    def dimensions(self) -> int:
        """Length of a point."""
        return sum(p.dimensions for p in self.parameters)

    @cached_property
    def size(self) -> float:
        """How many configurations there are; infinite with a float among them."""
        return math.prod(p.size for p in self.parameters)

    @cached_property
    def defaults(self) -> Values:
        """The configuration that the spec itself holds, of the parameters that count in it.

        It is the spec's own, so it may lie outside of the search ranges.
        """
        values: dict[str, object] = {}
        for parameter in self.parameters:
            if parameter.default is not None and self.counts(parameter, values):
                values[parameter.name] = parameter.default
        return values

    def value(self, key: str, values: Values) -> Any:
        """Return a key's value in a configuration: a searched one, else the spec's, else None."""
        if key in values:
            return values[key]
        if key in self.by_name and not self.counts(self.by_name[key], values):
            return None
        found = get_path(self.spec, key)
        return None if found is MISSING else found

    def decode(self, point: Sequence[float] | Array) -> dict[str, Any]:
        """Turn a point into a valid configuration.

        Parameters
        ----------
        point
            `dimensions` numbers; what lies outside [0, 1] counts as the nearest end.

        Returns
        -------
        dict
            Values by dotted key, of the parameters that count.
        """
        positions = [float(u) for u in point]
        values: dict[str, object] = {}
        at = 0
        for parameter in self.parameters:
            position = positions[at : at + parameter.dimensions]
            at += parameter.dimensions
            if not parameter.conditions or self.counts(parameter, values):
                bounds = self.narrowed(parameter, values) if parameter.relations else ()
                values[parameter.name] = parameter.decode(position, *bounds)
        return values

    def encode(self, values: Values) -> Array:
        """Return the point of a configuration, shape ``(dimensions,)``: the inverse of `decode`.

        What lies outside of a range is at its nearest end, what does not count is in the middle.
        """
        point: list[float] = []
        for parameter in self.parameters:
            if parameter.name in values:
                bounds = self.narrowed(parameter, values) if parameter.relations else ()
                point += parameter.encode(values[parameter.name], *bounds)
            else:
                point += (0.5,) * parameter.dimensions
        return np.asarray(point, dtype=float)

    def sample(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw one configuration at random, uniformly in positions."""
        return self.decode(rng.random(self.dimensions))

    def features(self, configurations: Sequence[Values]) -> Array:
        """Return what a surrogate model sees of configurations.

        Returns
        -------
        array of shape (configurations, features)
            Numbers stand at their position in the whole range (not in what relations left of it), categories
            as one column each of 0 and 1, a parameter that does not count at its default.
        """
        rows = [
            [f for p in self.parameters for f in _seen(p, values.get(p.name, p.default))]
            for values in configurations
        ]
        return np.asarray(rows, dtype=float)

    def violations(self, values: Values) -> list[str]:
        """Say what is wrong with a configuration, one sentence each; an empty list means valid."""
        found = [f"{name} is not searched." for name in values if name not in self.by_name]
        for parameter in self.parameters:
            name = parameter.name
            counts = self.counts(parameter, values)
            if name not in values:
                found += [f"{name} is missing."] if counts else []
                continue
            if not counts:
                reasons = ", ".join(c.reason for c in parameter.conditions)
                found.append(f"{name} does not count here ({reasons}).")
                continue
            value = values[name]
            why = parameter.why_not(value)
            if why:
                found.append(f"{name} is {value!r}, but it {why}.")
                continue
            for relation in parameter.relations:
                if not relation.holds(value, lambda key: self.value(key, values)):
                    found.append(f"{name} is {value!r}, but it must be {relation}.")
        return found

    def describe(self) -> list[Row]:
        """Return one row for each parameter, as ``skillbank show SKILL train --search-space`` prints them."""
        return [
            {
                "key": p.name,
                "kind": p.kind.value,
                "default": p.default,
                **_extent(p),
                "conditions": [c.reason for c in p.conditions],
                "relations": [str(r) for r in p.relations],
                "counts_now": self.counts(p, self.defaults),
            }
            for p in sorted(self.parameters, key=lambda p: p.name)
        ]

    def counts(self, parameter: Parameter, values: Values) -> bool:
        """Whether a parameter counts beside these values."""
        return all(c.holds(lambda key: self.value(key, values)) for c in parameter.conditions)

    def narrowed(self, parameter: Parameter, values: Values) -> tuple[float, float]:
        """Return the bounds, both included, that relations add to a number's range."""
        low, high = -math.inf, math.inf
        whole = parameter.kind is not Kind.FLOAT
        for relation in parameter.relations:
            side = relation.side(lambda key: self.value(key, values))
            if side is None:
                continue
            if relation.is_floor:
                if whole:
                    side = math.floor(side) + 1 if relation.is_strict else math.ceil(side)
                elif relation.is_strict:
                    side = math.nextafter(side, math.inf)
                low = max(low, side)
            else:
                if whole:
                    side = math.ceil(side) - 1 if relation.is_strict else math.floor(side)
                elif relation.is_strict:
                    side = math.nextafter(side, -math.inf)
                high = min(high, side)
        return low, high

    def features_at_rest(self, parameter: Parameter) -> list[float]:
        """Return the features of a parameter that does not count: those of its default."""
        return _seen(parameter, parameter.default)


def _seen(parameter: Parameter, value: object) -> list[float]:
    if parameter.kind is Kind.CATEGORICAL and len(parameter.choices) > 2:
        return [0.5 * (c == value) for c in parameter.choices]
    return list(parameter.encode(value))


def _extent(parameter: Parameter) -> Extent:
    """Return the words that say where a parameter's values lie."""
    if parameter.kind is Kind.LIST:
        return {"items": [_extent(item) for item in parameter.items], "increasing": parameter.increasing}
    if parameter.choices:
        listed: Extent = {"choices": list(parameter.choices)}
        if parameter.weights:
            listed["weights"] = list(parameter.weights)
        return listed
    extent: Extent = {"low": parameter.low, "high": parameter.high, "log": parameter.log}
    if parameter.kind is Kind.INTEGER:
        extent["low"], extent["high"] = int(parameter.low), int(parameter.high)
        if parameter.step > 1:
            extent["step"] = parameter.step
    return extent
