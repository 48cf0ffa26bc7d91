"""What others, documents and programs say, and the orders that a person hands on from somebody.

What is said without quotes changes nothing, and neither does what is quoted; but a text that asks for nothing
else hands on what a person says or writes: "my boss says to train X on D", "the note reads: "train X on D"".
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.people import is_name
from skillbank.plan.reader.phrases import phrases, word_list
from skillbank.plan.reader.reports import asks
from skillbank.plan.reader.wording import of

__all__ = ["doubts_around", "orders_quoted", "take_heard"]

_LETTERS = word_list("heard.letters")
_SAYING = word_list("heard.saying")
_LEADING = word_list("heard.leading") | _SAYING | {":"}
_OF_DATA = frozenset({"split", "divide", "convert", "check", "validate"})
_OVER = frozenset({"said", "wrote", "told", "was", "were", "had"})
_DOUBTING = word_list("heard.doubting")
_UNSURE = "operator.not 'sure|'certain|'convinced|'happy|'agree|'say|'right"
_NOBODY = frozenset({"nobody", "noone", "never"})
_OPEN = ("grammar.mode.condition", "grammar.mode.later")
_NAMED = ("place", "job", "name", "pair", "report", "block")


def orders_quoted(text: Text) -> list[int]:
    """Return the quotes that may be the order of a text which names nothing to run outside of them.

    What a program or a document prints, and what is over, denied or asked about, is no order.
    """
    quotes = [i for i, token in enumerate(text.tokens) if token.kind == "quote" and _is_handed_on(text, i)]
    outside = [i for i, token in enumerate(text.tokens) if token.kind != "quote"] if quotes else []
    asked = any(_asks_else(text, i) or _inquires(text, i) for i in outside)
    turned = _turns(text, outside) or text.holds(outside, "told.negated", "grammar.operator.not")
    turned |= not _NOBODY.isdisjoint(text.words(outside))
    return [] if asked or turned or text.has_kind(outside, *_NAMED) else quotes


def doubts_around(text: Text, i: int) -> list[str]:
    """Return the words around an order in quotes by which it may be none: "the note in the bin reads".

    Whose word it is must be plain: a letter, a name, one who gives orders. What stands behind the quote in
    other words than thanks may take it back, and a second quote may as well; within it, nobody gives an order
    by what they do themselves ("I would train X").
    """
    polite = _polite(text)
    doubted = [
        span for span in _around(text, i)
        if not all(k in polite or _is_plainly_said(text, k, behind=k > i) for k in span)
        and not _is_signature(text, span)
    ]  # fmt: skip
    parts = [[k for k in span if text.kind(k) != "mark"] for span in doubted]
    said = [" ".join(text.ledger.said(part).split()) for part in parts]
    return [*said, *_musing(str(text.tokens[i].value).split()[:2])]


def _musing(own: list[str]) -> list[str]:
    """Return the first words of a quote where they say what somebody does or wants oneself."""
    if len(own) < 2:
        return []
    speaks = own[0].lower() in _MUSING and own[1] not in _ORDERING
    others = own[0].istitle() and own[1] in of("wants") and own[0] not in ("I", "We")
    return [" ".join(own)] if speaks or others else []


def _is_signature(text: Text, span: range) -> bool:
    """Whether a sentence is a name alone: not "Ask Bob"."""
    words = [k for k in span if text.kind(k) != "mark"]
    orders = bool(words) and text.word(words[0]) in of("imperatives") | {"ask", "tell"}
    return not orders and all(is_name(text, k) and not text.spans[k] for k in words)


def _around(text: Text, i: int) -> Iterator[range]:
    """Yield what stands before a quote in its sentence, and each sentence behind it."""
    yield range(text.sentence(i).start, i)
    at = i + 1
    while at < len(text.tokens):
        end = min(max(text.sentence(at).stop, at) + 1, len(text.tokens))
        yield range(at, end)
        at = end


def _polite(text: Text) -> set[int]:
    """Return the tokens of phrases of politeness: "could you do that, please"."""
    return {
        k
        for i, classes in enumerate(text.classes) for c in classes if c.startswith("grammar.courtesy.")
        for end in text.ends(i, c) for k in range(i, end)
    }  # fmt: skip


def _is_plainly_said(text: Text, k: int, *, behind: bool) -> bool:
    """Whether a word only says whose an order in quotes is; behind it, that it is to be done."""
    word = text.word(k)
    if text.kind(k) != "word":
        return text.kind(k) in ("mark", "number")
    if behind:
        return word in _DOING or text.within(k, "grammar.group.it")
    written = word in _LETTERS | _SAYING | word_list("heard.writings") | word_list("heard.persons")
    named = is_name(text, k) and not text.spans[k]
    return written or named or text.within(k, "grammar.group.det", "grammar.group.prep", "told.askers")


_DOING = frozenset(
    {"please", "that", "this", "it", "do", "go", "run", "start", "so", "ahead", "and", "for", "me"}
)
_MUSING = frozenset({"thanks", "i", "we", "you", "they", "he", "she", "it"})
_ORDERING = frozenset({"need", "needs", "want", "wants", "must", "should", "please", "have"})


def _turns(text: Text, tokens: list[int]) -> bool:
    """Whether words say that something is printed by a program or document, or not to be done."""
    anybody = any(text.word(i) in _LETTERS - {"note"} and text.word(i - 1) in ("a", "an") for i in tokens)
    return anybody or not (word_list("heard.turning") | _DOUBTING).isdisjoint(text.words(tokens))


def _asks_else(text: Text, i: int) -> bool:
    """Whether a word asks for something else than what is quoted: not "please run that"."""
    return asks(text, i) and text.word(i + 1) not in ("it", "that", "this")


def _inquires(text: Text, i: int) -> bool:
    """Whether a question mark ends a sentence that asks for an answer: "can I write X?", not "could you?"."""
    first, polite = text.sentence(i).start, "grammar.courtesy.words"
    asked = text.word(i) == "?" and text.within(first, "grammar.mode.question")
    return asked and not (text.within(first, polite) and not text.within(first, "grammar.courtesy.unsure"))


def _is_handed_on(text: Text, i: int) -> bool:
    """Whether a quote of several words stands behind a colon or one who says it now, and nothing is over."""
    before, behind = range(text.sentence(i).start, i), range(i + 1, text.sentence(i).stop)
    written = text.word(i - 1) == "," and text.word(i - 2) in _LETTERS
    led = written or text.word(i - 1) in (":", "says", "reads", "asks", "wants", "writes")
    told = not _OVER.isdisjoint(text.words(before))
    wanted = "please" in text.words(range(i, len(text.tokens)))  # "he wrote: ... Please do it"
    said = str(text.tokens[i].value).lower()
    long = len(said.split()) > 2 and not said.startswith(("system", "assistant"))
    return led and long and not (text.holds(behind, "grammar.mode.past") or (told and not wanted))


def take_heard(text: Text) -> list[str]:
    """Account for what others, documents and programs say without quotes: "the README says to use fp16"."""
    notes = []
    for match in text.phrases("report.heard"):
        if not _is_heard(text, match):
            continue
        end = _end_of_said(text, match)
        if _is_passed_on(text, match, range(match.end, end)):
            text.ledger.claim(
                "courtesy", [i for i in match.tokens() if text.word(i) != "to" and not asks(text, i)]
            )
            notes.append(f"'{text.ledger.said(match.tokens())}' says whose wish it is")
            text.ledger.claim("unread", _conditions(text, match))
            continue
        tokens = text.unclaimed(range(match.first, end))
        held = text.has_kind(tokens, "place", "job")
        if held and not any(text.tokens[i].kind == "word" for i in tokens if i >= match.end):
            continue  # "the output: s3://b/out"
        text.ledger.claim("report", tokens)
        if not any(i >= match.end and text.kind(i) != "mark" for i in tokens):
            continue  # what is said stands on a line of its own
        notes.append(f"what others say changes nothing: '{' '.join(text.ledger.said(tokens).split())[:80]}'")
    return notes


def _is_heard(text: Text, match: Match) -> bool:
    """Whether somebody else says something; nothing waits for it: "as soon as Ines says so"."""
    who = match.tokens("who")
    named = is_name(text, match.first) or (match.first == 0 and text.is_plain(0))
    if who and (text.tokens[match.first].text in ("i", "we", "you", "it") or not named):
        return False
    before = range(max(text.sentence(match.first).start, match.first - 4), match.first)
    waits = text.holds(before, "grammar.mode.condition", "grammar.mode.order")
    # "a short mail is enough"
    return not waits and text.tokens[match.end - 1].text not in word_list("telling.relevant")


def _is_passed_on(text: Text, match: Match, said: range) -> bool:
    """Whether what a person says is all that is asked for: "my boss says to train X on D"."""
    around = [i for i in range(len(text.tokens)) if i not in said and i not in match.tokens()]
    if any(asks(text, i) for i in around) or text.has_kind(around, "place", "job", "name"):
        return False
    behind = range(said.stop - 1, text.sentence(match.first).stop)
    if _is_doubted(text, said, around) or _turns(text, [*around, *behind]):
        return False  # "my boss says train X on D but I disagree"
    first = next((i for i in (match.end - 1, *said) if text.word(i) not in _LEADING), said.stop)
    order = asks(text, first) or text.word(first) in _OF_DATA
    told = text.word(first - 1) in ("you", "we")  # "everyone says you train on X"
    return order and not told and text.has_kind(said, "place", "job") and _is_person(text, match.tokens())


def _conditions(text: Text, match: Match) -> list[int]:
    """Return the words behind an order that somebody else gives which leave open whether it is to be done."""
    said = range(match.end, text.sentence(match.end).stop)
    bound = (i for i in said if text.within(i, *_OPEN) and not text.match("'if 'you 'please", i))
    behind = range(match.end, text.sentence(min(said.stop + 1, len(text.tokens) - 1)).stop)
    judged = (i for i in behind if text.begins(phrases("heard.judged"), i))
    first = next(chain(bound, judged), len(text.tokens))
    marks = (i for i in range(first + 1, len(text.tokens)) if text.kind(i) == "mark")
    return list(range(first, next(marks, len(text.tokens))))


def _is_doubted(text: Text, said: range, around: list[int]) -> bool:
    """Whether who hands an order on doubts it, or asks whether it is one: "I have my doubts", "Should I?"."""
    unsure = any(text.match(_UNSURE, i) or _inquires(text, i) for i in around)
    return unsure or not _DOUBTING.isdisjoint(text.words(said))


def _is_person(text: Text, tokens: list[int]) -> bool:
    """Whether words name a person who says something, or what one writes to another."""
    words = text.words(tokens)
    document = text.holds(tokens, "grammar.mode.document") or text.has_kind(tokens, "document")
    saying = not (_LETTERS if document else _SAYING).isdisjoint(words)
    return saying and word_list("heard.nobody").isdisjoint(words) and not _turns(text, tokens)


def _end_of_said(text: Text, match: Match) -> int:
    """Return where what others say ends; what is done as they say is asked for: "as Bob said, lr 1e-4"."""
    followed = text.word(match.first - 1) in ("as", "like") and text.word(match.end) == ","
    end = match.end if followed else _end_of_hearsay(text, match.end)
    for taken in text.find(
        "'so|'and 'we|'i|'please|'just* 'do|'take|'use|'follow|'try|'want 'it|'that|'this|'so"
    ):
        if taken.first in range(match.end, end) and text.kind(taken.end) in ("", "mark"):
            text.ledger.claim("unread", taken.tokens())
    return end


def _end_of_hearsay(text: Text, at: int) -> int:
    """Return where what is said by others ends: with the sentence, or where something is asked for again."""
    for k in range(at, len(text.tokens)):
        token = text.tokens[k]
        if token.kind == "mark" and token.text in ".!?;":
            return k + 1
        if token.text in ("but", "anyway", "nevertheless", "still") or (
            token.text in (",", ")", "so", "\n") and _requests(text, k + 1)
        ):
            return k
    return len(text.tokens)


def _requests(text: Text, at: int) -> bool:
    """Whether a request of the person's own begins at a token."""
    while at < len(text.tokens) and (
        text.tokens[at].text in (",", "so", "and", "then", "(", "now")
        or text.within(at, "grammar.courtesy.words", "grammar.free.adverb")
    ):
        at = max([at + 1, *text.ends(at, "grammar.courtesy.words"), *text.ends(at, "grammar.free.adverb")])
    return at < len(text.tokens) and (asks(text, at) or text.tokens[at].text in ("i", "use"))
