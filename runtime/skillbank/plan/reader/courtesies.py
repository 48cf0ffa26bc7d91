"""Greetings, signatures, headers, numbering and claims of approval: what no run could mean."""

from __future__ import annotations

import re

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.matching import STOPS, Match, Text
from skillbank.plan.reader.people import is_name
from skillbank.plan.reader.phrases import ACTIONS, phrases, word_list
from skillbank.plan.reader.reports import asks
from skillbank.plan.reader.telling import FRAME
from skillbank.plan.reader.wording import of
from skillbank.plan.slots import SLOTS, Kind

__all__ = ["take_approvals", "take_politeness"]


def take_politeness(text: Text) -> None:
    """Account for what frames a request: headers, numbering, signatures, who asks, phrases of politeness."""
    _take_headers(text)
    _take_numbering(text)
    _take_signatures(text)
    _take_askers(text)
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


def _take_headers(text: Text) -> None:
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
        if match.end - match.first < 5 and (polite or _opens(text, match.first)):
            text.ledger.claim("courtesy", range(match.first, match.end - 1))


_LIMITING = ("grammar.operator.not", "grammar.operator.only", "policy.search.nouns")
_SHOWN = ("places.data.nouns", "actions.words.boxes", "grammar.free.adjective")
"""What a subject may be about: the body says what is to be done with it."""


def _take_subject(text: Text, line: list[int]) -> None:
    """Account for the subject of a mail whose body asks by itself: "Subject: boxes for the new photos"."""
    body, said = range(line[-1] + 1, len(text.tokens)), [i for i in line[2:] if text.kind(i) == "word"]
    words = all(_is_of_subject(text, i) for i in line) and not text.holds(line, *_LIMITING)
    plain = words and all(_says_nothing(text, i) or text.within(i, *_SHOWN) for i in said)
    if plain and text.holds(body, *_VERBS.split("|")):
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
    of_run = asks(text, i) or text.within(i, "grammar.operator.only", "grammar.operator.not", *_COUNTED)
    return of_run or text.tokens[i].kind not in ("word", "mark", "number")


def _opens(text: Text, i: int) -> bool:
    """Whether a token begins the text, or stands behind a mark."""
    return i == 0 or text.tokens[i - 1].kind == "mark"


_VERBS = "|".join(("actions.words.find", *(f"actions.{action}.base" for action in ACTIONS)))


def _take_numbering(text: Text) -> None:
    """Account for numbers that only count what is to be done: "step 2:", "1. ... 2. ...", "two things:"."""
    for match in text.phrases("order.steps"):
        if _is_count(text, match):
            text.ledger.claim("order", match.tokens("w"))
    for match in text.find(f"'second|'third|'fourth|'fifth|'sixth @mark|{_VERBS}"):
        if text.word(match.first - 1) in _ENDS:
            text.ledger.claim("order", [match.first])  # "Fourth, evaluate the engine", "second find cones"
    marks = [m.first for m in text.find("@number '.|') &@word") if not _is_value(text, m.first)]
    values = [text.tokens[i].value for i in marks]
    counts = (list(range(first, first + len(values))) for first in (1, 2))
    if len(values) > 1 and values in counts:
        text.ledger.claim("order", marks)


def _is_count(text: Text, match: Match) -> bool:
    """Whether a small number counts steps, and says no more: not "every 2 steps", "4 steps of warmup".

    Behind what has been said ("train X on Y, 5 steps") it would be the length of a run.
    """
    counts = [text.tokens[i].value for i in match.tokens("w") if text.tokens[i].kind == "number"]
    few = all(isinstance(n, int) and n < 10 for n in counts) and not _is_length(text, match)
    led = text.word(match.first - 1) in of("prepositions") - {"in"} | {"every"}
    return few and not led and text.word(match.end) != "of"


def _is_length(text: Text, match: Match) -> bool:
    """Whether a number of steps is a part of a sentence by itself that begins and opens nothing."""
    last = match.end - 1
    end = last if text.kind(last) == "mark" else match.end
    first = match.first - (text.word(match.first - 1) == "in")
    alone = text.word(first - 1) in _PARTING and text.word(end) in {"", ".", "\n", *_PARTING}
    return alone and text.word(end - 1) in _STEPS


_PARTING = frozenset({",", ";", "(", ")"})
_STEPS = frozenset({"steps", "things"})
_ENDS = frozenset({".", ";", ",", "\n"})
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


