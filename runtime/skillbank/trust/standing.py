"""Whether anything of a bank may run: it is our own, or a person has trusted it as it lies there now."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from typing import Literal

from skillbank.bank.discovery import Bank
from skillbank.environment import TRUST
from skillbank.errors import SkillFormatError, StateError
from skillbank.trust.beforehand import entries
from skillbank.trust.decisions import Decision, decision_of, stamp
from skillbank.trust.origin import is_own, source_of
from skillbank.visible import one_line
from skillbank.ways import Sentence, command, marked

__all__ = ["Standing", "glance", "standing"]

_FRESH = 20
"""Seconds that a glance at a bank holds."""
_glances: dict[tuple[str, str, str], tuple[float, Standing]] = {}


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for a bank now.

    Attributes
    ----------
    digest
        Of the whole bank as it lies there; empty for our own, and for one that cannot be looked at whole.
    source
        The folder or address that it came from.
    sentence
        Why nothing of it may run, and the way out; empty where it may.
    """

    bank: str
    state: Literal["own", "trusted", "changed", "untrusted"]
    digest: str = ""
    source: str = ""
    commit: str | None = None
    signer: str | None = None
    sentence: str = ""

    @property
    def may_run(self) -> bool:
        """Whether commands of the bank may be started, once somebody has approved the plan."""
        return self.state in ("own", "trusted")


def standing(bank: Bank) -> Standing:
    """Say what holds for a bank: its files are looked at as they are now.

    Raises
    ------
    UsageError
        When SKILLBANK_TRUST cannot be read.
    """
    said = [entry for entry in entries() if entry.means(bank.name, bank.root)]
    origin = source_of(bank)
    if is_own(bank):
        return Standing(bank.name, "own", source=origin.address)
    name, digest, broken = one_line(bank.name), "", ""
    way = Sentence(f"'{command('trust', _argument(bank))}' shows what it can start and asks.")
    try:
        digest = bank.digest
    except SkillFormatError as error:
        way = error.sentence
    if any(entry.digest in ("*", digest) for entry in said):
        return Standing(bank.name, "trusted", digest, origin.address, origin.commit)
    decision: Decision | None = None
    try:
        decision = decision_of(bank.root)
    except StateError as error:
        broken = Sentence(f" {error.sentence.marked}")
    if decision is None:
        other = f"; {TRUST} names another digest of it" if said else ""
        sentence = Sentence(
            f"Nobody has trusted bank {name}, so nothing of it runs{other}: {marked(way)}{marked(broken)}"
        )
        return Standing(bank.name, "untrusted", digest, origin.address, origin.commit, sentence=sentence)
    facts = (digest, origin.address, origin.commit)
    if decision.digest == digest:
        return Standing(bank.name, "trusted", *facts, ", ".join(decision.signers) or None)
    sentence = Sentence(f"Bank {name} has changed since it was trusted, so nothing of it runs: {marked(way)}")
    return Standing(bank.name, "changed", *facts, sentence=sentence)


def glance(bank: Bank) -> Standing:
    """Return what held for a bank a moment ago, to be shown beside its skills; nothing is decided by it."""
    key = (str(bank.root), TRUST.value or "", stamp(bank.root))
    known = _glances.get(key)
    if known is None or time.monotonic() - known[0] > _FRESH:
        known = _glances[key] = (time.monotonic(), standing(bank))
    return known[1]


def _argument(bank: Bank) -> str:
    """Return what a person gives to ``skillbank trust``: the bank's place, which only one bank has."""
    return shlex.quote(one_line(bank.root, 1000))
