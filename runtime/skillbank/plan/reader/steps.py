"""The steps that a request asks for, in the order in which they run, and what is said of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from operator import attrgetter

from skillbank.bank.skill import Skill
from skillbank.plan.products import trains
from skillbank.plan.reader.actions import Mention
from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import DOING
from skillbank.plan.reader.tokens import Claim

__all__ = ["Step", "addressed_step", "are_joined", "is_of_all", "name_all", "settle_actions", "steps_of"]

_OF_A_STEP = (
    "name", "value", "place", "job", "engine", "captions", "find", "scratch", "field", "size", "platform"
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Step:
    """One action asked for, and the claims that belong to it."""

    action: str
    at: int
    engine: bool = False
    asked: bool = True
    claims: list[Claim] = field(default_factory=list)
    skill: Skill | None = None
    group: int = 0
    """Steps said in one breath ("train and evaluate") have the same number."""

    def of(self, kind: str) -> list[Claim]:
        """Return its claims of one kind, in the order of the text."""
        return sorted((c for c in self.claims if c.kind == kind), key=attrgetter("first"))

    @property
    def named(self) -> set[str]:
        """The skills that its names may mean."""
        return {s.qualified for c in self.of("name") for s in c.value.skills}


def steps_of(text: Text, clauses: Clauses, finds: list[Claim], implied: str | None) -> list[Step]:
    """Make steps of the actions asked for, and divide what is said among them.

    Parameters
    ----------
    finds
        Verbs of finding that ask for an inference.
    implied
        The action that is asked for where no word names one.
    """
    steps = _in_order(text, clauses, finds) or ([] if implied is None else [Step(implied, 0)])
    if not steps:
        return []
    for claim in (c for c in text.ledger.claims if c.kind in _OF_A_STEP):
        _owner(text, steps, clauses, claim).claims.append(claim)
    _group(text, steps)
    _mark_further(text)
    merged = _merged(steps)
    for step in steps:
        if step not in merged:
            _mark_repeated(text, clauses, steps, step)
    return [each for step in merged for each in _of_each_job(text, step)]


def _in_order(text: Text, clauses: Clauses, finds: list[Claim]) -> list[Step]:
    """Return a step for each word of an action, in the order in which they run."""
    mentions = sorted([*text.ledger.of("action"), *finds], key=lambda c: c.first)
    ranked: list[tuple[float, Step]] = []
    for claim in mentions:
        mention = claim.value if isinstance(claim.value, Mention) else Mention("inference")
        rank = float(claim.first)
        if mention.before is not None:
            here = clauses.sentence(claim.first)
            others = [c.first for c in mentions if c is not claim and c.first in here] or [claim.first]
            rank = min(rank, min(others) - 0.5) if mention.before else max(rank, max(others) + 0.5)
        ranked.append((rank, Step(mention.action, claim.first, mention.engine, mention.asked)))
    return [step for _, step in sorted(ranked, key=lambda each: each[0])]


def _of_each_job(text: Text, step: Step) -> list[Step]:
    """Split "evaluate A and B on X": what is done with several jobs is done with each."""
    jobs = {str(c.value): c for c in step.of("job")}
    if (
        len(jobs) < 2
        or len(step.named) > 1
        or trains(step.action)
        or not are_joined(text, [*jobs.values()], step)
    ):
        return [step]
    rest = [c for c in step.claims if c.kind != "job"]
    return [replace(step, claims=[*rest, job]) for job in jobs.values()]


def are_joined(text: Text, claims: list[Claim], step: Step) -> bool:
    """Whether claims stand in one list: "A, B and C"; what is compared, also against each other."""
    between = ((text.tokens[k].text for k in range(a.last + 1, b.last)) for a, b in pairwise(claims))
    words = [set(each) - _BESIDE_LISTED for each in between]
    compared = _COMPARING if text.tokens[step.at].text.startswith("compar") else frozenset[str]()
    return all(words) and set[str]().union(*words) <= _JOINING | compared


_BESIDE_LISTED = frozenset({"a", "an", "the", "also", "then", "both", "job", "name"})
_JOINING = frozenset({"and", ",", "&", "+", "plus"})
_COMPARING = frozenset({"with", "to", "against", "versus", "vs"})


def _owner(text: Text, steps: list[Step], clauses: Clauses, claim: Claim) -> Step:
    """Return the step that a claim belongs to: the one before it, at the start of a sentence the next.

    A bare word that a step's own word follows is of that step: "export -> fp16 engine", "an int8 X engine".
    """
    if (addressed := addressed_step(text, steps, claim)) is not None:
        return addressed
    sentence = clauses.of(claim.first).sentence
    here = sorted((s for s in steps if clauses.of(s.at).sentence == sentence), key=lambda s: s.at)
    bare = claim.kind == "value" and _is_bare(text, claim)
    before = [
        s
        for s in here
        if s.at <= claim.last or (bare and _is_described(text, claim, s)) or _leads(text, claim, s)
    ]
    if before:
        return before[-1]
    if here:
        return here[0]
    earlier = sorted((s for s in steps if s.at < claim.first), key=lambda s: s.at)
    return earlier[-1] if earlier else min(steps, key=lambda s: s.at)


def addressed_step(text: Text, steps: Sequence[Step], claim: Claim) -> Step | None:
    """Return the step that a value or a platform is said to be for, by a noun of it.

    "batch size 8 for the training"; "train and evaluate it, the evaluation on 2 GPUs".
    """
    if claim.kind not in ("value", "platform"):
        return None
    return (
        _named_behind(text, steps, claim) or _named_again(text, steps, claim) or _counted(text, steps, claim)
    )


def is_of_all(text: Text, claim: Claim) -> bool:
    """Whether a value is said to be for all steps: "for both", "for the training and the evaluation"."""
    match = text.match(
        "'for? 'both|'each|'all group.det* 'of? 'them|'steps|'runs|'these|'those?", claim.last + 1
    ) or text.unread().match(_OF_BOTH, claim.last + 1)
    return match is not None and (match.end >= len(text.tokens) or text.kind(match.end) == "mark")


_OF_BOTH = f"'for|'during|'in 'both? group.det? {DOING} 'and|'& group.det? {DOING}"
_NTH = {"first": 0, "former": 0, "second": 1}


def _counted(text: Text, steps: Sequence[Step], claim: Claim) -> Step | None:
    """Return the step that is counted before a claim: "only the first on 2 GPUs"."""
    k = claim.first - 1
    while k > 0 and (text.within(k, "grammar.group.prep") or text.word(k) in ("step", "one")):
        k -= 1
    nth = _NTH.get(text.word(k))
    led = text.word(k - 1) == "the" and (text.kind(k - 2) == "mark" or text.word(k - 2) in ("only", "and"))
    return sorted(steps, key=lambda s: s.at)[nth] if led and nth is not None and nth < len(steps) else None


def _named_behind(text: Text, steps: Sequence[Step], claim: Claim) -> Step | None:
    """Return the step whose noun stands behind a claim: "for the training"."""
    match = text.match("'for|'during|'in|'when|'while|'to|'( group.det*", claim.last + 1)
    if match is None or text.within(match.end + 1, "places.data.nouns"):
        return None
    verb = text.word(match.first) == "to"  # "4 GPUs to train and 1 to evaluate"
    named = [
        s for s in steps
        if text.within(match.end, *((f"actions.{s.action}.base",) if verb else _nouns(s.action)))
    ]  # fmt: skip
    earlier = [s for s in named if s.at < claim.first]
    return next(iter([*earlier[-1:], *named]), None)


def _named_again(text: Text, steps: Sequence[Step], claim: Claim) -> Step | None:
    """Return the step that a noun before a claim names once more: "the evaluation on 2 GPUs"."""
    mentions = [c for c in text.ledger.of("action") if c.first < claim.first]
    last = max(mentions, key=lambda c: c.first, default=None)
    if last is None or last.value.asked or text.has_kind(range(last.first, claim.first), "mark"):
        return None
    again = (s for s in steps if s.action == last.value.action and s.at < last.first)
    return next((s for s in again if text.within(last.last, *_nouns(s.action))), None)


def _nouns(action: str) -> tuple[str, str]:
    return (f"actions.{action}.nouns", f"actions.{action}.ing")


def _leads(text: Text, claim: Claim, step: Step) -> bool:
    """Whether a claim opens what a step's word goes on with: "then on 1 GPU evaluate it"."""
    if claim.kind not in ("value", "platform"):
        return False
    first, end = claim.first, claim.last + 1
    while first > 0 and text.within(first - 1, "grammar.group.prep", "grammar.group.det"):
        first -= 1
    led = text.word(first - 1) if first else ","
    comma = led == "then" or (led == "," and text.word(first - 2) == "then")
    return (led in _LEADING) and end + (comma and text.word(end) == ",") == step.at


