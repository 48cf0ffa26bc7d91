"""Names of people, by how they are written."""

from __future__ import annotations

from skillbank.plan.reader.matching import Text

__all__ = ["is_name", "is_of_name"]


def is_name(text: Text, i: int) -> bool:
    """Whether a word is written with a capital, as names are."""
    return text.ledger.said([i]).istitle()


def is_of_name(text: Text, i: int) -> bool:
    """Whether a word is written as names of people are, and is none of requests: "it" is one, "IT" is none.

    What is written otherwise may be a model: "YOLO World, find cats", "MaskDINO".
    """
    said = text.ledger.said([i])
    led = text.kind(i - 1) == "word" and is_name(text, i - 1)
    return (
        said.endswith(".")
        or (is_name(text, i) and not text.spans[i])
        or (led and said.isupper() and len(said) < 4)
    )
