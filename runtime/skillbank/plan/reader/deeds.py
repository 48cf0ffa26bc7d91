"""The clauses of a text that tell something, and what has been done in them, whatever it sounds like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from skillbank.plan.reader.clauses import Clause, Clauses, Mode
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS
from skillbank.plan.reader.telling import Teller
from skillbank.plan.reader.wording import of

__all__ = ["mark_told", "take_deeds", "told_clauses", "told_words"]

_PAST = tuple(f"actions.{a}.past" for a in ACTIONS)
_BASE = tuple(f"actions.{a}.{form}" for a in ACTIONS for form in FORMS if form != "past")
_FINDS = "actions.words.find"
_DEEDS = (
    *_PAST, *_BASE, *(f"actions.{a}.nouns" for a in ACTIONS), _FINDS, "actions.words.found_in",
    "actions.words.metric",
)  # fmt: skip
_MADE = ("actions.words.engine", "actions.words.onnx")
_OF_RUNS = (
    "policy.search.nouns", "policy.search.weak", "policy.search.doings", "places.roles", "slots.precision",
    "places.weights.before", "grammar.mode.approval", "grammar.group.it", "grammar.mode.defer",
    "grammar.operator.not",
)  # fmt: skip


_TELLING = frozenset({"told", "report", "context"})
_OPENING = _TELLING | {"courtesy", "question"}
"""What may stand before a heading: nothing of it says what is to be run."""
_ENDS = ("\n", "(", ")")
"""What a clause begins with that does not go on with the one before it."""
_ASKING = ("action", "find", "captions", "policy", "value")


def told_clauses(text: Text, clauses: Clauses, teller: Teller) -> list[Clause]:
    """Return the clauses that tell something, those that lead to one in its sentence among them."""
    found, waiting = list[Clause](), list[Clause]()
    opening, before, asked = True, False, False
    for clause in clauses.all:
        first, end = clause.first, clause.end
        begins = first == clauses.sentence(first).start
        waiting = [] if begins else waiting
        if (kinds := _read_as(text, clause)) is not None:
            before |= bool(kinds) and kinds <= _TELLING
            asked |= not kinds <= _OPENING
        elif teller.is_empty(first, end):
            waiting += [clause] if teller.leads(first, end) else []
        else:
            leads = (begins or waiting) and teller.leads(first, end)
            after = before and not begins and text.tokens[first].text not in _ENDS
            heads = opening and _can_head(text, teller, clause, begins=begins, asked=asked)
            before = teller.tells(first, end, after=after, opening=heads)
            if before:
                found, waiting = [*found, *waiting, clause], []
            elif leads:
                waiting = [*waiting, clause]
            opening &= before
    return found


def _can_head(text: Text, teller: Teller, clause: Clause, *, begins: bool, asked: bool) -> bool:
    """Whether a clause can be a heading; one behind what is asked for stands apart."""
    return not asked or (begins and _is_apart(text, teller, clause))


def _is_apart(text: Text, teller: Teller, clause: Clause) -> bool:
    """Whether a clause behind what is asked for can be a heading: "Export it. Gravel pit, north side."."""
    words = [i for i in range(clause.first, clause.end) if text.tokens[i].kind != "mark"]
    return len(words) > 1 and not teller.weigh(words)


def _read_as(text: Text, clause: Clause) -> set[str] | None:
    """Return the kinds of the claims that have all words of a clause; None where some are open."""
    tokens = range(clause.first, clause.end)
    if any(text.tokens[i].kind != "mark" for i in text.unclaimed(tokens)):
        return None
    return text.owners(tokens)


def told_words(text: Text, clauses: Clauses) -> frozenset[int]:
    """Return the tokens of clauses that give a reason, or tell in sentences that ask for nothing."""
    teller = clauses.teller
    told = [
        c
        for c in told_clauses(text, clauses, teller)
        if teller.has_verb(c.first, c.end) and not any(_asks(text, i) for i in clauses.sentence(c.first))
    ]
    told += [c for c in clauses.all if c.mode is Mode.REASON and teller.has_verb(c.first, c.end)]
    return frozenset(i for c in told for i in range(c.first, c.end))


def mark_told(text: Text, clauses: Clauses) -> None:
    """Mark the places of clauses that have a subject and a verb, and say nothing of what is to be done."""
    teller, wishes, told, before = clauses.teller, of("deontic", "wants", "modals"), set[int](), -1
    for c in clauses.all:
        goes_on = before == c.sentence and not teller.orders(c.first, c.end)
        asks = any(text.tokens[k].text in wishes or _asks(text, k) for k in range(c.first, c.end))
        tells = not asks and (goes_on or teller.has_verb(c.first, c.end))
        told.update(range(c.first, c.end) if tells else ())
        before = c.sentence if tells else -1
    # Where a list goes on whose first place is asked for: "everything under A and B is for training".
    listed = -1
    for claim in text.ledger.of("place"):
        if any(i in told and text.tokens[i].kind == "place" for i in claim.tokens) and claim.first != listed:
            text.ledger.replace(claim, "place", replace(claim.value, told=True))
        elif text.tokens[claim.last].text in ("and", ",", "plus", "&", "+"):
            listed = claim.last + 1


def _asks(text: Text, i: int) -> bool:
    return text.owner(i) in _ASKING


def take_deeds(text: Text, clauses: Clauses) -> list[str]:
    """Account for what has been done with a model, and for what others do: "I teach biology"."""
    notes = []
    for said, kind in [*_done(text), *_told(text, clauses)]:
        if free := text.unclaimed(said):
            text.ledger.claim(kind, free)
            notes.append(f"'{text.ledger.said(free)}' is taken as told, and changes nothing")
    return notes


def _done(text: Text) -> Iterator[tuple[list[int], str]]:
    """Yield what is said to have been done with data: "which was trained on X"."""
    for match in text.find(
        "'which|'that|'who 'was|'were|'is|'has|'have|'had|'i|'we* 'been? free.adverb* "
        f"{'|'.join(_PAST)} 'on|'with|'using|'for|'from free.glue|places.data.nouns* @place|@number"
    ):
        yield match.tokens(), "report"


def _told(text: Text, clauses: Clauses) -> Iterator[tuple[list[int], str]]:
    """Yield the clauses that tell, in words of actions, what somebody does or has done."""
    told = told_clauses(text, clauses, clauses.teller)
    inside = [range(c.first, c.end) for c in told if _has_verb(text, clauses.teller, c)]
    inside = [tokens for tokens in inside if not any(text.begins(_WISHING, i) for i in tokens)]
    outside = sorted(set(text.own_words()).difference(*inside))
    asked = text.holds(outside, *_DEEDS[:-2])
    seeks = text.holds(outside, _FINDS)
    inferring = not seeks and text.holds(outside, "actions.inference.nouns")
    for tokens in inside:
        if any(text.within(i, *_PAST) and not text.within(i, *_BASE) for i in tokens):
            yield [i for i in tokens if text.tokens[i].kind not in ("job", "name")], "report"
        elif asked and _is_talk(text, tokens, outside, inferring=inferring):
            yield list(tokens), "told"


_WISHING = ("'i|'we 'would|'do 'like|'love|'want|'need|'prefer", "'i|'we 'want|'need|'wish")
"""What no clause holds that only tells: "for the Thursday demo I would like an X trained on P"."""


def _has_verb(text: Text, teller: Teller, clause: Clause) -> bool:
    finding = text.within(clause.first, _FINDS) and text.tokens[clause.first].text.endswith("ing")
    return finding or teller.has_verb(clause.first, clause.end)


def _is_talk(text: Text, tokens: range, outside: list[int], *, inferring: bool) -> bool:
    """Whether words of actions in a clause that tells are no part of what is asked for beside it."""
    made = [w for w in _MADE if text.holds(tokens, w)]
    again = all(text.holds(outside, w) for w in made)
    finds = inferring and text.holds(tokens, _FINDS)
    named = bool(made) or text.holds(tokens, *_DEEDS)
    return named and again and not finds and not any(_is_of_run(text, i) for i in tokens)


def _is_of_run(text: Text, i: int) -> bool:
    """Whether a token speaks of a run: a place, a number, a name, its data's role, a search."""
    return text.tokens[i].kind not in ("word", "mark") or any(c.startswith(_OF_RUNS) for c in text.classes[i])
