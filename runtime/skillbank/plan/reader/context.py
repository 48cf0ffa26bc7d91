"""Clauses that change nothing: they tell, give a reason, or say when what comes of a run is wanted.

What stands in them and could mean something for a run is left to be asked about.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.plan.reader.background import background
from skillbank.plan.reader.bounding import is_measured
from skillbank.plan.reader.clauses import Clause, Clauses, Mode
from skillbank.plan.reader.deeds import told_clauses
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import phrases, word_list
from skillbank.plan.reader.purposes import PURPOSE, UNITS_OF_TIME, purpose_of
from skillbank.plan.reader.telling import Teller
from skillbank.plan.reader.wording import is_month, is_participle, of

__all__ = ["covered_by", "take_context"]

_FREE = frozenset((
    "grammar.free.glue", "grammar.free.light", "grammar.free.noun", "grammar.free.adverb",
    "grammar.courtesy.words",
    "grammar.group.det", "grammar.group.it", "grammar.free.adjective", "grammar.order.repeat",
    "places.data.nouns",
))  # fmt: skip

_VALUES = frozenset({"place", "image", "range", "percent", "pair", "flag", "key", "size", "job"})


def covered_by(text: Text, listed: frozenset[str]) -> set[int]:
    """Return the tokens that phrases without meaning for a run cover; a noun that is a value here has one."""
    covered: set[int] = set()
    for i, spans in enumerate(text.spans):
        for span in spans if not _is_said_here(text, i, listed) else ():
            if not _FREE.isdisjoint(span.classes) and all(map(text.ledger.free, range(i, span.end))):
                covered.update(range(i, span.end))
    return covered


def _is_said_here(text: Text, i: int, listed: frozenset[str]) -> bool:
    """Whether a word that means nothing elsewhere does here: a value, the month, "zip it"."""
    word = text.tokens[i].text
    value = word in listed and text.within(i, "grammar.free.noun") and not text.within(i, "places.data.nouns")
    deed = text.within(i, "grammar.mode.technical") and text.within(i + 1, "grammar.group.it")
    return value or deed or (word == "may" and is_month(text, i))


def take_context(text: Text, clauses: Clauses, known: frozenset[str], listed: frozenset[str]) -> list[str]:
    """Account for clauses that give a reason or tell something, and for what something is for.

    Parameters
    ----------
    known
        Words of the spec keys of the steps: what holds one of them could mean something for a run.
    listed
        Words that those keys list as values: what something is for ("for instance segmentation") may be one.
    """
    covered = frozenset(covered_by(text, listed))
    teller = clauses.teller.knowing(known)
    told = frozenset(told_clauses(text, clauses, teller))
    notes = list(_take_events(text))
    for clause in clauses.all:
        open_ = _open_in(text, clause, covered)
        said = _says(text, clauses, teller, clause, open_, told=clause in told) if open_ else None
        purpose = purpose_of(text, clause, open_, known, listed) if open_ and said is None else []
        if tokens := purpose or (open_ if said is not None else []):
            text.ledger.claim("context", tokens, PURPOSE if purpose else None)
            notes += [f"'{text.ledger.said(tokens)}' {said or _FOR}"] if said != _NOTHING else []
    return notes + list(_take_background(text, clauses, teller, covered))


_NOTHING = ""
_FOR = "is taken as what it is for, and changes nothing"


def _open_in(text: Text, clause: Clause, covered: frozenset[int]) -> list[int]:
    """Return the words of a clause that nothing accounts for; none where one of them is a value."""
    free = text.unclaimed(range(clause.first, clause.end))
    open_ = [i for i in free if i not in covered and text.kind(i) != "mark"]
    return [] if text.has_kind(open_, *_VALUES) else open_


def _says(
    text: Text, clauses: Clauses, teller: Teller, clause: Clause, open_: list[int], *, told: bool
) -> str | None:
    """Return what is to be said of a clause that changes nothing; None where it may change something."""
    if _is_of_excluded(text, clause):
        return _NOTHING
    if _is_timed_reason(text, clause, open_):
        return "says what it is for, and puts nothing off"
    if told and _is_told(text, teller, clause, open_):
        return "is taken as told, and changes nothing"
    return _FOR if _is_learnt(text, teller, clause, open_) or _is_cause(text, clauses, clause) else None


def _take_events(text: Text) -> Iterator[str]:
    """Account for when what comes of a run is wanted; yield a sentence for each."""
    for match in text.phrases("bound.events"):
        text.ledger.claim("context", match.tokens())
        yield f"'{text.ledger.said(match.tokens())}' says when it is wanted, and puts nothing off"


def _take_background(text: Text, clauses: Clauses, teller: Teller, covered: frozenset[int]) -> Iterator[str]:
    """Account for what stands beside a request and can change no run; yield a sentence for each part."""
    for said in background(text, clauses, teller, covered):
        text.ledger.claim("context", said)
        if not all(text.within(i, "grammar.courtesy.words", "grammar.free.adverb") for i in said):
            yield f"'{text.ledger.said(said)}' is taken as told, and changes nothing"


def _is_of_excluded(text: Text, clause: Clause) -> bool:
    """Whether a clause says why something is not meant: "A, not B, that one has the broken boxes"."""
    first = next((i for i in range(clause.first, clause.end) if text.kind(i) != "mark"), clause.first)
    before = next((i for i in range(first - 1, -1, -1) if text.kind(i) != "mark"), -1)
    said = text.match("'that|'this 'one? 'has|'is|'had|'was", first) is not None
    return said and text.owner(before) in ("excluded", "refused")


def _speaks_of_model(text: Text, clause: Clause, open_: list[int]) -> bool:
    """Whether a clause calls a job's model by another name: "what does MODEL of JOB reach?"."""
    called = not word_list("background.models").isdisjoint(text.words(open_))
    return called and "job" in text.owners(range(clause.first, clause.end))


