"""What a JSON file holds, by its first bytes: a COCO document, lines of ODVG, a list of classes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from skillbank.datasets.formats.numbers import whole
from skillbank.datasets.plain_files import open_plain
from skillbank.datasets.texts import start_of
from skillbank.datasets.tree import PICTURES

__all__ = ["JsonKind", "class_list", "json_kind"]

_HEAD = 1 << 16
_LINES = 20
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')


class JsonKind(StrEnum):
    """What a file is: ODVG_LOOSE has its documents in a list or over several lines."""

    COCO = "coco"
    CAPTIONS = "captions"
    ODVG = "odvg"
    ODVG_LOOSE = "odvg-loose"
    CLASSES = "classes"
    OTHER = "other"


class _Value(NamedTuple):
    """Of a value at the top: how it begins, and the keys of the first object inside it."""

    start: str
    inside: frozenset[str]


def json_kind(path: Path) -> JsonKind:
    """Look at the first 64 KB of a file; never an error."""
    try:
        state = path.stat()
    except OSError:
        return JsonKind.OTHER
    return _looked_at(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4096)
def _looked_at(path: Path, _size: int, _time: int) -> JsonKind:
    try:
        with open_plain(path) as file:
            start = file.read(_HEAD)
    except OSError:
        return JsonKind.OTHER
    cut = len(start) == _HEAD
    text = start_of(start).decode("utf-8", "replace").lstrip()
    if text.startswith("["):
        if _is_odvg(_top(text[1:])):
            return JsonKind.ODVG_LOOSE
        return JsonKind.CLASSES if not cut and _is_class_list(text) else JsonKind.OTHER
    if not text.startswith("{"):
        return JsonKind.OTHER
    if any(_is_odvg(_top(line)) for line in text.split("\n")[:_LINES]):
        return JsonKind.ODVG
    return _of_document(text, cut)


def class_list(document: object) -> dict[int, str] | None:
    """Return number -> name of a JSON list of classes; None when it is something else.

    Taken are ``{"0": "person"}``, ``{"person": 0}`` and ``["person"]``.
    """
    if isinstance(document, list):
        return _of_names(document)
    if not isinstance(document, dict) or not document:
        return None
    if all(isinstance(value, str) for value in document.values()):
        found = {number: name for key, name in document.items() if (number := whole(key)) is not None}
        return found if len(found) == len(document) else None
    if all(isinstance(value, int) for value in document.values()):
        numbers = {number: name for name, number in document.items()}
        return numbers if min(numbers) in (0, 1) and len(numbers) == len(document) else None
    return None


def _of_names(names: list[object]) -> dict[int, str] | None:
    """Return a list of names by their places."""
    found = {place: name for place, name in enumerate(names) if isinstance(name, str)}
    return found if found and len(found) == len(names) else None


def _of_document(text: str, cut: bool) -> JsonKind:
    keys = _top(text)
    if _is_odvg(keys):
        return JsonKind.ODVG_LOOSE
    if not cut and _is_class_list(text):
        return JsonKind.CLASSES
    if "caption" in keys.get("annotations", _NOTHING).inside:
        return JsonKind.CAPTIONS
    listed = sum(keys.get(name, _NOTHING).start == "[" for name in _SIGNS)
    if listed == len(_SIGNS):
        return JsonKind.COCO
    return JsonKind.COCO if (cut or listed > 1) and _has_sign(keys, cut) else JsonKind.OTHER


_NOTHING = _Value("", frozenset())
_SIGNS = {"images": {"file_name", "id"}, "annotations": {"image_id"}, "categories": {"name"}}
"""The lists of a document of COCO, and what says in one of their entries that it is that."""


def _has_sign(keys: Mapping[str, _Value], cut: bool) -> bool:
    """Whether one of the lists is COCO's for sure; names of categories say so only where the rest is cut."""
    return any(
        value.start == "[" and not value.inside.isdisjoint(_SIGNS[name]) and (cut or name != "categories")
        for name, value in keys.items()
        if name in _SIGNS
    )


def _is_class_list(text: str) -> bool:
    try:
        names = class_list(json.loads(text))
    except (ValueError, RecursionError):
        return False
    return names is not None and not any(name.lower().endswith(PICTURES) for name in names.values())


def _is_odvg(keys: dict[str, _Value]) -> bool:
    named = keys.keys() & {"file_name", "filename", "image", "image_path", "img_path"}
    marked = (("detection", "instances"), ("grounding", "regions"), ("grounding", "caption"))
    return bool(named) and any(name in keys and part in keys[name].inside for name, part in marked)


def _top(text: str) -> dict[str, _Value]:
    """Return the keys of the object that a text begins with, as far as the text goes."""
    starts: dict[str, str] = {}
    inside: dict[str, set[str]] = {}
    depth, name, waiting, opened = 0, "", False, 0
    before = ""
    for token in _TOKEN.findall(text):
        if token == ":" and before.startswith('"'):
            if depth == 1:
                name, waiting, opened = before[1:-1], True, 0
            elif depth in (2, 3) and opened <= 1:
                inside.setdefault(name, set()).add(before[1:-1])
        elif waiting:
            starts[name], waiting = token[0], False
        if token in "[{":
            depth += 1
            opened += token == "{"
        elif token in "]}":
            depth -= 1
            if depth <= 0:
                break
        before = token
    return {key: _Value(start, frozenset(inside.get(key, ()))) for key, start in starts.items()}
