"""What stands above a request: the number of a ticket, lines of a mail, who writes and who is spoken to."""

from __future__ import annotations

import re

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.numbering import COUNTED, VERBS
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.reports import asks
from skillbank.plan.reader.signatures import SHOWN, says_nothing

__all__ = ["take_headers"]

_TICKET = re.compile(
    r"\A\W*\d{1,2}[:.]\d\d\s*(?:am|pm|h)?[.,](?=\s)|"
    r"^\W*(?:(?:ticket|issue|jira|story|case|task)\s*)?[\[(#]?[A-Z]{2,}-\d+[\])]?:?"
    r"|(?:\A\W*|(?<=[.!?]\s))(?:request|ticket|issue|case|task(?: card)?|order|item|experiment|exercise|psa)"
    r"\s*(?:no\.?|nr\.?)?\s*\#?\d+\s*(?:[:\n-]|\.\s)"
    r"|^[ \t]*(?:who|owner|requester|requested by|assignee|reporter|reported by|from|to|cc|team|priority"
    r"|prio|reason|purpose|motivation|due|deadline|status|sprint|labels|client|project|author)[ \t]*:[^\n]*$"
    r"|(?<=[.!?;|,]\s)(?:owner|requester|requested by|assignee|reporter|reported by|contact|client|author|cc"
    r"|priority|prio)\s*:\s*(?:[A-Z]\.\s?)?[^\n.;|:]{1,40}(?=[.;|]|\Z)",
    re.IGNORECASE | re.MULTILINE,
)


_SUBJECT = re.compile(
    r"\s*(?:(?:from|to|cc|date|sent)[ \t]*:[^\n]+\n)*(?P<line>(?:subject|re|fwd?)[ \t]*:[^\n]+)",
    re.IGNORECASE,
)

_COMMENT = re.compile(r"<!--|-->|^\s*>+", re.MULTILINE)
_DATA_FOUND = (
    "w='you w='will|'can? w='find group.det* &places.roles.train_datasets.before|"
    "places.roles.eval_dataset.before|places.data.nouns|places.weights.before"
)


def take_headers(text: Text) -> None:
    """Account for the number of a ticket at the start and for lines such as "Owner: perception team"."""
    for line in _TICKET.finditer(text.ledger.original):
        inside = _inside(text, line)
        if not any(_is_said(text, i) for i in inside if text.word(i - 1) != "task"):  # "task card 18"
            text.ledger.claim("courtesy", inside)
    if subject := _SUBJECT.match(text.ledger.original):
        _take_subject(text, _between(text, *subject.span("line")))
    text.take("courtesy.opening")
    for match in text.find(_DATA_FOUND):
        if not (match.first and text.tokens[match.first - 1].text in ("can", "could", "will", "would")):
            text.ledger.claim("courtesy", match.tokens("w"))  # but "can you find all crabs"
    _take_callers(text)
    for mark in _COMMENT.finditer(text.ledger.original):
        text.ledger.claim("courtesy", _inside(text, mark))


_MENTION = re.compile(r"(?<![\w/.-])@[\w-]+(?![\w/.])")
_CALLED = word_list("background.called")


def _take_callers(text: Text) -> None:
    """Account for who says that they write ("Anna here."), and who is spoken to: "@ops-bot", "bro just"."""
    for mention in _MENTION.finditer(text.ledger.original):
        text.ledger.claim("courtesy", _inside(text, mention))
    for i in range(min(3, len(text.tokens) - 1)):
        polite = all(text.within(k, "grammar.courtesy.words") for k in range(i))
        orders = asks(text, i + 1) or text.within(i + 1, "grammar.courtesy.words", "grammar.free.adverb")
        if text.word(i) in _CALLED and polite and orders:
            text.ledger.claim("courtesy", [i])
    for match in text.find("who=~word|free.noun|@number+ 'here @mark"):
        polite = text.within(match.first - 1, "grammar.courtesy.words")
        if match.end - match.first < 5 and (polite or text.kind(match.first - 1) in ("", "mark")):
            text.ledger.claim("courtesy", range(match.first, match.end - 1))


_LIMITING = ("grammar.operator.not", "grammar.operator.only", "policy.search.nouns")


def _take_subject(text: Text, line: list[int]) -> None:
    """Account for the subject of a mail whose body asks by itself: "Subject: boxes for the new photos"."""
    body, said = range(line[-1] + 1, len(text.tokens)), [i for i in line[2:] if text.kind(i) == "word"]
    words = all(_is_of_subject(text, i) for i in line) and not text.holds(line, *_LIMITING)
    plain = words and all(says_nothing(text, i) or text.within(i, *SHOWN) for i in said)
    if plain and text.holds(body, *VERBS.split("|")):
        text.ledger.claim("courtesy", line)


_SET = re.compile(r"slots\.(?!around\.)")
"""The classes of the words that name what is set."""


def _is_of_subject(text: Text, i: int) -> bool:
    """Whether a token is a word, or a number of nothing that is set or counted: "detector for gate 4"."""
    ends = text.kind(i + 1) in ("", "mark") and not any(
        _SET.match(section) for k in (i - 2, i - 1) if k >= 0 for section in text.classes[k]
    )
    return text.kind(i) in ("word", "mark") or (text.kind(i) == "number" and ends)


def _inside(text: Text, found: re.Match[str]) -> list[int]:
    """Return the tokens that begin in a part of a text."""
    return _between(text, *found.span())


def _between(text: Text, start: int, end: int) -> list[int]:
    return [i for i, token in enumerate(text.tokens) if start <= token.start < end]


def _is_said(text: Text, i: int) -> bool:
    """Whether a token of a header says something of a run."""
    of_run = asks(text, i) or text.within(i, "grammar.operator.only", "grammar.operator.not", *COUNTED)
    return of_run or text.tokens[i].kind not in ("word", "mark", "number")
