"""Dataset bindings: the skill's table joined with its skill_info, resolved to URIs.

The table in SKILL.md speaks first, skill_info fills what the table leaves out, and every
disagreement is noted. The template decides the shape: a row binds a list where the template
holds a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from skillbank.bank.actions import Action, InputDecl
from skillbank.bank.keys import plain
from skillbank.bank.schema import SpecSchema
from skillbank.bank.skill import Skill
from skillbank.bank.tables import DatasetRow
from skillbank.plan.paths import MISSING, format_path, get_path, parse_path
from skillbank.visible import named

Kind = Literal["data", "literal", "job", "prose"]
DATASETS = re.compile(r"\w+_(dataset|datasets)")
ARCHIVE = re.compile(r"\.(tar|tar\.gz|tgz|zip)$")
_LONGEST_PLACE = 120
_VALUE_NAMES = ("type", "format", "mode", "name", "kind")


@dataclass(frozen=True, slots=True)
class Binding:
    """One spec key that a dataset fills.

    ``key`` may hold ``[0]``: the row is repeated for each source. ``path`` lies below the
    dataset's location; empty is the location itself. ``optional`` data need not be given; of a data set that
    is given, only a file that ``may_lack`` says need not be there.
    """

    key: str
    kind: Kind
    source: str
    path: str
    runtime: str | None
    is_list: bool
    optional: bool
    detail: str
    may_lack: bool = False

    @property
    def per_source(self) -> bool:
        """Whether the row is repeated for every location of its source."""
        return "[0]" in self.key


def bindings(skill: Skill, action: Action, template: Mapping[str, object]) -> tuple[list[Binding], list[str]]:
    """Return the bindings of an action and the notes on disagreements."""
    if template is skill.template(action)[0] and action in skill.actions:
        rows, notes = _of_skill(skill, skill.actions.index(action))
        return list(rows), list(notes)
    return _bound(skill, action, template)


@lru_cache(maxsize=256)
def _of_skill(skill: Skill, number: int) -> tuple[list[Binding], list[str]]:
    """Return those of the action of a number with its own template: a plan asks for them four times."""
    action = skill.actions[number]
    return _bound(skill, action, skill.template(action)[0])


def _bound(skill: Skill, action: Action, template: Mapping[str, object]) -> tuple[list[Binding], list[str]]:
    schema = skill.schema(action)
    data_format = skill.info_of(action).data_format
    from_info = _from_info(action, data_format, template)
    from_table = (
        row
        for table_row in _rows_of(skill, action)
        for row in _expand(table_row, schema, template, data_format)
    )
    result, notes = _table_first(from_table, from_info)
    # Where every file of a data set is optional, it is the set that need not be given.
    with_required = {row.source for row in result.values() if row.kind == "data" and not row.optional}
    declared = {plain(i.key): i for i in action.inputs}
    final = [_as_declared(row, declared.get(name), with_required) for name, row in result.items()]
    return final, notes


def _from_info(action: Action, data_format: str, template: Mapping[str, object]) -> dict[str, Binding]:
    """Return what the ``data_sources`` of skill_info bind, by their keys without places of lists."""
    found = {}
    for source in action.data_sources:
        path = _by_format(source.by_format, data_format) if source.by_format else source.path
        row = Binding(
            source.key, "prose" if "{" in path else "data", source.source, path, source.runtime,
            source.is_list, source.optional, f"skill_info data_sources: {source.source}/{path}",
        )  # fmt: skip
        found[plain(source.key)] = replace(row, key=_shaped(row.key, template))
    return found


def _table_first(
    rows: Iterable[Binding], from_info: Mapping[str, Binding]
) -> tuple[dict[str, Binding], list[str]]:
    """Join the table's rows with those of skill_info, which fill what is left out; differences are noted."""
    result: dict[str, Binding] = {}
    notes: list[str] = []
    for row in rows:
        name = plain(row.key)
        first, info = result.get(name), from_info.get(name)
        if first is not None:
            if (row.kind, row.source, row.path) != (first.kind, first.source, first.path):
                notes.append(
                    f"{named(row.key)}: {_where(row)} stands beside {_where(first)}; the first is used"
                )
        elif info is not None:
            result[name], note = _joined(row, info)
            notes += [note] if note else []
        elif row.kind != "prose" or not any(key.startswith(f"{name}.") for key in from_info):
            result[name] = row
    return {**result, **{name: row for name, row in from_info.items() if name not in result}}, notes


def _as_declared(row: Binding, decl: InputDecl | None, with_required: set[str]) -> Binding:
    """Return a row with what its declared input says: how a file is used, and what may be missing."""
    runtime = row.runtime
    if runtime is None and ARCHIVE.search(row.path):
        # An archive that feeds a declared file stays a file; anything else wants its contents.
        runtime = "file" if decl is not None and decl.type == "file" else "extracted_folder"
    optional = row.optional or (decl is not None and decl.optional)
    may_lack = row.optional and row.source in with_required
    return replace(row, runtime=runtime, optional=optional, may_lack=may_lack)