def _is_told(text: Text, teller: Teller, clause: Clause, open_: list[int]) -> bool:
    """Whether a clause that tells holds nothing of a run, but for the place whose data it tells of."""
    held = text.owners(range(clause.first, clause.end)) & _WEIGHTY
    held -= {"action"} if _is_repeated(text, clause) else set()
    past = teller.is_history(clause.first, clause.end)
    if held - {"place"} or _may_limit(text, clause, open_, past=past):
        return False
    data = all(text.within(i, "places.data.put") or _counts(text, i) for i in open_)
    return not held or data or (past and not teller.weigh(open_))


def _may_limit(text: Text, clause: Clause, open_: list[int], *, past: bool) -> bool:
    """Whether a clause that tells may limit a run all the same, put it off or speak of its model."""
    return (
        _speaks_of_model(text, clause, open_)
        or any(_limits(text, i) for i in open_)
        or _judges_a_part(text, clause)
        or (not past and _bounds(text, clause))
        or _is_put_off(text, clause, open_)
    )


def _judges_a_part(text: Text, clause: Clause) -> bool:
    """Whether a clause says what some of the data are or lack: "the night pictures are unusable".

    Which are left out then is for the person to say; how they were made ("were taken by boat") says nothing.
    """
    parts = (
        text.match(source, i, clause.end)
        for source in phrases("unread.part")
        for i in range(clause.first, clause.end)
    )
    found = next((part for part in parts if part is not None), None)
    if found is None:
        return False
    tokens = range(clause.first, clause.end)
    states = [k for k in tokens if text.word(k) in _STATING]
    return any(not is_participle(text.word(k + 1)) for k in states)


_STATING = of("be", "having") | {"was", "were", "had"}
_OWING = of("deontic") | {"has", "have", "need", "needs"}
"""Words of duty: what has to be there by Monday bounds a run, and not what somebody hopes for by then."""


def _bounds(text: Text, clause: Clause) -> bool:
    """Whether a clause tells what bounds a run: "we only have 3 hours", "every fifth is for validation"."""
    within = range(clause.first, clause.end)
    owing = _OWING.intersection(text.words(text.sentence(clause.first)))
    sources = (*phrases("bound.always"), *(phrases("bound.owed") if owing else ()))
    found = (text.match(source, i, clause.end) for source in sources for i in within)
    bound = any(m is not None and (not m.tokens("had") or _is_left(text, m.end)) for m in found)
    return bound or is_measured(text, within)


def _is_left(text: Text, end: int) -> bool:
    """Whether a time that somebody has is that of the run: "3 hours left", but not "3 hours of footage"."""
    return text.kind(end) in ("", "mark") or text.word(end) in ("left", "time", "only", "for", "to", "until")


def _is_put_off(text: Text, clause: Clause, open_: list[int]) -> bool:
    """Whether a reason says when something is to run: "so that it runs on Monday"."""
    tokens = range(clause.first, clause.end)
    runs = "it" in text.words(tokens) and text.holds(tokens, *_STARTING)
    return clause.mode is Mode.REASON and runs and text.holds(open_, _SCHEDULE)


