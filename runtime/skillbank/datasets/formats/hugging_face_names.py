"""The names of classes that a Hugging Face data set describes beside its files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

import yaml

from skillbank.datasets.document import labels_of
from skillbank.datasets.formats.files import UnreadableError, text_of
from skillbank.datasets.tree import Tree

__all__ = ["described", "names_of"]

_CARD = "README.md"
_INFOS = ("dataset_infos.json", "dataset_info.json")
_MOST = 1 << 24


def described(tree: Tree) -> dict[str, str]:
    """Return the names by their numbers, as the card or the infos of a data set list them; empty without."""
    inner = [name for name in tree.files if name.rpartition("/")[2] in _INFOS]  # beside the parts of tables
    readers: dict[str, Callable[[str], object]] = {_CARD: _front_matter, **dict.fromkeys(inner, json.loads)}
    for file, parse in sorted(readers.items(), key=lambda each: each[0].count("/")):
        if file not in tree.files:
            continue
        try:
            text = text_of(tree.path(file), _MOST)
            document = parse(text)
        except (UnreadableError, ValueError, RecursionError):
            continue
        for names in _lists(document):
            return names
    return {}


def names_of(
    used: Iterable[str], listed: Mapping[str, str]
) -> tuple[tuple[str, ...], dict[str, int], list[str]]:
    """Return the classes, the label of each word for one, and notes."""
    words = set(used)
    if not listed:
        by_number = bool(words) and all(word.isdecimal() for word in words)
        ordered = sorted(words, key=lambda word: (int(word) if by_number else 0, word))
        notes = ["the classes have no names, only numbers; the card of the data set would name them"]
        return tuple(ordered), labels_of(ordered), notes if by_number else []
    classes = tuple(dict.fromkeys(listed.values()))
    label_of = labels_of(classes)
    return classes, {**{code: label_of[name] for code, name in listed.items()}, **label_of}, []


def _front_matter(text: str) -> object:
    """Return the YAML between two lines of dashes at the start of a card."""
    lines = text.splitlines()
    if not lines or lines[0].strip() != "---":
        return None
    end = next((number for number, line in enumerate(lines[1:], 1) if line.strip() == "---"), 0)
    try:
        return yaml.safe_load("\n".join(lines[1:end]))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def _lists(document: object) -> Iterator[dict[str, str]]:
    """Yield what stands as the names of a class label, wherever in the document."""
    waiting, seen = [document], set()
    while waiting:
        node = waiting.pop(0)
        # An alias stands for the same object again, and many of them for very many.
        if not isinstance(node, dict | list) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, dict):
            label = node.get("class_label")
            if isinstance(label, dict) and (names := _named(label.get("names"))):
                yield names
            if node.get("_type") == "ClassLabel" and (names := _named(node.get("names"))):
                yield names
        waiting.extend(node.values() if isinstance(node, dict) else node)


def _named(names: object) -> dict[str, str]:
    if isinstance(names, list):
        return {str(number): str(name).strip() for number, name in enumerate(names)}
    if not isinstance(names, dict) or not all(str(code).isdecimal() for code in names):
        return {}
    return {str(int(code)): str(names[code]).strip() for code in sorted(names, key=lambda code: int(code))}
