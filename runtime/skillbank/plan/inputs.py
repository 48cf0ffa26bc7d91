"""From a finished spec to the plan's inputs: what must be staged before the program can read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from skillbank.bank.actions import Action
from skillbank.bank.keys import plain
from skillbank.plan.datasets import ARCHIVE, Binding
from skillbank.plan.model import InputBinding, Override, Selective
from skillbank.plan.paths import format_path, get_path, parse_path
from skillbank.plan.spec import unset

Runtime = Literal["file", "folder", "extracted_folder", "value"]


def positions(key: str, spec: Mapping[str, Any]) -> list[str]:
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


def input_bindings(
    action: Action, rows: Iterable[Binding], spec: Mapping[str, Any], user: Iterable[Override]
) -> Iterator[InputBinding]:
    """Yield one binding per file, folder or archive that the spec names, list entries one by one."""
    rows_by_key = {plain(r.key): r for r in rows if r.kind == "data"}
    declared = {plain(i.key): i for i in action.inputs}
    users = {plain(o.key) for o in user}
    keys = [i.key for i in action.inputs if i.type not in ("list", "text")]
    keys += [r.key for r in rows_by_key.values() if plain(r.key) not in declared]
    seen: set[str] = set()
    for pattern in keys:
        row, decl = rows_by_key.get(plain(pattern)), declared.get(plain(pattern))
        for key in positions(pattern, spec):
            for place, uri in _values(key, get_path(spec, key)):
                if place in seen:
                    continue
                seen.add(place)
                kind = decl.type if decl else "folder" if row and not row.path else "file"
                own = row is not None and plain(key) not in users
                yield InputBinding(
                    key=place,
                    uri=uri,
                    runtime=_runtime(uri, kind, row.runtime if row and own else None),
                    type=kind,
                    optional=bool(decl and decl.optional) or bool(row and row.optional),
                    source=row.source if row and own else "",
                    selective=_selective(key, decl.extra.get("selective") if decl else None),
                )


def _selective(key: str, said: Any) -> Selective | None:
    """Read which files of a folder are needed; the annotation belongs to the same entry of a list."""
    if not isinstance(said, Mapping) or not isinstance(said.get("annotation"), str):
        return None
    index = re.search(r"\[\d+\]", key)
    annotation = said["annotation"].replace("[0]", index[0]) if index else said["annotation"]
    names = said.get("keys")
    return Selective(
        annotation=annotation,
        format=str(said.get("format") or "json"),
        keys=tuple(map(str, names)) if isinstance(names, list) else (),
    )


def _values(key: str, value: Any) -> Iterator[tuple[str, str]]:
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
