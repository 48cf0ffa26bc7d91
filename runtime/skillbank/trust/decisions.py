"""What a person has decided about banks from outside: one document for each, in the home."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from skillbank.errors import StateError
from skillbank.home import home
from skillbank.trust.reach import Start
from skillbank.visible import one_line
from skillbank.ways import command
from skillbank.whole_files import write_whole

__all__ = ["Decision", "all_decisions", "decision_of", "forget", "keep", "now", "stamp"]

_LARGEST = 64 << 20


class Decision(BaseModel):
    """A bank that somebody has trusted, as it was then.

    Attributes
    ----------
    root
        The bank's folder, links resolved; the decision holds for this place alone.
    digest
        Of the whole bank, see `skillbank.bank.contents`.
    files
        Sha256 of each file, by its path in the bank, so that a change can be told by name.
    starts
        What it could start, so that a change can be told by what it was.
    signers
        Who had signed skills of it, if anybody.
    commit
        The commit that it was fetched at, if it came from a repository.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bank: str
    root: str
    digest: str
    source: str = ""
    commit: str | None = None
    signers: tuple[str, ...] = ()
    when: datetime
    files: dict[str, str] = {}
    starts: tuple[Start, ...] = ()


def decision_of(root: Path) -> Decision | None:
    """Return what was decided about the bank at a place; None when nothing was.

    Raises
    ------
    StateError
        When it cannot be read. It counts as nothing then.
    """
    return _read(_file(root))


def stamp(root: Path) -> str:
    """Return what differs as soon as something else was decided about a bank."""
    file = _file(root)
    try:
        info = file.lstat()
    except OSError:
        return str(file)
    return f"{file} {info.st_mtime_ns} {info.st_ino}"


def all_decisions() -> tuple[list[Decision], list[str]]:
    """Return every decision, and a sentence for each that cannot be read."""
    found: list[Decision] = []
    broken: list[str] = []
    for file in sorted(_folder().glob("*.json")):
        try:
            decision = _read(file)
        except StateError as error:
            broken.append(error.sentence)
        else:
            found += [decision] if decision is not None else []
    return sorted(found, key=lambda d: (d.bank, d.root)), broken


def keep(decision: Decision) -> None:
    """Keep a decision; it takes the place of an earlier one about the same bank."""
    file = _file(Path(decision.root))
    with _locked():
        content = decision.model_dump_json(indent=1).encode("utf-8", "surrogateescape")
        write_whole(file, content, private=True, durable=True)


def forget(root: Path) -> bool:
    """Take back what was decided about a bank; say whether there was anything."""
    with _locked():
        try:
            _file(root).unlink()
        except FileNotFoundError:
            return False
    return True


def now() -> datetime:
    """Return the time of a decision, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def _folder() -> Path:
    folder = home() / "trust" / "banks"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _file(root: Path) -> Path:
    return _folder() / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.json"


@contextmanager
def _locked() -> Iterator[None]:
    """Let one process write at a time; the system takes the lock back from one that dies."""
    with (_folder() / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _read(file: Path) -> Decision | None:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            decision = Decision.model_validate_json(opened.read(_LARGEST))
        if _file(Path(decision.root)) != file:
            raise ValueError(f"it speaks of another bank, {decision.root}")
    except FileNotFoundError:
        return None
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
    except (OSError, ValueError) as error:
        problem = str(error)
    else:
        return decision
    raise StateError(
        f"What was decided about a bank cannot be read and counts as nothing ({file}: {one_line(problem)}); "
        f"run '{command('trust', 'BANK')}' to decide again, or remove the file."
    )
