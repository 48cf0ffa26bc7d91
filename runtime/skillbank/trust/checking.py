"""Which skills a person means to verify or sign, and verifying many of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from skillbank.bank.discovery import Bank, Library
from skillbank.bank.files import is_there
from skillbank.bank.skill import Skill
from skillbank.errors import (
    DataNotFoundError,
    PlatformError,
    SkillFormatError,
    SkillNotFoundError,
    UsageError,
    sentence_of,
)
from skillbank.nearby import at_home, near_path
from skillbank.trust.certificates import Certificate
from skillbank.trust.contents import SIGNATURE_FILE
from skillbank.trust.memory import remembering
from skillbank.trust.verify import Verification, verify_skill
from skillbank.visible import one_line

__all__ = ["Asked", "Target", "targets", "verify_all"]

_IMAGES = "versions.yaml"
_MAX_DEPTH = 6
_MAX_FOLDERS = 100_000
_NEVER = frozenset({"node_modules", "__pycache__"})


@dataclass(frozen=True)
class Target:
    """One folder to look at."""

    folder: Path
    bank: str
    bank_root: Path


@dataclass(frozen=True)
class Asked:
    """The folders that are meant, and whether one skill was named rather than a bank."""

    skills: tuple[Target, ...]
    one_skill: bool


def targets(library: Library, subject: str | None) -> Asked:
    """Find what is meant by a name or a folder; without one, every skill of every bank in use.

    A folder may be a bank or a skill, also one that lost its SKILL.md. A name is a skill's or a bank's.

    Raises
    ------
    SkillNotFoundError
        When nothing is called so, or the folder holds no skill.
    DataNotFoundError
        When there is no such folder.
    UsageError
        When it is both a name and a folder, of different things.
    """
    if subject is None:
        return Asked(tuple(t for bank in library.banks for t in _of_bank(bank)), False)
    folder = at_home(Path(subject))
    is_folder = folder.is_dir()
    named = None if is_folder and os.sep in subject else _named(library, subject)
    if named is not None and (not is_folder or all(_same(t, folder) for t in named.skills)):
        return named
    if named is not None:
        first = named.skills[0]
        if named.one_skill:
            what, name = "a skill", f"{first.bank}:{subject} for the skill"
        else:
            what, name = "a bank", f"{first.bank_root} for the bank"
        raise UsageError(
            f"'{subject}' is {what} and a folder here; write ./{subject} for the folder, or {name}."
        )
    if not is_folder and os.sep in subject:
        raise DataNotFoundError(f"There is no folder {one_line(subject)}{near_path(folder)}.")
    if not is_folder:
        return Asked((_target(library.get(subject)),), True)  # an alias, or an error with the near name
    return _of_folder(folder.resolve())


def _of_folder(folder: Path) -> Asked:
    found = _of_bank(Bank(folder))
    if not found:
        raise SkillNotFoundError(f"The folder {folder} holds no skill; name a skill's folder or a bank's.")
    return Asked(tuple(found), any(t.folder == folder for t in found))


def _named(library: Library, name: str) -> Asked | None:
    """Return what is called so: a bank, else a skill by its exact name (``bank:skill`` too)."""
    named = [s for s in library.skills if name in (s.name, s.qualified)]
    for bank in library.banks:
        if bank.name != name:
            continue
        if any(s.bank != name for s in named):
            raise UsageError(
                f"'{name}' is a bank and a skill of another bank; write {bank.root}, or BANK:SKILL."
            )
        return Asked(tuple(_of_bank(bank)), False)
    named = named or [s for s in library.skills if name == s.root.name]
    if not named:
        return None
    # Of several the library says which one is meant, or that it has to be said.
    return Asked((_target(named[0] if len(named) == 1 else library.get(name)),), True)


def _target(skill: Skill) -> Target:
    return Target(skill.root, skill.bank, skill.bank_root)


def _same(target: Target, folder: Path) -> bool:
    return target.folder.resolve() == folder.resolve() or target.bank_root.resolve() == folder.resolve()


def _of_bank(bank: Bank) -> list[Target]:
    """Return the skills of a bank, and every other folder that bears a signature: SKILL.md may be gone."""
    found = {skill.root.resolve(): _target(skill) for skill in bank.skills}
    for folder in _signed_folders(bank.root, set(found)):
        found.setdefault(folder, Target(folder, bank.name, bank.root))
    return [found[folder] for folder in sorted(found)]


def _signed_folders(root: Path, known: set[Path]) -> Iterator[Path]:
    """Yield the folders below a bank that hold a signature and are none of its known skills.

    A known skill is looked through as well: a SKILL.md laid above signed skills would hide them all.
    """
    left = _MAX_FOLDERS
    for here, subfolders, files in os.walk(root, followlinks=False):
        folder = Path(here)
        left -= 1
        if left < 0:
            raise SkillFormatError(
                f"The bank {root} holds more than {_MAX_FOLDERS} folders; name a folder further down."
            )
        if SIGNATURE_FILE in files and folder not in known:
            yield folder
        if len(folder.parts) - len(root.parts) >= _MAX_DEPTH:
            subfolders.clear()
        subfolders[:] = [s for s in sorted(subfolders) if not s.startswith(".") and s not in _NEVER]


def verify_all(
    skills: Sequence[Target], anchors: Sequence[Certificate]
) -> tuple[list[Verification], list[str]]:
    """Verify skills, compare each with what was verified here before, and remember what is verified now.

    Returns
    -------
    list of Verification
        One for each skill.
    list of str
        What is to be said of all of them.
    """
    found = [verify_skill(s.folder, anchors, bank=s.bank, bank_root=s.bank_root) for s in skills]
    notes = [
        f"{root / _IMAGES} names images for its bank, and no skill's signature covers it"
        for root in dict.fromkeys(s.bank_root for s in skills)
        if is_there(root / _IMAGES)
    ]
    try:
        with remembering() as memory:
            compared = [memory.compared(v) for v in found]
            for verification in found:
                if verification.state == "verified":
                    memory.add(verification)
    except (OSError, PlatformError) as error:
        return found, [
            *notes,
            f"what was verified before is not known here: {one_line(sentence_of(error), 200)}",
        ]
    return compared, notes
