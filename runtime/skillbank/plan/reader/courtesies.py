"""Phrases of politeness, and with headers, numbering and signatures all that frames a request."""

from __future__ import annotations

from skillbank.plan.reader.askers import take_askers
from skillbank.plan.reader.headers import take_headers
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.numbering import take_numbering
from skillbank.plan.reader.phrases import ACTIONS, phrases
from skillbank.plan.reader.signatures import take_signatures
from skillbank.plan.reader.telling import FRAME

__all__ = ["take_politeness"]


def take_politeness(text: Text) -> None:
    """Account for what frames a request: headers, numbering, signatures, who asks, phrases of politeness."""
    take_headers(text)
    take_numbering(text)
    take_signatures(text)
    take_askers(text)
    _take_courtesies(text)


def _take_courtesies(text: Text) -> None:
    """Account for phrases of politeness of two words and more; single words wait until the end."""
    for match in text.phrases("courtesy.wishing"):
        if not _asks_whether(text, match):
            text.ledger.claim("courtesy", match.tokens(), FRAME)
    at = 0
    for i in range(len(text.tokens)):
        end = max(text.ends(i, "grammar.courtesy.words"), default=i)
        if i >= at and end > i + 1 and text.ledger.free(i) and not _is_no_courtesy(text, i):
            text.ledger.claim("courtesy", range(i, end))
            at = end


def _asks_whether(text: Text, match: Match) -> bool:
    """Whether a wish is none: "Is what I want an export?", "which is what I want"."""
    opening, before = text.word(match.first), match.first - 1
    if opening in ("what", "all", "is"):
        mark = next((k for k in range(match.end, len(text.tokens)) if text.kind(k) == "mark"), match.first)
        led = text.kind(before) in ("", "mark") or text.word(before) in ("which", "that", "this")
        return text.word(mark) == "?" or (opening == "is" and led)
    return text.word(match.end - 1) == "to" and _is_question(text, match.first)


def _is_no_courtesy(text: Text, i: int) -> bool:
    """Whether a phrase of politeness says something here: it puts off, asks, wishes or is denied."""
    led = i > 0 and text.tokens[i - 1].kind == "word"
    wished = led and (text.tokens[i].text in ("want", "need") or text.within(i - 1, "told.negated"))
    end = max(text.ends(i, "grammar.courtesy.words"), default=i)
    report = text.match("mode.document 'from|'in|'of", end - 1)  # "please note from the file: ..."
    # "20 epochs should do it"
    suffices = text.word(i) == "do" and text.word(i - 1) in ("should", "will", "would")
    deferred = suffices or text.within(i, "grammar.mode.defer")
    return wished or report is not None or deferred or _is_question(text, i)


def _is_question(text: Text, i: int) -> bool:
    """Whether "can I", "is it possible to" requests nothing: no place stands behind it."""
    said = max(text.ends(i, "grammar.courtesy.words"), default=0)
    if said not in text.ends(i, "grammar.courtesy.unsure"):
        return False
    if text.word(i + 1) == "it" and (text.holds(range(i), *_ORDERS) or text.begins(_SUPPOSED, i)):
        return True  # "train X on D. Could it run on P?" asks what a model is able to
    end = next((k for k in range(i, len(text.tokens)) if text.tokens[k].text in (".", "!", "?", ";")), i)
    resumes = text.holds(range(i, end), "actions.words.resume") and text.has_kind(range(i), "job")
    return text.tokens[end].text == "?" and not (resumes or text.has_kind(range(i, end), "place", "job"))


_SUPPOSED = phrases("reports.supposed")
_ORDERS = tuple(f"actions.{action}.base" for action in ACTIONS)
