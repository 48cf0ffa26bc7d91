"""Which skill each step is done with, and steps that are said of several models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from skillbank.bank.names import shown
from skillbank.bank.skill import Skill
from skillbank.errors import AmbiguousSkillError
from skillbank.plan.products import trains
from skillbank.plan.reader.belonging import are_joined
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import phrase, phrases
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.students import teaches
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.slot_keys import key_of
from skillbank.plan.slots import slot

__all__ = ["assign_skills"]


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
    if not steps[0].of("name") and _labels_for_another(steps):
        return _assigned(text, steps[:1], steps[1:], everywhere)  # what finds things is looked for
    return _assigned(text, [], steps, everywhere)


def _assigned(text: Text, made: list[Step], steps: list[Step], everywhere: list[Skill]) -> list[Step]:
    """Return the steps that have been made, and behind them others with the skill of each."""
    made = list(made)
    divided: list[Step] = []
    for i, step in enumerate(steps):
        own = _distinct(step.of("name"))
        if own:
            new = _divided(text, step, own) if len(own) > 1 else _with_skills(step, own)
            divided = new if len(own) > 1 else []
        elif _is_done_with_all(text, step) or _goes_on_with_all(text, step, divided):
            new = _with_skills(step, _skills(made) or everywhere[:1])
        elif not made and len(led := _named_at_once(text, steps[i:])) > 1:
            new = divided = _with_skills(step, led)
        else:
            new, divided = _with_skills(step, _skills(made[-1:]) or everywhere[:1]), []
        made += new
    return made


def _with_skills(step: Step, skills: Sequence[Skill]) -> list[Step]:
    """Return a step, or one for each of several skills."""
    if len(skills) > 1:
        return [replace(step, claims=list(step.claims), skill=skill) for skill in skills]
    step.skill = skills[0]
    return [step]


def _skills(steps: list[Step]) -> list[Skill]:
    """Return the skills of some steps, each once."""
    return list(dict.fromkeys(s.skill for s in steps if s.skill is not None))


def _is_done_with_all(text: Text, step: Step) -> bool:
    """Whether a step is done with each model before it: "train A on X and B on Y, evaluate both on Z"."""
    word = text.ledger.owner.get(step.at)
    matches = (text.unread().match(source, word.last + 1) for source in phrases("several.all") if word)
    return any(match is not None for match in matches)


def _goes_on_with_all(text: Text, step: Step, divided: list[Step]) -> bool:
    """Whether a step goes on with all models that one word was said of: "train A and B on X, then export".

    Raises
    ------
    AmbiguousSkillError
        Where it may as well be of the last one alone: "train A on X, B on Y, then export (it)".
    """
    word = text.ledger.owner.get(step.at)
    if word is None or len(divided) < 2 or step.of("job"):
        return False
    if text.unread().match(phrase("several.singled"), word.last + 1) is not None:
        return False  # which is asked about
    told = text.unread().match(phrase("several.it"), word.last + 1) is not None
    if not told and divided[0].at == divided[1].at:
        return True
    listed = ", ".join(dict.fromkeys(shown(s.skill.name) for s in divided if s.skill is not None))
    said = text.ledger.said(word.tokens)
    raise AmbiguousSkillError(
        f"'{said}' may be of {listed}, or of all of them; say '{said} each', or name the model."
    )


def _named_at_once(text: Text, steps: list[Step]) -> list[Skill]:
    """Return the models that steps said in one breath have in common: "train and evaluate A and B"."""
    for step, after in pairwise(steps):
        if after.group != step.group or step.claims:
            return []
        if names := after.of("name"):
            return _distinct(names) if are_joined(text, names, after) else []
    return []


def _labels_for_another(steps: list[Step]) -> bool:
    """Whether things are found first, and another model is trained: "label A in P and train MODEL on D"."""
    first, named = steps[0], [s for s in steps[1:] if s.of("name")]
    finds = any(c.value for c in first.of("find")) and not first.of("job")
    skills = _distinct([c for s in named for c in s.of("name")])
    trained = bool(named) and trains(named[0].action)
    return finds and trained and not any(key_of(s, a, slot("captions")) for s in skills for a in s.actions)


def _distinct(claims: list[Claim]) -> list[Skill]:
    found: dict[str, Skill] = {}
    for claim in claims:
        skills = claim.value.skills
        if len(skills) > 1:
            listed = ", ".join(sorted(shown(s.qualified) for s in skills))
            raise AmbiguousSkillError(f"Several skills have this name: {listed}; give the whole name.")
        found.setdefault(skills[0].qualified, skills[0])
    return list(found.values())


def _divided(text: Text, step: Step, skills: list[Skill]) -> list[Step]:
    """Split "train Painter on A and Sculptor on B"; names joined by "and" have all in common."""
    names = step.of("name")
    rest = [c for c in step.claims if c.kind != "name"]
    if (parts := _parts(text, step, names, rest)) is not None:
        each = zip(names, parts, strict=True)
        return [replace(step, at=n.first, claims=[n, *part], skill=n.value.skills[0]) for n, part in each]
    added = all(text.words(range(a.last + 1, b.first)) == ["as", "well", "as"] for a, b in pairwise(names))
    if not added and not are_joined(text, names, step):
        raise _unclear(step, skills)
    return [replace(step, claims=list(rest), skill=skill) for skill in skills]


def _unclear(step: Step, skills: list[Skill]) -> AmbiguousSkillError:
    """Return the refusal of a step that names several models and does not say what each is for."""
    names = [s.name for s in skills]
    if step.action == "distill" and len(skills) == 2 and teaches(*skills):
        teacher, student = map(shown, names)
        return AmbiguousSkillError(
            "A teacher and its student are understood in one sentence that begins with them; say: "
            f"distill {teacher} into {student} on PICTURES to find THINGS."
        )
    listed = ", ".join(shown(s.qualified if names.count(s.name) > 1 else s.name) for s in skills)
    return AmbiguousSkillError(f"The request could mean {listed}; name the one that is meant.")


def _parts(text: Text, step: Step, names: list[Claim], rest: list[Claim]) -> list[list[Claim]] | None:
    """Return what is said of each name where each has a place or a job of its own, else None.

    What stands behind a list of jobs with a model each is said of all of them.
    """
    ends = [*(c.first for c in names[1:]), len(text.tokens)]
    parts = [[c for c in rest if a.first <= c.first < b] for a, b in zip(names, ends, strict=True)]
    apart = "or" not in text.words(range(names[0].first, names[-1].last))
    if not apart or not all(any(c.kind in ("place", "job") for c in part) for part in parts):
        return None
    parts[0] = [*(c for c in rest if c.first < names[0].first), *parts[0]]
    tail = _of_all_jobs(text, step, parts)
    return [*([*part, *tail] for part in parts[:-1]), parts[-1]]


def _of_all_jobs(text: Text, step: Step, parts: list[list[Claim]]) -> list[Claim]:
    """Return what is said behind a list of jobs with a model each."""
    jobs = [job for part in parts for job in [c for c in part if c.kind == "job"][:1]]
    listed = len(jobs) == len(parts) and are_joined(text, jobs, step)
    return [c for c in parts[-1] if listed and c.first > jobs[-1].last]
