"""What a text reports: what others, documents and programs say, what has been done, what is asked of us."""

from __future__ import annotations

from skillbank.plan.reader.clauses import Clause, Clauses, Mode
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import word_list

__all__ = ["asks", "is_name", "orders_quoted", "take_heard", "take_questions", "take_reports"]


def take_reports(text: Text) -> list[str]:
    """Account for logs, blocks and quotes of what somebody else has said: they change nothing."""
    notes: list[str] = []
    for i, token in enumerate(text.tokens):
        if token.kind == "report":
            text.ledger.claim("report", [i])
            notes.append(_nothing_of(str(token.value)))
        elif token.kind == "quote" and text.ledger.free(i) and (said := _around_quote(text, i)):
            text.ledger.claim("report", said)
            notes.append(_nothing_of(str(token.value)))
    return notes


def orders_quoted(text: Text) -> list[int]:
    """Return the quotes that may be the order of a text which names nothing to run outside of them.

    What a program or a document prints, and what is over, denied or asked about, is no order.
    """
    quotes = [i for i, token in enumerate(text.tokens) if token.kind == "quote" and _is_handed_on(text, i)]
    outside = [i for i, token in enumerate(text.tokens) if token.kind != "quote"] if quotes else []
    words = text.words(outside)
    named = text.has_kind(outside, "place", "job", "name", "pair", "report", "block")
    asked = any(text.word(i) == "?" and _inquires(text, text.sentence(i).start) for i in outside)
    turned = not word_list("reports.turning").isdisjoint(words) or text.holds(outside, "told.negated")
    return [] if named or asked or turned or any(_asks_else(text, i) for i in outside) else quotes


def _inquires(text: Text, first: int) -> bool:
    """Whether a sentence with a question mark asks for an answer: "can I write X?", but not "could you?"."""
    polite = text.within(first, "grammar.courtesy.words") and not text.within(first, "grammar.courtesy.unsure")
    return text.within(first, "grammar.mode.question") and not polite


def _is_handed_on(text: Text, i: int) -> bool:
    """Whether a quote of several words stands behind a colon or one who says it now, and nothing is over."""
    written = text.word(i - 1) == "," and text.word(i - 2) in _LETTERS
    led = written or text.word(i - 1) in (":", "says", "reads", "asks", "wants", "writes")
    told = not _SAID.isdisjoint(text.words(range(text.sentence(i).start, i)))
    over = text.holds(range(i + 1, text.sentence(i).stop), "grammar.mode.past")
    over |= told and "please" not in text.words(range(i, len(text.tokens)))  # "he wrote: ... Please do it"
    said = str(text.tokens[i].value).lower()
    return led and not over and len(said.split()) > 2 and not said.startswith(("system", "assistant"))


def _asks_else(text: Text, i: int) -> bool:
    """Whether a word asks for something else than what is quoted: not "please run that"."""
    return asks(text, i) and text.word(i + 1) not in ("it", "that", "this")


_SAID = frozenset({"said", "wrote", "told", "was", "were", "had"})


def _nothing_of(said: str) -> str:
    return f"what is quoted changes nothing: '{' '.join(said.split())[:60]}'"


def _around_quote(text: Text, i: int) -> list[int]:
    """Return a quote and the words that say whose it is; nothing where nobody is said to have said it."""
    first = i
    while first > 0 and i - first < 14 and not _ends_saying(text, first - 1, i):
        first -= 1
    if not _says(text, first, i):
        return []
    own = any(asks(text, k) for k in range(first, i))
    if own and _is_written(text, i):
        return []
    return _kept_of(text, max(first, i - 3) if own else first, i, own=own)


def _kept_of(text: Text, first: int, i: int, *, own: bool) -> list[int]:
    """Return what of the words around a quote goes with it; beside an order only what says so."""
    kinds = {"word", "mark", "quote", "number"} | (set() if own else {"place"})
    kept = [k for k in range(first, _end_of_saying(text, i)) if text.tokens[k].kind in kinds]
    return [k for k in kept if not own or k == i or text.lexicon.has(text.tokens[k].text, "told.saying")]


def _is_written(text: Text, i: int) -> bool:
    """Whether a quote stands on a thing: "find signs that say "no entry""."""
    return text.match(f"'that|'which {_WRITTEN}", i - 2) is not None


_WRITTEN = "'say|'says|'read|'reads|'show|'shows"


def _says(text: Text, first: int, i: int) -> bool:
    """Whether words before a quote say that somebody has said it, and name nothing by it."""
    before = [text.tokens[k].text if text.tokens[k].kind != "quote" else "" for k in range(first, i)]
    document = text.match("mode.document", max(first, i - 3)) is not None
    set_ = i and any(c.startswith("slots.") and c.endswith(".nouns") for c in text.classes[i - 1])
    named = set_ or word_list("reports.naming") & set(before[-1:])  # "in the project 'gum'"
    return not named and (document or not text.lexicon.classes["told.saying"].isdisjoint(before))


def _end_of_saying(text: Text, i: int) -> int:
    """Return where the words behind a quote that go with it end; few may, and none that ask."""
    last = i + 1
    while (
        last < len(text.tokens)
        and text.tokens[last].kind == "word"
        and text.tokens[last].text not in ("but", "so", "and", "then")
    ):
        last += 1
    return i + 1 if last - i > 6 or any(asks(text, k) for k in range(i + 1, last)) else last


def _ends_saying(text: Text, k: int, i: int) -> bool:
    token = text.tokens[k]
    if token.kind == "mark":
        return token.text in ".!?;(" or (token.text in ",:" and k < i - 1)
    return token.text in ("but", "so")


