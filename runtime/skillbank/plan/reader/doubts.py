"""What is in doubt, or said of a part or of something else, though every word of it is understood.

"Maybe on Slurm", "no long search", "8 trials, 20 epochs for the final one", "eval batch size 2": what is read
of it would not be what is said, so that the plan asks about the words.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.plan.products import trains
from skillbank.plan.reader.frames import frames
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.tokens import Claim

__all__ = ["mark_doubts"]

_DOUBTED = frozenset({"value", "policy", "platform", "place", "job", "action"})
_POLITE = frozenset({"can", "could", "would", "will", "shall", "should", "may", "is", "are", "do", "does", "how"})


def mark_doubts(text: Text) -> None:
    """Leave such words unread."""
    _mark(text, "unread.doubted")
    _mark(text.unread(), "unread.doubted", text)
    _mark(text.unread(), "unread.searched", text)
    policies = {c.value.value for c in text.ledger.of("policy")}
    if "on" in policies:
        _mark(text, "unread.trials")
        _mark(text.unread(), "unread.trials", text)
    _mark_asked(text)
    actions = text.ledger.of("action")
    if len({c.value.action for c in actions}) > 1:
        _mark_of_runs(text, actions)


def _found(text: Text, name: str) -> Iterator[Match]:
    for source in frames(name):
        yield from text.find(source)


def _mark(text: Text, name: str, page: Text | None = None) -> None:
    for match in list(_found(text, name)):
        (page or text).ledger.mark("unread", match.tokens("what"))


def _mark_asked(text: Text) -> None:
    """Leave unread a bare thing with a question mark behind it: "train it on D, HPO?"."""
    for i in (i for i, token in enumerate(text.tokens) if token.text == "?" and token.kind == "mark"):
        claim = text.ledger.owner.get(i - 1)
        sentence = text.sentence(i - 1)
        if claim is None or claim.kind not in _DOUBTED or claim.first == sentence.start:
            continue
        bare = text.kind(claim.first - 1) == "mark" and text.word(claim.first - 1) != ":"
        asks = not _POLITE.isdisjoint(text.words(sentence)) or "courtesy" in text.owners(sentence)
        if bare and not asks and claim.tokens == tuple(range(claim.first, i)):
            text.ledger.mark("unread", claim.tokens)


def _mark_of_runs(text: Text, actions: list[Claim]) -> None:
    """Leave unread an action beside a training that only says what a run does, or what a value is of."""
    first = min(actions, key=lambda c: c.first)
    if not trains(first.value.action):
        return
    pages = ((text, "unread.of_runs"), (text.unread(), "unread.of_runs"), (text, "unread.named_with"))
    for page, name in pages:
        for match in list(_found(page, name)):
            said = [c for c in actions if c.first in match.tokens() and c is not first]
            others = {c.value.action for c in actions if c not in said}
            if said and said[-1].value.action not in others:
                text.ledger.mark("unread", match.tokens("what"))
