"""What a text reports: what others, documents and programs say, what has been done, what is asked of us."""

from __future__ import annotations

from skillbank.plan.reader.clauses import Clause, Clauses, Mode
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import word_list

__all__ = ["asks", "take_questions", "take_reports"]


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
        asked = clause.mode is Mode.QUESTION and text.owner(clause.first) in ("", "courtesy")
        if asked and (tokens := text.unclaimed(_asked(text, clauses, clause))):
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
