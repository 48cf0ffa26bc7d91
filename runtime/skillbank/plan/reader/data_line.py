"""A text as one line of small letters, in which places and names are numbers; forms are found in it."""

from __future__ import annotations

import re
from bisect import bisect_left
from copy import copy
from dataclasses import dataclass

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.tokens import Ledger
from skillbank.plan.request import clean_uri

__all__ = ["Line", "apart", "place_of", "unclaimed_line", "until"]

_DIVISION = re.compile(
    r"[\d.]+(?:/[\d.]+)+|(?:train\w*|val\w*|test\w*)(?:/(?:train\w*|val\w*|test\w*))+", re.IGNORECASE
)
"""What is no place, but reads like a path: "0.8/0.2", "train/val"."""
_POLITE = frozenset({"please", "pls", "plz", "kindly", "thanks", "thx", "ty"})
_WISHES = frozenset({"to", "want", "need", "like", "if", "you", "have", "mind"})
"""Last words of a phrase of politeness that say that something is asked for behind it."""


@dataclass(frozen=True, slots=True)
class Line:
    """Words in small letters, ``§3`` for the place that is token 3, ``@4`` for a name, ``¤`` for politeness.

    Attributes
    ----------
    at, tokens
        Where in the text each token begins that stands in it, and which token that is.
    """

    text: str
    at: list[int]
    tokens: list[int]

    def inside(self, first: int, end: int) -> list[int]:
        """Return the tokens that begin in a part of the line."""
        return self.tokens[bisect_left(self.at, first) : bisect_left(self.at, end)]


def apart(page: Text) -> Text:
    """Return the same text with a ledger of its own, which begins with what has been claimed."""
    made, ledger = copy(page), page.ledger
    made.ledger = Ledger(ledger.original, page.tokens, list(ledger.claims), dict(ledger.owner))
    return made


def until(page: Text, end: int) -> Text:
    """Return a text up to a token, with what has been claimed of it."""
    made = Text(Ledger(page.ledger.original, page.tokens[:end]), page.lexicon)
    for claim in page.ledger.claims:
        if claim.last < end:
            made.ledger.claim(claim.kind, claim.tokens, claim.value)
    return made


def unclaimed_line(page: Text) -> Line:
    """Return the line of the words that nothing has accounted for."""
    words, at, tokens, length = list[str](), list[int](), list[int](), 0
    for i, token in enumerate(page.tokens):
        claim = page.ledger.owner.get(i)
        if claim is None:
            said = _said(page, i) if token.text not in _POLITE else ""
        else:
            last = claim.kind == "courtesy" and i == claim.last
            said = ("¤" + (token.text if token.text in _WISHES else "")) if last else ""
        if said:
            at.append(length)
            tokens.append(i)
            words.append(said)
            length += len(said) + 1
    return Line(" ".join(words), at, tokens)


def _said(page: Text, i: int) -> str:
    token = page.tokens[i]
    said = page.ledger.original[token.start : token.end].lower()
    if token.text == "\n":
        return "¶"
    if token.kind == "place" and not _DIVISION.fullmatch(said):
        return f"§{i}"
    if token.kind == "name":
        return f"@{i}"
    if token.kind in ("number", "percent") and said[0].isalpha() and token.value >= 10:
        return f"{token.value:g}" + ("%" if token.kind == "percent" else "")  # "eighty percent"
    worded = token.kind == "word" and any(map(str.isalpha, said))
    return token.text if worded else " ".join(said.split())


def place_of(page: Text, token: str | int) -> str:
    """Return the place that a line has as the number of its token."""
    return clean_uri(str(page.tokens[int(token)].value))
