"""The banks kept in the home: one folder each, swapped in whole, and what installed ones there are."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from skillbank.bank.contents import digest_of
from skillbank.errors import SkillbankError
from skillbank.home import home
from skillbank.sources.lockfile import FILE, Entry, home_lock, read_lock, write_lock
from skillbank.sources.tree import hash_tree
from skillbank.trust.origin import Source
from skillbank.ways import Sentence, command

__all__ = [
    "Installed",
    "banks_dir",
    "changing",
    "fetched_from",
    "installed_banks",
    "swap",
    "take_away",
    "workspace",
]

Change: TypeAlias = Callable[[Sequence[Entry]], Sequence[Entry]]


@dataclass(frozen=True)
class Installed:
    """A bank of the home: its name, its folder, and what the lock says of it."""

    name: str
    folder: Path
    entry: Entry

    @property
    def commit(self) -> str | None:
        """The commit that it was added at, of a git repository."""
        return self.entry.commit


def banks_dir() -> Path:
    """Return the folder that holds one folder for each installed bank."""
    return home() / "banks"


def installed_banks() -> tuple[tuple[Installed, ...], tuple[str, ...]]:
    """Return the installed banks in the user's order, and one sentence for each that cannot be used.

    A broken lock or a missing folder takes nothing else down.
    """
    try:
        entries = read_lock(home(make=False) / FILE)
    except SkillbankError as error:
        return (), (Sentence(f"{error.sentence.marked.rstrip('.')}; no installed bank is used until then."),)
    found, notes = [], []
    for entry in entries:
        folder = banks_dir() / entry.name
        if not _is_folder(folder) and _pending(entry.name).exists():
            with changing():  # another process swaps it in now, or one died in the middle
                pass
        if _is_folder(folder):
            found.append(Installed(entry.name, folder, entry))
        else:
            notes.append(
                Sentence(
                    f"The files of the bank '{entry.name}' are not in {folder}; '{command('bank sync')}' "
                    "fetches them again, "
                    f"'{command('bank remove', entry.name)}' forgets it."
                )
            )
    return tuple(found), tuple(notes)


def fetched_from(folder: Path) -> Source | None:
    """Return where an installed bank came from and at which commit; None of a folder that is none.

    ``folder`` has its links resolved.
    """
    installed, _ = installed_banks()
    entry = next((each.entry for each in installed if each.folder.resolve() == folder), None)
    return Source(entry.address.shown, entry.commit) if entry is not None else None


@contextmanager
def changing() -> Iterator[None]:
    """Be the only process that changes the banks; what a process that died has left is tidied first."""
    folder = banks_dir()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _recover(folder)
        yield


@contextmanager
def workspace() -> Iterator[Path]:
    """Give a folder beside the banks that is gone afterwards, also when this process is killed."""
    with changing():
        work = banks_dir() / f".new-{os.getpid()}-{secrets.token_hex(4)}"
        work.mkdir(mode=0o700)
        alive = (work / "alive").open("w")
        fcntl.flock(alive, fcntl.LOCK_EX)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        alive.close()


def swap(name: str, folder: Path, change: Change) -> None:
    """Put a folder in the place of a bank and change the lock; a crash leaves the one or the other state.

    To be called by who is `changing`. ``change`` makes the new list of entries of the earlier one.
    """
    entries = change(read_lock(home_lock()))
    kept, old = banks_dir() / name, _old(name)
    _pending(name).touch()
    try:
        if kept.exists():
            kept.rename(old)
        folder.rename(kept)
        write_lock(home_lock(), entries)
    finally:  # a full disk too must leave one state
        _settle(name)


def take_away(name: str, change: Change) -> None:
    """Forget a bank and remove its files; to be called by who is `changing`."""
    entries = change(read_lock(home_lock()))
    _pending(name).touch()
    write_lock(home_lock(), entries)
    _settle(name)


def _recover(folder: Path) -> None:
    for left in folder.glob(".new-*"):
        try:
            with (left / "alive").open("r+") as alive:
                fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
        except BlockingIOError:
            continue  # its process lives
        except OSError:
            shutil.rmtree(left, ignore_errors=True)
    for pending in folder.glob(".pending-*"):
        _settle(pending.name.removeprefix(".pending-"))


def _settle(name: str) -> None:
    """Bring files and lock of one bank together, whichever of them was changed last."""
    entry = next((e for e in read_lock(home_lock()) if e.name == name), None)
    kept, old = banks_dir() / name, _old(name)
    if entry is None:
        shutil.rmtree(kept, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    elif old.exists():
        if kept.exists() and digest_of(hash_tree(kept)) == entry.digest:
            shutil.rmtree(old)
        else:
            shutil.rmtree(kept, ignore_errors=True)
            old.rename(kept)
    _pending(name).unlink(missing_ok=True)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _pending(name: str) -> Path:
    return banks_dir() / f".pending-{name}"


def _old(name: str) -> Path:
    return banks_dir() / f".old-{name}"