_LEADING = frozenset({"then", "and", ",", ";", "\n"})


def _is_bare(text: Text, claim: Claim) -> bool:
    """Whether a value is said by one word, without a noun: "an fp16", not "precision fp16"."""
    alone = sum(not text.within(i, "grammar.group.det") for i in claim.tokens) == 1
    return alone and isinstance(claim.value.value, str)


def _is_described(text: Text, claim: Claim, step: Step) -> bool:
    """Whether a claim describes what the word of a step names: "an fp16 MODEL engine"."""
    between = range(claim.last + 1, step.at)
    described = ("grammar.free.adjective", "grammar.free.noun")
    return all(text.tokens[i].kind == "name" or text.within(i, *described) for i in between)


def _group(text: Text, steps: list[Step]) -> None:
    """Join steps with nothing but "and" between them: what is said after the last is said of all."""
    number = 0
    ordered = sorted(steps, key=lambda s: s.at)
    for before, after in pairwise(ordered):
        between = text.words(range(before.at + 1, after.at))
        glue = all(
            w in ("and", ",", "then", "&", "also", "finally", "/", "|", "it", "both", "+", "plus")
            for w in between
        )
        number += not glue
        after.group = number


def _mark_further(text: Text) -> None:
    """Leave "and then once more on B" to the question about words: a place behind it is for another run."""
    for i in range(len(text.tokens)):
        for end in text.ends(i, "grammar.order.repeat"):
            joined = i > 0 and text.tokens[i - 1].text in ("and", "then")
            if joined and text.unread().match("group.prep group.det* @place", end):
                text.ledger.mark("unread", range(i, end))


