"""Claims of an approval, or words that want the rules put aside: they grant none."""

from __future__ import annotations

import re

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.reports import asks

__all__ = ["take_approvals"]


def take_approvals(text: Text, clauses: Clauses) -> list[str]:
    """Account for words that claim an approval, or want the rules put aside; they grant none."""
    notes = []
    for match in text.find("mode.approval"):
        if text.within(match.end, "places.data.nouns") and text.tokens[match.end - 1].text.endswith("ed"):
            text.ledger.claim("unread", match.tokens())
            continue  # "the approved images" are some of them
        clause = clauses.of(match.first)
        tokens = text.unclaimed(range(clause.first, clause.end))
        tokens = match.tokens() if any(_asks_beside(text, i) for i in tokens) else tokens
        text.ledger.claim("report", tokens)
        notes.append(f"'{text.ledger.said(tokens)}' approves nothing")
    for i, token in enumerate(text.tokens):
        said = str(token.value[0]) if token.kind == "pair" else token.text if token.kind == "flag" else ""
        if text.ledger.free(i) and text.lexicon.classes["told.approving"] & set(
            re.split(r"\W|_", said.lower())
        ):
            text.ledger.claim("report", [i])
            shown = f"--{token.text}" if token.kind == "flag" else text.ledger.said([i])
            notes.append(f"'{shown}' in a request approves nothing")
    return notes


def _asks_beside(text: Text, i: int) -> bool:
    """Whether a token beside an approval says what is to be run, or on what."""
    return (
        (asks(text, i) and not text.within(i, "actions.words.find"))
        or text.tokens[i].kind not in ("word", "mark", "flag")
        or text.within(i, "grammar.operator.only")
        or text.lexicon.has(text.tokens[i].text, "told.stills")
    )
