"""What SKILLBANK_TRUST decides before anybody is asked: banks by name or place, each bound to a digest."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from skillbank.environment import TRUST
from skillbank.errors import UsageError
from skillbank.visible import one_line
from skillbank.ways import Sentence, command, marked

__all__ = ["Entry", "entries"]

_FORM = Sentence(
    "BANK@DIGEST with a bank's name or whole path and the 64 hex digits that "
    f"'{command('trust', 'BANK')}' shows"
)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[\w.-]{1,100}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One bank that is trusted beforehand.

    Attributes
    ----------
    bank
        Its name, or the whole path of its folder, links resolved.
    digest
        What it must be, or ``*``: whatever lies at that path or below it.
    """

    bank: str
    digest: str

    def means(self, name: str, root: Path) -> bool:
        """Whether a bank is the one that is meant, whatever its files are."""
        if not self.bank.startswith("/"):
            return self.bank == name
        place = Path(self.bank)
        return root == place or (self.digest == "*" and root.is_relative_to(place))


def entries() -> tuple[Entry, ...]:
    """Return what the variable says.

    Raises
    ------
    UsageError
        Naming every entry that is not ``BANK@DIGEST``: a wrong one is neither trust nor passed over.
    """
    said = TRUST.value or ""
    try:
        words = shlex.split(said)
    except ValueError as error:
        raise UsageError(
            f"{TRUST} cannot be read ({error}); write {marked(_FORM)}, in quotes if need be."
        ) from None
    found, wrong = [], []
    for word in words:
        bank, at, digest = word.rpartition("@")
        problem = _problem(bank, at, digest)
        if problem:
            wrong.append(f"'{one_line(word)}' {problem}")
        else:
            found.append(Entry(os.path.realpath(bank) if bank.startswith("/") else bank, digest))
    if wrong:
        raise UsageError(f"{TRUST}: {'; '.join(wrong)}; write {marked(_FORM)}.")
    return tuple(found)


def _problem(bank: str, at: str, digest: str) -> str:
    """Say what is wrong with an entry; nothing when it is one."""
    if not at or not bank:
        return "names no bank and digest"
    if not bank.startswith("/") and not _NAME.fullmatch(bank):
        return "is neither a bank's name nor a whole path"
    if digest == "*":
        return "" if bank.startswith("/") else "needs a digest, for * stands only behind a path"
    if not _DIGEST.fullmatch(digest):
        return "has no digest of 64 hex digits; a part of one could be met by searching for it"
    return ""
