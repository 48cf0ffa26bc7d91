"""Where a bank came from and who signed its skills, asked of those who know: the runtime names them.

Without anybody who knows, a bank is a folder that nobody signed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from skillbank.bank.home import bank_root
from skillbank.errors import SkillFormatError
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.model import Origin

with lazy_imports():
    from skillbank.bank import discovery

if TYPE_CHECKING:
    from skillbank.bank.discovery import Bank
    from skillbank.bank.skill import Skill

__all__ = [
    "Source",
    "ask_signers",
    "ask_sources",
    "bank_of",
    "is_own",
    "origin_of",
    "signer_of",
    "source_of",
]


@dataclass(frozen=True, slots=True)
class Source:
    """The address that a bank was fetched from, and the commit, if it came from a repository."""

    address: str
    commit: str | None = None


SignerOf: TypeAlias = "Callable[[Skill], str | None]"
SourceOf = Callable[[Path], Source | None]


class _Asked:
    """Who is asked, in this process."""

    signer: SignerOf | None = None
    source: SourceOf | None = None


def ask_signers(known: SignerOf) -> None:
    """Name who says who signed a skill as it lies there now; None of a skill that is not so signed."""
    _Asked.signer = staticmethod(known)


def ask_sources(known: SourceOf) -> None:
    """Name who says where the bank in a folder came from; None of a folder that nobody fetched."""
    _Asked.source = staticmethod(known)


def signer_of(skill: Skill) -> str | None:
    """Return who signed a skill; None when that is not known for sure."""
    return None if _Asked.signer is None else _Asked.signer(skill)


def source_of(bank: Bank) -> Source:
    """Return where a bank came from; its folder where nothing else is known."""
    found = None if _Asked.source is None else _Asked.source(bank.root)
    return found or Source(str(bank.root))


def is_own(bank: Bank) -> bool:
    """Whether this is the bank that comes with skillbank, or its folder of skills."""
    return bank.root in (bank_root().resolve(), (bank_root() / "skills").resolve())


def bank_of(skill: Skill, banks: Sequence[discovery.Bank]) -> discovery.Bank:
    """Return the bank that a skill lies in, also one that is not among those in use."""
    root = skill.bank_root.resolve()
    used = next((bank for bank in banks if bank.root == root), None)
    if used is not None:
        return used

    return discovery.Bank(root, skill.bank)


def origin_of(skill: Skill, bank: Bank) -> Origin:
    """Return what a plan says of the bank of its skill, as it lies there now; nothing for our own bank."""
    if is_own(bank):
        return Origin()
    try:
        digest = bank.digest
    except SkillFormatError:
        digest = ""  # too much of it to be looked at, so that nobody can trust it either
    return Origin(
        bank_digest=digest,
        signer=signer_of(skill) or "",
        commit=source_of(bank).commit or "",
        folder=str(bank.root),
    )
