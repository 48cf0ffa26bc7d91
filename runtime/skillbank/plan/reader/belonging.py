"""Which step something is said of: the one that is named with it, else the one whose word leads to it.

What stands with the word of a step, with no mark between them, is bound to that step alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.coordination import ADDING
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import phrases
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.tokens import Claim

__all__ = [
    "addressed_step", "are_joined", "is_bound", "is_of_all", "named_before", "owner_of", "without_others",
]  # fmt: skip

_LEADING = frozenset({"then", "and", ",", ";", "\n"})
_ALL = frozenset({"all", "both", "each"})
_NTH = {"first": 0, "former": 0, "second": 1}
_BESIDE_LISTED = frozenset({"a", "an", "the", "also", "then", "both", "job", "name"})
_COMPARING = frozenset({"with", "to", "against", "versus", "vs"})


def owner_of(text: Text, steps: Sequence[Step], clauses: Clauses, claim: Claim) -> Step:
    """Return the step that a claim belongs to: the one before it, at the start of a sentence the next."""
    if (addressed := addressed_step(text, steps, claim)) is not None:
        return addressed
    ordered = sorted(steps, key=lambda s: s.at)
    here = [s for s in ordered if s.at in clauses.sentence(claim.first)]
    before = [s for s in here if s.at <= claim.last or _opens(text, claim, s)]
    earlier = [s for s in ordered if s.at < claim.first]
    return (before or here[:1] or earlier or ordered[:1])[-1]


def _opens(text: Text, claim: Claim, step: Step) -> bool:
    """Whether a claim stands before the word of its step.

    It opens what that goes on with ("then on 1 GPU evaluate it"), or is a bare word that describes what the
    step makes ("export -> fp16 engine", "an int8 X engine").
    """
    if claim.kind not in ("value", "platform"):
        return False
    return _describes(text, claim, step) or _leads_to(text, claim, step)


def _describes(text: Text, claim: Claim, step: Step) -> bool:
    """Whether a value is a bare word before what a step makes: "an int8 X engine"."""
    bare = sum(not text.within(i, "grammar.group.det") for i in claim.tokens) == 1
    described = ("grammar.free.adjective", "grammar.free.noun")
    between = range(claim.last + 1, step.at)
    worded = claim.kind == "value" and isinstance(claim.value.value, str)
    return worded and bare and all(text.kind(i) == "name" or text.within(i, *described) for i in between)


def _leads_to(text: Text, claim: Claim, step: Step) -> bool:
    """Whether a claim opens what goes on with a step: "then on 1 GPU evaluate it"."""
    first = claim.first
    while text.within(first - 1, "grammar.group.prep", "grammar.group.det"):
        first -= 1
    led = text.word(first - 1) if first else ","
    then = led == "then" or (led == "," and text.word(first - 2) == "then")
    comma = then and text.word(claim.last + 1) == ","
    return led in _LEADING and claim.last + 1 + comma == step.at


def addressed_step(text: Text, steps: Sequence[Step], claim: Claim) -> Step | None:
    """Return the step that a value or a platform is said to be for, by a noun of it.

    "batch size 8 for the training"; "for the training use batch size 8"; "train and evaluate it, the
    evaluation on 2 GPUs".
    """
    if claim.kind not in ("value", "platform"):
        return None
    if (noun := named_before(text, claim)) is not None:
        return next((s for s in steps if text.within(noun, *_nouns(s.action))), None)
    return (
        _named_behind(text, steps, claim) or _named_again(text, steps, claim) or _counted(text, steps, claim)
    )


def _nouns(action: str) -> list[str]:
    return [f"actions.{action}.{form}" for form in ("nouns", "ing")]


def named_before(text: Text, claim: Claim) -> int | None:
    """Return where the noun of a step stands that opens what is said: "for the export use batch size 2"."""
    unread, [source] = text.unread(), phrases("steps.named_before")
    start = text.sentence(claim.first).start
    for first in range(claim.first - 1, start - 1, -1):
        if text.owner(first) == "action" and text.ledger.owner[first].value.asked:
            return None
        match = unread.match(source, first, claim.first) if text.opens(first) else None
        if match is not None:
            between = range(match.end + (text.word(match.end) in (",", ":")), claim.first)
            return None if text.has_kind(between, "mark") else match.tokens("step")[0]
    return None


def _named_behind(text: Text, steps: Sequence[Step], claim: Claim) -> Step | None:
    """Return the step whose noun stands behind a claim ("for the training"), or whose verb ("to train")."""
    for name, forms in (("steps.named_behind", ("nouns", "ing")), ("steps.done_behind", ("base",))):
        match = text.unread().match(phrases(name)[0], claim.last + 1)
        if match is not None:
            at = match.tokens("step")[0]
            named = [s for s in steps if text.within(at, *(f"actions.{s.action}.{f}" for f in forms))]
            earlier = [s for s in named if s.at < claim.first]
            return next(iter([*earlier[-1:], *named]), None)
    return None


def _named_again(text: Text, steps: Sequence[Step], claim: Claim) -> Step | None:
    """Return the step that a noun before a claim names once more: "the evaluation on 2 GPUs"."""
    mentions = [c for c in text.ledger.of("action") if c.first < claim.first]
    last = max(mentions, key=lambda c: c.first, default=None)
    if last is None or last.value.asked or text.has_kind(range(last.first, claim.first), "mark"):
        return None
    again = (s for s in steps if s.action == last.value.action and s.at < last.first)
    return next(again, None) if text.within(last.last, *_nouns(last.value.action)) else None


def _counted(text: Text, steps: Sequence[Step], claim: Claim) -> Step | None:
    """Return the step that is counted before a claim: "only the first on 2 GPUs"."""
    k = claim.first - 1
    while k > 0 and (text.within(k, "grammar.group.prep") or text.word(k) in ("step", "one")):
        k -= 1
    nth = _NTH.get(text.word(k))
    led = text.word(k - 1) == "the" and (text.kind(k - 2) == "mark" or text.word(k - 2) in ("only", "and"))
    return sorted(steps, key=lambda s: s.at)[nth] if led and nth is not None and nth < len(steps) else None


def is_of_all(text: Text, claim: Claim) -> bool:
    """Whether a value is said to be for all steps: "for both", "for the training and the evaluation".

    Or right before it: "train it, evaluate it on D, both on 2 GPUs".
    """
    k = claim.first - 1
    while text.within(k, "grammar.group.prep"):
        k -= 1
    if text.word(k) in _ALL and text.opens(k):
        return True
    read = ((text, "steps.of_all"), (text.unread(), "steps.of_both"))
    matches = (each.match(source, claim.last + 1) for each, name in read for source in phrases(name))
    match = next((m for m in matches if m is not None), None)
    return match is not None and text.kind(match.end) in ("", "mark")


def are_joined(text: Text, claims: list[Claim], step: Step) -> bool:
    """Whether claims stand in one list: "A, B and C"; what is compared, also against each other."""
    between = [text.words(range(a.last + 1, b.last)) for a, b in pairwise(claims)]
    words = [set(each) - _BESIDE_LISTED for each in between]
    compared = _COMPARING if text.word(step.at).startswith("compar") else frozenset[str]()
    return all(words) and set[str]().union(*words) <= ADDING | compared


# -- what stands with the word of a step ---------------------------------------------------------------


def is_bound(text: Text, step: Step, claim: Claim) -> bool:
    """Whether a claim of a step stands with its word, with no mark and no other step between them.

    Brackets around nothing else are no mark: "export it (fp16)".
    """
    mentions = (c for c in text.ledger.of("action") if c.value.action == step.action)
    at = max((c.first for c in mentions if c.first < claim.first), default=step.at)
    first, last = sorted((at, claim.first))
    bracketed = text.word(last - 1) == "(" and text.word(claim.last + 1) == ")"
    return not any(_ends(text, step, k) for k in range(first + 1, last - bracketed))


@contextmanager
def without_others(text: Text, steps: list[Step], step: Step) -> Iterator[None]:
    """Keep what stands with the words of other steps from being read as words of this one."""
    own = {s.at for s in steps if s.group == step.group or (s.skill, s.action) == (step.skill, step.action)}
    free, whole = list[int](), len(text.tokens)
    for other in {s.at: s for s in steps if s.at not in own}.values():
        end = next((k for k in range(other.at + 1, whole) if _ends(text, other, k)), whole)
        free += text.unclaimed(range(other.at + 1, end))
    held = text.ledger.claim("elsewhere", free) if free else None
    try:
        yield
    finally:
        if held is not None:
            text.ledger.withdraw(held)


def _ends(text: Text, step: Step, i: int) -> bool:
    """Whether a token is a mark, or the word of another step than one ("run inference" is of one)."""
    owner = text.ledger.owner.get(i)
    if owner is not None and owner.kind == "find":
        return step.action != "inference"
    if owner is not None and owner.kind == "action":
        return bool(step.action != owner.value.action)
    return text.kind(i) == "mark"
