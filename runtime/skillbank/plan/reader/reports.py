"""What a text reports: what others, documents and programs say, what has been done, what is asked of us."""

from __future__ import annotations

from skillbank.plan.reader.clauses import Clauses, Mode
from skillbank.plan.reader.lexicon import word_list
from skillbank.plan.reader.matching import Text

__all__ = ["asks", "is_name", "take_heard", "take_questions", "take_reports"]


_OTHERS = (
    "group.det|@name|~word|'of|'in|'for|'from|'at|free.noun|free.adjective|places.data.nouns|"
    "mode.document|@document|@place|mode.somebody"
)


_HEARD = (
    "group.det|free.adjective|@name|'last|~word|places.data.nouns* mode.document|@document "
    f"{_OTHERS}* mode.saying|'was|'were|'is ':|'that|'to|'we|'you|'use|'train|'i|~word|"
    "policy.search.nouns|operator.not",
    "group.det* free.adjective|~word* mode.somebody free.adverb|'always* mode.saying",
    "who=~word 'says|'said|'thinks|'claims|'recommends|'recommended|'suggests|'suggested|"
    "'wrote|'believes|'insists",
    "'readme|'skill.md|'readme.md|'changelog|'notes.txt ':",
    "'i|'we 'have|'also? 'heard|'read 'that|'somewhere|'on|'in+",
    f"'according 'to {_OTHERS}+",
    "'system|'assistant|'tool|'console|'program|'error|'warning|'log|'logs|'stderr|'stdout|"
    "'traceback 'override|'output|'log|'message|'prompt|'line? ':",
    "mode.document 'from|'in|'of group.det? ~word|places.data.nouns|free.noun ':",
)


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
    before = [text.tokens[k].text if text.tokens[k].kind != "quote" else "" for k in range(first, i)]
    if text.lexicon.classes["told.saying"].isdisjoint(before) and not text.match(
        "mode.document", max(first, i - 3)
    ):
        return []
    set_ = i > 0 and any(
        c.startswith("slots.") and c.endswith(".nouns") for s in text.spans[i - 1] for c in s.classes
    )
    if set_ or word_list("reports.naming") & set(before[-1:]):
        return []  # "in the project 'gum'"
    own = any(asks(text, k) for k in range(first, i))
    last = i + 1
    while (
        last < len(text.tokens)
        and text.tokens[last].kind == "word"
        and text.tokens[last].text not in ("but", "so", "and", "then")
    ):
        last += 1
    if any(asks(text, k) for k in range(i + 1, last)) or last - i > 6:
        last = i + 1
    kept = [
        k
        for k in range(i - 3 if own else first, last)
        if k >= first
        and text.tokens[k].kind in ("word", "mark", "quote", "number", *(() if own else ("place",)))
    ]
    return [k for k in kept if not own or k == i or text.lexicon.has(text.tokens[k].text, "told.saying")]


def _ends_saying(text: Text, k: int, i: int) -> bool:
    token = text.tokens[k]
    if token.kind == "mark":
        return token.text in ".!?;(" or (token.text in ",:" and k < i - 1)
    return token.text in ("but", "so")


def asks(text: Text, i: int) -> bool:
    """Whether a word asks for something to be run, found or used."""
    if (
        text.tokens[i].text == "run"
        and i
        and text.tokens[i - 1].kind == "word"
        and not text.lexicon.has(text.tokens[i - 1].text, "told.before_run")
    ):
        return False  # "the old run"
    return any(
        c.endswith(".base") or c in ("actions.words.find", "actions.words.apply")
        for s in text.spans[i]
        for c in s.classes
        if c.startswith("actions.")
    )


def is_name(text: Text, i: int) -> bool:
    """Whether a word is written as names are."""
    return text.ledger.original[text.tokens[i].start : text.tokens[i].end].istitle()


def take_heard(text: Text) -> list[str]:
    """Account for what others, documents and programs say without quotes: "the README says to use fp16"."""
    notes = []
    for source in _HEARD:
        for match in text.find(source):
            end = _end_of_hearsay(text, match.end)
            tokens = [i for i in range(match.first, end) if text.ledger.free(i)]
            if match.tokens("who") and (
                text.tokens[match.first].text in ("i", "we", "you", "it") or not is_name(text, match.first)
            ):
                continue
            waits = any(
                text.within(k, "grammar.mode.condition", "grammar.mode.order")
                for k in range(max(0, match.first - 4), match.first)
            )
            if waits or text.tokens[match.end - 1].text in word_list("telling.relevant"):
                continue  # "as soon as Ines says so", "a short mail is enough"
            held = [i for i in tokens if text.tokens[i].kind in ("place", "job")]
            if held and not any(text.tokens[i].kind == "word" for i in range(match.end, end)):
                continue  # "the output: s3://b/out"
            text.ledger.claim("report", tokens)
            notes.append(
                f"what others say changes nothing: '{' '.join(text.ledger.said(tokens).split())[:80]}'"
            )
    return notes


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
            for k in (i - 2, i - 1, i + 1) if k in tokens for span in text.spans[k] for c in span.classes
        )
        for i in tokens
    )  # fmt: skip


def take_questions(text: Text, clauses: Clauses) -> list[str]:
    """Account for sentences that ask something of us and request no run."""
    notes = []
    for clause in clauses.all:
        if clause.mode is Mode.QUESTION and text.ledger.free(clause.first):
            tokens = [i for i in clauses.sentence(clause.first) if text.ledger.free(i)]
            if _weighs(text, tokens):
                text.ledger.claim("unread", tokens)
                continue
            text.ledger.claim("question", tokens)
            notes.append(f"'{text.ledger.said(tokens)}' is a question, and nothing of it is run")
    return notes
