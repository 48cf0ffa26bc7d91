"""The layers of a spec between its template and what the user set, one function for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from skillbank.bank.functions import names_function
from skillbank.bank.keys import plain
from skillbank.errors import UsageError
from skillbank.plan import inference
from skillbank.plan.datasets import Binding
from skillbank.plan.draft import Draft
from skillbank.plan.model import Override, Source
from skillbank.plan.paths import MISSING, format_path, get_path, leaves, parse_path
from skillbank.plan.request import role_of
from skillbank.plan.weights import FROM_PARENT, SCRATCH, from_scratch, pretrained_fields
from skillbank.visible import named
from skillbank.ways import option

STRUCTURE = ("model", "engine")
"""Sections of a spec that say what a model is made of."""
NOT_STRUCTURE = ("path", "pretrained", "checkpoint", "profile")
"""Words in the names of those keys there that say something else."""


def key_defaults(draft: Draft) -> Iterator[Override]:
    """Values that skill_info puts on top of the template."""
    for key, value in draft.action.key_defaults.items():
        if draft.owns(key):
            yield Override(key=key, value=value, source=Source.SKILL_INFO, detail="key_defaults")


def parent_structure(draft: Draft) -> Iterator[Override]:
    """A child's model must have the shape of its parent's: inherit the ``model`` and ``engine`` sections.

    Paths are left out; they are the child's own business, and so is the profile.
    """
    parent = draft.shaping_parent
    spec: Mapping[str, object] = parent.spec if parent else {}
    sections = {name: spec[name] for name in STRUCTURE if isinstance(spec.get(name), Mapping) and spec[name]}
    for path, value in leaves(sections) if sections else ():
        if value in (None, "") or any(word in str(path[-1]) for word in NOT_STRUCTURE):
            continue
        key = format_path(path)
        if draft.owns(key) and get_path(draft.template, path) != value:
            yield Override(
                key=key, value=value, source=Source.PARENT, detail="structure of the parent's model"
            )


def dataset_rows(draft: Draft) -> Iterator[Override]:
    """The dataset table, resolved to the locations that the request gives."""
    for row in draft.rows:
        if draft.user_covers(row.key) or (row.optional and _user_chose_another(draft, row.key)):
            continue
        if row.kind == "literal":
            values: dict[str, object] = {row.key: row.path}
        elif row.kind == "data" and draft.locations.get(row.source):
            values = _bound(draft, row, draft.locations[row.source])
        else:
            continue
        for key, value in values.items():
            yield Override(key=key, value=value, source=Source.DATASET_TABLE, detail=row.detail)


def _bound(draft: Draft, row: Binding, uris: Sequence[str]) -> dict[str, object]:
    """Return the keys that the locations of a row's data set fill; ask where one is wanted of several."""
    if row.per_source:
        draft.builder.fit_list(row.key[: row.key.index("[0]")], len(uris))
    takes_list = _takes_list(draft, row)
    values = [f"{uri}/{row.path}".rstrip("/") if row.path else uri for uri in uris]
    if row.per_source:
        keys = (row.key.replace("[0]", f"[{i}]", 1) for i in range(len(values)))
        return {key: [value] if takes_list else value for key, value in zip(keys, values, strict=True)}
    if len(uris) > 1 and not takes_list:
        _ask_which(draft, row, uris)
    return {row.key: values if takes_list else values[0]}


def _ask_which(draft: Draft, row: Binding, uris: Sequence[str]) -> None:
    """Ask which of several locations is meant where a key takes one; other keys may take them all."""
    why = f"{row.key} takes one location and {len(uris)} were given ({', '.join(uris)}); name one"
    role = role_of(row.source)
    if any(r.per_source or _takes_list(draft, r) for r in draft.rows if r.source == row.source):
        places = (f"{uri}/{row.path}" if row.path else uri for uri in uris)
        draft.ask(row.key, why, tuple(f"{option('set', f'{row.key}={place}')}" for place in places))
    else:
        draft.ask(f"data.{role}", why, tuple(f"{option('data', f'{role}={uri}')}" for uri in uris))


def _user_chose_another(draft: Draft, key: str) -> bool:
    """Whether the user set an alternative to this key (``one_of`` in skill_info)."""
    groups = [g for g in draft.action.one_of if plain(key) in map(plain, g)]
    return any(draft.user_covers(other) for g in groups for other in g if plain(other) != plain(key))


def _takes_list(draft: Draft, row: Binding) -> bool:
    """Whether the key itself holds a list: the template and schema know best, the row comes last."""
    current = draft.builder.get(row.key)
    node, _ = draft.schema.find(parse_path(row.key))
    if isinstance(current, list) or (node is not None and node.kind == "array"):
        return True
    return row.is_list and not row.per_source and (current is MISSING or node is None)


def inferred(draft: Draft) -> Iterator[Override]:
    """Fields filled from this job, its parent, or the pretrained model that was named."""
    pretrained = pretrained_fields(draft.functions)
    said = draft.request.pretrained
    if said == SCRATCH:
        yield from from_scratch(draft)
    elif said == FROM_PARENT and draft.parent is None:
        draft.ask("parent", "which model is the training to start from? no job or earlier step is its parent")
    elif said is not None and not pretrained:
        where = f"{draft.skill.name} {draft.action.name}"
        raise UsageError(
            f"{where} takes no pretrained model; give {option('parent', 'JOB')} or "
            f"{option('set', 'KEY=FILE')}."
        )
    for key, function in draft.functions.items():
        if not draft.user_covers(key) and (said != SCRATCH or key not in pretrained):
            yield from _filled(draft, key, function, pretrained)


def _filled(draft: Draft, key: str, function: object, pretrained: tuple[str, ...]) -> Iterator[Override]:
    """Fill one field by what the skill says of it: a download, a function, or a value as it is."""
    if isinstance(function, Mapping):
        if isinstance(link := function.get("link"), str):
            detail = "download named by the skill"
            yield Override(key=key, value=link, source=Source.INFERENCE, detail=detail)
    elif isinstance(function, str) and inference.is_known(function):
        result = inference.infer(function, _context(draft, key, pretrained))
        if result.value is not None:
            detail = f"{function}: {result.detail}"
            yield Override(key=key, value=result.value, source=Source.INFERENCE, detail=detail)
    elif function == draft.action.spec_params.get(key) and not names_function(
        function, draft.schema, draft.template, key
    ):
        yield Override(key=key, value=function, source=Source.SKILL_INFO, detail="literal value")
    else:
        draft.warnings.append(
            f"{named(key)}: unknown inference function '{named(function)}'; left as it is, since no "
            "package that is installed registers it"
        )


def _context(draft: Draft, key: str, pretrained: tuple[str, ...]) -> inference.Context:
    """Return what an inference function is told of a field."""
    said = draft.request.pretrained
    return inference.Context(
        field=key,
        action=draft.action.name,
        siblings=tuple(
            k
            for k, f in draft.functions.items()
            if isinstance(f, str) and f in ("parent_model", "pruned_model")
        ),
        parent=draft.giving_parent(key),
        pretrained=None if said in (SCRATCH, FROM_PARENT) else said,
        pretrained_fields=pretrained,
    )
