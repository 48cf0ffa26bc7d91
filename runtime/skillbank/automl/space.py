"""The search space of one action, read from its schema: which keys, in which order, with which relations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from skillbank.automl.conditions import conditions_of
from skillbank.automl.parameters import Parameter
from skillbank.automl.space_parameter import make_parameter
from skillbank.automl.space_points import SearchSpace
from skillbank.automl.space_ranges import Range, read_ranges
from skillbank.automl.space_relations import make_room, node_of, ordered
from skillbank.bank.relations import relation_of
from skillbank.bank.schema import SpecSchema
from skillbank.errors import SpecError, UsageError, did_you_mean
from skillbank.plan.paths import MISSING, get_path
from skillbank.ways import Sentence

__all__ = ["SearchSpace", "space_from_schema"]


def space_from_schema(
    schema: Mapping[str, object] | SpecSchema,
    spec: Mapping[str, object],
    *,
    parameters: Sequence[str] | None = None,
    ranges: Mapping[str, object] | None = None,
    fixed: Collection[str] = (),
    kept: Collection[str] = (),
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
    kept
        Keys of the shape of the model that a training starts from, which it leaves alone as well.

    Raises
    ------
    UsageError
        When a key is unknown or not to be searched, a range leaves the schema, or nothing is left to search.
    """
    parsed = schema if isinstance(schema, SpecSchema) else SpecSchema.parse(schema)
    own = read_ranges(ranges)
    disabled = _words(parsed, "automl_disabled_parameters")
    asked = _asked(parsed, parameters, own, disabled) if parameters is not None or own else []
    keys = list(asked)
    if parameters is None:
        # Sorted, so that a schema that lists them in another order gives the same space.
        keys += sorted({*_declared(parsed)} - {*asked} - {*disabled} - {*fixed} - {*kept})
    notes = _held(_words(parsed, "automl_default_parameters"), {*fixed}, {*kept})
    found = _parameters(parsed, spec, keys, own, {*asked}, notes)
    space = _assemble(parsed, spec, found, {*asked}, notes)
    if not any(space.counts(p, space.defaults) for p in space.parameters):
        why = "; ".join(f"{p.name} {p.conditions[0].reason}" for p in space.parameters if p.conditions)
        raise UsageError(
            f"Nothing is left to search{f' ({why})' if why else ''}; name keys: automl.parameters=[...]."
        )
    return space


def _declared(schema: SpecSchema) -> Sequence[str]:
    """Return the keys that a schema has searched by default: those it lists, else those it marks."""
    listed = _words(schema, "automl_default_parameters")
    if listed:
        return listed
    nodes = ((key, node_of(schema, key)) for key in schema.keys if "[" not in key)
    return [key for key, node in nodes if node and node.words.get("automl_enabled") is True]


def _held(default: Collection[str], fixed: set[str], kept: set[str]) -> list[str]:
    """Say which keys of the default search are left alone."""
    notes = [f"{key} was set by the user and is not searched." for key in sorted(fixed) if key in default]
    return notes + [
        f"{key} is that of the model which the training starts from, and is not searched."
        for key in sorted(kept - fixed)
        if key in default
    ]


def _parameters(
    schema: SpecSchema,
    spec: Mapping[str, object],
    keys: Sequence[str],
    own: Mapping[str, Range],
    asked: set[str],
    notes: list[str],
) -> dict[str, Parameter]:
    """Make the parameters of some keys; those that cannot be searched and that nobody asked for are noted."""
    found: dict[str, Parameter] = {}
    for key in keys:
        node = node_of(schema, key)
        if node is None:
            notes.append(f"{key} is named for the search, but the schema has no such key.")
            continue
        value = get_path(spec, key)
        default = node.words.get("default") if value is MISSING else value
        try:
            found[key] = make_parameter(key, node, default, own.get(key))
        except SpecError as error:
            if key in asked:
                raise
            notes.append(Sentence(f"Not searched: {error.sentence.marked}"))
    return found


def _asked(
    schema: SpecSchema, parameters: Sequence[str] | None, own: Mapping[str, object], disabled: tuple[str, ...]
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
        node = node_of(schema, key)
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
    spec: Mapping[str, object],
    found: dict[str, Parameter],
    asked: set[str],
    notes: list[str],
) -> SearchSpace:
    """Give parameters their conditions and relations, an order, and ranges that relations cannot empty."""

    def exists(key: str) -> bool:
        return get_path(spec, key) is not MISSING or node_of(schema, key) is not None

    for key, parameter in found.items():
        relation = relation_of(schema, key) if parameter.is_number else None
        found[key] = replace(
            parameter, conditions=conditions_of(key, exists), relations=(relation,) if relation else ()
        )
    order = ordered(found)
    for key in reversed(order):
        # Children come before their parents here, so a chain of relations is cut from its end.
        if key in found:
            make_room(found, key, spec, asked, notes)
    for key in found:
        # A parameter of only one value is no question, but it stays when the user named that value.
        if found[key].size == 1 and key not in asked:
            notes.append(f"{key} has only one value left and is not searched.")
    kept = tuple(found[k] for k in order if k in found and (found[k].size > 1 or k in asked))
    return SearchSpace(kept, spec, tuple(notes))


def _words(schema: SpecSchema, word: str) -> tuple[str, ...]:
    found = schema.document.get(word)
    return tuple(k for k in found if isinstance(k, str)) if isinstance(found, list) else ()
