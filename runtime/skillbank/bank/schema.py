"""Spec schemas, read leniently: the family's type words, bare ``Infinity``, lists for mappings.

One `SpecSchema` answers three questions: which keys exist, what type a value must have, and
whether a *change* is allowed. Shipped defaults are not judged here; lint does that.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from skillbank.bank.keys import is_name
from skillbank.errors import SpecError, did_you_mean

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


def coerce(value: Any, node: Node | None) -> Any:
    """Turn a YAML reading into what the schema's type wants: ``off`` to text, ``"1e-5"`` to a number."""
    if node is None:
        return value
    kind = node.kind
    if kind == "number" and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    if kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind == "integer":
        if isinstance(value, str) and re.fullmatch(r"[-+]?\d+", value.strip()):
            return int(value)
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            return int(value)
    if kind == "string" and value is not None and not isinstance(value, str | dict | list):
        return "true" if value is True else "false" if value is False else str(value)
    if kind == "boolean" and isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    options = node.words.get("enum")
    if isinstance(options, list) and value not in options and isinstance(value, bool | str):
        # Case is forgiven ("fp16" for "FP16"), and YAML's booleans for words such as 'no'.
        spellings = _SPELLINGS[value] if isinstance(value, bool) else (value.lower(),)
        return next((o for o in options if str(o).lower() in spellings), value)
    if kind == "array" and isinstance(value, list) and node.item is not None:
        return [coerce(v, node.item) for v in value]
    if kind == "array" and isinstance(value, str | int | float) and not isinstance(value, bool):
        return [coerce(value, node.item)]
    if kind == "object" and isinstance(value, dict):
        return {k: coerce(v, node.children.get(k)) for k, v in value.items()}
    return value


_SPELLINGS = {True: ("on", "yes", "true"), False: ("off", "no", "false")}
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def check(key: str, value: Any, node: Node | None, known: tuple[str, ...] = ()) -> None:
    """Refuse a changed value that the schema forbids.

    Raises
    ------
    SpecError
        One sentence with the key, the value, the rule, and what would be accepted.
    """
    if node is None or (value is None and node.nullable):
        return
    words = node.words
    if value is None:
        # The family leaves optional values unset with null; only a declared default forbids that.
        if words.get("default", None) is None:
            return
        raise SpecError(f"{key} cannot be empty; it is {_article(node.kind)}, default {words['default']!r}.")
    if isinstance(value, str) and "{" in value and node.kind in ("string", "any"):
        return
    if not _has_kind(value, node.kind):
        raise SpecError(f"{key} must be {_article(node.kind)}, not {_show(value)}.")
    options = words.get("enum")
    entries = value if isinstance(value, list) and not _lists_among(options) else [value]
    if isinstance(options, list) and options and any(entry not in options for entry in entries):
        listed = ", ".join(str(o) for o in options)
        raise SpecError(f"{key} is {_show(value)}, but it must be one of {listed}.")
    if isinstance(value, int | float) and not isinstance(value, bool):
        _check_bounds(key, value, words)
    if isinstance(value, str) and isinstance(words.get("pattern"), str) and value:
        _check_pattern(key, value, words["pattern"])
    if isinstance(value, list) and node.item is not None:
        for i, entry in enumerate(value):
            check(f"{key}[{i}]", entry, node.item, known)
    if isinstance(value, dict) and node.children:
        for name, entry in value.items():
            if name not in node.children and node.closed:
                full = f"{key}.{name}" if key else name
                raise SpecError(f"{full} is not a key of this spec{did_you_mean(full, known)}.")
            check(f"{key}.{name}" if key else name, entry, node.children.get(name), known)


def _lists_among(options: Any) -> bool:
    """Whether an enum names whole lists; otherwise it names what a list may be made of."""
    return isinstance(options, list) and any(isinstance(o, list) for o in options)


def _check_bounds(key: str, value: float, words: Mapping[str, Any]) -> None:
    if not math.isfinite(value):
        raise SpecError(f"{key} is {value}, but it must be a finite number.")
    low, high = _number(words.get("minimum")), _number(words.get("maximum"))
    above, below = _number(words.get("exclusiveMinimum")), _number(words.get("exclusiveMaximum"))
    for operator, bound in re.findall(r"(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)", str(words.get("math_cond", ""))):
        if operator == ">":
            above = float(bound) if above is None else max(above, float(bound))
        elif operator == "<":
            below = float(bound) if below is None else min(below, float(bound))
        elif operator == ">=":
            low = float(bound) if low is None else max(low, float(bound))
        else:
            high = float(bound) if high is None else min(high, float(bound))
    if (low is not None and value < low) or (above is not None and value <= above):
        rule = (
            f"at least {low:g}" if above is None or (low is not None and low > above) else f"above {above:g}"
        )
        raise SpecError(f"{key} is {value:g}, but it must be {rule}.")
    if (high is not None and value > high) or (below is not None and value >= below):
        rule = (
            f"at most {high:g}"
            if below is None or (high is not None and high < below)
            else f"below {below:g}"
        )
        raise SpecError(f"{key} is {value:g}, but it must be {rule}.")


def _check_pattern(key: str, value: str, pattern: str) -> None:
    try:
        if re.search(pattern, value[:2000]) is None:
            raise SpecError(f"{key} is {_show(value)}, but it must match {pattern}.")
    except re.error:
        return


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


def _has_kind(value: Any, kind: str) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    wanted: dict[str, type] = {"boolean": bool, "string": str, "array": list, "object": dict}
    return isinstance(value, wanted.get(kind, object))


def _number(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None


def _article(kind: str) -> str:
    words = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "text"}
    return {**words, "array": "a list", "object": "a mapping"}.get(kind, "a value")


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
