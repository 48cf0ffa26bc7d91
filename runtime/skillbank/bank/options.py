"""The values that a schema lists, looked up in one step however many there are."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from skillbank.errors import a_few
from skillbank.visible import named

__all__ = ["Options", "frozen"]

_SHOWN = 30
_LONGEST = 60


class Options:
    """What a value may be.

    Attributes
    ----------
    of_lists
        Whether a list is one of them; where none is, they say what a list may be made of.
    """

    def __init__(self, values: Sequence[object]) -> None:
        self._values = values
        self._known = {frozen(value) for value in values}
        self.of_lists = any(isinstance(value, list) for value in values)

    def __contains__(self, value: object) -> bool:
        return frozen(value) in self._known

    def __str__(self) -> str:
        return a_few([named(value, _LONGEST) for value in self._values], _SHOWN)


def frozen(value: object, *, bools: bool = False) -> Hashable:
    """Return what equals another frozen value where the values are equal; with `bools`, true is not 1."""
    if isinstance(value, list):
        return ("list", *(frozen(entry, bools=bools) for entry in value))
    if isinstance(value, dict):
        return frozenset((name, frozen(inner, bools=bools)) for name, inner in value.items())
    return ("bool", value) if bools and isinstance(value, bool) else value
