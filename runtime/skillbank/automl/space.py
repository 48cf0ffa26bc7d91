"""The search space of one action, read from its schema: which keys, in which order, with which relations."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from skillbank.automl.conditions import MathCondition, Relation, conditions_of, parse_relation
from skillbank.automl.parameters import Kind, Parameter
from skillbank.automl.space_parameter import make_parameter
from skillbank.automl.space_points import SearchSpace
from skillbank.automl.space_ranges import read_ranges
from skillbank.bank.schema import Node, SpecSchema
from skillbank.errors import SpecError, UsageError, did_you_mean
from skillbank.plan.paths import MISSING, get_path, parse_path

__all__ = ["SearchSpace", "space_from_schema"]


def space_from_schema(
    schema: Mapping[str, Any] | SpecSchema,
    spec: Mapping[str, Any],
    *,
    parameters: Sequence[str] | None = None,
    ranges: Mapping[str, Any] | None = None,
    fixed: Collection[str] = (),
) -> SearchSpace:
    """Return the search space of one action.

    Parameters
    ----------
    schema
        The action's schema, as a document or parsed.
    spec
        The plan's spec: its values are the defaults, and decide conditions and relations of keys that are
        not searched.
    parameters
        Keys to search; None takes the schema's ``automl_default_parameters``.
    ranges
        A user's own ranges by key: ``[low, high]``, ``{low, high, log, step}`` or ``{choices, weights}``. A
        key with a range is searched even when the schema does not say so by default.
    fixed
        Keys that the user has set and that the default search leaves alone.

    Raises
    ------
    UsageError
        When a key is unknown or not to be searched, a range leaves the schema, or nothing is left to search.
    """
    parsed = schema if isinstance(schema, SpecSchema) else SpecSchema.parse(schema)
    own = read_ranges(ranges)
    disabled = _words(parsed, "automl_disabled_parameters")
    keys = _asked(parsed, parameters, own, disabled) if parameters is not None or own else []
    asked = set(keys)
    if parameters is None:
        declared = _words(parsed, "automl_default_parameters") or tuple(
            k
            for k in parsed.keys
            if "[" not in k and (n := _node(parsed, k)) and n.words.get("automl_enabled") is True
        )
        # Sorted, so that a schema that lists them in another order gives the same space.
        keys += sorted({k for k in declared if k not in asked and k not in disabled and k not in fixed})
    found: dict[str, Parameter] = {}
    notes = [
        f"{k} was set by the user and is not searched."
        for k in sorted(fixed)
        if k in _words(parsed, "automl_default_parameters")
    ]
    for key in keys:
        node = _node(parsed, key)
        if node is None:
            notes.append(f"{key} is named for the search, but the schema has no such key.")
            continue
        value = get_path(spec, key)
        try:
            found[key] = make_parameter(
                key, node, node.words.get("default") if value is MISSING else value, own.get(key)
            )
        except SpecError as error:
            if key in asked:
                raise
            notes.append(f"Not searched: {error}")
    space = _assemble(parsed, spec, found, asked, notes)
    if not any(space._counts(p, space.defaults) for p in space.parameters):
        why = "; ".join(f"{p.name} {p.conditions[0].reason}" for p in space.parameters if p.conditions)
        raise UsageError(
            f"Nothing is left to search{f' ({why})' if why else ''}; name keys: automl.parameters=[...]."
        )
    return space


def _asked(
    schema: SpecSchema, parameters: Sequence[str] | None, own: Mapping[str, Any], disabled: tuple[str, ...]
) -> list[str]:
    """Return the keys that the user names, each one checked."""
    wanted = list(dict.fromkeys(parameters or ()))
    for key in own:
        if parameters is not None and key not in wanted:
            raise UsageError(
                f"automl.ranges has a range for {key}, which is not among "
                f"automl.parameters{did_you_mean(key, wanted)}."
            )
        if key not in wanted:
            wanted.append(key)
    known = tuple(k for k in schema.keys if "[" not in k)
    for key in wanted:
        node = _node(schema, key)
        if node is None:
            raise UsageError(
                f"{key} is not a key of this spec{did_you_mean(key, known)}, so it cannot be searched."
            )
        if node.children:
            raise UsageError(f"{key} is a section; name the keys in it that are to be searched.")
        if key in disabled or node.words.get("automl_enabled") is False:
            raise UsageError(f"{key} is not to be searched: the schema disables it for AutoML.")
    return wanted


def _assemble(
    schema: SpecSchema,
    spec: Mapping[str, Any],
    found: dict[str, Parameter],
    asked: set[str],
    notes: list[str],
) -> SearchSpace:
    """Give parameters their conditions and relations, an order, and ranges that relations cannot empty."""

    def exists(key: str) -> bool:
        return get_path(spec, key) is not MISSING or _node(schema, key) is not None

    for key, parameter in found.items():
        found[key] = replace(
            parameter,
            conditions=conditions_of(key, exists),
            relations=_relations(schema, key, parameter) if parameter.is_number else (),
        )
    order = _ordered(found)
    for key in reversed(order):
        # Children come before their parents here, so a chain of relations is cut from its end.
        if key in found:
            _make_room(found, key, spec, asked, notes)
    for key in found:
        # A parameter of only one value is no question, but it stays when the user named that value.
        if found[key].size == 1 and key not in asked:
            notes.append(f"{key} has only one value left and is not searched.")
    kept = tuple(found[k] for k in order if k in found and (found[k].size > 1 or k in asked))
    return SearchSpace(kept, spec, tuple(notes))


def _relations(schema: SpecSchema, key: str, parameter: Parameter) -> tuple[Relation, ...]:
    """Return the orders that the schema demands between this key and others."""
    node = _node(schema, key)
    words = node.words if node else {}
    relation = parse_relation(words.get("relation"))
    if relation:
        return (relation,)
    other = words.get("depends_on")
    if not isinstance(other, str) or (target := _node(schema, other)) is None:
        return ()
    if target.kind not in ("integer", "number"):
        return ()
    # A bare depends_on between numbers means "no more than": selected queries of all queries.
    operator = MathCondition.parse(words.get("math_cond")).order or "<="
    return (Relation(operator, (other,)),)


def _ordered(found: dict[str, Parameter]) -> list[str]:
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


def _make_room(
    found: dict[str, Parameter], key: str, spec: Mapping[str, Any], asked: set[str], notes: list[str]
) -> None:
    """Cut the ranges of what a parameter is related to, so that its own is never empty."""
    child = found[key]
    if not child.relations:
        return
    low, high = _span(child)
    sides = {relation.is_floor for relation in child.relations if any(k in found for k in relation.keys)}
    if len(sides) > 1:
        raise SpecError(
            f"{key} is bounded from both sides by keys that are searched too; hold one of them fixed."
        )
    for relation in child.relations:
        gap = (1.0 if child.kind is Kind.INTEGER else (high - low) / 1000) if relation.is_strict else 0.0
        limit = high - gap if relation.is_floor else low + gap
        for name in relation.keys:
            others = relation.factor
            for other in relation.keys:
                if other != name:
                    others *= _extreme(other, found, spec, highest=relation.is_floor)
            if others <= 0 or math.isnan(others):
                continue
            if name in found:
                if any(c not in child.conditions for c in found[name].conditions):
                    continue
                cut = _cut(
                    found[name],
                    None if relation.is_floor else limit / others,
                    limit / others if relation.is_floor else None,
                )
                if cut is None:
                    raise SpecError(f"{key} must be {relation}, but their ranges leave no such pair.")
                if cut is not found[name]:
                    ends = " to ".join(f"{e:g}" for e in _span(cut))
                    notes.append(f"The range of {name} ends at {ends}, because {key} must be {relation}.")
                    found[name] = cut
            elif not _possible(
                relation, low, high, others * _extreme(name, found, spec, highest=relation.is_floor)
            ):
                text = (
                    f"{key} must be {relation}, and with the spec's own value there its range "
                    f"{low:g} to {high:g} is empty."
                )
                if key in asked:
                    raise SpecError(text)
                notes.append(f"Not searched: {text}")
                del found[key]
                return


def _possible(relation: Relation, low: float, high: float, side: float) -> bool:
    if math.isnan(side):
        return True
    if relation.is_floor:
        return high > side if relation.is_strict else high >= side
    return low < side if relation.is_strict else low <= side


def _extreme(key: str, found: Mapping[str, Parameter], spec: Mapping[str, Any], highest: bool) -> float:
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


def _node(schema: SpecSchema, key: str) -> Node | None:
    try:
        return schema.find(parse_path(key))[0]
    except ValueError:
        return None


def _words(schema: SpecSchema, word: str) -> tuple[str, ...]:
    found = schema.document.get(word)
    return tuple(k for k in found if isinstance(k, str)) if isinstance(found, list) else ()