def _mark_repeated(text: Text, clauses: Clauses, steps: list[Step], step: Step) -> None:
    """Leave "then train again" to the question about words: it is more than the step said before."""
    later = min((s.at for s in steps if s.at > step.at), default=len(text.tokens))
    for i in range(step.at + 1, min(later, clauses.sentence(step.at).stop)):
        for end in text.ends(i, "grammar.order.repeat"):
            text.ledger.mark("unread", [step.at, *range(i, end)])
    if step.action == "train" and any(c.value.role is None for c in step.of("place")):
        told = [s for s in steps if s is not step and s.action == step.action and s.at < step.at]
        if told and any(text.tokens[k].text in _THEN for k in range(told[-1].at, step.at)):
            text.ledger.mark("unread", [step.at])  # "train on A, then fine-tune it on B" is two trainings


_THEN = frozenset({"then", "after", "afterwards", "subsequently", "later", "next"})


def _merged(steps: list[Step]) -> list[Step]:
    """An action said twice is one step, unless it is said of different models or on data of its own each."""
    kept: list[Step] = []
    for step in steps:
        same = (s for s in kept if s.action == step.action)
        other = next((s for s in same if not _are_apart(s, step, s is kept[-1])), None)
        if other is None:
            kept.append(step)
        else:
            other.claims += step.claims
            other.engine = other.engine or step.engine
            other.asked = other.asked or step.asked
    return kept


def _are_apart(other: Step, step: Step, beside: bool) -> bool:
    """Whether two steps of one action differ: in their models, or in data of their own each."""
    theirs, names = other.named, step.named
    own = all(any(c.value.role is None for c in s.of("place")) for s in (other, step))
    again = own and step.asked and (step.action == "evaluate" or not beside)
    return again or bool(names and theirs and names != theirs)


def name_all(steps: list[Step], skill: Skill) -> None:
    """Give every step without a skill this one."""
    for step in steps:
        step.skill = step.skill or skill


def settle_actions(text: Text, steps: list[Step]) -> None:
    """Give steps the actions that are their skills' own.

    What is only said to be run is the one action of a skill that does one thing alone; of two kinds of an
    action ("train" and "segment_train") it is the one whose word is said ("train the segmentation").
    """
    kind = ""
    for step in sorted(steps, key=lambda s: s.at):
        names = list(dict.fromkeys(a.name for a in step.skill.actions)) if step.skill is not None else []
        if len(names) == 1 and step.action != names[0] and text.within(step.at, "actions.words.launch"):
            step.action = names[0]
        kinds = {name.removesuffix(f"_{step.action}") for name in names if name.endswith(f"_{step.action}")}
        said = next(
            ((i, k) for i in _stretch(text, steps, step) for k in kinds if text.tokens[i].text.startswith(k)),
            None,
        )
        if said is not None:
            kind = said[1]
            if said[0] != step.at:
                text.ledger.claim("described", [said[0]])
        if kind in kinds:  # what follows is of the same kind
            step.action = f"{kind}_{step.action}"


def _stretch(text: Text, steps: list[Step], step: Step) -> list[int]:
    """Return a step's verb and the free words up to the next; those before the first are the first's."""
    later = min((s.at for s in steps if s.at > step.at), default=len(text.tokens))
    first = 0 if all(s.at >= step.at for s in steps) else step.at
    words = (i for i in range(first, later) if text.tokens[i].kind == "word" and len(text.tokens[i].text) > 3)
    return [i for i in words if i == step.at or text.ledger.free(i)]
