"""Greetings, signatures, headers, numbering and claims of approval: what no run could mean."""

from __future__ import annotations

import re

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.reports import asks, is_name
from skillbank.plan.reader.telling import FRAME
from skillbank.plan.slots import SLOTS, Kind

__all__ = [
    "take_approvals",
    "take_askers",
    "take_courtesies",
    "take_headers",
    "take_numbering",
    "take_signatures",
]


_WOULD = "'would|'will|'is|'does|'could|'might 'be? free.adverb*"
_IF = "'if 'someone|'somebody|'anyone|'anybody?"
_FRAMES = (
    f"'it|'that {_WOULD} courtesy.pleasing 'for? 'me|'us? {_IF}",
    f"'it {_WOULD} courtesy.pleasing 'for? 'me|'us? 'to &'have|'get|'see",
    f"'i|'we {_WOULD} courtesy.pleased {_IF}",
    f"'i|'we 'would|'will? free.adverb* 'appreciate|'love|'like|'welcome 'it? 'very|'much|'a|'lot* {_IF}",
    "'would|'is 'it 'be? courtesy.pleasing 'if|'to",
    "'would|'is 'it 'be? courtesy.pleasing 'for &@name|@job|group.det",
    "'when|'once|'if|'whenever|'as|'soon* 'you|'there 'have|'get|'find|'is|'are|'got group.det|@number* "
    "free.adjective? courtesy.leisure 'for|'this|'it*",
    "'whenever|'when|'if|'as 'it|'that? 'suits|'fits|'is|'s courtesy.suiting|'you 'for? 'you?",
)
"""What only says that a wish is one: "it would be lovely if", "we would be grateful if"."""


def take_courtesies(text: Text) -> None:
    """Account for phrases of politeness of two words and more; single words wait until the end."""
    for frame in _FRAMES:
        for match in text.find(frame):
            behind = text.tokens[match.end - 1].text
            if behind != "to" or not _is_question(text, match.first):
                text.ledger.claim("courtesy", match.tokens(), FRAME)
    i = 0
    while i < len(text.tokens):
        ends = [e for e in text.ends(i, "grammar.courtesy.words") if e - i > 1]
        if (
            ends
            and text.ledger.free(i)
            and not text.within(i, "grammar.mode.defer")
            and not _is_question(text, i)
            and not (text.tokens[i].text in ("want", "need") and i and text.tokens[i - 1].kind == "word")
            and not (i and text.within(i - 1, "told.negated"))
        ):
            text.ledger.claim("courtesy", range(i, ends[0]))
            i = ends[0]
        else:
            i += 1


def _is_question(text: Text, i: int) -> bool:
    """Whether "can I", "is it possible to" requests nothing: no place stands behind it."""
    said = max(text.ends(i, "grammar.courtesy.words"), default=0)
    if said not in text.ends(i, "grammar.courtesy.unsure"):
        return False
    end = next((k for k in range(i, len(text.tokens)) if text.tokens[k].text in (".", "!", "?", ";")), i)
    return text.tokens[end].text == "?" and not any(
        text.tokens[k].kind in ("place", "job") for k in range(i, end)
    )


