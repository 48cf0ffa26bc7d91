"""Files of the names of YOLO's classes: one a line, with its number or without, or Label Studio's notes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from skillbank.datasets.formats.numbers import whole
from skillbank.datasets.texts import read_text
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError

__all__ = ["LISTS", "ClassList", "class_list", "is_class_list", "named_list"]

LISTS = (
    "classes.txt",
    "obj.names",
    "_darknet.labels",
    "predefined_classes.txt",
    "names.txt",
    "class_names.txt",
)
"""Names of files with the name of a class a line."""
_STUDIO = "notes.json"
"""What Label Studio lays beside classes.txt."""
_NUMBERED = re.compile(r"[\"']?(\d{1,5})[\"']?\s*[:=,.)\t]\s*[\"']?([^\W\d].*?)[\"']?,?")
"""A number and a name behind it; a name alone can begin with a number ("2-door")."""


@dataclass(frozen=True)
class ClassList:
    """Names by number, and the file that says them, relative to the tree."""

    names: dict[int, str]
    file: str


def is_class_list(tree: Tree, name: str) -> bool:
    """Whether a file is a list of class names, by its own name."""
    last = name.rpartition("/")[2].lower()
    return last in LISTS or last.endswith(".names") or (last == _STUDIO and bool(_studio(tree, name)))


def named_list(tree: Tree, value: object) -> ClassList | None:
    """Return the list that stands in a file, where names are the name of one, as in Darknet's."""
    if not isinstance(value, str) or not value.strip().lower().endswith((".names", ".txt")):
        return None
    wanted = value.strip().replace("\\", "/").rpartition("/")[2]
    found = [file for file in tree.files if file.rpartition("/")[2] == wanted]
    return class_list(tree, found[0]) if len(found) == 1 else None


def class_list(tree: Tree, name: str) -> ClassList:
    """Read a file of class names."""
    if PurePosixPath(name).name.lower() == _STUDIO:
        return ClassList(_studio(tree, name), name)
    lines = [line.strip() for line in read_text(tree.path(name)).splitlines()]
    return ClassList(_numbered(lines) or {number: line for number, line in enumerate(lines) if line}, name)


def _numbered(lines: Sequence[str]) -> dict[int, str]:
    """Return the names of a list that says their numbers, "0: person"; empty where not every line does."""
    found = [_NUMBERED.fullmatch(line) for line in lines if line]
    numbers = [int(match[1]) for match in found if match is not None]
    if (
        not numbers
        or len(numbers) < len(found)
        or numbers != list(range(numbers[0], numbers[0] + len(numbers)))
    ):
        return {}
    if numbers[0] > 1:
        return {}
    return {
        number: match[2].strip() for number, match in zip(numbers, found, strict=True) if match is not None
    }


def _studio(tree: Tree, name: str) -> dict[int, str]:
    try:
        document = json.loads(read_text(tree.path(name)))
    except (DataError, ValueError, RecursionError):
        return {}
    entries = document.get("categories") if isinstance(document, dict) else None
    found = {}
    for entry in entries if isinstance(entries, list) else ():
        number = whole(entry.get("id")) if isinstance(entry, dict) else None
        if number is not None and isinstance(entry.get("name"), str):
            found[number] = entry["name"].strip()
    return found
