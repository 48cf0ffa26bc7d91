"""What is in doubt, or said of a part or of something else, though every word of it is understood.

"Maybe on Slurm", "no long search", "8 trials, 20 epochs for the final one", "eval batch size 2": what is read
of it would not be what is said, so that the plan asks about the words.
"""

from __future__ import annotations

from skillbank.plan.products import trains
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.reader.wording import of

__all__ = ["mark_doubts"]

_DOUBTED = frozenset({"value", "policy", "platform", "job", "action"})
_POLITE = frozenset(
    {"can", "could", "would", "will", "shall", "should", "may", "is", "are", "do", "does", "how"}
)


def mark_doubts(text: Text) -> None:
    """Leave such words unread."""
    bare = text.unread()
    for page, name in ((text, "doubted"), (bare, "doubted"), (bare, "searched")):
        _mark(text, page, name)
    if any(claim.value.value == "on" for claim in text.ledger.of("policy")):
        _mark(text, text, "trials")
        _mark(text, bare, "trials")
    _mark_asked(text)
    for page, name in ((text, "aside"), (bare, "states"), (bare, "which")):
        _mark(text, page, name)
    _mark_headings(text)
    actions = text.ledger.of("action")
    opening = min((c.first for c in text.ledger.of("action", "find")), default=0)
    for match in bare.phrases("unread.things_counted"):
        if match.end <= opening and text.sentence(match.first).start == match.first:
            text.ledger.mark("unread", match.tokens())
    if len(actions) == 1 and len({c.value.skills for c in text.ledger.of("name")}) > 1:
        _mark_of_models(text)
    if len({c.value.action for c in actions}) > 1:
        _mark(text, text, "of_steps")
        _mark_of_runs(text, actions)


def _mark(text: Text, page: Text, name: str) -> None:
    """Leave unread what the phrases of a group find in the text as it has been read, or as it was before."""
    for match in list(page.phrases(f"unread.{name}")):
        text.ledger.mark("unread", match.tokens("what"))


def _mark_asked(text: Text) -> None:
    """Leave unread a bare thing with a question mark behind it: "train it on D, HPO?"."""
    for i in (i for i, token in enumerate(text.tokens) if token.text == "?" and token.kind == "mark"):
        claim = text.ledger.owner.get(i - 1)
        sentence = text.sentence(i - 1)
        if claim is None or claim.kind not in _DOUBTED or claim.tokens != tuple(range(claim.first, i)):
            continue
        asks = not _POLITE.isdisjoint(text.words(sentence)) or "courtesy" in text.owners(sentence)
        if _is_bare(text, claim, sentence.start) and not asks:
            text.ledger.mark("unread", claim.tokens)


def _is_bare(text: Text, claim: Claim, start: int) -> bool:
    """Whether nothing leads to what a question ends with; a verb or a job as a sentence of its own orders."""
    before = claim.first - 1
    while before >= start and text.word(before) in of("joins", "determiners"):
        before -= 1
    if before < start:
        return claim.kind != "job" and not (claim.kind == "action" and claim.value.asked)
    return text.kind(before) == "mark" and text.word(before) != ":"


def _mark_headings(text: Text) -> None:
    """Leave unread a line that says of those below it that they are not, or not yet, to be done."""
    original = text.ledger.original
    for i, token in enumerate(text.tokens):
        start, end = original.rfind("\n", 0, token.start) + 1, original.find("\n", token.end)
        line = original[start : end if end >= 0 else len(original)]
        headed = end >= 0 and (line.lstrip().startswith("#") or line.rstrip(" *_").endswith(":"))
        if token.kind == "word" and headed and line.strip(" #*-:_[]").lower() in _UNDONE:
            text.ledger.mark("unread", [i])


_UNDONE = frozenset(
    {"done", "already done", "finished", "maybe", "perhaps", "later", "cancelled", "canceled"}
)


def _mark_of_models(text: Text) -> None:
    """Leave unread which of several models comes first, and data behind the last that validate it alone."""
    for match in list(text.phrases("unread.of_models")):
        what = match.tokens("what")
        claim = text.ledger.owner.get(what[-1])
        place = claim is not None and claim.kind == "place"
        held = [c for c in text.ledger.of("place") if c.value.role == "eval_dataset"]
        if not place or (held == [claim] and what[-1] == match.end - 1):
            text.ledger.mark("unread", what)


def _mark_of_runs(text: Text, actions: list[Claim]) -> None:
    """Leave unread an action beside a training that only says what a run does, or what a value is of."""
    first = min(actions, key=lambda c: c.first)
    if not trains(first.value.action):
        return
    pages = ((text, "unread.of_runs"), (text.unread(), "unread.of_runs"), (text, "unread.named_with"))
    for page, name in pages:
        for match in list(page.phrases(name)):
            said = [c for c in actions if c.first in match.tokens() and c is not first]
            others = {c.value.action for c in actions if c not in said}
            fits = name != "unread.named_with" or _names(text, match, said)
            if said and fits and said[-1].value.action not in others:
                text.ledger.mark("unread", match.tokens("what"))


_NAMING = frozenset({"eval", "evaluation", "inference", "prediction"})
"""Nouns of actions by which a value is called: "eval threshold"."""


def _names(text: Text, match: Match, said: list[Claim]) -> bool:
    """Whether a noun says of which step a value or the results are; "eval: X" gives data and asks for it."""
    claim = text.ledger.owner.get(match.end - 1)
    data = claim is not None and claim.kind == "place" and claim.value.role != "results"
    return bool(said) and text.word(said[-1].first) in _NAMING and not data