_TICKET = re.compile(
    r"^\W*(?:(?:ticket|issue|jira|story|case|task)\s*)?[\[(#]?[A-Z]{2,}-\d+[\])]?:?"
    r"|^[ \t]*(?:who|owner|requester|requested by|assignee|reporter|reported by|from|to|cc|team|priority"
    r"|prio|reason|due|deadline|status|sprint|labels|client|project|author)[ \t]*:[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)


def take_headers(text: Text) -> None:
    """Account for the number of a ticket at the start and for lines such as "Owner: perception team"."""
    for line in _TICKET.finditer(text.ledger.original):
        inside = [i for i, t in enumerate(text.tokens) if line.start() <= t.start and t.end <= line.end()]
        if all(text.tokens[i].kind in ("word", "mark", "number") for i in inside) and not any(
            asks(text, i) or text.within(i, "grammar.operator.only", "grammar.operator.not") for i in inside
        ):
            text.ledger.claim("courtesy", inside)
    for i, token in enumerate(text.tokens):
        heading = token.text == "user" and i + 1 < len(text.tokens) and text.tokens[i + 1].text == ":"
        if (heading or token.text in ("comma", "semicolon", "newline")) and text.ledger.free(i):
            text.ledger.claim("courtesy", [i])
    for match in text.find(
        "'you 'will|'can? 'find group.det* places.roles.train_datasets.before|"
        "places.roles.eval_dataset.before|places.data.nouns|places.weights.before"
    ):
        if match.first and text.tokens[match.first - 1].text in ("can", "could", "will", "would"):
            continue  # "can you find all crabs"
        text.ledger.claim(
            "courtesy", [i for i in match.tokens() if text.tokens[i].text in ("you", "will", "can", "find")]
        )
    for match in text.find(
        "'sorry|'apologies 'for|'about group.det|~word|free.adjective|free.noun|free.glue+"
    ):
        text.ledger.claim("courtesy", match.tokens())
    for match in text.find("who=~word|free.noun+ 'here @mark"):
        first = match.first
        opened = (
            first == 0
            or text.tokens[first - 1].kind == "mark"
            or text.within(first - 1, "grammar.courtesy.words")
        )
        if opened and match.end - first < 5:
            text.ledger.claim("courtesy", range(first, match.end - 1))  # "Anna here."
    for mark in re.finditer(r"<!--|-->|^\s*>+", text.ledger.original, re.MULTILINE):
        text.ledger.claim(
            "courtesy", [i for i, t in enumerate(text.tokens) if mark.start() <= t.start < mark.end()]
        )


def take_numbering(text: Text) -> None:
    """Account for numbers that only count what is to be done: "step 2:", "1. ... 2. ...", "two things:"."""
    for source in (
        "'step|'phase|'part|'stage|'point @number|'one @mark*",
        "@number 'things|'steps|'actions|'tasks|'datasets|'places|'jobs @mark?",
    ):
        for match in text.find(source):
            few = all(text.tokens[i].value < 10 for i in match.tokens() if text.tokens[i].kind == "number")
            if few and text.tokens[match.first - 1].text not in ("every", "for", "after", "at"):
                text.ledger.claim("order", [i for i in match.tokens() if text.tokens[i].kind != "mark"])
    for match in text.find("'fourth|'fifth|'sixth @mark"):
        if match.first and text.tokens[match.first - 1].text in (".", ";", ",", "\n"):
            text.ledger.claim("order", [match.first])  # "Fourth, evaluate the engine"
    marks = [
        i
        for i, t in enumerate(text.tokens[:-2])
        if t.kind == "number" and text.tokens[i + 1].text in (".", ")") and text.tokens[i + 2].kind == "word"
    ]
    marks = [i for i in marks if not _is_value(text, i)]
    values = [text.tokens[i].value for i in marks]
    start = values[0] if values else 0
    if start in (1, 2) and len(values) > 1 and values == list(range(start, start + len(values))):
        text.ledger.claim("order", marks)


_COUNTED = frozenset(
    f"slots.{s.name}.{part}"
    for s in SLOTS
    if s.kind in (Kind.COUNT, Kind.NUMBER, Kind.DURATION)
    for part in ("nouns", "before")
)


def _is_value(text: Text, i: int) -> bool:
    """Whether a number before a full stop is that of a noun: "batch size: 2. Epochs: 3."."""
    k = i - 1 if i and text.tokens[i - 1].text in (":", "=", "of", "is", "to") else i
    return any(
        span.end == k and not span.classes.isdisjoint(_COUNTED)
        for first in range(max(0, k - 4), k)
        for span in text.spans[first]
    )


def take_signatures(text: Text) -> None:
    """Account for whom a message greets and who signs it: "Hi Ana,", "Best regards, Tom"."""
    _take_farewells(text)
    for match in text.find("courtesy.greeting|courtesy.farewell 'from"):
        _take_place(text, match)
    for match in text.find("'let 'me|'us 'know 'if|'in|'whether"):
        end = _sentence_end(text, match.end)
        if all(text.tokens[k].kind in ("word", "mark") and not asks(text, k) for k in range(match.end, end)):
            text.ledger.claim("courtesy", range(match.first, end))
    _sign_off(text)
    _take_greetings(text)


def _sentence_end(text: Text, first: int) -> int:
    marks = (".", "!", "?", ";")
    return next((k for k in range(first, len(text.tokens)) if text.tokens[k].text in marks), len(text.tokens))


def _take_farewells(text: Text) -> None:
    """Account for the end of a message behind a farewell: a name, what the person does, where."""
    last = len(text.tokens)
    for match in text.find("courtesy.farewell @mark*"):
        word = text.tokens[match.first].text
        if word in ("from", "love", "best") and match.first and text.tokens[match.first - 1].kind != "mark":
            continue  # "the weights from Friday"
        rest = range(match.end, last)
        most = 14 if any(text.tokens[k].text == "\n" for k in rest) else 7
        plain = all(
            text.tokens[k].kind in ("word", "mark") and text.ledger.free(k) and not asks(text, k)
            for k in rest
        )
        if 0 < len(rest) <= most and plain and is_name(text, match.end):
            text.ledger.claim("courtesy", range(match.first, last))


def _take_place(text: Text, match: Match) -> None:
    """Account for whom greetings come from: "Greetings from the mine, Oskar"."""
    end = _sentence_end(text, match.end)
    opens = match.first == 0 or text.tokens[match.first - 1].kind == "mark"
    comma = next((k for k in range(match.end, end) if text.tokens[k].text in (",", "-", "\n", ":")), end)
    named = comma < end and end - comma < 5 and all(is_name(text, k) for k in range(comma + 1, end))
    last = end if named else comma
    meant = any(
        text.within(k, "grammar.mode.technical", "grammar.mode.directive") or asks(text, k)
        for k in range(match.end, last)
    )
    if opens and not meant:
        text.ledger.claim("courtesy", range(match.first, last))


def _take_greetings(text: Text) -> None:
    last = len(text.tokens)
    for match in text.find("courtesy.greeting"):
        end = match.end
        while end < last and end - match.end < 2 and (_is_somebody(text, end) or text.is_plain(end)):
            end += 1
        if match.end < end < last and text.tokens[end].text in (",", "!", "-", ":", "\n", ";", "."):
            text.ledger.claim("courtesy", range(match.first, end))


_LONGEST_NAME = 3


def _sign_off(text: Text) -> None:
    """Account for a name that a message ends with: "In solidarity, Amparo", "-- Kenji, cell 4"."""
    end = len(text.tokens)
    while end and text.tokens[end - 1].kind == "mark":
        end -= 1
    first = next((k + 1 for k in range(end - 1, -1, -1) if text.tokens[k].text in (".", "!", "?", "\n")), 0)
    dashes = [k for k in range(first, end) if text.ledger.said([k]) == "-"]
    first = dashes[-1] + 1 if dashes else first
    commas = [k for k in range(first, end) if text.tokens[k].text == ","]
    name = (
        range(first, commas[0] if commas else end)
        if dashes
        else range(commas[-1] + 1 if commas else end, end)
    )
    closing = range(first, end)
    plain = all(
        text.tokens[k].kind in ("word", "mark", *(("number",) if dashes else ()))
        and text.ledger.free(k)
        and not asks(text, k)
        and (text.tokens[k].kind != "word" or text.is_plain(k))
        and not text.within(k, "grammar.mode.technical", "places.data.nouns")
        for k in closing
    )
    named = 0 < len(name) <= _LONGEST_NAME and all(is_name(text, k) and not text.spans[k] for k in name)
    if first and plain and named and len(closing) <= 2 * _LONGEST_NAME:
        text.ledger.claim("courtesy", range(dashes[-1] if dashes else first, end))


def take_askers(text: Text) -> None:
    """Account for whose wish is passed on: "Dr. Osei would like to have", "the user wants to"."""
    for match in text.find(
        "!'i|'we|'you|'he|'she|'they|'it|'who|'one group.det? who=~word|@mark+ 'would|'wants|'asks|'asked|'needs|'wishes "
        "&'like|'me|'us|'for|'to|'have|'a|'an|'that 'like|'me|'us|'for|'to|'have|'a|'an*"
    ):
        who = [i for i in match.tokens("who") if text.tokens[i].kind == "word"]
        opens = match.first == 0 or text.tokens[match.first - 1].text in (".", "!", "?", "\n")
        named = all(is_name(text, i) for i in who) or all(text.within(i, "told.askers") for i in who)
        if opens and who and len(who) < 4 and named:
            text.ledger.claim(
                "courtesy", [i for i in match.tokens() if text.tokens[i].text not in ("a", "an")]
            )


def _is_somebody(text: Text, i: int) -> bool:
    token = text.tokens[i]
    return (
        token.kind == "word"
        and token.text.isalpha()
        and text.ledger.free(i)
        and (not text.spans[i] or is_name(text, i))
    )


def take_approvals(text: Text, clauses: Clauses) -> list[str]:
    """Account for words that claim an approval, or want the rules put aside; they grant none."""
    notes, approving = [], text.lexicon.classes["told.approving"]
    for match in text.find("mode.approval"):
        if text.within(match.end, "places.data.nouns") and text.tokens[match.end - 1].text.endswith("ed"):
            text.ledger.claim("unread", match.tokens())
            continue  # "the approved images" are some of them
        clause = clauses.of(match.first)
        tokens = [i for i in range(clause.first, clause.end) if text.ledger.free(i)]
        held = any(
            (asks(text, i) and not text.within(i, "actions.words.find"))
            or text.tokens[i].kind not in ("word", "mark", "flag")
            or text.within(i, "grammar.operator.only")
            or text.lexicon.has(text.tokens[i].text, "told.stills")
            for i in tokens
        )
        tokens = match.tokens() if held else tokens
        text.ledger.claim("report", tokens)
        notes.append(f"'{text.ledger.said(tokens)}' approves nothing")
    for i, token in enumerate(text.tokens):
        if token.kind == "flag" and text.ledger.free(i) and approving & set(token.text.split("-")):
            text.ledger.claim("report", [i])
            notes.append(f"'--{token.text}' in a request approves nothing")
        elif (
            token.kind == "pair"
            and text.ledger.free(i)
            and approving & set(re.split(r"\W|_", str(token.value[0]).lower()))
        ):
            text.ledger.claim("report", [i])
            notes.append(f"'{text.ledger.said([i])}' in a request approves nothing")
    return notes
