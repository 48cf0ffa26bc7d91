"""Kinds of models: which one a text speaks of, and whether the model that is meant is of that kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from skillbank.bank.names import shown
from skillbank.bank.skill import Skill
from skillbank.errors import AmbiguousSkillError
from skillbank.plan.products import trains
from skillbank.plan.reader.lexicon import lexicon
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import phrase
from skillbank.plan.reader.step import Step

__all__ = ["kinds_in", "mark_other_kinds", "refuse_another_kind", "refuse_more_than_one", "refuse_several"]

_STEM = 6
"""Letters of a word that all its forms have."""


def mark_other_kinds(text: Text, steps: Sequence[Step]) -> None:
    """Ask about the kind that a model is said to be of where its skill is of another: "as a detector".

    A skill that is not described as of any kind may be of each.
    """
    skills = {s.skill for s in steps if s.skill is not None}
    of_each = [kinds for skill in skills if (kinds := _kinds_of(skill))]
    if len(of_each) < len(skills) or not skills:
        return
    for match in text.unread().phrases("unread.kind"):
        said = match.tokens("what")
        told = text.owners(said) & {"report", "question", "talk"}
        if not told and not any(kinds & kinds_in(text, said).keys() for kinds in of_each):
            text.ledger.mark("unread", said)


def _kinds_of(skill: Skill) -> set[str]:
    """Return the stems of the kinds that a skill is described as."""
    said = _described_as(skill)
    stems = {phrase[:_STEM] for phrase in lexicon().classes["told.kinds"] if " " not in phrase}
    return {stem for stem in stems if stem in said}


def _described_as(skill: Skill) -> str:
    """Return what a skill is called and says that it is."""
    return f"{skill.name} {skill.frontmatter.description}".lower().partition(". ")[0]


def kinds_in(page: Text, tokens: Iterable[int]) -> dict[str, str]:
    """Return the words of some tokens that say of what kind a model is, by what all their forms have."""
    return {w[:_STEM]: w for w in page.words(tokens) if page.lexicon.has(w, "told.kinds")}


def refuse_another_kind(page: Text, steps: list[Step], skill: Skill) -> None:
    """Refuse a training of another kind than the job that is named: "train a detector, classify with JOB".

    Raises
    ------
    AmbiguousSkillError
        Where the skill of the job is not described as what is to be trained.
    """
    said = _described_as(skill)
    for step in (s for s in steps if trains(s.action) and not s.of("job")):
        match = page.unread().match(phrase("several.kind"), step.at + 1)
        for stem, kind in kinds_in(page, match.tokens("what") if match is not None else []).items():
            if stem not in said:
                raise AmbiguousSkillError(
                    f"The request trains a {kind}, and the job is one of {shown(skill.name)}; "
                    f"name the skill of the training."
                )


def refuse_several(page: Text) -> None:
    """Refuse two kinds of models that no name tells apart: "train a detector and a classifier".

    Raises
    ------
    AmbiguousSkillError
        Where two kinds are joined, each with its own article.
    """
    for match in page.unread().phrases("several.kinds"):
        refuse_more_than_one(kinds_in(page, match.tokens("what")))


def refuse_more_than_one(kinds: Mapping[str, str]) -> None:
    """Refuse kinds of which there are several.

    Raises
    ------
    AmbiguousSkillError
        Where there are.
    """
    if len(kinds) > 1:
        listed = " and ".join(f"'{word}'" for word in kinds.values())
        raise AmbiguousSkillError(f"The request speaks of {listed}; name the skill of each.")
