"""Pictures of one call look alike: the widest of their own scales holds for all, and is said once.

A model keeps how the pictures of its training were scaled that have more than 8 bits a colour.  Where it
keeps none, the engine scales each picture by its own numbers, and says so; only who has them all can tell
what holds for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["Scales"]

_OWN = "own_scale"
_Ends = tuple[float, float]


class Scales:
    """What the engine said of the pictures of one call."""

    def __init__(self) -> None:
        self._own: dict[int, tuple[str, _Ends]] = {}
        self._remarks: dict[str, list[tuple[Path, str]]] = {}

    def take(self, number: int, path: Path, document: Mapping[str, Any]) -> None:
        """Note what an answer says of a picture beside its boxes."""
        pixels = document.get("pixels")
        if pixels and pixels["by"] == "picture":
            self._own[number] = pixels["kind"], (pixels["black"], pixels["white"])
        for code, text in document.get("remarks", {}).items():
            self._remarks.setdefault(code, []).append((path, text))

    def common(self) -> dict[str, list[float]]:
        """The scale that holds all pictures, by the kind of their numbers, as the engine takes it."""
        found: dict[str, list[float]] = {}
        for kind, (black, white) in self._own.values():
            low, high = found.get(kind, (black, white))
            found[kind] = [min(low, black), max(high, white)]
        return found

    def again(self) -> list[int]:
        """The pictures that were scaled otherwise than all together would be."""
        common = self.common()
        return [number for number, (kind, ends) in self._own.items() if list(ends) != common[kind]]

    def notes(self) -> list[str]:
        """One sentence for each thing that is to be said of one or more pictures."""
        said = []
        for code, places in self._remarks.items():
            path, text = places[0]
            if len(places) == 1:
                said.append(f"{path} {text}.")
            elif code == _OWN:
                ends = " and ".join(f"{low:g} to {high:g}" for low, high in self.common().values())
                said.append(
                    f"{len(places)} pictures have more than 8 bits a colour, for which the model keeps no "
                    f"scale; that of all of them together was used: {ends}."
                )
            else:
                said.append(f"{len(places)} pictures are like {path}, which {text}.")
        return said
