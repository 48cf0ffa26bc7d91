"""Values of a document that nobody has checked: what is not of the type that is wanted is nothing."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["count", "mapping", "mappings", "text_of"]

_UNCOUNTABLE = 1 << 53
"""Where numbers of JSON are no longer exact, and nothing that is counted ends up."""


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
    """Return a whole number that can count something, or 0."""
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 <= value < _UNCOUNTABLE else 0
