"""The steps that a request asks for, in the order in which they run."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from skillbank.plan.products import trains
from skillbank.plan.reader.actions import Mention
from skillbank.plan.reader.belonging import are_joined, named_before, owner_of
from skillbank.plan.reader.clauses import Clauses, Mode
from skillbank.plan.reader.coordination import ADDING
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import phrase
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.reader.wording import of

__all__ = ["settle_actions", "steps_of"]

_OF_A_STEP = frozenset({
    "name", "value", "place", "job", "engine", "captions", "find", "scratch", "field", "size", "platform"
})  # fmt: skip
_GLUE = ADDING | {"then", "also", "finally", "/", "|", "it", "both"}
"""Steps with nothing else between them are said in one breath: what stands behind the last is of all."""
_LEADING_ON = frozenset({"at", "from", "on", "with"})
_THEN = frozenset({"then", "after", "afterwards", "subsequently", "later", "next"})


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
    for claim in text.ledger.claims if steps else ():
        if claim.kind in _OF_A_STEP:
            owner_of(text, steps, clauses, claim).claims.append(claim)
    for before, after in pairwise(sorted(steps, key=lambda s: s.at)):
        after.group = before.group + (not _GLUE.issuperset(text.words(range(before.at + 1, after.at))))
    merged = _merged(text, clauses, steps)
    _mark_repeated(text, clauses, steps, merged)
    _mark_unasked(text, steps)
    return [each for step in merged for each in _of_each_job(text, step)]


def _in_order(text: Text, clauses: Clauses, finds: list[Claim]) -> list[Step]:
    """Return a step for each word of an action, in the order in which they run."""
    mentions = sorted([*text.ledger.of("action"), *finds], key=lambda c: c.first)
    ranked: list[tuple[float, Step]] = []
    for claim in mentions:
        mention = claim.value if isinstance(claim.value, Mention) else Mention("inference")
        rank = float(claim.first)
        if mention.before is not None:
            others = _beside(clauses, mentions, claim, before=mention.before) or [claim.first]
            rank = min(rank, min(others) - 0.5) if mention.before else max(rank, max(others) + 0.5)
            # "export it. Evaluate before exporting", "before you export it": the order is that of the first
            if not mention.asked or clauses.of(claim.first).mode is Mode.ORDER:
                ranked = [(rank if s.action == mention.action else r, s) for r, s in ranked]
        ranked.append((rank, Step(mention.action, claim.first, mention.engine, mention.asked)))
    return [step for _, step in sorted(ranked, key=lambda each: each[0])]


def _beside(clauses: Clauses, mentions: list[Claim], claim: Claim, *, before: bool) -> list[int]:
    """Return where the actions stand that one is said to be done before or behind: those of its sentence.

    "Train it; but first evaluate it": where it stands alone, those of the sentence before.
    """
    others = [c.first for c in mentions if c is not claim]
    here = [first for first in others if first in clauses.sentence(claim.first)]
    earlier, led = (list(filter(claim.first.__gt__, each)) for each in (others, here))
    if led and before and clauses.of(claim.first).mode is Mode.ORDER:
        return led[-1:]  # "train it, export it after evaluating it": before the export alone
    if here or not before or not earlier:
        return here
    return [first for first in earlier if first in clauses.sentence(earlier[-1])]


def _is_wished(text: Text, clauses: Clauses, step: Step) -> bool:
    """Whether a step is only said to be needed: "we need an engine"."""
    return not of("wants").isdisjoint(text.words(range(clauses.of(step.at).first, step.at + 1)))


def _merged(text: Text, clauses: Clauses, steps: list[Step]) -> list[Step]:
    """An action said twice is one step, unless it is said of different models or on data of its own each.

    It runs where it is ordered: "we need an engine. Export JOB and build an engine" exports first.
    """
    kept: list[Step] = []
    for step in steps:
        same = (s for s in kept if s.action == step.action)
        other = next((s for s in same if not _are_apart(s, step, s is kept[-1])), None)
        if other is None:
            kept.append(step)
        elif _is_wished(text, clauses, other) and kept[-1].at in clauses.sentence(step.at):
            kept = [each for each in kept if each is not other]
            kept.append(replace(step, claims=other.claims + step.claims, engine=other.engine or step.engine))
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


def _mark_repeated(text: Text, clauses: Clauses, steps: list[Step], merged: list[Step]) -> None:
    """Leave what is asked for once more to the question about words: "then train again", "once more on B".

    It is more than the step said before.
    """
    repeats = [
        (i, end) for i in range(len(text.tokens)) for end in text.ends(i, "grammar.order.repeat")
    ]  # fmt: skip
    for i, end in repeats:
        placed = text.unread().match(phrase("steps.again"), end)
        if text.word(i - 1) in ("and", "then") and placed is not None:
            text.ledger.mark("unread", range(i, end))
    for step in (s for s in steps if s not in merged):
        later = min((s.at for s in steps if s.at > step.at), default=len(text.tokens))
        reach = range(step.at + 1, min(later, clauses.sentence(step.at).stop))
        for i, end in repeats:
            if i in reach:
                text.ledger.mark("unread", [step.at, *range(i, end)])
        if _is_second_training(text, steps, step):
            text.ledger.mark("unread", [step.at])
    _mark_one_more(text, steps, merged)


def _mark_one_more(text: Text, steps: list[Step], merged: list[Step]) -> None:
    """Leave trainings of another model or time to the question about words."""
    trainings = [step for step in steps if step.action == "train"]
    if len(trainings) > sum(step.action == "train" for step in merged):
        for step in (s for s in trainings if _is_one_more(text, s)):
            text.ledger.mark("unread", [step.at])


def _is_second_training(text: Text, steps: list[Step], step: Step) -> bool:
    """Whether a training behind another is one more: "train on A, then fine-tune it on B"."""
    if step.action != "train" or all(c.value.role is not None for c in step.of("place")):
        return False
    earlier = [s.at for s in steps if s.action == "train" and s.at < step.at]
    return bool(earlier) and not _THEN.isdisjoint(text.words(range(earlier[-1], step.at)))


def _is_one_more(text: Text, step: Step) -> bool:
    """Whether a training said again is of another model or time: "train another one", "pretrain it first"."""
    word = text.ledger.owner.get(step.at)
    if word is None or not step.asked:
        return False
    if text.match(_ANOTHER, word.last + 1) is not None:
        return True
    behind = (k for k in range(word.last + 1, len(text.tokens)) if text.kind(k) == "mark")
    around = {text.word(step.at - 1), *text.words(range(word.last + 1, next(behind, len(text.tokens))))}
    return text.word(word.last + 1) in ("it", "that", "them") and not around.isdisjoint(_THEN | {"first"})


_ANOTHER = "'another|'others|'second|'third|'other|'next|'the* 'another|'others|'second|'third|'other|'next"


def _mark_unasked(text: Text, steps: list[Step]) -> None:
    """Leave what is said of a step that nothing asks for to the question about words.

    "Resume JOB, then evaluate it", "train it. For the export use batch size 2".
    """
    trained = any(trains(step.action) for step in steps)
    for job in text.ledger.of("job") if not trained else ():
        words = text.words(job.tokens)
        alone = _LEADING_ON.isdisjoint(words) and words[0] != "pick"  # "continue with JOB: export it"
        if alone and text.within(job.first, "actions.words.resume") and text.opens(job.first):
            text.ledger.mark("unread", [job.first])
    asked = [f"actions.{step.action}.{form}" for step in steps for form in ("nouns", "ing")]
    for claim in text.ledger.of("value") if asked else ():
        noun = named_before(text, claim)
        if noun is not None and not text.within(noun, *asked):
            text.ledger.mark("unread", [noun])


def _of_each_job(text: Text, step: Step) -> list[Step]:
    """Split "evaluate A and B on X": what is done with several jobs is done with each."""
    jobs = {str(c.value): c for c in step.of("job")}
    several = len(jobs) > 1 and len(step.named) < 2 and not trains(step.action)
    if not several or not are_joined(text, [*jobs.values()], step):
        return [step]
    rest = [c for c in step.claims if c.kind != "job"]
    return [replace(step, claims=[*rest, job]) for job in jobs.values()]


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
        kind = _kind_said(text, steps, step, kinds) or kind
        if kind in kinds:  # what follows is of the same kind
            step.action = f"{kind}_{step.action}"


def _kind_said(text: Text, steps: list[Step], step: Step, kinds: set[str]) -> str:
    """Return the kind of its action that is said with a step; its word is accounted for."""
    for i in _stretch(text, steps, step) if kinds else ():
        if (said := next((k for k in kinds if text.word(i).startswith(k)), None)) is not None:
            if i != step.at:
                text.ledger.claim("described", [i])
            return said
    return ""


def _stretch(text: Text, steps: list[Step], step: Step) -> list[int]:
    """Return a step's verb and the free words up to the next; those before the first are the first's."""
    later = min((s.at for s in steps if s.at > step.at), default=len(text.tokens))
    first = 0 if all(s.at >= step.at for s in steps) else step.at
    words = (i for i in range(first, later) if text.kind(i) == "word" and len(text.word(i)) > 3)
    return [i for i in words if i == step.at or text.ledger.free(i)]
