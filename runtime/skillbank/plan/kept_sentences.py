"""Sentences in documents that are kept: their texts stand in the document, and their ways out beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from skillbank.ways import Sentence

__all__ = ["ways_of", "with_ways"]


def ways_of(model: object) -> dict[str, list[list[str | int]]]:
    """Return the ways of every sentence of a model, as JSON: by where it stands, e.g. ``questions.0.why``."""
    return dict(_found(model, ""))


def with_ways(document: Mapping[str, object], ways: object) -> dict[str, object]:
    """Return a document as it was kept, with sentences where ways were; what does not fit changes nothing."""
    made = deepcopy(dict(document))
    for place, kept in ways.items() if isinstance(ways, Mapping) else ():
        *outer, last = str(place).split(".")
        try:
            holder: Any = made
            for name in outer:
                holder = holder[_key(holder, name)]
            key = _key(holder, last)
            if isinstance(holder[key], str):
                holder[key] = Sentence.of(holder[key], kept)
        except (LookupError, TypeError, ValueError):
            continue
    return made


def _key(holder: object, name: str) -> str | int:
    return int(name) if isinstance(holder, list) else name


def _found(value: object, place: str) -> Iterator[tuple[str, list[list[str | int]]]]:
    if isinstance(value, Sentence):
        if value.offers:
            yield place, value.ways
        return
    inner: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(value, list | tuple):
        inner = iter(enumerate(value))
    elif fields := getattr(type(value), "model_fields", None):
        inner = ((name, getattr(value, name)) for name in fields)
    for name, each in inner:
        yield from _found(each, f"{place}.{name}" if place else str(name))
