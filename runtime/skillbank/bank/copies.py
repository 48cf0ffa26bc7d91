"""Copies of a skill in several banks, or in several folders of one, are one skill."""

from __future__ import annotations

from collections.abc import Iterable

from skillbank.bank.skill import Skill
from skillbank.errors import SkillFormatError

__all__ = ["with_copies", "without_copies"]


def with_copies(skills: Iterable[Skill]) -> list[tuple[Skill, list[Skill]]]:
    """Return every skill with the copies of it that come later; only skills of one name are compared."""
    named: dict[str, list[tuple[Skill, list[Skill]]]] = {}
    order: list[tuple[Skill, list[Skill]]] = []
    for skill in skills:
        same = named.setdefault(skill.name, [])
        copies = next((copies for first, copies in same if _is_copy(first, skill)), None)
        if copies is not None:
            copies.append(skill)
            continue
        same.append((skill, []))
        order.append(same[-1])
    return order


def without_copies(skills: Iterable[Skill]) -> list[Skill]:
    """Return the skills without copies of earlier ones."""
    return [skill for skill, _ in with_copies(skills)]


def _is_copy(first: Skill, other: Skill) -> bool:
    """Whether two skills of one name are one: the same files, which mean the same images in their banks."""
    try:
        if first.digest != other.digest:
            return False
        return [first.image(a) for a in first.actions] == [other.image(a) for a in other.actions]
    except (OSError, SkillFormatError):
        return False
