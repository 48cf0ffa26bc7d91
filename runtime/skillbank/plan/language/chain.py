"""From the tokens of a text to the requests of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from skillbank.bank.names import shown
from skillbank.bank.skill import Skill
from skillbank.errors import AmbiguousSkillError
from skillbank.plan.language import order
from skillbank.plan.language.actions import Mention
from skillbank.plan.language.tokens import Text, Token, words
from skillbank.plan.language.words import ACTION_VERBS, forms

_TRAINING = frozenset(w for v in ACTION_VERBS["train"] for f in forms(v).values() for w in f) | {
    "training",
    "finetuning",
    "tunehyper",
    "usehyper",
}
_READS_VALIDATION = _TRAINING | {
    w for v in ("quantize", "quantise", "retrain", "distill") for f in forms(v).values() for w in f
}


@dataclass(slots=True, eq=False)
class Step:
    """One action asked for, and the tokens that belong to it."""

    mention: Mention
    tokens: list[Token] = field(default_factory=list)
    group: list[Step] = field(default_factory=list)
    """Steps said in one breath ("train and evaluate"), this one included."""
    skill: Skill | None = None
    engine: bool = False
    lead: int = 0
    """How many of its tokens stand before the action."""

    @property
    def action(self) -> str:
        """Name of the action, as this skill calls it."""
        name = self.mention.action
        if self.skill is not None and name == "retrain" and all(a.name != name for a in self.skill.actions):
            return "train"  # where there is no pruning, to train again is to train
        return name

    def values(self, kind: str) -> list[Any]:
        """Return the values of its tokens of one kind."""
        return [t.value for t in self.tokens if t.text == kind]


def speaks_of_training(text: Text) -> bool:
    """Whether a text speaks of training, or of another action that reads validation data beside its own."""
    return any(t.text in _READS_VALIDATION for t in text.tokens)


def steps_of(text: Text) -> list[Step]:
    """Cut a text into steps: to an action belongs what follows it, to a sentence's first what leads to it."""
    steps: list[Step] = []
    early: list[Token] = []
    ranks: dict[int, float] = {}
    for first, last in text.sentences():
        tokens = text.tokens[first:last]
        here = [i for i, t in enumerate(tokens) if t.text == "V"]
        if not here:
            (steps[-1].tokens if steps else early).extend(tokens)
            continue
        begun = len(steps)
        for n, i in enumerate(here):
            end = here[n + 1] if n + 1 < len(here) else len(tokens)
            step = Step(tokens[i].value, tokens[i + 1 : end])
            if n == 0:
                step.lead = len(early) + i
                step.tokens = [*early, *tokens[:i], *step.tokens]
                early = []
            lead = tokens[i - 1].text if i else ""
            ranks[id(step)] = len(steps)
            if steps and order.goes_before(tokens, i, end, len(steps) > begun):
                ranks[id(step)] = ranks[id(steps[-1])] - 0.5
            elif lead == "next" and n == 0 and len(here) > 1:
                ranks[id(step)] = len(steps) + 1.5
            steps.append(step)
    if any(not s.mention.alone for s in steps):
        # Words for a search belong to the training that is asked for in plainer ones.
        for i in reversed(range(len(steps))):
            if steps[i].mention.alone:
                gone = steps.pop(i)
                if i:
                    steps[i - 1].tokens += gone.tokens
                else:
                    steps[0].tokens = [*gone.tokens, *steps[0].tokens]
    _group(steps)
    steps.sort(key=lambda s: ranks[id(s)])
    return _merged(steps)


def _group(steps: list[Step]) -> None:
    """Join steps with nothing but "and" between them: what is said after the last is said of all."""
    run: list[Step] = []
    for step in steps:
        run.append(step)
        if any(t.text not in _GLUE for t in step.tokens[step.lead :]):
            for each in run:
                each.group = list(run)
            run = []
    for each in run:
        each.group = list(run)


_GLUE = words(", and then & also finally / | it both")


