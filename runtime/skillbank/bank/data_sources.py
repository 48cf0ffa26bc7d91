"""The section ``data_sources`` of a skill_info: which file of which data set fills which key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from skillbank.bank.actions import DataSource
from skillbank.bank.keys import is_key
from skillbank.bank.shapes import Shapes
from skillbank.visible import named

__all__ = ["data_sources"]


def data_sources(section: object, action: str, read: Shapes) -> Iterator[DataSource]:
    """Yield what an action reads of data sets; what is no such thing is said and left out."""
    for key, said in read.mapping(section, f"data_sources.{action}").items():
        for source in _of_key(str(key), said, f"data_sources.{action}.{key}", read):
            if is_key(source.key):
                yield source
            else:
                read.warn("key", f"data_sources.{action}: '{named(source.key, 80)}' is not a dotted key.")


def _of_key(key: str, raw: object, name: str, read: Shapes) -> Iterator[DataSource]:
    if isinstance(raw, str):
        raw = {"path": raw}
    if not isinstance(raw, Mapping) or not isinstance(raw.get("source"), str):
        read.warn("data-source", f"data source '{key}' names no source dataset.")
        return
    common = DataSource(
        key,
        optional=read.flag(raw.get("optional"), f"{name}.optional"),
        source=raw["source"],
        runtime=read.text(raw.get("runtime"), f"{name}.runtime"),
    )
    parts = read.mapping(raw.get("mapping"), f"{name}.mapping")
    if parts:
        base = key if raw.get("multiple_sources") is False else f"{key.removesuffix('[0]')}[0]"
        yield from _parts(replace(common, key=base), parts, f"{name}.mapping", read)
        return
    by_format: dict[str, str] = {}
    for form, path in read.mapping(raw.get("path_from_format"), f"{name}.path_from_format").items():
        # Several candidates for one format: the first is bound, launch looks for the others too.
        first = path[0] if isinstance(path, list) and path else path
        by_format[str(form)] = read.text(first, f"{name}.path_from_format.{form}") or ""
    yield replace(
        common,
        path=read.text(raw.get("path"), f"{name}.path") or "",
        by_format=by_format,
        is_list=read.flag(raw.get("list"), f"{name}.list"),
    )


def _parts(whole: DataSource, parts: Mapping[str, object], name: str, read: Shapes) -> Iterator[DataSource]:
    """Yield what is bound below a key that takes several places of one data set."""
    for sub, said in parts.items():
        words = {"path": said} if isinstance(said, str) else read.mapping(said, f"{name}.{sub}")
        path = words.get("path")
        if path is None:
            continue  # what has no path is a value that the template holds
        optional = read.flag(words.get("optional"), f"{name}.{sub}.optional")
        yield replace(
            whole,
            key=f"{whole.key}.{sub}",
            path=read.text(path, f"{name}.{sub}.path") or "",
            optional=whole.optional or optional,
        )
