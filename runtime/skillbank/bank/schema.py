"""Spec schemas, read leniently: the family's type words, bare ``Infinity``, lists for mappings.

One `SpecSchema` answers which keys exist, of what type each is, and which must be in order; whether a
change is allowed says `skillbank.bank.values`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from skillbank.bank.keys import is_name
from skillbank.bank.kinds import NO_ENTRY, TYPE_WORDS
from skillbank.bank.limits import Limits
from skillbank.bank.relations import Relation, relation_of
from skillbank.lazy_imports import lazy_imports
from skillbank.plugins import Group, found

with lazy_imports():
    from skillbank.bank import grammar

MAX_BRANCHES = 32
"""Types of one entry that are told apart."""


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
    key
        Dotted key; the elements of a list have the list's.
    branches
        What a value may be, where the entry names several types (``anyOf``, a list of types).
    cut
        Whether the entry names more types than are read, `MAX_BRANCHES`.
    """

    kind: str
    nullable: bool
    closed: bool
    words: Mapping[str, Any]
    children: Mapping[str, Node] = field(default_factory=dict)
    item: Node | None = None
    key: str = ""
    branches: tuple[Node, ...] = ()
    cut: bool = False

    @cached_property
    def limits(self) -> Limits:
        """Which numbers the entry allows; the limits of its name hold for fractions only."""
        return Limits.of(self.words, self.key if self.kind in ("number", "any") else "")

    @cached_property
    def rules(self) -> dict[str, Any]:
        """The entry as a schema of our own dialect (`skillbank.bank.grammar`)."""
        return grammar.rules_of(self)


@dataclass(frozen=True)
class SpecSchema:
    """The schema of one action's spec."""

    root: Node
    document: Mapping[str, object]

    @classmethod
    def parse(cls, document: object) -> SpecSchema:
        """Read a schema document of any dialect seen in the family; never raises on odd content."""
        document = document if isinstance(document, Mapping) else {}
        return cls(_node(document, 0, ""), document)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Every dotted key, parents before children."""
        return tuple(_walk(self.root, ""))

    @property
    def default(self) -> object:
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

    def node(self, key: str) -> Node | None:
        """Return the entry of a dotted key without list indices, or None."""
        return self.find(tuple(key.split(".")))[0] if "[" not in key else None

    @cached_property
    def relations(self) -> tuple[tuple[str, Relation], ...]:
        """Keys that must be in order with others, each with its relation."""
        found = ((key, relation_of(self, key)) for key in self.keys if "[" not in key)
        return tuple((key, relation) for key, relation in found if relation is not None)

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


def _node(raw: object, depth: int, key: str) -> Node:
    if not isinstance(raw, Mapping) or depth > 40:
        return Node("any", True, False, {}, key=key)
    several = _several(raw)
    if several is not None:
        inner, nullable = several
        if len(inner) == 1:
            outer = {k: v for k, v in raw.items() if k not in _CHOICES}
            node = _node({**outer, **inner[0]}, depth + 1, key)
            return replace(node, nullable=nullable or node.nullable)
        branches = tuple(_node(branch, depth + 1, key) for branch in inner[:MAX_BRANCHES])
        cut = len(inner) > MAX_BRANCHES
        return replace(_plain(raw, None, depth, key), nullable=nullable, branches=branches, cut=cut)
    word = raw.get("type")
    return _plain(raw, str(word) if word is not None else None, depth, key)


_CHOICES = ("type", "anyOf", "oneOf")


def _several(raw: Mapping[str, object]) -> tuple[list[dict[str, object]], bool] | None:
    """Return the types that an entry chooses from and whether null is one; None when it names one itself."""
    word = raw.get("type")
    if isinstance(word, list):
        branches: list[object] = [{"type": w} for w in word]
    elif word is None and isinstance(found := raw.get("anyOf") or raw.get("oneOf"), list):
        branches = found
    else:
        return None
    inner = [dict(b) for b in branches if isinstance(b, Mapping) and b.get("type") != "null"]
    return inner, len(inner) < len(branches)


OFFERED = "x_offered"
"""Names a kind of plug-ins, ``label_formats`` or ``label_formats.writer``: what packages offer counts too."""


def _with_offered(raw: Mapping[str, object]) -> Mapping[str, object]:
    """Return an entry whose list of values has what packages offer of the kind that it names."""
    kind, listed = raw.get(OFFERED), raw.get("enum")
    if not isinstance(kind, str) or not isinstance(listed, list):
        return raw
    group, _, ending = kind.partition(".")
    offers = found().offers.get(Group(f"skillbank.{group}"), {}) if f"skillbank.{group}" in set(Group) else {}
    ending = f".{ending}" if ending else ""
    more = [
        name.removesuffix(ending)
        for name, each in offers.items()
        if each.package and ("." in name) == bool(ending) and name.endswith(ending)
    ]
    return {**raw, "enum": [*listed, *(name for name in more if name not in listed)]}


def _plain(raw: Mapping[str, object], word: str | None, depth: int, key: str) -> Node:
    raw = _with_offered(raw)
    word = word if word is not None else ("object" if "properties" in raw else "any")
    kind = TYPE_WORDS.get(word, "array" if "list" in word else "any")
    children = _children(raw.get("properties"), depth + 1, key)
    items = raw.get("items")
    item = _node(items, depth + 1, key) if isinstance(items, Mapping) else None
    closed = bool(children) and raw.get("additionalProperties", False) is False
    left_out = {"properties", "items"} if item is not None or items is None else {"properties"}
    words = {k: v for k, v in raw.items() if k not in left_out}
    return Node(kind, False, closed, words, children, item, key)


def _children(properties: object, depth: int, key: str) -> dict[str, Node]:
    """Return what a section holds by its names; ``false`` in place of an entry allows none."""
    entries = properties.items() if isinstance(properties, Mapping) else ()
    read = ((str(name), {NO_ENTRY: said} if said is False else said) for name, said in entries)
    return {
        name: _node(said, depth, f"{key}.{name}" if key else name)
        for name, said in read
        if isinstance(said, Mapping)
    }


def _walk(node: Node, prefix: str) -> Iterator[str]:
    for name, child in node.children.items():
        if not is_name(name):
            continue
        key = f"{prefix}.{name}" if prefix else name
        yield key
        yield from _walk(child, key)
        if child.item is not None:
            yield from _walk(child.item, f"{key}[0]")
