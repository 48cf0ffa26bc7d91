"""Which files of a folder an annotation file speaks of, so that only these are moved."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from skillbank.errors import DataError

__all__ = ["named_files", "select"]

_KEYS = {"coco": ("file_name",), "odvg": ("filename", "file_name"), "json": (), "jsonl": ()}
"""The formats known, and the fields that name a file when a skill does not say which."""


def named_files(annotation: Path, form: str, keys: Iterable[str] = ()) -> list[str]:
    """Return the files that an annotation file names, each once, in its order.

    Parameters
    ----------
    form
        ``coco`` (the ``images`` of a JSON document), ``odvg`` or ``jsonl`` (one JSON document a line), or
        ``json`` (a list of records, or a document whose lists hold them).
    keys
        Fields of a record that name a file or a list of files.
    """
    if form not in _KEYS:
        raise DataError(f"the annotation format '{form}' is not one of {', '.join(_KEYS)}; correct the skill")
    fields = tuple(keys) or _KEYS[form]
    try:
        names = list(dict.fromkeys(_names(_records(annotation, form), fields)))
    except (ValueError, OSError, RecursionError) as error:
        raise DataError(f"{annotation} cannot be read as {form} ({error}); check the file") from error
    if not names:
        raise DataError(
            f"{annotation} names no file in {', '.join(fields) or 'any field'}, so there is nothing "
            "to bring; check the file, or name a folder that is on this machine"
        )
    return names


def _records(annotation: Path, form: str) -> Iterator[object]:
    if form in ("odvg", "jsonl"):
        with annotation.open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines if line.strip())
        return
    document = json.loads(annotation.read_bytes())
    if isinstance(document, list):
        yield from document
    elif isinstance(document, Mapping):
        lists = [document.get("images")] if form == "coco" else list(document.values())
        for entries in lists:
            yield from entries if isinstance(entries, list) else ()


def _names(records: Iterable[object], fields: tuple[str, ...]) -> Iterator[str]:
    for record in records:
        if not isinstance(record, Mapping):
            continue
        for field in fields:
            value = record.get(field)
            for name in value if isinstance(value, list) else [value]:
                if isinstance(name, str) and name:
                    yield name


def select(files: Iterable[str], names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return which of the files below a folder are named, and the names that none of them has.

    A name is a path below the folder; when there is no such file, one of the same last part at any depth
    is meant, if it is the only one.
    """
    known = list(files)
    paths, by_last = set(known), dict[str, list[str]]()
    for path in known:
        by_last.setdefault(path.rpartition("/")[2], []).append(path)
    chosen, absent = set(), []
    for name in names:
        path = name.removeprefix("./")
        same = by_last.get(path.rpartition("/")[2], [])
        if path in paths:
            chosen.add(path)
        elif len(same) == 1:
            chosen.add(same[0])
        else:
            absent.append(name)
    return [path for path in known if path in chosen], absent
