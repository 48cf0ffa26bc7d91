"""Whom a message greets and who signs it: "Hi Ana,", "Best regards, Tom"."""

from __future__ import annotations

from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.people import is_name
from skillbank.plan.reader.reports import asks
from skillbank.plan.reader.wording import of

__all__ = ["SHOWN", "says_nothing", "take_signatures"]

SHOWN = ("places.data.nouns", "actions.words.boxes", "grammar.free.adjective")
"""What a subject may be about: the body says what is to be done with it."""


def take_signatures(text: Text) -> None:
    """Account for whom a message greets and who signs it: "Hi Ana,", "Best regards, Tom"."""
    _take_farewells(text)
    for match in text.find("courtesy.greeting|courtesy.farewell 'from"):
        _take_place(text, match)
    for match in text.find("'let 'me|'us 'know 'if|'in|'whether|'how !'long|'much|'many|'often"):
        end = text.sentence(match.end).stop
        if all(text.tokens[k].kind in ("word", "mark") and not asks(text, k) for k in range(match.end, end)):
            text.ledger.claim("courtesy", range(match.first, end))
    _sign_off(text)
    _take_greetings(text)


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
        behind, end = range(match.end, len(text.tokens)), text.sentence(match.end).stop
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
    opening = [k for k in tokens if text.kind(k - 1) != "word" or text.within(k - 1, *SHOWN)]
    meant = text.holds(tokens, *_ORDERING[1:]) or text.holds(opening, _ORDERING[0])  # but "land registry"
    return words and not meant and not any(asks(text, k) for k in tokens)


def _take_place(text: Text, match: Match) -> None:
    """Account for whom greetings come from: "Greetings from the mine, Oskar"."""
    end = text.sentence(match.end).stop
    comma = next((k for k in range(match.end, end) if text.tokens[k].text in (",", "-", "\n", ":")), end)
    named = comma < end and end - comma < 5 and all(is_name(text, k) for k in range(comma + 1, end))
    last = end if named else comma
    meant = any(
        text.within(k, "grammar.mode.technical", "grammar.mode.directive") or asks(text, k)
        for k in range(match.end, last)
    )
    if text.kind(match.first - 1) in ("", "mark") and not meant:
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
    plain = all(text.tokens[k].kind in kinds and says_nothing(text, k) for k in range(first, end))
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


def says_nothing(text: Text, k: int) -> bool:
    """Whether a token is no word of a run."""
    plain = text.is_plain(k) if text.tokens[k].kind == "word" else text.ledger.free(k)
    return plain and not asks(text, k) and not text.within(k, "grammar.mode.technical", "places.data.nouns")


def _is_somebody(text: Text, i: int) -> bool:
    token = text.tokens[i]
    return (
        token.kind == "word"
        and token.text.isalpha()
        and text.ledger.free(i)
        and (not text.spans[i] or is_name(text, i))
    )
