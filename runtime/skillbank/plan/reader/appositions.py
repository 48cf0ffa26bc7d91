"""What is said of data behind their place, set apart by marks: "X, sorted by breed"."""

from __future__ import annotations

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import classes

__all__ = ["take_apposed"]

_TURNING = classes("wording.turning")


def take_apposed(text: Text, known: frozenset[str]) -> list[str]:
    """Account for what data can be said to be that chooses none of them; return a sentence for each.

    "X, sorted by breed", "X (about 2,000 pictures)", and "our hens are in X". What may choose some of them
    ("X, taken in May", "X, the one with the masks") or a model ("NAME, our winning model") is asked about.
    """
    notes: list[str] = []
    looked_at = any(c.value.action == "inference" for c in text.ledger.of("action")) or text.ledger.of("find")
    counted = () if looked_at else ("counted",)
    for where, group in (*((text, group) for group in ("data", *counted)), (text.unread(), "lying")):
        for match in list(where.phrases(f"apposed.{group}")):
            what = text.unclaimed(match.tokens("what"))
            turns = text.holds(what, *_TURNING, *(_CHOSEN if group == "lying" else ()))
            means = not known.isdisjoint(words := text.words(what)) or not _CHOOSING.isdisjoint(words)
            if what and not turns and not means:
                text.ledger.claim("context", what)
                said = text.ledger.said(what)
                notes.append(f"'{said}' is taken as what the data are, and chooses none")
    return notes


_CHOSEN = ("told.choosing", "told.contrasting", "told.members")
"""Words of which data are meant."""
_CHOOSING = frozenset({"only", "just", "not", "no", "without", "except", "but", "most", "best"})
