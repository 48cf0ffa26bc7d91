"""What is said of a value that no key holds: for a part of a run, the least of it, one for each trial.

Its words are each understood, and together they say something else: "freeze the backbone for 5 epochs" sets
no length. Nothing is set by them then, and the plan asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS
from skillbank.plan.reader.tokens import Claim, number_in

__all__ = ["mark_comments", "mark_unheld"]

_OPEN = frozenset({"", "value", "order", "unread"})
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:\.\d{3})*\.000")
"""A number that is another one where a point parts its thousands: "1.000 epochs"."""
_STEPS = re.compile(r"step|iter|batch|update", re.IGNORECASE)
_CARDS = range(1000, 10_000)
"""No machine has as many GPUs: these are names of cards, as in "my gpu is a 3060"."""
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


_OF_RUNS = ("number", "range", "percent", "size", "place", "name", "job", "pair", "key", "flag", "image")
_ORDERS = tuple(f"actions.{action}.base" for action in ACTIONS)
"""What a comment may hold that would be of a run."""


def mark_comments(text: Text) -> None:
    """Leave unread what a comment holds (``<!-- 20 epochs -->``), and a shell's "or else" (``||``)."""
    tokens, original = text.tokens, text.ledger.original
    for comment in _COMMENT.finditer(original):
        inside = [i for i, t in enumerate(tokens) if comment.start() <= t.start and t.end <= comment.end()]
        if text.has_kind(inside, *_OF_RUNS) or text.holds(inside, *_ORDERS):
            text.ledger.claim("unread", inside)  # who only approves in a comment has said nothing
    for i in range(1, len(tokens) - 2):
        if text.words([i, i + 1]) == ["|", "|"] and text.ledger.said([i, i + 1]) == "||":
            text.ledger.claim("unread", text.unclaimed([i, i + 1, i + 2]))


def mark_unheld(text: Text, over: frozenset[int]) -> None:
    """Take back what such words have set, and leave them unread.

    Parameters
    ----------
    over
        The tokens of what is told of the past, which sets nothing.
    """
    bare = text.unread()
    for name, is_meant in _GROUPS.items():
        for tokens in _found(bare, name):
            if is_meant(text, tokens):
                _leave(text, tokens, frozenset() if name == "corrected" else over)
    for claim in text.ledger.of("value"):
        thousands = any(_THOUSANDS.fullmatch(text.ledger.said([i])) for i in claim.tokens)
        card = claim.value.slot == "gpus" and number_in(claim.value.value) in _CARDS
        if thousands or card or _may_be_epochs(text, claim):
            _leave(text, claim.tokens, over)


def _may_be_epochs(text: Text, claim: Claim) -> bool:
    """Whether a number of steps may be one of epochs, as those are that stand beside it: "warmup 5"."""
    value = claim.value.value
    if not claim.value.key.endswith("_steps") or isinstance(value, bool) or not isinstance(value, int):
        return False
    epochs = (c.value.value for c in text.ledger.of("value") if c.value.slot == "epochs")
    within = any(isinstance(each, int) and 0 < value <= each for each in epochs)
    return within and _STEPS.search(text.ledger.said(claim.tokens)) is None


def _is_split(text: Text, tokens: list[int]) -> bool:
    """Whether what is one thing has been read as several."""
    return len({id(text.ledger.owner.get(i)) for i in tokens}) > 1


_GROUPS: dict[str, Callable[[Text, list[int]], bool]] = {
    "always": lambda text, tokens: True,
    "corrected": lambda text, tokens: True,
    "ending": lambda text, tokens: all(claim.value.slot for claim in _values_of(text, tokens)),
    "unset": lambda text, tokens: not text.owners(tokens),
    "apart": _is_split,
}
"""The groups of such phrases, with when one of each means what it says."""


def _found(text: Text, name: str) -> Iterator[list[int]]:
    """Yield what the phrases of a group are about; "no more than 8 trials" is no "more than 8 trials"."""
    for match in text.phrases(f"unheld.{name}"):
        tokens = match.tokens("what") or match.tokens()
        if text.word(tokens[0] - 1) not in ("no", "not") or text.word(tokens[0]) not in (
            "more",
            "fewer",
            "less",
        ):
            yield tokens


def _leave(text: Text, tokens: Sequence[int], over: frozenset[int]) -> None:
    if tokens[0] in over or any(text.owner(i) not in _OPEN for i in tokens):
        return
    claims = list(_values_of(text, tokens))
    for claim in claims:
        text.ledger.withdraw(claim)
    text.ledger.mark("unread", sorted({*tokens, *(i for claim in claims for i in claim.tokens)}))


def _values_of(text: Text, tokens: Iterable[int]) -> Iterator[Claim]:
    """Yield the values that some words have set."""
    return (c for c in text.ledger.of("value") if not set(tokens).isdisjoint(c.tokens))
