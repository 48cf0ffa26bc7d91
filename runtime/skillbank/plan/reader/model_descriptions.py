"""Words that describe a model which a request names: "the wide view painter Painter"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from skillbank.bank.skill import Skill
from skillbank.plan.reader.actions import Mention
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS

__all__ = ["take_description"]

_STEM = 6
"""Letters of a word that all its forms have."""
_MEANING = (
    "grammar.free.glue", "grammar.mode.technical", "grammar.mode.directive",
    "grammar.operator.not", "grammar.operator.only",
    *(f"actions.{action}.{form}" for action in ACTIONS for form in (*FORMS, "nouns")),
)  # fmt: skip
"""Classes of words that mean something for a run wherever they stand."""


def take_description(text: Text, skills: Sequence[Skill], listed: frozenset[str]) -> None:
    """Account for words that describe a model that is known: "the wide view painter Painter".

    They are those of its name, its tags and the first sentence of its description: further sentences speak of
    what may be chosen. Words that keys of the steps list as values (`listed`), or that tell apart two actions
    of a skill ("segmentation" of segment_train), may be meant as such, and are left.
    """
    said = frozenset(word for skill in skills for word in _describing(skill)) - _apart(skills)
    fit = frozenset(
        i for i, t in enumerate(text.tokens)
        if t.kind == "word" and t.text[:_STEM] in said and t.text not in listed
        and text.ledger.free(i) and not text.within(i, *_MEANING)
    )  # fmt: skip
    for i, token in enumerate(text.tokens):
        named = _is_named(text, i)
        if named or text.lexicon.has(token.text, "told.heads"):
            described = text.unclaimed(_beside(text, fit, i, after=named))
            if described:
                text.ledger.claim("described", described)


def _apart(skills: Sequence[Skill]) -> set[str]:
    """Return the beginnings of the words that tell apart two actions of a skill."""
    parts = (a.name.split("_") for skill in skills for a in skill.actions if "_" in a.name)
    return {part[:_STEM] for words in parts for part in words}


def _is_named(text: Text, i: int) -> bool:
    """Whether a token is the name of a model, or the verb of looking for what it is for."""
    owner = text.ledger.owner.get(i)
    return text.kind(i) == "name" or (owner is not None and owner.kind == "name") or _looks(text, i)


def _beside(text: Text, fit: frozenset[int], i: int, *, after: bool) -> Iterator[int]:
    """Yield the words that fit (`fit`) before a noun, and with it those joined to them; behind it too."""
    k = i if text.tokens[i].kind == "word" and i in fit else i - 1
    while k >= 0 and text.ledger.free(k) and (k in fit or _joins(text, fit, k)):
        yield k
        k -= 1
    k = i + 1
    while after and k in fit and text.ledger.free(k):
        yield k
        k += 1


def _joins(text: Text, fit: frozenset[int], k: int) -> bool:
    return _is_joined(text, k) and (k + 1 in fit or not text.ledger.free(k + 1))


@lru_cache(maxsize=512)
def _describing(skill: Skill) -> frozenset[str]:
    """Return the beginnings of the words that say what the model of a skill is."""
    begun = skill.frontmatter.description.partition(". ")[0]
    whole = " ".join((skill.name, *skill.frontmatter.tags, *skill.called.aliases, begun)).lower()
    return frozenset(word[:_STEM] for word in re.findall(r"[a-z0-9]+", whole))


def _looks(text: Text, i: int) -> bool:
    """Whether a token is the verb of looking for what the model is for: "predict depth", "recognize text"."""
    owner = text.ledger.owner.get(i)
    if owner is None or owner.last != i:
        return False
    return owner.kind == "find" or (isinstance(owner.value, Mention) and owner.value.action == "inference")


def _is_joined(text: Text, k: int) -> bool:
    """Whether a word and the one behind it were written with a hyphen."""
    return (
        text.ledger.original[text.tokens[k].end : text.tokens[k + 1].start] in ("", "-")
        and text.tokens[k].kind == "word"
    )