def _rows_of(skill: Skill, action: Action) -> Iterator[DatasetRow]:
    """Rows that speak of this action and variant; prose files may serve both variants."""
    for row in skill.dataset_table:
        variant, _, name = row.action.rpartition("/")
        if name != action.name or (variant and variant != (action.variant or "")):
            continue
        if not action.owns_key(row.key):
            continue
        if action.variant is not None and not variant:
            field = plain(row.key)
            declared = {plain(s.key) for s in action.data_sources}
            # What an overlay says of its own actions is nearer than the main table.
            if row.path == "SKILL.md" and _covers(field, declared):
                continue
            if not _covers(field, declared | {plain(i.key) for i in action.inputs}):
                continue
        yield row


def _covers(field: str, keys: set[str]) -> bool:
    return any(key == field or key.startswith(f"{field}.") for key in keys)


def _expand(
    row: DatasetRow, schema: SpecSchema, template: Mapping[str, object], data_format: str
) -> Iterator[Binding]:
    """Turn one table row into leaves."""
    where = named(f"{row.path}:{row.line}", _LONGEST_PLACE)
    files = row.files

    def leaf(key: str, kind: Kind, path: str, optional: bool = False, is_list: bool = False) -> Binding:
        detail = f"{where} {row.source}/{path}" if kind == "data" else f"{where} {files.text}"
        return Binding(key, kind, row.source, path, None, is_list, optional, detail)

    known_source = bool(DATASETS.fullmatch(row.source))
    if files.kind == "map" and known_source:
        base = _shaped(f"{row.key}[0]" if row.is_list else row.key, template, whole=True)
        for sub, path, optional in files.parts:
            yield leaf(f"{base}.{sub}", "data", path, optional)
    elif files.kind == "literal" and _is_value(row.key, files.path, schema):
        yield leaf(row.key, "literal", files.path)
    elif files.kind == "job":
        yield replace(leaf(row.key, "job", files.path), source=files.job)
    elif files.kind == "prose" or not known_source:
        yield leaf(row.key, "prose", "")
    else:
        path = (
            _by_format({k: v for k, v, _ in files.parts}, data_format)
            if files.kind == "format"
            else files.path
        )
        yield leaf(_shaped(row.key, template), "data", path, is_list=row.is_list)


def _where(row: Binding) -> str:
    """Return where a binding comes from and what it is, in a sentence of ours."""
    place, _, said = row.detail.partition(" ")
    if said.startswith("data_sources: "):
        return f"{place} data_sources: {named(said.removeprefix('data_sources: '))}"
    return f"{place} {named(said)}"


def _joined(row: Binding, info: Binding) -> tuple[Binding, str | None]:
    """Join a table leaf with skill_info's: the table wins, what it leaves open is filled."""
    if row.kind == "prose":
        if not row.detail.partition(" ")[2]:
            return info, None
        return info, f"{named(row.key)}: the table only describes it in words; {_where(info)} is used"
    if row.kind != "data" or info.kind != "data":
        return row, None
    differing = [
        f"{name} '{named(a)}' against '{named(b)}'"
        for name, a, b in (("source", row.source, info.source), ("path", row.path, info.path))
        if a != b and not (name == "path" and not a)
    ]
    filled = replace(
        row,
        path=row.path or info.path,
        runtime=info.runtime if info.path == (row.path or info.path) else None,
        is_list=row.is_list or info.is_list,
        optional=row.optional or info.optional,
    )
    if not differing:
        return filled, None
    note = f"{named(row.key)}: table and skill_info disagree ({', '.join(differing)}); the table is used"
    return filled, note


def _shaped(key: str, template: Mapping[str, object], whole: bool = False) -> str:
    """Add or drop ``[0]`` so that the key fits the template's shape.

    ``whole`` looks at the key itself (sub-keys follow); otherwise only its parents are shaped.
    """
    parts = list(parse_path(key))
    shaped: list[str | int] = []
    last = len(parts) if whole else len(parts) - 1
    for i, part in enumerate(parts):
        value = get_path(template, tuple(shaped)) if shaped else template
        if isinstance(part, int):
            if value is MISSING or isinstance(value, list):
                shaped.append(part)
            continue
        shaped.append(part)
        value = get_path(template, tuple(shaped))
        follows = i + 1 < len(parts) and isinstance(parts[i + 1], int)
        if i < last and not follows and isinstance(value, list) and (not value or isinstance(value[0], dict)):
            shaped.append(0)
    return format_path(shaped)


def _is_value(key: str, word: str, schema: SpecSchema) -> bool:
    """Whether a bare word is a value for this key rather than a file without an ending."""
    node, _ = schema.find(parse_path(key))
    options = node.words.get("enum") if node is not None else None
    if isinstance(options, list) and word in options:
        return True
    return key.rpartition(".")[2] in _VALUE_NAMES


def _by_format(paths: Mapping[str, str], data_format: str) -> str:
    return paths.get(data_format, paths.get("*", next(iter(paths.values()), "")))
