"""What takes an action back: negations before and behind it, what puts it off, what only tells of it."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS, phrase, phrases, word_list
from skillbank.plan.reader.tokens import Claim

__all__ = ["denied", "is_put_off", "is_told_of", "negation_before", "settle_refused", "trailing"]


def trailing(text: Text, at: int) -> list[int]:
    """Return the words that a refusal ends with: "either", "yet", "this time"."""
    told = text.match(phrase("action.spoken_of"), at)
    spoken = told is not None and text.tokens[told.tokens("verb")[0]].text in word_list("refusals.spoken")
    end = told.end if told is not None and spoken else at  # "the export we talked about"
    if end + 1 < len(text.tokens) and text.tokens[end].text in ("anything", "something"):
        end += 1  # "do not export anything yet"
        end = end if text.within(end, "grammar.operator.trailing") else at
    while (
        end < len(text.tokens)
        and (ends := text.ends(end, "grammar.operator.trailing") or text.ends(end, "grammar.mode.later"))
        and all(map(text.ledger.free, range(end, ends[0])))
    ):
        end = ends[0]
    return list(range(at, end))


def denied(text: Text, at: int) -> list[int]:
    """Return the words behind an action that take it back: "is not needed", "nothing"."""
    told_of = phrases("action.denied_of")
    for source in (*told_of, *phrases("action.denied")):
        match = text.match(source, at)
        if match is None:
            continue
        ends = text.kind(match.end) in ("", "mark")
        told = source not in told_of or text.holds(match.tokens(), "told.copula")
        if ends or (told and text.within(match.end, *_BEHIND)):
            return text.unclaimed(match.tokens())
    return []


_BEHIND = (
    "grammar.free.glue", "grammar.operator.trailing", "grammar.free.adverb", "grammar.courtesy.words",
)  # fmt: skip
_PASSED = (
    "grammar.free.glue", "grammar.free.light", "grammar.group.det", "grammar.free.adverb",
    "grammar.operator.or", "grammar.free.noun", "grammar.free.adjective", "grammar.courtesy.words",
)  # fmt: skip
_TAKING_BACK = ("grammar.operator.not", "grammar.operator.instead", "grammar.mode.defer")


def negation_before(text: Text, first: int, at: int) -> list[int]:
    """Return the words that take an action back: a negation in its clause with only free words between."""
    passed: list[int] = []
    for k in range(at - 1, max(at - 9, -1), -1):
        if said := _negation_to(text, first, k):
            return [*said, *passed]
        joined = text.words(range(k + 1, at))
        if text.owner(k) == "refused" and (passed or joined[:1] in _JOINING):
            return passed if not {"or", "nor"}.isdisjoint(joined) else []
        stops = text.tokens[k].kind == "mark" or text.word(k) in ("but", "then", "and", "so")
        if stops or not text.within(k, *_PASSED):
            return []
        passed.append(k)
    return []


def _negation_to(text: Text, first: int, last: int) -> list[int]:
    """Return the words of the longest negation that ends with a token, unless something has them."""
    begins = range(max(0, first, last - 4), last + 1)
    start = next((s for s in begins if any(last + 1 in text.ends(s, c) for c in _TAKING_BACK)), last + 1)
    if text.word(last) in _NOBODY:
        start = last  # "nobody wants an export"
    said = range(start, last + 1)
    return list(said) if all(map(text.ledger.free, said)) else []


_NOBODY = frozenset({"nobody", "noone"})
_JOINING = (["or"], ["nor"], ["and"], [","], ["/"])


def is_put_off(text: Text, first: int, end: int, at: int, *, noun: bool) -> bool:
    """Whether a clause puts an action off or leaves it to somebody: "I will export it myself later"."""
    before = text.words(range(first, at))
    subject = bool(text.lexicon.classes["told.subject"].intersection(before))
    later = text.holds(text.unclaimed(range(first, end)), "grammar.mode.later")
    late = later and (subject or (noun and not _is_started(text, first, end, at)))
    if late or _is_left(before) or _is_open(text, first, at):
        return True
    if not (subject and {"will", "shall"}.intersection(before)):
        return False
    placed = text.has_kind(range(at, end), "place")
    decided = text.holds(range(first, at), "grammar.mode.decide")
    return decided or (noun and not placed and not _PERFORMING.isdisjoint(before))


def _is_started(text: Text, first: int, end: int, at: int) -> bool:
    """Whether a clause orders that something be started on its data: "tomorrow start a training on D"."""
    verbs = text.holds(range(first, at), "actions.words.begin", "actions.words.launch")
    return verbs and text.has_kind(range(at, end), "place")


_PERFORMING = frozenset({"do", "handle", "make", "run", "care", "perform"})


def _is_left(before: list[str]) -> bool:
    """Whether the words right before an action leave it to somebody: "Tom, who exports it"."""
    return before[-2:-1] == ["who"] or before[-2:] in (["will", "we"], ["will", "i"])


def _is_open(text: Text, first: int, at: int) -> bool:
    """Whether it is open whether an action is meant, or it was meant before a "but"."""
    tried = text.holds(range(first, at), "grammar.mode.tried") and _turns(text, at)
    return tried or any(text.tokens[k].text == "whether" for k in text.unclaimed(range(first, at)))


def _turns(text: Text, at: int) -> bool:
    """Whether a text goes on with "but": what stood before it is no longer meant."""
    return any(token.text in ("but", "however") for token in text.tokens[at:])


def _was_job(text: Text, at: int) -> bool:
    """Whether it is said which job an action was: "the training of X was job J"."""
    match = text.match(phrase("action.job"), at - 1) or text.match(phrase("action.job"), at)
    if match is None:
        return False
    job = next((i for i in (match.end, match.end - 1) if text.owner(i) == "job"), None)
    words = text.words(text.ledger.owner[job].tokens) if job is not None else []
    return not {"was", "were", "is"}.isdisjoint(words)


def is_told_of(text: Text, at: int) -> bool:
    """Whether something is told of an action named by a noun: "the training is finished", "it can wait"."""
    marks = (k for k in range(at, len(text.tokens)) if text.tokens[k].kind == "mark")
    end = next((k for k in marks if text.tokens[k].text not in "()"), len(text.tokens))
    match = text.match(phrase("action.happened"), at, end)
    waits = text.holds(text.sentence(at), "grammar.mode.condition", "grammar.mode.order")
    if match is not None and not waits and text.match(phrase("action.permitted"), match.end - 1) is not None:
        return False  # "the training of X may begin"
    if match is None:
        return text.owner(at) == "talk" or _was_job(text, at)
    past = text.within(match.tokens("verb")[0], "grammar.mode.happened")
    rest = [text.tokens[k] for k in range(match.end, end)]
    asks = any(t.text in word_list("refusals.asking") | word_list("judging.leaving") for t in rest)
    return not asks and (past or not any(t.kind in ("place", "number") for t in rest))


_WAITING = frozenset({"wait", "waits", "later", "postponed", "off"})


def settle_refused(text: Text, clauses: Clauses) -> Iterator[str]:
    """Take back what is asked for and refused afterwards; yield what is to be said of it.

    "... and export it. Forget the export" is no export. Where the refusal says more than that, or only that
    it "can wait", which of both holds is for the person to say.
    """
    ledger = text.ledger
    for refused in ledger.of("refused"):
        action = getattr(refused.value, "action", None)
        earlier = [c for c in ledger.of("action") if c.value.action == action and c.first < refused.first]
        if not earlier:
            continue
        if not _is_all(text, clauses, refused):
            ledger.mark("unread", refused.tokens)
            continue
        yield f"'{ledger.said(refused.tokens)}' takes {action} back"
        for each in earlier:
            ledger.replace(each, "refused", each.value)
    yield from _settle_put_off(text)


def _settle_put_off(text: Text) -> Iterator[str]:
    """Leave unread what is put off and asked for as well; yield what is to be said of all else."""
    ledger = text.ledger
    for told in ledger.of("talk"):
        waits = any(text.tokens[i].text in _WAITING for i in told.tokens)
        if waits and any(_is_of(text, told, asked) for asked in ledger.of("action")):
            ledger.mark("unread", told.tokens)
        elif ledger.owner[told.first] is told and text.holds(told.tokens, *_PUTTING_OFF):
            said = [i for i in told.tokens if text.kind(i) != "mark"]
            yield f"'{ledger.said(said)}' is put off, and is not done"
        elif ledger.owner[told.first] is told and _is_of_speaker(text, told):
            said = [i for i in told.tokens if text.kind(i) != "mark"]
            yield f"'{ledger.said(said)}' is taken as told, and is not done"


def _is_of_speaker(text: Text, told: Claim) -> bool:
    """Whether somebody says what they do themselves: "I'll do the export", "so that I can export it"."""
    done = [f"actions.{action}.{form}" for action in ACTIONS for form in (*FORMS, "nouns")]
    return not {"i", "we"}.isdisjoint(text.words(told.tokens)) and text.holds(told.tokens, *done)


_PUTTING_OFF = ("grammar.mode.defer", "grammar.mode.later", "grammar.mode.schedule")


def _is_of(text: Text, told: Claim, asked: Claim) -> bool:
    """Whether what is told speaks of an action that was asked for before it."""
    of_it = [f"actions.{asked.value.action}.{form}" for form in (*FORMS, "nouns")]
    return asked.first < told.first and text.holds(told.tokens, *of_it)


def _is_all(text: Text, clauses: Clauses, refused: Claim) -> bool:
    """Whether the clause of a refusal holds nothing else that could say what is refused."""
    clause = clauses.of(refused.first)
    return all(
        i in refused.tokens
        or text.tokens[i].kind == "mark"
        or (text.ledger.free(i) and text.within(i, "grammar.free.glue", "grammar.free.adverb"))
        or text.owner(i) == "courtesy"
        for i in range(clause.first, clause.end)
    )
