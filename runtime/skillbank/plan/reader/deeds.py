"""The clauses of a text that tell something, and what has been done in them, whatever it sounds like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from skillbank.plan.reader.background import background
from skillbank.plan.reader.clauses import Clause, Clauses, Mode
from skillbank.plan.reader.coordination import ADDING
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS, phrases
from skillbank.plan.reader.telling import Teller
from skillbank.plan.reader.wording import of

__all__ = ["mark_told", "take_deeds", "told_clauses", "told_words", "words_apart"]

_PAST = tuple(f"actions.{a}.past" for a in ACTIONS)
_BASE = tuple(f"actions.{a}.{form}" for a in ACTIONS for form in FORMS if form != "past")
_NOUNS = tuple(f"actions.{a}.nouns" for a in ACTIONS)
_FINDS = "actions.words.find"
_DONE = (*_PAST, *_BASE, *_NOUNS)
_SOUGHT = (_FINDS, "actions.words.found_in", "actions.words.metric")
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
_DEEDS = ("action", "find", "captions")
"""What is to be done, in whose sentence a model is described."""
_ASKING = frozenset({*_DEEDS, "policy", "value"})


def told_clauses(text: Text, clauses: Clauses, teller: Teller) -> list[Clause]:
    """Return the clauses that tell something, those that lead to one in its sentence among them."""
    told, waiting = list[Clause](), list[Clause]()
    opening, before, asked = True, False, False
    for clause in clauses.all:
        first, end, kinds = clause.first, clause.end, _read_as(text, clause)
        begins = first == clauses.sentence(first).start
        waiting = [] if begins else waiting
        if kinds is not None:
            before |= bool(kinds) and kinds <= _TELLING
            asked |= not kinds <= _OPENING
        elif teller.is_empty(first, end):
            waiting += [clause] if teller.leads(first, end) else []
        else:
            leads = (begins or waiting) and teller.leads(first, end)
            after = before and not begins and text.word(first) not in _ENDS
            heads = opening and (not asked or _is_apart(text, teller, clause, begins=begins))
            before = teller.tells(first, end, after=after, opening=heads)
            if before:
                told, waiting = [*told, *waiting, clause], []
            elif leads:
                waiting = [*waiting, clause]
            opening &= before
    return told


def _is_apart(text: Text, teller: Teller, clause: Clause, *, begins: bool) -> bool:
    """Whether a clause behind what is asked for can be a heading: "Export it. Gravel pit, north side."."""
    words = [i for i in range(clause.first, clause.end) if text.kind(i) != "mark"]
    return begins and len(words) > 1 and not teller.weigh(words)


def _read_as(text: Text, clause: Clause) -> set[str] | None:
    """Return the kinds of the claims that have all words of a clause; None where some are open."""
    tokens = range(clause.first, clause.end)
    open_ = any(text.kind(i) != "mark" for i in text.unclaimed(tokens))
    return None if open_ else text.owners(tokens)


def told_words(text: Text, clauses: Clauses) -> frozenset[int]:
    """Return the tokens of clauses that give a reason, or tell in sentences that ask for nothing."""
    teller = clauses.teller
    told = [
        c for c in told_clauses(text, clauses, teller)
        if _ASKING.isdisjoint(text.owners(clauses.sentence(c.first)))
    ]  # fmt: skip
    told += [c for c in clauses.all if c.mode is Mode.REASON]
    told_ = {i for c in told if teller.has_verb(c.first, c.end) for i in range(c.first, c.end)}
    return frozenset(told_.union(*background(text, clauses, teller)))


def words_apart(text: Text, clauses: Clauses) -> frozenset[int]:
    """Return the tokens of sentences that ask for no deed."""
    deeds = {clauses.of(c.first).sentence for c in text.ledger.of(*_DEEDS)}
    return frozenset(i for n, tokens in clauses.sentences.items() if n not in deeds for i in tokens)


def mark_told(text: Text, clauses: Clauses) -> None:
    """Mark the places of clauses that have a subject and a verb, and say nothing of what is to be done."""
    teller, wishes, told, before = clauses.teller, of("deontic", "wants", "modals"), set[int](), -1
    for c in clauses.all:
        tokens = range(c.first, c.end)
        goes_on = before == c.sentence and not teller.orders(c.first, c.end)
        asks = not (wishes.isdisjoint(text.words(tokens)) and _ASKING.isdisjoint(text.owners(tokens)))
        tells = not asks and (goes_on or teller.has_verb(c.first, c.end))
        told.update(tokens if tells else ())
        before = c.sentence if tells else -1
    # Where a list goes on whose first place is asked for: "everything under A and B is for training".
    listed = -1
    for claim in text.ledger.of("place"):
        if any(i in told and text.kind(i) == "place" for i in claim.tokens) and claim.first != listed:
            text.ledger.replace(claim, "place", replace(claim.value, told=True))
        elif text.word(claim.last) in ADDING:
            listed = claim.last + 1


def take_deeds(text: Text, clauses: Clauses) -> list[str]:
    """Account for what has been done with a model, and for what others do: "I teach biology"."""
    notes = []
    done = [(match.tokens(), "report") for match in text.phrases("deeds.done")]
    for said, kind in [*done, *_told(text, clauses)]:
        if free := text.unclaimed(said):
            text.ledger.claim(kind, free)
            notes.append(f"'{text.ledger.said(free)}' is taken as told, and changes nothing")
            _mark_further(text, clauses.of(free[-1]), free)
    return notes


def _mark_further(text: Text, clause: Clause, told: list[int]) -> None:
    """Leave unread a further deed of others: "Bob will export it and evaluate it on D", "does A and B"."""
    named = text.match(f"'and|',+ group.det* what={'|'.join(_NOUNS)}", clause.end)
    if named is not None and text.within(told[-1], *_NOUNS):
        text.ledger.claim("unread", named.tokens("what"))
        return
    further = text.match("'and|'then|',+ free.adverb*", clause.end)
    if further is None or of("modals").isdisjoint(text.words(told)) or not text.holds(told, *_BASE):
        return
    if text.within(further.end, *(f"actions.{a}.base" for a in ACTIONS)):
        text.ledger.claim("unread", [further.end])


def _told(text: Text, clauses: Clauses) -> Iterator[tuple[list[int], str]]:
    """Yield the clauses that tell, in words of actions, what somebody does or has done."""
    told = told_clauses(text, clauses, clauses.teller)
    inside = [range(c.first, c.end) for c in told if _has_verb(text, clauses.teller, c)]
    inside = [tokens for tokens in inside if not any(text.begins(phrases("deeds.wishes"), i) for i in tokens)]
    outside = sorted(set(text.own_words()).difference(*inside))
    asked = text.holds(outside, *_DONE, _FINDS)
    inferring = text.holds(outside, "actions.inference.nouns") and not text.holds(outside, _FINDS)
    for tokens in inside:
        if any(text.within(i, *_PAST) and not text.within(i, *_BASE) for i in tokens):
            yield [i for i in tokens if text.kind(i) not in ("job", "name")], "report"
        elif asked and _is_talk(text, clauses, tokens, outside, inferring=inferring):
            yield list(tokens), "told"


def _is_wish(text: Text, clause: Clause, outside: list[int]) -> bool:
    """Whether a clause wishes what is asked for nowhere else: "everybody wants an export"."""
    asked = text.word(text.sentence(clause.first).stop) == "?" or clause.mode is Mode.REASON
    matches = (
        text.match(source, i, clause.end)
        for source in phrases("deeds.wished") for i in range(clause.first, clause.end)
    )  # fmt: skip
    match = next((m for m in matches if m is not None), None)
    if match is None or asked:
        return False
    wished = {c for i in match.tokens() for c in text.classes[i] if c.startswith("actions.")}
    return not text.holds(outside, *wished)


def _has_verb(text: Text, teller: Teller, clause: Clause) -> bool:
    finding = text.within(clause.first, _FINDS) and text.word(clause.first).endswith("ing")
    return finding or teller.has_verb(clause.first, clause.end)


def _is_talk(text: Text, clauses: Clauses, tokens: range, outside: list[int], *, inferring: bool) -> bool:
    """Whether words of actions in a clause that tells are no part of what is asked for beside it.

    A clause that speaks of a run is: of a place, a number, a name, its data's role, a search.
    """
    made = [w for w in _MADE if text.holds(tokens, w)]
    again = all(text.holds(outside, w) for w in made)
    finds = inferring and text.holds(tokens, _FINDS)
    named = bool(made) or text.holds(tokens, *_DONE, *_SOUGHT)
    if not (named and again) or finds:
        return False
    of_run = any(
        (text.kind(i) not in ("word", "mark") and not clauses.wording.is_label(i))
        or any(c.startswith(_OF_RUNS) for c in text.classes[i])
        for i in tokens
    )
    return not of_run and not _is_wish(text, clauses.of(tokens.start), outside)
