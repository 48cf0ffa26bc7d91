"""What was found in pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Finding", "Labelled"]


@dataclass(frozen=True)
class Finding:
    """One object: its description, its score from 0 to 1, and its box.

    The box is left, top, right, bottom in pixels of the upright picture, inside of it.
    """

    phrase: str
    score: float
    box: tuple[float, float, float, float]

    def document(self) -> dict[str, object]:
        """Return it as a JSON document."""
        return {"phrase": self.phrase, "score": self.score, "box": list(self.box)}


@dataclass(frozen=True)
class Labelled:
    """A picture and what was found in it, the surest first.

    Attributes
    ----------
    name
        Relative path with ``/``, unique among the pictures that are labelled together.
    width, height
        Of the upright picture, in pixels.
    """

    name: str
    width: int
    height: int
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, name: str, document: Mapping[str, Any]) -> Labelled:
        """Read the engine's answer; a box without an area is nothing that can be found again."""
        found = (
            Finding(d["phrase"], d["score"], (d["box"][0], d["box"][1], d["box"][2], d["box"][3]))
            for d in document["detections"]
        )
        whole = tuple(f for f in found if f.box[2] > f.box[0] and f.box[3] > f.box[1])
        return cls(name, document["width"], document["height"], whole)
