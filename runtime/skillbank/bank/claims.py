"""Who answers to a name where several skills claim it: the order of banks decides, and it is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property, lru_cache

from skillbank.bank.lookalikes import looks
from skillbank.bank.names import by_alias, doers, former, normalise, plain, shown, spellings
from skillbank.bank.request_words import REQUEST_WORDS
from skillbank.bank.skill import Skill

__all__ = ["Claim", "Claims"]

_SHOWN = 3
_ALIKE = 0.9
"""How much of two names is the same when one may be a typing error for the other."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The skills that answer to a name: one, or several of one bank that nothing tells apart.

    ``note`` says what else claims the name or looks like it, and how to choose; empty where nothing does.
    """

    skills: tuple[Skill, ...] = ()
    note: str = ""


class Claims:
    """The names that skills answer to.

    Parameters
    ----------
    skills
        In the order of their banks: the bank that comes first answers.
    own
        Name of the bank that comes with skillbank, whose aliases need no word.
    """

    def __init__(self, skills: Sequence[Skill], own: str = "skillbank") -> None:
        self._skills = tuple(skills)
        self._own = own
        self._ranks = {name: i for i, name in enumerate(dict.fromkeys(s.bank for s in skills))}
        self._spelled: dict[str, list[Skill]] = {}
        self._descriptions: dict[str, tuple[Skill, ...]] = {}
        self._looks: dict[str, dict[str, list[Skill]]] = {}
        for skill in self._skills:
            # Words of every request are in them, so that no other bank's skill is called so without a name.
            called = spellings(skill) | (doers(skill) if skill.bank == own else set())
            for spelling in sorted(called):
                self._spelled.setdefault(spelling, []).append(skill)
                for look in looks(spelling):
                    self._looks.setdefault(look, {}).setdefault(spelling, []).append(skill)
        for skill in (each for each in self._skills if each.bank == own):
            for spelling in doers(skill) - spellings(skill):
                claiming = self._spelled[spelling]
                if not all(by_alias(each, spelling) for each in claiming):
                    claiming.remove(skill)  # whose own name it is comes before one that nobody has named so
                    claiming.append(skill)

    @cached_property
    def spelled(self) -> tuple[str, ...]:
        """Every normalised name that is answered to, in the order of the banks."""
        return tuple(s for s in self._spelled if not self._imitates(s) and not self.described(s))

    def of(self, name: str, said: str = "") -> Claim:
        """Return who answers to a name, in any spelling; nobody to a name that imitates another's.

        The note quotes the name as it was `said`.
        """
        spelling = normalise(name)
        claiming = self._spelled.get(spelling, [])
        if not claiming or self._imitates(spelling) or self.described(spelling):
            return Claim()
        first, *others = _closest(name, [s for s in claiming if s.bank == claiming[0].bank])
        if others:
            return Claim((first, *others))
        said = said or name
        life = f"'{shown(said)}' is now called {shown(first.name)}" if former(first, spelling) else ""
        notes = (self._note(said, spelling, first, claiming), life)
        return Claim((first,), "; ".join(filter(None, notes)))

    def imitated(self, name: str) -> tuple[Skill, ...]:
        """Return the skills that have a name which only looks like one of another skill."""
        spelling = normalise(name)
        return tuple(self._spelled.get(spelling, ())) if self._imitates(spelling) else ()

    def described(self, name: str) -> tuple[Skill, ...]:
        """Return the own bank's skills that a name describes which only aliases of later banks claim.

        "open vocabulary detector" says what a skill does; no other bank makes a name of it for itself.
        """
        spelling = normalise(name)
        if spelling not in self._descriptions:
            self._descriptions[spelling] = self._described(spelling)
        return self._descriptions[spelling]

    def _described(self, spelling: str) -> tuple[Skill, ...]:
        claiming, rank = self._spelled.get(spelling, ()), self._ranks.get(self._own, len(self._ranks))
        if any(self._ranks[s.bank] <= rank or not by_alias(s, spelling) for s in claiming):
            return ()
        aliases = [a for s in claiming for a in s.called.aliases if normalise(a) == spelling]
        words = {w for a in aliases for w in re.findall(r"[a-z]+", a.lower())} - REQUEST_WORDS
        if not words:
            return ()
        return tuple(s for s in self._skills if s.bank == self._own and words <= _words_of(s))

    def alike(self, spelling: str, chosen: Skill) -> list[Skill]:
        """Return the skills whose names look like a normalised name of another skill, and are not it."""
        found = [s for skills in self._like(spelling).values() for s in skills]
        if self._ranks[chosen.bank]:
            # A name that is nearly one of an earlier bank's waits for typing errors.
            digits, rank = re.sub(r"\D", "", spelling), self._ranks[chosen.bank]
            for other, skills in self._spelled.items():
                earlier = [s for s in skills if self._ranks[s.bank] < rank]
                near = earlier and other != spelling and re.sub(r"\D", "", other) == digits
                if near and _nearly(other, spelling):
                    found += earlier
        return [s for s in dict.fromkeys(found) if s is not chosen]

    def _imitates(self, spelling: str) -> bool:
        """Whether a name holds odd letters and looks like the name of another skill."""
        if plain(spelling):
            return False
        skills = self._spelled.get(spelling, ())
        return any(set(by) - set(skills) for by in self._like(spelling).values())

    def _like(self, spelling: str) -> dict[str, list[Skill]]:
        """Return the other normalised names that look like one, with who has each."""
        found = {other: by for look in looks(spelling) for other, by in self._looks.get(look, {}).items()}
        found.pop(spelling, None)
        return found

    def _note(self, name: str, spelling: str, chosen: Skill, claiming: Sequence[Skill]) -> str:
        others = [s for s in claiming if s is not chosen]
        alike = [s for s in self.alike(spelling, chosen) if s not in others]
        alias = by_alias(chosen, spelling) and chosen.bank != self._own and len(self._ranks) > 1
        if not (others or alike or alias):
            return ""
        said = f"'{shown(name)}' is {'an alias of ' if alias else ''}{shown(chosen.qualified)}"
        if others:
            said += f"; {_listed(others)} {'claims' if len(others) == 1 else 'claim'} the name as well"
        if alike:
            said += f"; {_listed(alike)} {'looks' if len(alike) == 1 else 'look'} like it"
        return f"{said}; say BANK:SKILL to choose another"


def _closest(name: str, skills: Sequence[Skill]) -> Sequence[Skill]:
    """Return those of some skills that have a name to the letter, else in any spelling, else all of them."""
    exact = [s for s in skills if s.name == name]
    return exact or [s for s in skills if normalise(s.name) == normalise(name)] or skills


@lru_cache(maxsize=16384)
def _nearly(one: str, other: str) -> bool:
    """Say whether a typing error makes one name of the other; kept, as requests ask for the same."""
    return SequenceMatcher(None, one, other).ratio() >= _ALIKE


def _words_of(skill: Skill) -> set[str]:
    head = skill.frontmatter
    text = " ".join((skill.name, skill.called.network_arch, head.description, *head.tags)).lower()
    return set(re.findall(r"[a-z]+", text.replace("_", " ")))


def _listed(skills: Sequence[Skill]) -> str:
    names = [shown(s.qualified) for s in skills]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
