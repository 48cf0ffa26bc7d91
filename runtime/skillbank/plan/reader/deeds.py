"""The clauses of a text that tell something, and what others do in them, whatever it sounds like."""

from __future__ import annotations

from collections.abc import Iterable

from skillbank.plan.reader.clauses import Clause, Clauses
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS
from skillbank.plan.reader.telling import Teller

__all__ = ["take_deeds", "told_clauses"]

_DEEDS = tuple(f"actions.{a}.{f}" for a in ACTIONS for f in ("base", "third", "ing", "past", "nouns"))
_OF_RUNS = (
    "policy.search.nouns", "policy.search.weak", "policy.search.doings", "places.roles", "places.weights.before", "grammar.mode.approval", "slots.precision",
    "grammar.group.it", "grammar.mode.defer", "grammar.operator.not",
)  # fmt: skip


def told_clauses(text: Text, clauses: Clauses, known: frozenset[str]) -> list[Clause]:
    """Return the clauses that tell something, those that lead to one in its sentence among them."""
    teller, found, waiting = Teller(text, known), list[Clause](), list[Clause]()
    opening, before = True, False
    for clause in clauses.all:
        free = [i for i in range(clause.first, clause.end) if text.ledger.free(i)]
        words = any(text.tokens[i].kind != "mark" for i in free)
        begins = clause.first == clauses.sentence(clause.first).start
        waiting = [] if begins else waiting
        if not words:
            continue
        if teller.is_empty(clause.first, clause.end):
            waiting += [clause] if teller.leads(clause.first, clause.end) else []
            continue
        after = before and not begins and text.tokens[clause.first].text not in ("\n", "(", ")")
        tells = teller.tells(clause.first, clause.end, after=after, opening=opening)
        if tells:
            found += [*waiting, clause]
            waiting = []
        elif (begins or waiting) and teller.leads(clause.first, clause.end):
            waiting.append(clause)
        before = tells
        opening = opening and tells
    return found


_DOING = ("actions.words.find", "actions.words.found_in", "actions.words.metric")
_MADE = ("actions.words.engine", "actions.words.onnx")


def take_deeds(text: Text, clauses: Clauses) -> list[str]:
    """Account for what others do, where it sounds like something to be run: "I teach biology"."""
    teller = Teller(text)
    told = [c for c in told_clauses(text, clauses, frozenset()) if teller.has_verb(c.first, c.end)]
    inside = {i for clause in told for i in range(clause.first, clause.end)}
    asked = any(text.within(i, *_DEEDS, "actions.words.find") for i in range(len(text.tokens)) if i not in inside)
    notes = []
    outside = [i for i in range(len(text.tokens)) if i not in inside]
    inferring = any(text.within(i, "actions.inference.nouns") for i in outside) and not any(
        text.within(i, "actions.words.find") for i in outside
    )
    for clause in told if asked else ():
        tokens = range(clause.first, clause.end)
        made = [w for w in _MADE if any(text.within(i, w) for i in tokens)]
        doing = made or any(text.within(i, *_DEEDS, *_DOING) for i in tokens)
        again = all(any(text.within(i, w) for i in outside) for w in made)
        if any(text.within(i, "actions.words.find") for i in tokens) and inferring:
            continue  # "run inference on X, we look for cylinders"
        if doing and again and not any(_is_of_run(text, i) for i in tokens):
            text.ledger.claim("told", free := text.unclaimed(tokens))
            notes.append(f"'{text.ledger.said(free)}' is taken as told, and changes nothing")
    return notes


def _is_of_run(text: Text, i: int) -> bool:
    """Whether a token speaks of a run: a place, a number, a name, the model, its data's role, a search."""
    classes: Iterable[str] = (c for span in text.spans[i] for c in span.classes)
    return text.tokens[i].kind not in ("word", "mark") or any(c.startswith(_OF_RUNS) for c in classes)
