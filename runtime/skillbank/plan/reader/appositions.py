"""What is said behind a place or a name, set apart by marks: "X, sorted by breed", "X, our river model"."""

from __future__ import annotations

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import classes, word_list

__all__ = ["take_apposed"]

_TURNING = classes("wording.turning")


def take_apposed(text: Text, known: frozenset[str]) -> list[str]:
    """Account for what is said behind a place or a name, set apart by marks; return a sentence for each.

    "X, sorted by breed" and "X (about 2,000 pictures)" say what lies there, "NAME, our river model" what
    the model is for.
    """
    notes: list[str] = []
    of_data = "what the data are, and chooses none"
    groups = (
        (text, "data", of_data), (text.unread(), "lying", of_data), (text, "model", "what it is for")
    )  # fmt: skip
    for where, group, said in groups:
        for match in list(where.phrases(f"apposed.{group}")):
            what = text.unclaimed(match.tokens("what"))
            turns = text.holds(what, *_TURNING, *_TURNING_OF[group])
            means = not known.isdisjoint(words := text.words(what)) or not _CHOOSING.isdisjoint(words)
            means |= group == "model" and any(_is_variant(text, i) for i in what)
            if what and not turns and not means:
                text.ledger.claim("context", what)
                notes.append(f"'{text.ledger.said(what)}' is taken as {said}")
    return notes


_TURNING_OF: dict[str, tuple[str, ...]] = {
    "data": (),
    "lying": ("told.choosing", "told.contrasting", "told.members"),
    "model": ("told.heads", "told.kinds", "told.sizes", "grammar.mode.technical"),
}
"""Words of which data or which kind of model is meant."""
_CHOOSING = frozenset({"only", "just", "not", "no", "without", "except", "but", "most", "best"})


def _is_variant(text: Text, i: int) -> bool:
    """Whether a word is a size, a data set or a state of a model: "the r18 model", "the COCO model"."""
    said = text.ledger.said([i])
    return said.isupper() or any(map(str.isdigit, said)) or text.word(i) in word_list("shown.variants")
