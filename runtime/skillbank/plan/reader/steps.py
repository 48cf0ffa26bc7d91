"""The steps that a request asks for, in the order in which they run, and what is said of each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from operator import attrgetter

from skillbank.bank.names import shown
from skillbank.bank.skill import Skill
from skillbank.errors import AmbiguousSkillError
from skillbank.plan.products import trains
from skillbank.plan.reader.actions import Mention
from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.slot_keys import key_of
from skillbank.plan.slots import slot

__all__ = ["Step", "assign_skills", "name_all", "settle_actions", "steps_of"]

_OF_A_STEP = ("name", "value", "place", "job", "engine", "captions", "find", "scratch", "field", "size")


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
        or not _are_joined(text, [*jobs.values()], step)
    ):
        return [step]
    rest = [c for c in step.claims if c.kind != "job"]
    return [replace(step, claims=[*rest, job]) for job in jobs.values()]


def _are_joined(text: Text, claims: list[Claim], step: Step) -> bool:
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
    sentence = clauses.of(claim.first).sentence
    here = sorted((s for s in steps if clauses.of(s.at).sentence == sentence), key=lambda s: s.at)
    bare = claim.kind == "value" and _is_bare(text, claim)
    before = [s for s in here if s.at <= claim.last or (bare and _is_described(text, claim, s))]
    if before:
        return before[-1]
    if here:
        return here[0]
    earlier = sorted((s for s in steps if s.at < claim.first), key=lambda s: s.at)
    return earlier[-1] if earlier else min(steps, key=lambda s: s.at)


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


def assign_skills(text: Text, steps: list[Step]) -> list[Step]:
    """Give every step the skill that is named with it, else that of the step before.

    A step said of two models ("train both Painter and Mask Painter") becomes two.

    Raises
    ------
    AmbiguousSkillError
        When it is not clear which of several skills is meant.
    """
    everywhere = _distinct([c for s in steps for c in s.of("name")])
    if not everywhere:
        return steps
    made: list[Step] = []
    previous = everywhere[0]
    for step in steps:
        own = _distinct(step.of("name"))
        if not made and not own and _labels_for_another(steps):
            made.append(step)
            continue  # what finds things is looked for
        if len(own) < 2:
            step.skill = own[0] if own else previous
            made.append(step)
        else:
            made += _divided(text, step, own)
        assert made[-1].skill is not None
        previous = made[-1].skill
    return made


def _labels_for_another(steps: list[Step]) -> bool:
    """Whether things are found first, and another model is trained: "label A in P and train MODEL on D"."""
    first, rest = steps[0], steps[1:]
    named = [s for s in rest if s.of("name")]
    finds = any(c.value for c in first.of("find")) and not first.of("job")
    skills = _distinct([c for s in named for c in s.of("name")])
    trained = bool(named) and trains(named[0].action)
    return finds and trained and not any(key_of(s, a, slot("captions")) for s in skills for a in s.actions)


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


def _distinct(claims: list[Claim]) -> list[Skill]:
    found: dict[str, Skill] = {}
    for claim in claims:
        skills = claim.value.skills
        if len(skills) > 1:
            listed = ", ".join(sorted(shown(s.qualified) for s in skills))
            raise AmbiguousSkillError(f"Several skills have this name: {listed}; give the whole name.")
        found.setdefault(skills[0].qualified, skills[0])
    return list(found.values())


def _parts(text: Text, step: Step, names: list[Claim]) -> list[list[Claim]] | None:
    """Return what is said of each name where each has a place or a job of its own, else None."""
    rest = [c for c in step.claims if c.kind != "name"]
    ends = [*(c.first for c in names[1:]), len(text.tokens)]
    parts = [[c for c in rest if a.first <= c.first < b] for a, b in zip(names, ends, strict=True)]
    apart = "or" not in text.words(range(names[0].first, names[-1].last))
    if not apart or not all(any(c.kind in ("place", "job") for c in part) for part in parts):
        return None
    parts[0] = [*(c for c in rest if c.first < names[0].first), *parts[0]]
    tail = _of_all_jobs(text, step, parts)
    return [*([*part, *tail] for part in parts[:-1]), parts[-1]]


def _of_all_jobs(text: Text, step: Step, parts: list[list[Claim]]) -> list[Claim]:
    """Return what is said behind a list of jobs with a model each, and so of all of them."""
    jobs = [job for part in parts for job in [c for c in part if c.kind == "job"][:1]]
    listed = len(jobs) == len(parts) and _are_joined(text, jobs, step)
    return [c for c in parts[-1] if listed and c.first > jobs[-1].last]


def _are_added(text: Text, names: list[Claim]) -> bool:
    """Whether names are joined by "as well as"."""
    return all(text.words(range(a.last + 1, b.first)) == ["as", "well", "as"] for a, b in pairwise(names))


def _divided(text: Text, step: Step, skills: list[Skill]) -> list[Step]:
    """Split "train Painter on A and Sculptor on B"; names joined by "and" have all in common."""
    names = step.of("name")
    parts = _parts(text, step, names)
    if parts is not None:
        each = ((n, n.value.skills[0], part) for n, part in zip(names, parts, strict=True))
        return [replace(step, at=n.first, claims=[n, *part], skill=skill) for n, skill, part in each]
    if not _are_joined(text, names, step) and not _are_added(text, names):
        names_ = [s.name for s in skills]
        listed = ", ".join(shown(s.qualified if names_.count(s.name) > 1 else s.name) for s in skills)
        raise AmbiguousSkillError(f"The request could mean {listed}; name the one that is meant.")
    claims = [c for c in step.claims if c.kind != "name"]
    return [replace(step, claims=list(claims), skill=skill) for skill in skills]
