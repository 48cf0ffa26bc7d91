"""Label sets as places of data: ``set:signs`` as people write it, ``set://signs/DIGEST`` as plans name it.

The digest stands for the reviewed pictures and what was decided about them. A plan names the set as it was
then, and runs on just that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["NAME", "PARTS", "SetPlace", "as_place", "is_set", "set_place"]

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""What a label set may be called."""
PARTS = ("train", "val")
"""Of a label set; without one all of it is meant."""
_PLACE = re.compile(
    rf"set:(?://)?(?P<name>{NAME})(?:/(?P<digest>[0-9a-f]{{16}})(?=/|$))?(?P<rest>(?:/[^\0]*)?)", re.I
)


@dataclass(frozen=True, slots=True)
class SetPlace:
    """A label set that was named.

    Attributes
    ----------
    digest
        Of its state; empty where the state that it has now is meant.
    rest
        The part of it, or a file in it, with the slash before it: ``/val``.
    """

    name: str
    digest: str = ""
    rest: str = ""

    def __str__(self) -> str:
        return f"set://{self.name}{f'/{self.digest}' if self.digest else ''}{self.rest}"

    @property
    def folder(self) -> str:
        """The name of the folder in the cache that holds it as files."""
        return f"{self.name}-{self.digest}-set"


def is_set(text: str) -> bool:
    """Say whether a location is meant as a label set, whatever its name."""
    return text[:4].lower() == "set:"


def set_place(text: str) -> SetPlace | None:
    """Return the label set that a location names; None for every other location."""
    match = _PLACE.fullmatch(text)
    return None if match is None else SetPlace(match["name"], match["digest"] or "", match["rest"])


def as_place(text: str) -> str:
    """Return a location as plans write it: a label set with two slashes, all others unchanged."""
    found = set_place(text)
    return text if found is None else str(found)
