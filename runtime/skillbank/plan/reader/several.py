"""What is said of one of several models: for all of them it would be set for each, or be lost.

Such words are left unread, so that the plan asks about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from skillbank.plan.products import trains
from skillbank.plan.reader.belonging import addressed_step, is_of_all
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import phrases
from skillbank.plan.reader.place import is_into
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.tokens import Claim

__all__ = ["mark_singled_out"]

_TAKEN_BACK = ("refused", "excluded")
_CLOSES = frozenset({"and", "but", "only", "with", "without", "gets", "should", "has", "needs", "is", "no"})
"""Words behind "the first" that begin what is said of it: "the first epochs" is none of several models."""


def mark_singled_out(text: Text, steps: Sequence[Step]) -> None:
    """Leave unread what singles out one of several models, and a model beside another that is lost."""
    bare = text.unread()
    together = _of_one_action(steps)
    lost = [*_kept_though_taken_back(text, steps), *_lost_beside(text, bare, steps)]
    for words in [*lost, *(_singled_out(text, bare, steps, together) if together else ())]:
        text.ledger.mark("unread", words)
    for claim in list(_said_of_one(text, together)):
        text.ledger.replace(claim, "unread")


def _lost_beside(text: Text, bare: Text, steps: Sequence[Step]) -> Iterator[list[int]]:
    """Yield what speaks of a second model, or of one more time, where a step is done once."""
    yield from (match.tokens("what") for match in bare.phrases("several.beside"))
    again = bare.phrases("several.once_more")
    yield from (match.tokens() for match in again if text.owner(match.end) != "action")
    yield from _of_many(text, steps)


def _singled_out(
    text: Text, bare: Text, steps: Sequence[Step], together: Sequence[Step]
) -> Iterator[list[int]]:
    """Yield what is said of one of several models, or of all of them taken together."""
    for words in (match.tokens("what") for match in bare.phrases("several.one")):
        told = text.owners(words) & {"report", "question"}
        if _is_closed(text, words[-1] + 1) and not told and not _is_counted(text, steps, words):
            yield words
    for words in (match.tokens() for match in bare.phrases("several.total")):
        if text.owner(words[0] - 1) == "value" and not text.owners(words):
            yield words
    for match in bare.phrases("several.with_it"):
        if trains(_action_before(text, match.first)):
            yield match.tokens("what")
    yield from ([*claim.tokens] for claim in _places_again(together))


def _kept_though_taken_back(text: Text, steps: Sequence[Step]) -> Iterator[list[int]]:
    """Yield where a model is taken back that a step is done with: "train A, B and C, but not B"."""
    kept = {s.skill.qualified for s in steps if s.skill is not None}
    if len(kept) < 2:
        return
    for claim in text.ledger.of(*_TAKEN_BACK):
        names = [i for i in claim.tokens if text.kind(i) == "name"]
        if kept.intersection(s.qualified for i in names for s in text.tokens[i].value.skills):
            first, last = claim.first, claim.last
            while text.owner(first - 1) in _TAKEN_BACK:
                first -= 1
            while text.owner(last + 1) in _TAKEN_BACK:
                last += 1
            yield [*range(first, last + 1)]


def _of_many(text: Text, steps: Sequence[Step]) -> Iterator[list[int]]:
    """Yield where something is to be done with both, or with three, and it is not done with so many.

    "From JOB, evaluate both" is of one model, "train A, B and C, evaluate both" of three.
    """
    bare = text.unread()
    for claim in text.ledger.of("action"):
        i, action = claim.last + 1, claim.value.action
        done = {(s.skill, *(str(c.value) for c in s.of("job"))) for s in steps if s.action == action}
        match = _counted(bare, i)
        if match is not None and len(done) == bare.said(match):
            text.ledger.claim("context", text.unclaimed(match.tokens()))
        elif match is not None:
            yield match.tokens()
        elif text.word(i) == "both" and len(done) != 2:
            yield from [[i]] if _is_closed(text, i + 1) or text.within(i + 1, "grammar.group.model") else []


def _counted(bare: Text, i: int) -> Match | None:
    """Return where models are counted at a token: "the two", "all three of them"."""
    matches = (bare.match(source, i) for source in phrases("several.all"))
    return next((m for m in matches if m is not None and m.tokens("n")), None)


def _of_one_action(steps: Sequence[Step]) -> list[Step]:
    """Return the steps that do the same with several models or jobs; none where no two do."""
    by_action: dict[str, list[Step]] = {}
    for step in steps:
        by_action.setdefault(step.action, []).append(step)
    found: list[Step] = []
    for same in by_action.values():
        done = {(s.skill.qualified if s.skill else "", *(str(c.value) for c in s.of("job"))) for s in same}
        found += same if len(done) > 1 else []
    return found


def _is_closed(text: Text, end: int) -> bool:
    """Whether what singles out a model ends at a token, and no noun of something else follows."""
    behind = text.kind(end) != "word" or text.within(end, "grammar.group.prep") or text.word(end) in _CLOSES
    return (behind and text.kind(end) != "name") or text.owner(end) in ("value", "policy")


def _is_counted(text: Text, steps: Sequence[Step], words: list[int]) -> bool:
    """Whether a value behind "the first" is given to that step alone, which has a verb of its own."""
    own = len({s.at for s in steps}) == len(steps) and not any(text.kind(s.at) == "name" for s in steps)
    behind = (c for c in text.ledger.of("value", "platform") if c.first > words[-1])
    claim = next(behind, None)
    return own and claim is not None and addressed_step(text, steps, claim) is not None


def _action_before(text: Text, i: int) -> str:
    """Return the action whose word stands last before a token."""
    before = [c for c in text.ledger.of("action") if c.first < i]
    return str(before[-1].value.action) if before else ""


def _places_again(together: Sequence[Step]) -> Iterator[Claim]:
    """Yield places by which a model is told from others: "A on X, B on Y, lr 1e-4 for X"."""
    for other, step in pairwise(together):
        shared = {c.value.uri for s in (other, step) for c in s.of("place")[:1]}
        for each in (other, step):
            yield from (c for c in each.of("place")[1:] if c.value.role is None and c.value.uri in shared)


def _said_of_one(text: Text, together: Sequence[Step]) -> Iterator[Claim]:
    """Yield what is said with one of several models and would be of all: "train A on X with no HPO, B on Y".

    What stands before the first, behind the last, or with each of them is of all, or of each. A search is of
    trainings alone, wherever other steps stand: "evaluate JOB on X, fine-tune it, no HPO, evaluate it on X".
    """
    for action in {s.action for s in together}:
        begins = sorted({_begin(s) for s in together if s.action == action})
        parts = list(pairwise([*begins, len(text.tokens)]))
        for said in _by_thing(text, together, action) if len(parts) > 1 else ():
            of_each = [[c for c in said if a <= c.first < b] for a, b in parts]
            if not all(of_each) and said[0].first >= begins[0]:
                yield from (claim for part in of_each[:-1] for claim in part)


def _by_thing(text: Text, together: Sequence[Step], action: str) -> list[list[Claim]]:
    """Return what is said of no step by its name, and not of all, by what it says: the GPUs, the platform."""
    found: dict[str, list[Claim]] = {}
    searched = ("policy",) if trains(action) else ()
    for claim in text.ledger.of(*searched, "platform", "field", "image", "value", "place"):
        thing = _shared(text, claim)
        if thing and not is_of_all(text, claim) and addressed_step(text, together, claim) is None:
            found.setdefault(thing, []).append(claim)
    return list(found.values())


def _begin(step: Step) -> int:
    """Return where what is said of a step with a model begins: at the name of that, behind its verb."""
    return min((c.first for c in step.of("name") if c.first >= step.at), default=step.at)


def _shared(text: Text, claim: Claim) -> str:
    """Return what a claim says that all steps would take, wherever it stands; "" for all else."""
    if claim.kind == "value":
        return str(claim.value.slot) if claim.value.slot in ("gpus", "nodes") else ""
    if claim.kind == "place":
        return "results" if is_into(text, claim) or claim.value.role == "results" else ""
    return str(claim.value[0]) if claim.kind == "field" else claim.kind
