"""Values of a document that nobody has checked: what is not of the type that is wanted is nothing."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["count", "mapping", "mappings", "text_of"]


def mapping(value: object) -> Mapping[str, object]:
    """Return an object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> list[Mapping[str, object]]:
    """Return the objects of a list."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def text_of(value: object) -> str:
    """Return a text, or an empty one."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int:
    """Return a whole number, or 0."""
    return value if isinstance(value, int) else 0