def _merged(steps: list[Step]) -> list[Step]:
    """An action said twice is one step, unless it is said of different models."""
    kept: dict[tuple[str, tuple[str, ...]], Step] = {}
    for step in steps:
        named = tuple(s.name for n in step.values("N") for s in n.skills)
        same = next(
            (k for k in kept if k[0] == step.mention.action and (not named or not k[1] or named == k[1])),
            None,
        )
        if same is not None and _again(step, kept[same], list(kept.values())):
            kept[(f"{step.mention.action} {len(kept)}", named)] = step
            continue
        if same is None and step.mention.weak and any(k[0] == step.mention.action for k in kept):
            same = next(k for k in kept if k[0] == step.mention.action)
        if same is None:
            kept[(step.mention.action, named)] = step
            continue
        other = kept[same]
        other.tokens += step.tokens
        if (other.mention.weak and not step.mention.weak) or step.mention.engine:
            other.mention = Mention(step.mention.action, engine=step.mention.engine or other.mention.engine)
        if named and not same[1]:
            kept = {(k if k != same else (same[0], named)): v for k, v in kept.items()}
    return list(kept.values())


def _again(step: Step, earlier: Step, steps: list[Step]) -> bool:
    """Whether an action is said twice because it is to be done twice, each time on data of its own."""
    has_data = [any(p.role is None for p in s.values("P")) for s in (earlier, step)]
    return all(has_data) and (steps[-1] is not earlier or step.mention.action == "evaluate")


def name_all(steps: Sequence[Step], skill: Skill) -> None:
    """Give every step the same skill."""
    for step in steps:
        step.skill = skill


def assign_skills(text: Text, steps: list[Step]) -> None:
    """Give every step the skill that is named with it, else that of the step before.

    A step said of two models ("train both DINO and Mask Grounding DINO") becomes two.

    Raises
    ------
    AmbiguousSkillError
        When it is not clear which of several skills is meant.
    """
    if all(step.skill for step in steps):
        return
    everywhere = _distinct([n for s in steps for n in s.values("N")])
    previous: Skill | None = everywhere[0] if len(everywhere) == 1 else None
    for step in list(steps):
        own = _distinct(step.values("N"))
        if len(own) > 1:
            pieces = _pieces(step)
            if pieces:
                at = steps.index(step)
                steps[at : at + 1] = pieces
                previous = pieces[-1].skill
                continue
            if not _joined(step):
                names = [s.name for s in own]
                listed = ", ".join(shown(s.qualified if names.count(s.name) > 1 else s.name) for s in own)
                raise AmbiguousSkillError(f"The request could mean {listed}; name the one that is meant.")
            at = steps.index(step)
            steps[at : at + 1] = [_copy(step, skill) for skill in own]
            previous = own[-1]
            continue
        step.skill = own[0] if own else previous
        if step.skill is None:
            step.skill = next(s for s in everywhere)
        previous = step.skill


def _distinct(named: Sequence[Any]) -> list[Skill]:
    found: dict[str, Skill] = {}
    for name in named:
        if len(name.skills) > 1:
            listed = ", ".join(sorted(shown(s.qualified) for s in name.skills))
            raise AmbiguousSkillError(f"Several skills have this name: {listed}; give the whole name.")
        found.setdefault(name.skills[0].qualified, name.skills[0])
    return list(found.values())


def _pieces(step: Step) -> list[Step]:
    """Split "train DINO on A and Grounding DINO on B": each name has data of its own."""
    at = [i for i, t in enumerate(step.tokens) if t.text == "N"]
    ends = [*at[1:], len(step.tokens)]
    parts = [step.tokens[a:b] for a, b in zip(at, ends, strict=True)]
    if any(t.text == "or" for t in step.tokens) or not all(any(t.text == "P" for t in p) for p in parts):
        return []
    parts[0] = [*step.tokens[: at[0]], *parts[0]]
    return [
        Step(step.mention, part, [], _distinct([t.value for t in part if t.text == "N"])[0]) for part in parts
    ]


def _joined(step: Step) -> bool:
    """Whether the names of a step are joined by "and": both are meant."""
    at = [i for i, t in enumerate(step.tokens) if t.text == "N"]
    return all(
        (
            "and" in (between := [t.text for t in step.tokens[a + 1 : b]])
            and set(between) <= {"and", ",", "a", "the", "also", "then"}
        )
        or between == [","]
        for a, b in pairwise(at)
    )


def _copy(step: Step, skill: Skill) -> Step:
    return Step(step.mention, [t for t in step.tokens if t.text != "N"], [], skill, step.engine)
