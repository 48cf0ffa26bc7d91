"""What is looked for in pictures, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from skillbank.errors import UsageError

__all__ = ["Finding", "Labelled", "read_descriptions"]

_MOST_CHARACTERS = 10_000


@dataclass(frozen=True)
class Finding:
    """One object: its description, its score from 0 to 1, and its box.

    The box is left, top, right, bottom in pixels of the upright picture, inside of it.
    """

    phrase: str
    score: float
    box: tuple[float, float, float, float]

    def document(self) -> dict[str, Any]:
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
    def of(cls, name: str, document: dict[str, Any]) -> Labelled:
        """Read the engine's answer; a box without an area is nothing that can be found again."""
        found = (
            Finding(d["phrase"], d["score"], (d["box"][0], d["box"][1], d["box"][2], d["box"][3]))
            for d in document["detections"]
        )
        whole = tuple(f for f in found if f.box[2] > f.box[0] and f.box[3] > f.box[1])
        return cls(name, document["width"], document["height"], whole)


def read_descriptions(texts: Sequence[str]) -> tuple[str, ...]:
    """Return descriptions with single blanks, each once.

    Raises
    ------
    UsageError
        When there is none, an empty one, or they are too long.
    """
    if not texts:
        raise UsageError("There is nothing to look for; give at least one description.")
    words: dict[str, str] = {}
    for text in texts:
        plain = " ".join(text.split())
        if not plain.strip(" .?"):
            raise UsageError("A description is empty; give words to look for.")
        words.setdefault(plain.casefold(), plain)
    if (size := sum(map(len, words))) > _MOST_CHARACTERS:
        raise UsageError(f"The descriptions have {size} of at most {_MOST_CHARACTERS} characters; use fewer.")
    return tuple(words.values())
