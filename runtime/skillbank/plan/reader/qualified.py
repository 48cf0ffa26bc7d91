"""Names with their bank in a text: ``other:train-painter``, ``other:"Wide Painter"``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillbank.bank.claims import Claims
from skillbank.bank.copies import without_copies
from skillbank.bank.discovery import OWN, Bank, Library
from skillbank.bank.request_words import REQUEST_WORDS
from skillbank.bank.skill import Skill
from skillbank.errors import SkillNotFoundError

__all__ = ["QualifiedNames"]

_WORDS = re.compile(r"[\w.-]*\w(?: [\w.-]*\w){0,7}")
_QUOTE = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'|`([^`\n]*)`")
_GOES_ON = re.compile(r"[/\\:=@]|[.-]\w|\w")
"""What makes a name part of something longer, such as a place, a pair or another name."""
_HEAD = re.compile(r"(?<![\w./:\\@=-])([\w.-]*\w):$")


class QualifiedNames:
    """Finds what names a bank and one of its skills in a text."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._claims: dict[str, Claims] = {}
        names = sorted((re.escape(b.name) for b in library.banks), key=len, reverse=True)
        self._pattern = re.compile(rf"(?<![\w./:\\@=-])({'|'.join(names) or '(?!)'}):(?=[\w\"'`])", re.I)

    def find(self, text: str) -> Iterator[tuple[int, int, tuple[Skill, ...]]]:
        """Yield where a name begins and ends, and the skills that it can be: one, if nothing is wrong.

        Raises
        ------
        SkillNotFoundError
            When a bank is named that has no such skill.
        """
        at = 0
        while (match := self._pattern.search(text, at)) is not None:
            bank = self._library.bank(match[1])
            end, skills = self._read(bank, text, match.end()) if bank else (match.end(), ())
            at = max(end, match.end())
            if skills:
                yield match.start(), end, skills

    def refuse_unknown_bank(self, before: str, name: str) -> None:
        """Refuse a name when the text before it ends with the name of a bank that there is not.

        Raises
        ------
        SkillNotFoundError
            Naming the banks.
        """
        head = _HEAD.search(before)
        if head and not all(w in REQUEST_WORDS for w in re.split(r"[\W_]+", head[1].lower())):
            self._library.find(f"{head[1]}:{name}")

    def _read(self, bank: Bank, text: str, start: int) -> tuple[int, tuple[Skill, ...]]:
        """Read the name behind a bank's; the longest that the bank knows."""
        quote = _QUOTE.match(text, start)
        if quote is not None:
            name = next(part for part in quote.groups() if part is not None)
            return quote.end(), self._skills(bank, name) or self._refuse(bank, name)
        for skill in sorted(bank.skills, key=lambda s: -len(s.name)):
            end = start + len(skill.name)
            if text[start:end].lower() == skill.name.lower() and not _GOES_ON.match(text, end):
                return end, self._skills(bank, skill.name)
        said = _WORDS.match(text, start)
        if said is None:
            return start, ()
        words = said[0].split(" ")
        for size in range(len(words), 0, -1):
            name = " ".join(words[:size])
            end = start + len(name)
            if not _GOES_ON.match(text, end) and (skills := self._skills(bank, name)):
                return end, skills
        end = start + len(words[0])
        if _GOES_ON.match(text, end) or not words[0].strip("0123456789."):
            return end, ()  # a place, a ratio, a time
        return end, self._refuse(bank, words[0])

    def _skills(self, bank: Bank, name: str) -> tuple[Skill, ...]:
        if bank.name not in self._claims:
            self._claims[bank.name] = Claims(without_copies(bank.skills), OWN)
        return self._claims[bank.name].of(name).skills

    def _refuse(self, bank: Bank, name: str) -> tuple[Skill, ...]:
        return (self._library.find(f"{bank.name}:{name}").skill,)


def of_quote(names: QualifiedNames, content: str) -> tuple[Skill, ...]:
    """Return the skills that a quoted text names with their bank; none when it says anything else."""
    try:
        found = next(names.find(content), None)
    except SkillNotFoundError:
        return ()  # what is quoted may be anything
    return found[2] if found is not None and found[:2] == (0, len(content)) else ()
