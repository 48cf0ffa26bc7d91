"""Pictures of one folder of labels look alike: the widest of their own scales holds for all, said once.

A model keeps how the pictures of its training were scaled that have more than 8 bits a colour.  Where it
keeps none, the engine scales each picture by its own numbers, and says so; only who has them all can tell
what holds for all.  Those that were labelled into the same folder before count as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skillbank.labelling.engine_documents import PictureDocument

__all__ = ["Scales", "seen_with"]

_OWN = "own_scale"
_Ends = tuple[float, float]


def seen_with(pixels: dict[str, Any] | None, common: Mapping[str, Sequence[float]]) -> dict[str, Any] | None:
    """Note beside a picture's own scale with which one it was looked at in the end."""
    return pixels and {**pixels, "seen": list(common[pixels["kind"]])}


class Scales:
    """What the engine said of the pictures of one call, and of those that were in the folder before."""

    def __init__(self) -> None:
        self._own: dict[Path, tuple[str, _Ends]] = {}
        self._seen: dict[Path, _Ends] = {}
        self._remarks: dict[str, list[tuple[Path, str]]] = {}

    def take(self, path: Path, document: PictureDocument) -> None:
        """Note what an answer says of a picture beside its boxes."""
        pixels = document.get("pixels")
        if pixels and pixels["by"] == "picture":
            own = (pixels["black"], pixels["white"])
            self._own[path] = pixels["kind"], own
            black, white = pixels.get("seen", own)
            self._seen[path] = black, white
        for code, text in document.get("remarks", {}).items():
            self._remarks.setdefault(code, []).append((path, text))

    def common(self) -> dict[str, list[float]]:
        """The scale that holds all pictures, by the kind of their numbers, as the engine takes it."""
        found: dict[str, list[float]] = {}
        for kind, (black, white) in self._own.values():
            low, high = found.get(kind, (black, white))
            found[kind] = [min(low, black), max(high, white)]
        return found

    def again(self) -> list[Path]:
        """The pictures that were seen otherwise than all together would be."""
        common = self.common()
        return [path for path, (kind, _) in self._own.items() if list(self._seen[path]) != common[kind]]

    def notes(self) -> list[str]:
        """One sentence for each thing that is to be said of one or more pictures."""
        said = []
        for code, places in self._remarks.items():
            path, text = places[0]
            if code == _OWN and len(self._own) > 1:
                ends = " and ".join(f"{low:g} to {high:g}" for low, high in self.common().values())
                those = f"{path} has" if len(places) == 1 else f"{len(places)} pictures have"
                said.append(
                    f"{those} more than 8 bits a colour, for which the model keeps no scale; that of all of "
                    f"the {len(self._own)} such pictures together was used: {ends}."
                )
            elif len(places) == 1:
                said.append(f"{path} {text}.")
            else:
                said.append(f"{len(places)} pictures are like {path}, which {text}.")
        return said
