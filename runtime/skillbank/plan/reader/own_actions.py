"""What is a skill's own: actions and data sources by their names, "run X" where a skill does one thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from skillbank.bank.skill import Skill
from skillbank.plan.datasets import DATASETS
from skillbank.plan.reader.clauses import Clauses, Mode
from skillbank.plan.reader.lexicon import forms
from skillbank.plan.reader.matching import Text

__all__ = ["OwnWord", "only_action", "own_actions", "own_sources", "own_word"]


@dataclass(frozen=True, slots=True)
class OwnWord:
    """The name of an action in a text, its first token, where it ends, and the form that it has as a verb."""

    action: str
    first: int
    end: int
    form: str


def own_actions(text: Text, known: Sequence[str]) -> list[str]:
    """Return the actions of the skills that a text names, but for those that all skills may have."""
    names = dict.fromkeys(a.name for skill in _named(text) for a in skill.actions)
    return [name for name in names if name not in known or "_" in name]


def own_word(text: Text, i: int, own: Sequence[str]) -> OwnWord | None:
    """Return the own action whose name stands at a token: one word, several, or a verb in any form."""
    for name in own:
        words, word = name.lower().split("_"), text.tokens[i].text
        end = i + len(words)
        if word.replace("-", "_") == name.lower():
            return OwnWord(name, i, i + 1, "base")
        if len(words) == 1:
            if (form := next((f for f, said in forms(words[0]).items() if word in said), None)) is not None:
                return OwnWord(name, i, i + 1, form)
        elif [t.text for t in text.tokens[i:end]] == words and all(map(text.ledger.free, range(i, end))):
            return OwnWord(name, i, end, "base")
    return None


def own_sources(text: Text) -> frozenset[str]:
    """Return the names of all data sources of the skills that a text names."""
    return frozenset(source for skill in _named(text) for source in _sources(skill))


@lru_cache(maxsize=512)
def _sources(skill: Skill) -> frozenset[str]:
    rows = (row for action in skill.actions for row in action.data_sources)
    return frozenset(row.source for row in rows if DATASETS.fullmatch(row.source))


def only_action(text: Text, clauses: Clauses) -> str | None:
    """Return the one action of the one skill that a text says to run, without a word of what it does."""
    skills = _named(text)
    names = list(dict.fromkeys(a.name for skill in skills for a in skill.actions))
    if len(skills) != 1 or len(names) != 1:
        return None
    asked = (
        i
        for i in range(len(text.tokens))
        if text.ledger.free(i)
        and text.within(i, "actions.words.launch")
        and clauses.of(i).mode in (Mode.REQUEST, Mode.PLAIN)
    )
    return names[0] if next(asked, None) is not None else None


def _named(text: Text) -> list[Skill]:
    claims = text.ledger.of("name")
    return list({s.qualified: s for claim in claims for s in claim.value.skills}.values())