def asks(text: Text, i: int) -> bool:
    """Whether a word asks for something to be run, found or used."""
    led = i > 0 and text.tokens[i - 1].kind == "word"
    if (
        text.tokens[i].text == "run"
        and led
        and not text.lexicon.has(text.tokens[i - 1].text, "told.before_run")
    ):
        return False  # "the old run"
    classes = (c for c in text.classes[i] if c.startswith("actions."))
    return any(c.endswith(".base") or c in ("actions.words.find", "actions.words.apply") for c in classes)


def is_name(text: Text, i: int) -> bool:
    """Whether a word is written as names are."""
    return text.ledger.original[text.tokens[i].start : text.tokens[i].end].istitle()


def take_heard(text: Text) -> list[str]:
    """Account for what others, documents and programs say without quotes: "the README says to use fp16"."""
    notes = []
    for match in text.phrases("report.heard"):
        if not _is_heard(text, match):
            continue
        end = _end_of_said(text, match)
        if _is_passed_on(text, match, range(match.end, end)):
            text.ledger.claim("courtesy", [i for i in match.tokens() if text.word(i) != "to" and not asks(text, i)])
            notes.append(f"'{text.ledger.said(match.tokens())}' says whose wish it is")
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
    """Whether what somebody says is all that is asked for: "my boss says to train X on D"."""
    around = [i for i in range(len(text.tokens)) if i not in said and i not in match.tokens()]
    other = any(asks(text, i) for i in around) or text.has_kind(around, "place", "job", "name")
    document = text.holds(match.tokens(), "grammar.mode.document") or text.has_kind(match.tokens(), "document")
    words = text.words(match.tokens())
    letter = not _LETTERS.isdisjoint(words)
    orders = (letter or not _PASSING.isdisjoint(words)) and _NOBODY.isdisjoint(words)
    begins = next((i for i in (match.end - 1, *said) if text.word(i) not in _LEADING | _PASSING), said.stop)
    order = asks(text, begins) or text.word(begins) in _OF_DATA
    whole = order and text.has_kind(said, "place", "job")
    you = text.word(begins - 1) in ("you", "we")  # "everyone says you train on X"
    return (letter or not document) and orders and whole and not (you or other)


_NOBODY = frozenset({"assistant", "tool", "system", "agent", "bot", "admin", "administrator", "nobody", "who", "it"})
"""Whose word passes no wish of a person on."""
_LETTERS = frozenset({"note", "notes", "letter", "postcard", "mail", "email", "e-mail", "message"})
"""What people write to one another."""
_PASSING = frozenset({"says", "said", "say", "told", "wrote", "writes", "asks"})
_OF_DATA = frozenset({"split", "divide", "convert", "check", "validate"})
_LEADING = frozenset({":", "me", "to", "that", "please", "ask", "you", "we", "should", "must"})
"""What may stand between who says something and the order: not "he said he would train X"."""


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


def _weighs(text: Text, tokens: list[int]) -> bool:
    """Whether a question is about a number of a run: "is 50 epochs too much?"."""
    return any(
        text.tokens[i].kind == "number"
        and any(
            c.startswith("slots.") and c.endswith(".nouns")
            for k in (i - 2, i - 1, i + 1) if k in tokens for c in text.classes[k]
        )
        for i in tokens
    )  # fmt: skip


def take_questions(text: Text, clauses: Clauses) -> list[str]:
    """Account for sentences that ask something of us and request no run."""
    notes = []
    for clause in clauses.all:
        if clause.mode is Mode.QUESTION and text.ledger.free(clause.first):
            tokens = text.unclaimed(_asked(text, clauses, clause))
            if _weighs(text, tokens):
                text.ledger.claim("unread", tokens)
                continue
            if _is_taken_up(text, clauses, clause):
                text.ledger.claim("question", _opening(text, tokens))
                continue
            text.ledger.claim("question", tokens)
            notes.append(f"'{text.ledger.said(tokens)}' is a question, and nothing of it is run")
    return notes


def _asked(text: Text, clauses: Clauses, clause: Clause) -> range:
    """Return the tokens of a question: its sentence, or the clause that ends one: "train X, is that ok?"."""
    sentence = clauses.sentence(clause.first)
    if clause.first == sentence.start:
        return sentence
    return range(next(i for i in range(clause.first, clause.end) if text.kind(i) != "mark"), clause.end)


def _is_taken_up(text: Text, clauses: Clauses, clause: Clause) -> bool:
    """Whether what a question speaks of is what the next sentence orders: "... on X? Evaluate it there"."""
    held = {text.tokens[i].kind for i in clauses.sentence(clause.first)} & _OBJECTS
    behind = clauses.sentences.get(clause.sentence + 1, range(0))
    words = [text.tokens[i].text for i in behind]
    named = {text.tokens[i].kind for i in behind} & _OBJECTS
    back = not {"it", "there", "them", "that", "these", "those"}.isdisjoint(words)
    bare = words[:1] == ["please"] and sum(text.tokens[i].kind == "word" for i in behind) == 2
    bare |= text.word(clause.first) == "where" and text.holds(behind, "actions.words.find")
    return bool(held) and (back or bare) and held.isdisjoint(named) and any(asks(text, i) for i in behind)


_OBJECTS = frozenset({"place", "job"})
"""What an order is about, and a question before it may name in its stead."""


def _opening(text: Text, tokens: list[int]) -> list[int]:
    """Return the words with which a question begins: "how well does"."""
    asking = ("grammar.mode.question", "grammar.free.glue", "grammar.free.adverb", "grammar.free.adjective")
    end = next((n for n, i in enumerate(tokens) if not text.within(i, *asking)), len(tokens))
    words = tokens[:end]
    return [i for n, i in enumerate(words) if n == 0 or not text.within(i, "grammar.group.det")]