def _take_signatures(text: Text) -> None:
    """Account for whom a message greets and who signs it: "Hi Ana,", "Best regards, Tom"."""
    _take_farewells(text)
    for match in text.find("courtesy.greeting|courtesy.farewell 'from"):
        _take_place(text, match)
    for match in text.find("'let 'me|'us 'know 'if|'in|'whether|'how !'long|'much|'many|'often"):
        end = _sentence_end(text, match.end)
        if all(text.tokens[k].kind in ("word", "mark") and not asks(text, k) for k in range(match.end, end)):
            text.ledger.claim("courtesy", range(match.first, end))
    _sign_off(text)
    _take_greetings(text)


def _sentence_end(text: Text, first: int) -> int:
    """Return where a sentence ends."""
    return next((k for k in range(first, len(text.tokens)) if text.tokens[k].text in STOPS), len(text.tokens))


_ORDERING = (
    "grammar.mode.technical", "grammar.mode.directive", "grammar.mode.condition", "grammar.operator.not",
    "slots.learning_rate.nouns", "slots.epochs.nouns", "slots.batch_size.nouns",
)  # fmt: skip
"""What nobody writes into a signature."""


def _take_farewells(text: Text) -> None:
    """Account for the end of a message behind a farewell: a name, what the person does, where."""
    for match in text.find("courtesy.farewell @mark*"):
        words = [text.word(k) for k in match.tokens() if text.kind(k) == "word"]
        if words[0] in ("from", "love", "best") and len(words) == 1 and text.kind(match.first - 1) == "word":
            continue  # "the weights from Friday"
        behind, end = range(match.end, len(text.tokens)), _sentence_end(text, match.end)
        last = next((k for k in behind if text.word(k) in ("ps", "pps")), len(text.tokens))
        whole = range(match.end, last)
        plain = _VERBS_OF_CLAUSES.isdisjoint(text.words(range(end, last)))  # "Thanks, Ana. Mules are horses."
        fits = plain and 0 < len(whole) <= _LONGEST_BLOCK and is_name(text, match.end)
        if fits and _is_signature(text, whole):
            text.ledger.claim("courtesy", range(match.first, last))
        elif _is_signed(text, range(match.end, end)):  # another sentence stands below
            text.ledger.claim("courtesy", range(match.first, end))


def _is_signature(text: Text, tokens: range) -> bool:
    """Whether words order nothing and are nobody else's."""
    words = all(text.tokens[k].kind in ("word", "mark") and text.ledger.free(k) for k in tokens)
    opening = [k for k in tokens if text.kind(k - 1) != "word" or text.within(k - 1, *_SHOWN)]
    meant = text.holds(tokens, *_ORDERING[1:]) or text.holds(opening, _ORDERING[0])  # but "land registry"
    return words and not meant and not any(asks(text, k) for k in tokens)


def _take_place(text: Text, match: Match) -> None:
    """Account for whom greetings come from: "Greetings from the mine, Oskar"."""
    end = _sentence_end(text, match.end)
    comma = next((k for k in range(match.end, end) if text.tokens[k].text in (",", "-", "\n", ":")), end)
    named = comma < end and end - comma < 5 and all(is_name(text, k) for k in range(comma + 1, end))
    last = end if named else comma
    meant = any(
        text.within(k, "grammar.mode.technical", "grammar.mode.directive") or asks(text, k)
        for k in range(match.end, last)
    )
    if _opens(text, match.first) and not meant:
        text.ledger.claim("courtesy", range(match.first, last))


_POLITE = ("grammar.courtesy.words", "grammar.free.glue")


def _take_greetings(text: Text) -> None:
    last = len(text.tokens)
    for match in text.find("courtesy.greeting"):
        if text.kind(match.first - 1) == "word" and not text.within(match.first - 1, *_POLITE):
            continue  # "a person without hi-vis vest"
        end = match.end
        while end < last and end - match.end < 2 and (_is_somebody(text, end) or text.is_plain(end)):
            end += 1
        if match.end < end < last and text.tokens[end].text in (",", "!", "-", ":", "\n", ";", "."):
            text.ledger.claim("courtesy", range(match.first, end))


_LONGEST_NAME, _LONGEST_BLOCK = 3, 14
_VERBS_OF_CLAUSES = of("be", "having", "past", "modals", "deontic", "able", "judging", "wants")


