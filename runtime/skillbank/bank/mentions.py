"""Which skills a search names: by its whole text, as ``bank:skill``, or of our own bank anywhere in it."""

from __future__ import annotations

import re

from skillbank.bank.discovery import OWN, Library
from skillbank.bank.names import normalise, spellings
from skillbank.bank.skill import Skill

__all__ = ["named_in"]

_MOST_WORDS = 12
"""Words of a text that are read as one name."""


def named_in(query: str, library: Library) -> list[Skill]:
    """Return the skills that a query names; of names of the own bank longer ones come first.

    Plain names of other banks inside a query are words: whoever writes a bank could else call a skill what
    everybody asks for.
    """
    said = dict.fromkeys(re.findall(r"([^\s:]+):([^\s:]+)", query))
    exact = [s for bank, name in said for s in library.exactly(bank, name.rstrip(".,;!?)'\""))]
    return list(dict.fromkeys((*exact, *library.claims.of(query).skills, *_own_in(query, library))))


def _own_in(query: str, library: Library) -> list[Skill]:
    own = (skill for skill in library.skills if skill.bank == OWN)
    longest = max((len(name) for skill in own for name in spellings(skill)), default=0)
    words = re.findall(r"[\w.]+", query)
    found: list[tuple[int, Skill]] = []
    for first in range(len(words)):
        name = ""
        for count, word in enumerate(words[first : first + _MOST_WORDS], 1):
            name += normalise(word)
            if len(name) > longest:
                break
            found += [(count, s) for s in library.claims.of(name).skills if s.bank == OWN]
    return [skill for _, skill in sorted(found, key=lambda hit: -hit[0])]
