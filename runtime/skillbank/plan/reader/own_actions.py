"""What is a skill's own: actions and data sources by their names, "run X" where a skill does one thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skillbank.bank.skill import Skill
from skillbank.plan.datasets import DATASETS
from skillbank.plan.reader.clauses import Clauses, Mode
from skillbank.plan.reader.lexicon import forms
from skillbank.plan.reader.matching import Text

__all__ = ["Word", "only_action", "own_actions", "own_sources", "own_word"]


@dataclass(frozen=True, slots=True)
class Word:
    """What names an action at a token: where it ends, its form as a verb, whether it is a noun."""

    action: str
    end: int
    form: str
    noun: bool


def own_actions(text: Text, known: Sequence[str]) -> list[str]:
    """Return the actions of the skills that a text names, but for those that all skills may have."""
    names = dict.fromkeys(a.name for skill in _named(text) for a in skill.actions)
    return [name for name in names if name not in known or "_" in name]


def own_word(text: Text, i: int, own: Sequence[str]) -> Word | None:
    """Return the own action whose name stands at a token: one word, several, or a verb in any form."""
    word = text.word(i)
    for name in own:
        words = name.lower().split("_")
        end = i + len(words)
        spelled = word.replace("-", "_") == name.lower()
        if spelled or (
            text.words(range(i, min(end, len(text.tokens)))) == words
            and all(map(text.ledger.free, range(i, end)))
        ):
            return Word(name, i + 1 if spelled else end, "base", noun=False)
        if len(words) == 1:
            form = next((f for f, said in forms(words[0]).items() if word in said), None)
            if form is not None:
                return Word(name, end, form, noun=form == "ing")
    return None


def own_sources(text: Text) -> frozenset[str]:
    """Return the names of all data sources of the skills that a text names."""
    return frozenset(
        row.source
        for skill in _named(text)
        for action in skill.actions
        for row in action.data_sources
        if DATASETS.fullmatch(row.source)
    )


def only_action(text: Text, clauses: Clauses) -> str | None:
    """Return the one action of the one skill that a text says to run, without a word of what it does."""
    skills = _named(text)
    names = list(dict.fromkeys(a.name for skill in skills for a in skill.actions))
    if len(skills) != 1 or len(names) != 1:
        return None
    launched = (i for i in text.unclaimed(range(len(text.tokens))) if text.within(i, "actions.words.launch"))
    asked = any(clauses.of(i).mode in (Mode.REQUEST, Mode.PLAIN) for i in launched)
    return names[0] if asked else None


def _named(text: Text) -> list[Skill]:
    claims = text.ledger.of("name")
    return list({s.qualified: s for claim in claims for s in claim.value.skills}.values())