def _sign_off(text: Text) -> None:
    """Account for a name that a message ends with: "In solidarity, Amparo", "-- Kenji, cell 4"."""
    first, end, dashed = _last_line(text)
    commas = [k for k in range(first, end) if text.word(k) == ","]
    alone = first if _is_apart(text, first) else end
    name = (
        range(first, commas[0] if commas else end)
        if dashed
        else range(commas[-1] + 1 if commas else alone, end)
    )
    kinds = ("word", "mark", "number") if dashed else ("word", "mark")
    plain = all(text.tokens[k].kind in kinds and _says_nothing(text, k) for k in range(first, end))
    if first and _is_signed(text, name) and plain and end - first <= 2 * _LONGEST_NAME:
        text.ledger.claim("courtesy", range(first - dashed, end))


def _is_apart(text: Text, first: int) -> bool:
    """Whether a line stands below what is said: "Ruth", but not "Gloves" as the last line of a list."""
    last = first - 1
    while text.word(last) == "\n":
        last -= 1
    ended = text.word(last) in (".", "!", "?")
    return text.word(last) != ":" and (first - 1 - last) >= (1 if ended else 2)


def _is_signed(text: Text, name: range) -> bool:
    """Whether some words are a name, and nothing else in requests."""
    short = 0 < len(name) <= _LONGEST_NAME
    return short and all(is_name(text, k) and not text.spans[k] for k in name)


def _last_line(text: Text) -> tuple[int, int, bool]:
    """Return where the last sentence begins and ends without its marks, and whether a dash leads to it."""
    end = len(text.tokens)
    while end and text.tokens[end - 1].kind == "mark":
        end -= 1
    first = next((k + 1 for k in range(end - 1, -1, -1) if text.tokens[k].text in (".", "!", "?", "\n")), 0)
    dashes = [k for k in range(first, end) if text.ledger.said([k]) == "-"]
    return (dashes[-1] + 1, end, True) if dashes else (first, end, False)


def _says_nothing(text: Text, k: int) -> bool:
    """Whether a token is no word of a run."""
    plain = text.is_plain(k) if text.tokens[k].kind == "word" else text.ledger.free(k)
    return plain and not asks(text, k) and not text.within(k, "grammar.mode.technical", "places.data.nouns")


def _take_askers(text: Text) -> None:
    """Account for whose wish is passed on: "Dr. Osei would like to have", "the user wants to"."""
    for match in text.find(
        "!'i|'we|'you|'he|'she|'they|'it|'who|'one group.det? who=~word|@mark+ "
        "'would|'wants|'asks|'asked|'needs|'wishes|'requests "
        "&'training|'validation|'evaluation|'export|'like|'love|'me|'us|'for|'to|'have|'a|'an|'that|'the|'all|"
        "'every 'like|'love|'me|'us|'for|'to|'have|'a|'an*"
    ):
        behind = match.tokens("who")[-1] + 1
        first = _begin_of_asker(text, match.first, behind)
        who = [i for i in range(first, behind) if text.kind(i) == "word"]
        who = who[text.within(first, "grammar.group.det") :]  # "the customer", "my boss"
        if text.word(behind) == "needs" and text.word(behind + 1) in ("the", "all", "every"):
            continue  # which are theirs: "Anna needs all 4 GPUs"
        if not {"nobody", "noone"}.isdisjoint(text.words(who)):
            continue  # a wish that nobody has is none
        named = all(is_name(text, i) for i in who) or _is_body(text, who)
        if who and len(who) < 4 and named and _passes_on(text, first, match.end):
            said = range(first, match.end)
            text.ledger.claim("courtesy", [i for i in said if text.word(i) not in ("a", "an")])


def _is_body(text: Text, who: list[int]) -> bool:
    """Whether words name people by what they are: "my boss", "the radiology department"."""
    of = all(text.within(i, "told.askers") or text.is_plain(i) for i in who)
    return of and text.within(who[-1], "told.askers")


_JOINED = frozenset({"and", "but", "because", "so"})
_DONE = ("actions.words.found_in", *(f"actions.{action}.past" for action in ACTIONS))


def _passes_on(text: Text, first: int, end: int) -> bool:
    """Whether a wish of somebody begins the text, or opens a clause that says what is to be run."""
    opens = text.kind(first - 1) == "mark" or text.word(first - 1) in _JOINED
    behind = range(end, _sentence_end(text, end))
    return first == 0 or (opens and any(asks(text, k) or text.within(k, *_DONE) for k in behind))


def _begin_of_asker(text: Text, first: int, behind: int) -> int:
    """Return where the words begin that name who wishes something: behind a mark or what joins clauses."""
    for k in range(behind - 1, first - 1, -1):
        if text.kind(k) == "mark" or text.word(k) in _JOINED:
            return k + 1
    return first


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
