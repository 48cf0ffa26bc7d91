"""Relations between searched parameters: ordered, and kept from emptying a range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from skillbank.automl.parameters import Kind, Parameter
from skillbank.bank.relations import Relation
from skillbank.bank.schema import Node, SpecSchema
from skillbank.errors import SpecError
from skillbank.plan.paths import get_path, parse_path

__all__ = ["make_room", "node_of", "ordered"]


def node_of(schema: SpecSchema, key: str) -> Node | None:
    """Return the schema's entry of a key, or None."""
    try:
        return schema.find(parse_path(key))[0]
    except ValueError:
        return None


def ordered(found: dict[str, Parameter]) -> list[str]:
    """Return the keys so that whatever one depends on comes first; a mirrored relation is dropped."""
    order: list[str] = []
    open_: list[str] = []

    def visit(key: str) -> None:
        if key in order:
            return
        open_.append(key)
        parameter = found[key]
        kept = []
        for relation in parameter.relations:
            if any(k in open_ for k in relation.keys):
                if not _mirrored(key, relation, found):
                    circle = " and ".join(dict.fromkeys([key, *relation.keys]))
                    raise SpecError(
                        f"The schema's relations of {circle} go in a circle; hold one of them fixed."
                    )
                continue
            kept.append(relation)
            for k in relation.keys:
                if k in found:
                    visit(k)
        found[key] = replace(parameter, relations=tuple(kept))
        for condition in parameter.conditions:
            if condition.key in found and condition.key not in open_:
                visit(condition.key)
        open_.remove(key)
        order.append(key)

    for key in list(found):
        visit(key)
    return order


def _mirrored(key: str, relation: Relation, found: Mapping[str, Parameter]) -> bool:
    """Whether the other key says the same of this one, so that one of the two is enough."""
    flipped = {">": "<", ">=": "<=", "<": ">", "<=": ">="}[relation.operator]
    return len(relation.keys) == 1 and any(
        r.keys == (key,) and r.operator == flipped and r.factor == relation.factor == 1
        for r in found[relation.keys[0]].relations
    )


def make_room(
    found: dict[str, Parameter], key: str, spec: Mapping[str, object], asked: set[str], notes: list[str]
) -> None:
    """Cut the ranges of what a parameter is related to, so that its own is never empty."""
    child = found[key]
    sides = {relation.is_floor for relation in child.relations if any(k in found for k in relation.keys)}
    if len(sides) > 1:
        raise SpecError(
            f"{key} is bounded from both sides by keys that are searched too; hold one of them fixed."
        )
    low, high = _span(child) if child.relations else (0.0, 0.0)
    for relation in child.relations:
        for name in relation.keys:
            others = math.prod(
                (_extreme(other, found, spec, relation.is_floor) for other in relation.keys if other != name),
                start=relation.factor,
            )
            if others <= 0 or math.isnan(others):
                continue
            if name in found:
                _make_room_in(found, name, child, relation, others, notes)
            elif not _possible(relation, low, high, others * _extreme(name, found, spec, relation.is_floor)):
                text = (
                    f"{key} must be {relation}, and with the spec's own value there its range "
                    f"{low:g} to {high:g} is empty."
                )
                if key in asked:
                    raise SpecError(text)
                notes.append(f"Not searched: {text}")
                del found[key]
                return


def _make_room_in(
    found: dict[str, Parameter],
    name: str,
    child: Parameter,
    relation: Relation,
    others: float,
    notes: list[str],
) -> None:
    """Cut the range of one key of a relation, times the `others`; one that counts elsewhere too stays."""
    if any(condition not in child.conditions for condition in found[name].conditions):
        return
    low, high = _span(child)
    gap = (1.0 if child.kind is Kind.INTEGER else (high - low) / 1000) if relation.is_strict else 0.0
    if relation.is_floor:
        cut = _cut(found[name], None, (high - gap) / others)
    else:
        cut = _cut(found[name], (low + gap) / others, None)
    if cut is None:
        raise SpecError(f"{child.name} must be {relation}, but their ranges leave no such pair.")
    if cut is not found[name]:
        ends = " to ".join(f"{end:g}" for end in _span(cut))
        notes.append(f"The range of {name} ends at {ends}, because {child.name} must be {relation}.")
        found[name] = cut


def _possible(relation: Relation, low: float, high: float, side: float) -> bool:
    if math.isnan(side):
        return True
    if relation.is_floor:
        return high > side if relation.is_strict else high >= side
    return low < side if relation.is_strict else low <= side


def _extreme(key: str, found: Mapping[str, Parameter], spec: Mapping[str, object], highest: bool) -> float:
    """Return the highest or lowest value that a key can have; NaN when it holds no number."""
    if key in found:
        return _span(found[key])[1 if highest else 0]
    value = get_path(spec, key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def _span(parameter: Parameter) -> tuple[float, float]:
    if parameter.choices:
        return float(parameter.choices[0]), float(parameter.choices[-1])
    if parameter.kind is Kind.INTEGER:
        step = parameter.step
        return float(math.ceil(parameter.low / step) * step), float(math.floor(parameter.high / step) * step)
    return parameter.low, parameter.high


def _cut(parameter: Parameter, low: float | None, high: float | None) -> Parameter | None:
    """Return the parameter within further bounds, itself if they change nothing, None if nothing is left."""
    mine = _span(parameter)
    low, high = (
        max(mine[0], -math.inf if low is None else low),
        min(mine[1], math.inf if high is None else high),
    )
    if parameter.kind is Kind.INTEGER:
        low, high = math.ceil(low), math.floor(high)
    if low > high:
        return None
    if (low, high) == mine:
        return parameter
    if parameter.choices:
        kept = [i for i, c in enumerate(parameter.choices) if low <= c <= high]
        if not kept:
            return None
        weights = tuple(parameter.weights[i] for i in kept) if parameter.weights else ()
        return replace(
            parameter, choices=tuple(parameter.choices[i] for i in kept), weights=weights, _cumulated=()
        )
    cut = replace(parameter, low=float(low), high=float(high))
    return cut if cut.size >= 1 else None