def _is_timed_reason(text: Text, clause: Clause, open_: list[int]) -> bool:
    """Whether a clause of reason only tells when somebody does something: "so we can show it on Monday".

    When a run or what it leaves is to start, run or be ready is asked about.
    """
    tokens = range(clause.first, clause.end)
    runs = text.owners(tokens) & _WEIGHTY or text.holds(tokens, *_STARTING)
    theirs = not {"i", "we", "they"}.isdisjoint(text.words(tokens)) and "it" not in text.words(tokens)[:4]
    timed = theirs and text.holds(open_, _SCHEDULE) and _are_times(text, open_)
    return clause.mode is Mode.REASON and timed and not runs


def _are_times(text: Text, tokens: list[int]) -> bool:
    """Whether all words of some stand in phrases of times."""
    timed = {k for i in tokens for end in text.ends(i, _SCHEDULE) for k in range(i, end)}
    return timed.issuperset(tokens)


_SCHEDULE = "grammar.mode.schedule"
_STARTING = ("actions.words.apply", "actions.words.launch", "actions.words.begin", "actions.words.resume")


def _is_learnt(text: Text, teller: Teller, clause: Clause, open_: list[int]) -> bool:
    """Whether a clause says what somebody wants to learn from a run: "to see whether the labels are good"."""
    first = clause.first
    asks = text.word(first) in ("whether", "if", "how", "what", "that")
    held = text.owners(range(clause.first, clause.end)) & _WEIGHTY
    verb = next((k for k in (first - 1, first - 2) if text.word(k) in of("learning", "curious")), 0)
    led = text.word(verb - 1) == "to" or (text.word(verb - 1) in ("i", "we") and text.word(verb - 2) == "so")
    rest = range(first + 1, clause.end)
    return asks and verb > 0 and led and (_is_set_again(text, clause) if held else not teller.weigh(rest))


def _is_set_again(text: Text, clause: Clause) -> bool:
    """Whether all that a clause holds is set behind it: "to see whether bf16 will do, train X in bf16"."""
    tokens = range(clause.first, clause.end)
    values = [c for c in text.ledger.of("value") if c.first in tokens]
    behind = {
        (c.value.slot, c.value.key, c.value.value) for c in text.ledger.of("value") if c.first >= clause.end
    }
    again = all((c.value.slot, c.value.key, c.value.value) in behind for c in values)
    return text.owners(tokens) & _WEIGHTY == {"value"} and again


def _is_cause(text: Text, clauses: Clauses, clause: Clause) -> bool:
    """Whether a clause is but the cause of what is told of the past: "it crashed because of memory"."""
    sentence = clauses.sentence(clause.first)
    over = clauses.history().issuperset(range(sentence.start, clause.first)) and sentence.start < clause.first
    cause = text.match("'because|'due|'owing|'thanks 'of|'to", clause.first) is not None
    return over and cause and not text.owners(sentence) & _WEIGHTY


def _is_repeated(text: Text, clause: Clause) -> bool:
    """Whether what a clause before a colon speaks of is asked for behind it: "we want numbers: evaluate"."""
    actions = text.ledger.of("action")
    inside = [c for c in actions if clause.first <= c.first < clause.end]
    behind = {c.value.action for c in actions if c.first >= clause.end}
    return text.word(clause.end) == ":" and all(c.value.action in behind for c in inside)


def _counts(text: Text, i: int) -> bool:
    """Whether a word only says how many pictures or classes there are: "1,250 pictures with 3 classes"."""
    of_data = ("places.data.nouns", "slots.captions.nouns", "slots.captions.told", "told.members")
    number = text.tokens[i].kind == "number" and not text.within(i + 1, *UNITS_OF_TIME)
    chosen = text.lexicon.has(text.tokens[i].text, "told.choosing")
    described = text.is_plain(i) and not chosen and text.within(i + 1, "places.data.nouns")
    return number or described or text.within(i, *of_data)


def _limits(text: Text, i: int) -> bool:
    """Whether a word takes a part of what is named: "only with those that", "the last one excluded"."""
    then = text.word(i + 1)
    excluded = text.word(i) in ("excluded", "excepted", "included") and text.kind(i + 1) in ("", "mark")
    return excluded or (
        text.within(i, "grammar.operator.only")
        and (then in of("prepositions") or then in ("those", "these", "the", "ones"))
    )


_WEIGHTY = frozenset({"value", "place", "action", "captions", "policy", "find"})
