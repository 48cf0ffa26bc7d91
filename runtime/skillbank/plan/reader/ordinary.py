"""Clauses all of whose words are ordinary ones: what nothing was understood of is asked about."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.plan.reader.clauses import Clause, Clauses
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS, word_list
from skillbank.plan.reader.wording import of

__all__ = ["said_alone"]

_SUBSTANCE = ("grammar.free.noun", "grammar.free.adjective", "grammar.free.light", "places.data.nouns")
"""Words that mean nothing beside what was understood; a clause of nothing else says something by itself."""


def said_alone(text: Text, clauses: Clauses) -> Iterator[list[int]]:
    """Yield the words of each clause of which nothing was understood: ", quantized first".

    One that tells something by its subject, and what goes on with it, is none; nor is a head before a colon.
    """
    told: set[int] = set()
    asked = {c.sentence for c in clauses.all if text.owners(range(c.first, c.end)) & _ASKED - {"action"}}
    for clause in clauses.all:
        said = [i for i in range(clause.first, clause.end) if text.kind(i) != "mark"]
        if not said:
            continue
        if clauses.teller.is_history(clause.first, clause.end) and not _is_done(text, said):
            told.add(clause.sentence)
        if text.owners(said) & (_ASKED | {"question"}) or text.within(said[0], "grammar.operator.not"):
            continue
        if _chooses(text, said):
            yield said
        elif _tells(text, clauses, said, goes_on=clause.sentence in told):
            told.add(clause.sentence)
        elif _is_alone(text, clause, said, beside=clause.sentence in asked):
            yield said


def _is_alone(text: Text, clause: Clause, said: list[int], *, beside: bool) -> bool:
    """Whether a clause without a subject says something that nothing has understood."""
    return (_is_done(text, said) or _is_free(text, said, beside)) and _says_something(text, clause, said)


def _tells(text: Text, clauses: Clauses, said: list[int], *, goes_on: bool) -> bool:
    """Whether a clause has a subject, or goes on with one that tells something."""
    first = said[1] if len(said) > 1 and text.within(said[0], *_OPENING) else said[0]
    led = text.within(first, "grammar.group.det") or text.word(first) in word_list("background.heading")
    of_others = led and clauses.teller.has_verb(first, said[-1] + 1)
    return (
        (goes_on and text.word(said[0]) in ("and", "but")) or of_others or _has_subject(text, clauses, said)
    )


def _chooses(text: Text, said: list[int]) -> bool:
    """Whether a clause of nothing but ordinary words takes one of several: "we use the small one"."""
    if len(said) < 3 or not text.owners(said) <= _QUIET:
        return False
    last = text.word(said[-1])
    one = last in ("one", "ones") and text.within(said[-2], "grammar.free.adjective", *_CHOSEN)
    several = last == "both" and not any(len(text.ledger.of(kind)) > 1 for kind in _ASKED)
    taken = text.holds(said[:-1], "grammar.free.light") or not _TAKING.isdisjoint(text.words(said))
    return taken and (one or several)


_QUIET = frozenset({"courtesy", "order"})
_CHOSEN = ("told.choosing", "told.contrasting", "told.sizes")
_TAKING = of("wants") | of("having") | {"go", "went"}


def _is_free(text: Text, said: list[int], beside: bool) -> bool:
    """Whether nothing has the words of a clause, and none of them just names what is: "Second attempt."."""
    names = text.within(said[0], *_NAMING) or text.match(_TRIES, said[0]) is not None
    chooses = text.within(said[0], "grammar.group.det") and text.word(said[-1]) in ("one", "ones")
    return not text.owners(said) and (beside or chooses or not names)


_OPENING = ("grammar.mode.doubt", "grammar.mode.fix", "grammar.free.adverb")
_TRIES = "'second|'third|'fourth|'next|'another|'new 'attempt|'try|'go|'round"
_NAMING = ("grammar.free.noun", "grammar.free.adjective", "grammar.group.det")


def _has_subject(text: Text, clauses: Clauses, said: list[int]) -> bool:
    """Whether one of the first words of a clause is a subject: "it looks fine", but not "hold it"."""
    subjects = (i for i in said[:3] if text.within(i, "grammar.mode.subject"))
    return any(
        not text.within(i, "grammar.group.it", "grammar.group.det")
        or (i < said[-1] and clauses.teller.has_verb(i, said[-1] + 1))
        for i in subjects
    )


_ASKED = frozenset({"action", "value", "place", "policy", "find", "captions", "job", "name", "platform"})
_DONE = tuple(f"actions.{action}.past" for action in ACTIONS)
_IN_A_FORM = f"'with|'from|'on|'using|'of group.det+ {'|'.join(_DONE[1:])} group.model"
"""A model in a form that nothing of the request makes: "with the quantized model"."""


def _is_done(text: Text, said: list[int]) -> bool:
    """Whether a clause says what else is to be done: ", and quantized", "exported first"."""
    first = next((i for i in said if text.word(i) not in ("and", "then", "but")), said[0])
    formed = text.unread().match(_IN_A_FORM, first) is not None
    return formed or (text.within(first, *_DONE) and len(said) < 6)


def _says_something(text: Text, clause: Clause, said: list[int]) -> bool:
    """Whether a clause of ordinary words is not just polite, a head, an adverb, or part of the one before."""
    quiet = {
        i
        for first in said
        for section in ("grammar.courtesy.words", "grammar.free.adverb")
        for end in text.ends(first, section)[:1]
        for i in range(first, end)
    }
    rest = [i for i in said if i not in quiet]
    part = _is_part(text, clause, said)
    lead = text.within(said[-1], "grammar.group.prep")
    weighs = text.holds(rest, *_SUBSTANCE, *_DONE) or not _COUNTING.isdisjoint(text.words(rest))
    return bool(rest) and weighs and not (part or lead)


def _is_part(text: Text, clause: Clause, said: list[int]) -> bool:
    """Whether a clause is the head of what follows it, or a part of the one beside it."""
    head = text.word(clause.end) in (":", "=", ".") and clause.end < len(text.tokens) - 1
    part = not _COPULA.isdisjoint({text.word(said[0]), text.word(said[-1])})
    placed = text.word(clause.end) == "," and text.owner(clause.end + 1) == "place"
    same = text.match("'and 'the 'same", clause.end) is not None  # "one and the same folder, PLACE, for both"
    goes_on = "mark" not in (text.kind(clause.end - 1), text.kind(clause.end) or "mark")
    counted = len(said) == 2 and text.word(said[0]) == "and" and text.owner(said[0] - 1) == "value"
    places = (
        text.word(said[0]) == "both" and text.word(clause.first - 1) == "place" and _are_two(text, clause)
    )
    part = part or same or goes_on or counted or places or (placed and text.within(said[-1], *_SUBSTANCE))
    return head or part


def _are_two(text: Text, clause: Clause) -> bool:
    """Whether two places stand before a clause in its sentence: "A and B, both of them"."""
    before = range(text.sentence(clause.first).start, clause.first)
    return sum(text.kind(i) == "place" for i in before) == 2


_COUNTING = frozenset({"both", "another", "one"})
_COPULA = frozenset({"is", "are", "was", "were", "has", "have", "had"})
