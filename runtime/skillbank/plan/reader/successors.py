"""What is to be in the place of what was told: "we used 50 epochs last time, now 30".

A number alone behind a clause that is over is no part of the history that the clause tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import phrases
from skillbank.plan.reader.tokens import Claim, is_number

__all__ = ["settle_successors"]


def settle_successors(text: Text, clauses: Clauses, told: Sequence[Claim]) -> None:
    """Give the number behind a told value its slot; leave unread what may be one, or takes up what was told.

    Parameters
    ----------
    told
        The values that are only told, in their order.
    """
    over = clauses.history()
    for claim in told:
        for first in _openings(text, clauses, claim.last):
            _take_up(text, first)
            if is_number(claim) and _numbers(text, clauses, claim.first) == 1:
                _succeed(text, claim, first)
    with_number = [i for i in over if text.kind(i) == "number"]
    for first in {k for i in with_number for k in _openings(text, clauses, i)} - over:
        for match in _found(text, "successor.lone", first):
            text.ledger.claim("unread", match.tokens("n"))


def _openings(text: Text, clauses: Clauses, i: int) -> Iterator[int]:
    """Yield where something is said behind a token, in its sentence and the next: behind marks and joins."""
    sentence = clauses.of(i).sentence
    here, behind = (clauses.sentences.get(n, range(0)) for n in (sentence, sentence + 1))
    for k in (*range(i + 1, here.stop), *behind):
        if text.kind(k - 1) == "mark" and text.kind(k) != "mark":
            while text.word(k) in _JOINING:
                k += 1
            yield k


_JOINING = frozenset({"but", "so", "and", "hence", "therefore", "thus"})


def _found(text: Text, name: str, first: int) -> Iterator[Match]:
    """Yield what the phrases of a group find at a token, where it is all that is said there."""
    for match in (text.match(source, first) for source in phrases(name)):
        if match is not None and text.kind(match.end) in ("", "mark"):
            yield match


def _take_up(text: Text, first: int) -> None:
    """Leave unread what says that what was told is meant again: "which is what I want"."""
    for match in (text.match(source, first) for source in phrases("unread.meant_again")):
        if match is not None:
            text.ledger.mark("unread", match.tokens("what") or match.tokens())


def _numbers(text: Text, clauses: Clauses, i: int) -> int:
    """Return how many numbers the clause of a token tells."""
    clause = clauses.of(i)
    return sum(text.kind(k) == "number" for k in range(clause.first, clause.end))


def _succeed(text: Text, told: Claim, first: int) -> None:
    """Give a number the slot of the one that was told before it."""
    for match in _found(text, "successor.instead", first):
        [at] = match.tokens("n")
        said = 1 if text.word(at) == "one" else text.tokens[at].value
        if not text.ledger.free(at) or isinstance(said, int) < isinstance(told.value.value, int):
            continue
        text.ledger.claim("value", [at], replace(told.value, value=said, negated=False))
        text.ledger.claim("order", [k for k in match.tokens() if k != at] or [at])
