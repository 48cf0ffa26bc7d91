"""Which data a step is to be done on, where words say it and no place: "evaluate on the training data".

What a step reads otherwise is not what is said: such words are left to the question about words.
"""

from __future__ import annotations

from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.place import is_test
from skillbank.plan.reader.tokens import Claim

__all__ = ["mark_data_meant"]

_MEASURING = frozenset({"evaluate", "inference"})
_USING = frozenset({"quantize", "export", "inference", "gen_trt_engine"})


def mark_data_meant(text: Text) -> None:
    """Leave unread which data a step is to be done on, where that is other data than it would read."""
    if not text.ledger.of("place"):
        return  # the plan asks for the data anyway
    bare = text.unread()
    said = [m for m in bare.phrases("unread.data") if _is_other(text, m)]
    said += [m for m in bare.phrases("unread.data_beside") if _is_measured(text, m)]
    if _are_for_validation(text):
        said += [m for m in bare.phrases("unread.tests") if _is_test(text, m)]
    for match in said:
        text.ledger.mark("unread", match.tokens("what"))


def _is_other(text: Text, match: Match) -> bool:
    """Whether words say which data the step before them is to be done on, or with, and no place does."""
    step, used = _step_before(text, match), text.word(match.first) in ("with", "using")
    return step in (_USING if used else _MEASURING) and not _is_placed(text, match)


def _is_measured(text: Text, match: Match) -> bool:
    return _step_before(text, match) in _MEASURING


def _is_test(text: Text, match: Match) -> bool:
    return _step_before(text, match) == "evaluate" and not _is_placed(text, match)


def _actions(text: Text) -> list[Claim]:
    return text.ledger.of("action", "find")


def _step_before(text: Text, match: Match) -> str | None:
    """Return the action whose word is the last before some words of their sentence."""
    start = text.sentence(match.first).start
    before = [
        c for c in _actions(text) if start <= c.first < match.end and c.first not in match.tokens("what")
    ]
    return getattr(before[-1].value, "action", "inference") if before else None


def _is_placed(text: Text, match: Match) -> bool:
    """Whether a place stands beside the words, with the same step."""
    sentence = text.sentence(match.first)
    around = [c.first for c in _actions(text)]
    first = max((i for i in around if sentence.start <= i < match.first), default=sentence.start)
    end = min((i for i in around if i > match.end), default=sentence.stop)
    return text.has_kind(range(first, min(end, sentence.stop)), "place")


def _are_for_validation(text: Text) -> bool:
    """Whether all data that is there to measure on is called validation data, and none is for tests."""
    held = [c for c in text.ledger.of("place") if c.value.role in (None, "eval_dataset")]
    words = [text.words(c.tokens) for c in held if c.value.role == "eval_dataset"]
    called = all(any(w.startswith("val") for w in each) for each in words)
    return bool(words) and called and not any(map(is_test, held))
