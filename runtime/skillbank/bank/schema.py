"""Spec schemas, read leniently: the family's type words, bare ``Infinity``, lists for mappings.

One `SpecSchema` answers which keys exist, of what type each is, and which must be in order; whether a
change is allowed says `skillbank.bank.values`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from skillbank.bank.keys import is_name

_TYPE_WORDS = {
    "int": "integer", "ordered_int": "integer", "integer": "integer",
    "float": "number", "number": "number",
    "bool": "boolean", "boolean": "boolean",
    "string": "string", "categorical": "any", "ordered": "any",
    "collection": "object", "object": "object", "dict": "object", "union": "any",
}  # fmt: skip
"""The family's words; whatever names a list (list_2, subset_list, optional_list) is an array."""


@dataclass(frozen=True)
class Node:
    """One key of a schema.

    Attributes
    ----------
    kind
        integer, number, boolean, string, array, object or any.
    closed
        Whether an object refuses keys that it does not list.
    words
        The schema's own entry without its children (bounds, enum, AutoML words, description).
    """

    kind: str
    nullable: bool
    closed: bool
    words: Mapping[str, Any]
    children: Mapping[str, Node] = field(default_factory=dict)
    item: Node | None = None


@dataclass(frozen=True)
class SpecSchema:
    """The schema of one action's spec."""

    root: Node
    document: Mapping[str, Any]

    @classmethod
    def parse(cls, document: Any) -> SpecSchema:
        """Read a schema document of any dialect seen in the family; never raises on odd content."""
        document = document if isinstance(document, Mapping) else {}
        return cls(_node(document, 0), document)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Every dotted key, parents before children."""
        return tuple(_walk(self.root, ""))

    @property
    def default(self) -> Any:
        """The schema's own default document, or None."""
        return self.document.get("default")

    def find(self, path: tuple[str | int, ...]) -> tuple[Node | None, bool]:
        """Return the node at a path and whether keys below the last known object are free."""
        node: Node | None = self.root
        for part in path:
            if node is None:
                return None, True
            if isinstance(part, int):
                node = node.item
            elif part in node.children:
                node = node.children[part]
            else:
                free = (not node.children and node.kind in ("object", "any")) or (
                    not node.closed and node.kind == "object" and not node.children
                )
                return None, free
        return node, node is None

    @cached_property
    def relations(self) -> tuple[tuple[str, str, str], ...]:
        """Pairs of keys that must be in order: (key, operator, other key), from ``> depends_on``."""
        found = []
        for key in self.keys:
            node = self.find(tuple(key.split(".")))[0] if "[" not in key else None
            condition = re.fullmatch(r"\s*(>=|<=|>|<)\s*depends_on\s*", str(_word(node, "math_cond")))
            other = _word(node, "depends_on")
            if condition and isinstance(other, str):
                found.append((key, condition[1], other))
        return tuple(found)

    def knows(self, path: tuple[str | int, ...]) -> bool:
        """Whether a path without indices leads somewhere: lists are looked through."""
        node: Node | None = self.root
        for part in path:
            while node is not None and not node.children and node.item is not None:
                node = node.item
            if node is None or (not node.children and node.kind in ("object", "any", "array")):
                return node is not self.root
            node = node.children.get(str(part))
            if node is None:
                return False
        return True


def _node(raw: Any, depth: int) -> Node:
    if not isinstance(raw, Mapping) or depth > 40:
        return Node("any", True, False, {})
    word = raw.get("type")
    nullable = False
    if isinstance(word, list):
        nullable = "null" in word
        word = next((w for w in word if w != "null"), None)
    branches = raw.get("anyOf") or raw.get("oneOf")
    if word is None and isinstance(branches, list):
        inner = [b for b in branches if isinstance(b, Mapping) and b.get("type") != "null"]
        nullable = len(inner) < len(branches)
        if len(inner) == 1:
            merged = {**{k: v for k, v in raw.items() if k not in ("anyOf", "oneOf")}, **inner[0]}
            node = _node(merged, depth + 1)
            return Node(
                node.kind, nullable or node.nullable, node.closed, node.words, node.children, node.item
            )
    word = str(word) if word is not None else ("object" if "properties" in raw else "any")
    kind = _TYPE_WORDS.get(word, "array" if "list" in word or word == "array" else "any")
    properties = raw.get("properties")
    children = (
        {str(k): _node(v, depth + 1) for k, v in properties.items() if isinstance(v, Mapping)}
        if isinstance(properties, Mapping)
        else {}
    )
    items = raw.get("items")
    item = _node(items, depth + 1) if isinstance(items, Mapping) else None
    closed = bool(children) and raw.get("additionalProperties", False) is False
    words = {k: v for k, v in raw.items() if k not in ("properties", "items")}
    return Node(kind, nullable, closed, words, children, item)


def _walk(node: Node, prefix: str) -> Iterator[str]:
    for name, child in node.children.items():
        if not is_name(name):
            continue
        key = f"{prefix}.{name}" if prefix else name
        yield key
        yield from _walk(child, key)
        if child.item is not None:
            yield from _walk(child.item, f"{key}[0]")


def _word(node: Node | None, name: str) -> Any:
    return node.words.get(name) if node is not None else None
