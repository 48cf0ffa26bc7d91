"""Where a bank came from and who signed its skills, asked of those who know: the runtime names them.

Without anybody who knows, a bank is a folder that nobody signed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skillbank.bank.discovery import Bank
from skillbank.bank.skill import Skill

__all__ = ["Source", "ask_signers", "ask_sources", "signer_of", "source_of"]


@dataclass(frozen=True, slots=True)
class Source:
    """The address that a bank was fetched from, and the commit, if it came from a repository."""

    address: str
    commit: str | None = None


SignerOf = Callable[[Skill], str | None]
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
