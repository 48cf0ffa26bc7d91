"""What was verified here before: so that an older signed version, another key or a lost signature is said.

A signed statement has neither a version nor a date. What can be remembered is the order in which the
statements about one skill were first seen; that order, and the version that SKILL.md gives itself, tell a
step back from a step forward.
"""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from skillbank.home import home
from skillbank.trust.verify import Verification
from skillbank.whole_files import write_whole

__all__ = ["Memory", "Seen", "remembering"]

_FORMAT = 1
_MOST = 200
"""Statements that are kept of one skill."""


@dataclass(frozen=True)
class Seen:
    """One signed statement that was verified here."""

    digest: str
    signer: str
    anchor: str
    key: str
    version: str
    folder: str
    first: str
    last: str


class Memory:
    """The statements that were seen of each skill, by its name, in the order of their first sight."""

    def __init__(self, skills: dict[str, list[Seen]] | None = None) -> None:
        self.skills = skills or {}

    def compared(self, found: Verification) -> Verification:
        """Return a verification that also says how it differs from what was verified here before."""
        here = [s for s in self.skills.get(found.skill, ()) if s.folder == str(found.folder)]
        if found.state == "verified":
            return self._compared_verified(found, here)
        if found.state in ("unsigned", "unknown_signer", "broken") and here:
            last = max(here, key=lambda s: s.last)
            note = f"it was verified here on {last.last[:10]}, signed by {last.signer}"
            return replace(found, was_signed=True, notes=(*found.notes, note))
        return found

    def _compared_verified(self, found: Verification, here: list[Seen]) -> Verification:
        known = self.skills.get(found.skill, [])
        same = [s for s in known if s.anchor == found.anchor]
        at = next((i for i, s in enumerate(same) if s.digest == found.digest), len(same))
        newer = [s for i, s in enumerate(same) if s.digest != found.digest and self._later(s, i, found, at)]
        if newer:
            last = newer[-1]
            said = f" {last.version}" if last.version != found.version else ""
            note = (
                f"an older version was put back: a later one{said} was verified here on {last.first[:10]}, "
                f"in {last.folder}"
            )
            found = replace(found, rolled_back=True, notes=(*found.notes, note))
        before = max(here, key=lambda s: s.last, default=None)
        if before is not None and (before.key, before.anchor) != (found.key, found.anchor):
            note = f"it is signed with another key than before (until {before.last[:10]}: {before.signer})"
            found = replace(found, signer_changed=True, notes=(*found.notes, note))
        return found

    @staticmethod
    def _later(seen: Seen, index: int, found: Verification, at: int) -> bool:
        """Whether a statement is later than the one that was found: by version, else by first sight."""
        theirs, ours = _numbers(seen.version), _numbers(found.version)
        if theirs and ours and theirs != ours:
            return theirs > ours
        return index > at and seen.folder == str(found.folder)

    def add(self, found: Verification) -> None:
        """Remember a verified skill."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        known = self.skills.setdefault(found.skill, [])
        new = Seen(
            found.digest or "",
            found.signer or "",
            found.anchor or "",
            found.key or "",
            found.version,
            str(found.folder),
            now,
            now,
        )
        for i, seen in enumerate(known):
            if (seen.digest, seen.anchor, seen.folder) == (new.digest, new.anchor, new.folder):
                known[i] = replace(new, first=seen.first)
                return
        known.append(new)
        del known[:-_MOST]


@contextmanager
def remembering() -> Iterator[Memory]:
    """Open the memory of this user's home and keep what was added to it; one process at a time.

    A memory that cannot be read begins anew: it can only add notes to a state, never change one.
    """
    folder = home() / "trust"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / "seen.json"
    with (folder / "seen.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        memory = Memory(_read(file))
        before = _document(memory)
        yield memory
        after = _document(memory)
        if after != before:
            write_whole(file, json.dumps({"format": _FORMAT, "skills": after}))


def _document(memory: Memory) -> dict[str, list[dict[str, object]]]:
    return {name: [asdict(s) for s in seen] for name, seen in memory.skills.items()}


def _read(file: Path) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = {}
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["format"] != _FORMAT:
            return {}
        for name, entries in document["skills"].items():
            found[name] = [Seen(**{f.name: str(e[f.name]) for f in fields(Seen)}) for e in entries]
    return found


def _numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers that can be compared; empty when it is none."""
    match = re.fullmatch(r"v?(\d{1,9}(?:\.\d{1,9}){0,5})", version.strip())
    numbers = [int(part) for part in match[1].split(".")] if match else []
    while numbers and numbers[-1] == 0 and len(numbers) > 1:
        numbers.pop()
    return tuple(numbers)
