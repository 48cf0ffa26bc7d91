"""From a finished spec to the plan's inputs: what must be staged before the program can read it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from skillbank.bank.actions import InputDecl
from skillbank.bank.keys import plain
from skillbank.datasets.wanted import AREAS
from skillbank.plan import inference
from skillbank.plan.datasets import ARCHIVE, Binding
from skillbank.plan.model import InputBinding, Selective
from skillbank.plan.paths import format_path, get_path, parse_path
from skillbank.plan.spec import unset

if TYPE_CHECKING:
    from skillbank.plan.draft import Draft

Runtime = Literal["file", "folder", "extracted_folder", "value"]


def positions(key: str, spec: Mapping[str, object]) -> list[str]:
    """Return the concrete keys that a declared key with ``[0]`` stands for in this spec.

    A list without entries yields the declared key itself, so that it is asked for.
    """
    parts = parse_path(key)
    index = next((i for i, part in enumerate(parts) if isinstance(part, int)), None)
    if index is None:
        return [key]
    entries = get_path(spec, parts[:index])
    if not isinstance(entries, list):
        return [format_path((*parts[:index], *parts[index + 1 :]))]
    return [format_path((*parts[:index], i, *parts[index + 1 :])) for i in range(max(1, len(entries)))]


def input_bindings(draft: Draft) -> Iterator[InputBinding]:
    """Yield one binding per file, folder or archive that the spec names, list entries one by one.

    Inputs are what the skill declares or lists in its table, and what the user put into a field of a model.
    """
    spec = draft.builder.spec
    seen: set[str] = set()
    for decl, row in _declarations(draft):
        for key in positions(decl.key, spec):
            for place, uri in _values(key, get_path(spec, key)):
                if place not in seen:
                    seen.add(place)
                    yield _binding(draft, decl, row, key, place, uri)


def _declarations(draft: Draft) -> Iterator[tuple[InputDecl, Binding | None]]:
    """Yield what may be an input, with its row: as declared, or as follows from the row."""
    rows = {plain(r.key): r for r in draft.rows if r.kind == "data"}
    declared = {plain(i.key): i for i in draft.action.inputs}
    keys = [i.key for i in draft.action.inputs if i.type not in ("list", "text")]
    keys += [r.key for name, r in rows.items() if name not in declared]
    keys += [k for k in _undeclared(draft) if plain(k) not in declared and plain(k) not in rows]
    for key in keys:
        row = rows.get(plain(key))
        usual = "folder" if row is not None and not row.path else "file"
        decl = declared.get(plain(key)) or InputDecl(key, usual, optional=False, extra={})
        yield replace(decl, key=key), row


def _binding(
    draft: Draft, decl: InputDecl, row: Binding | None, key: str, place: str, uri: str
) -> InputBinding:
    """Return what is to be staged for one place of a key; a row says nothing of what the user has set."""
    own = row if row is not None and not draft.user_covers(key) else None
    may_miss = decl.optional or (row is not None and row.optional)
    location = _location(draft, own, uri)
    return InputBinding(
        key=place,
        uri=uri,
        runtime=_runtime(uri, decl.type, own.runtime if own else None),
        type=decl.type,
        optional=may_miss and not _named(draft, key, own) and not _last_choice(draft, key),
        source=own.source if own else "",
        selective=_selective(key, decl.extra.get("selective")),
        hub=decl.extra.get("hub") is True,
        place=location,
        form=draft.forms.get((own.source, location), "") if own else "",
    )


def _undeclared(draft: Draft) -> Iterator[str]:
    """Yield the fields of models that the skill does not declare as inputs and the user has filled."""
    for key, function in draft.functions.items():
        if inference.reads(function) and _named(draft, key, None):
            yield key


def _named(draft: Draft, key: str, row: Binding | None) -> bool:
    """Whether a person named what an input reads: by its key, as pretrained model, or with its data set."""
    if row is not None:
        return bool(draft.locations.get(row.source)) and not row.may_lack
    said = draft.request.pretrained
    return draft.user_covers(key) or (said is not None and draft.builder.get(key) == said)


def _location(draft: Draft, row: Binding | None, uri: str) -> str:
    """Return the location that was given for a row and that an input's file lies in; else nothing."""
    if row is None:
        return ""
    places = draft.locations.get(row.source, ())
    if not row.path:  # the place as a whole; only of areas it is known what a program looks for in it
        return uri if uri in places and draft.skill.dataset_type in AREAS else ""
    return next((place for place in places if uri == f"{place}/{row.path}"), "")


def _last_choice(draft: Draft, key: str) -> bool:
    """Whether one of several inputs is needed (``one_of``) and none but this one has a value."""
    groups = [group for group in draft.action.one_of if plain(key) in map(plain, group)]
    others = [[other for other in group if plain(other) != plain(key)] for group in groups]
    return any(all(draft.builder.is_unset(other) for other in group) for group in others)


def _selective(key: str, said: Mapping[str, Any] | None) -> Selective | None:
    """Read which files of a folder are needed; the annotation belongs to the same entry of a list."""
    if not said or "annotation" not in said:
        return None
    index = re.search(r"\[\d+\]", key)
    annotation = said["annotation"].replace("[0]", index[0]) if index else said["annotation"]
    return Selective(
        annotation=annotation,
        format=said.get("format", "json"),
        keys=tuple(said["keys"]),
    )


def _values(key: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and not unset(value):
        yield key, value
    elif isinstance(value, list):
        for i, entry in enumerate(value):
            yield from _values(f"{key}[{i}]", entry)


def _runtime(uri: str, kind: str, said: str | None) -> Runtime:
    if uri.startswith("{"):
        return "value"
    if said in ("file", "folder", "extracted_folder"):
        return said  # type: ignore[return-value]
    if kind in ("folder", "directory"):
        return "extracted_folder" if ARCHIVE.search(uri) else "folder"
    return "file"
