"""Bringing what an address names into a folder of ours, whichever way it comes."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from skillbank.bank.contents import digest_of
from skillbank.bank.discovery import Bank
from skillbank.errors import DataError, DataNotFoundError, UsageError
from skillbank.home import home
from skillbank.nearby import names_in
from skillbank.sources.address import Address
from skillbank.sources.git import fetch_commit, resolve_ref
from skillbank.sources.tree import LIMITS, Copied, copy_tree
from skillbank.storage.archive import extract
from skillbank.storage.progress import Step, Transfer
from skillbank.storage.uri import Uri
from skillbank.storage.web import fetch as fetch_file
from skillbank.visible import one_line

__all__ = ["Fetched", "fetch"]

_LARGEST_ARCHIVE = 1 << 30


@dataclass
class Fetched:
    """A bank's files as they came.

    Attributes
    ----------
    folder
        The bank, a copy of plain files.
    commit
        The commit that they are, of a git repository.
    ref
        The full name of the ref that was followed, e.g. ``refs/heads/main``.
    files
        The sha256 of each file by its path.
    left_out
        What was not taken, and why.
    """

    folder: Path
    commit: str | None = None
    ref: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """The sha256 over all files."""
        return digest_of(self.files)


def fetch(address: Address, work: Path, *, commit: str | None = None) -> Fetched:
    """Bring a bank into a folder inside `work`; nothing of it is run or read for meaning.

    Parameters
    ----------
    commit
        The commit to fetch in place of what the ref names now.

    Raises
    ------
    DataNotFoundError, DataError, PlatformError, UsageError
        One sentence: what is not there, is no archive, is too large, or cannot be reached.
    """
    work.mkdir(parents=True, exist_ok=True)
    fetched = Fetched(work / "bank", commit)
    if address.kind == "git":
        fetched.ref, wanted = resolve_ref(address) if commit is None else (None, commit)
        raw = work / "tree"
        fetched.commit, fetched.left_out = fetch_commit(address, wanted, work, raw, LIMITS)
    elif address.kind == "archive":
        raw = _unpacked(address, work, fetched.left_out)
    else:
        raw = address.path
        if not raw.is_dir():
            raise DataNotFoundError(f"{address.shown} is no folder any more; put it back or remove the bank.")
        if home().resolve().is_relative_to(raw.resolve()):
            raise UsageError(f"{address.shown} holds skillbank's own state; name the folder of skills in it.")
    copied = copy_tree(_inside(address, raw), fetched.folder)
    fetched.left_out += copied.left_out
    fetched.files = _nested(fetched.folder, copied, address)
    return fetched


def _inside(address: Address, raw: Path) -> Path:
    """Return the folder of a source that the address means."""
    folder = raw
    for part in Path(address.subdir).parts:
        inner = folder / part
        if inner.is_symlink() or not inner.is_dir():
            there = [n for n in names_in(folder, 200) if (folder / n).is_dir()]
            raise DataNotFoundError(
                f"{replace(address, subdir='').shown} has no folder '{one_line(address.subdir)}'; there is "
                f"{one_line(', '.join(there) or 'none', 200)}."
            )
        folder = inner
    return folder


def _unpacked(address: Address, work: Path, left_out: list[str]) -> Path:
    """Unpack an archive of this machine or of the web; one folder around everything is taken away."""
    if address.remote:
        suffix = ".zip" if address.location.lower().endswith(".zip") else ".tar"
        archive = work / f"download{suffix}"

        def capped(transfer: Transfer | Step) -> None:
            if transfer.done > _LARGEST_ARCHIVE:
                raise DataError(
                    f"{address.shown} is larger than {_LARGEST_ARCHIVE >> 20} MiB; that is no bank."
                )

        query = f"?{address.query}" if address.query else ""
        location = address.location.partition("://")[2]
        fetch_file(Uri(address.scheme, location, f"{address.location}{query}"), archive, capped)
    else:
        archive = address.path
        if not archive.is_file():
            raise DataNotFoundError(f"{address.shown} is no file any more; put it back or remove the bank.")
    raw = work / "unpacked"
    raw.mkdir()
    links: list[str] = []
    try:
        extract(archive, raw, LIMITS, links)
    except DataError as error:
        told = error.sentence.replace(str(archive), address.shown)
        raise DataError(one_line(told, 400)) from None
    left_out += [f"{one_line(name, 200)} (a link or no regular file)" for name in links]
    return _without_wrapping(raw)


def _without_wrapping(raw: Path) -> Path:
    """Step into the one folder that many archives put around everything; never into a skill."""
    inside = list(raw.iterdir())
    if len(inside) != 1 or not inside[0].is_dir() or inside[0].name in ("skills", ".claude-plugin"):
        return raw
    return raw if os.path.lexists(inside[0] / "SKILL.md") else inside[0]


def _nested(folder: Path, copied: Copied, address: Address) -> dict[str, str]:
    """Give a source that is one skill itself a bank around it: a skill's folder has the skill's name."""
    if "SKILL.md" not in copied.files:
        return copied.files

    skills = Bank(folder).skills
    if len(skills) != 1 or skills[0].root != folder.resolve():
        return copied.files
    name = skills[0].name
    if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
        name = address.default_name or "skill"
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        whole = Path(aside) / "whole"
        folder.rename(whole)
        folder.mkdir()
        whole.rename(folder / name)
    return {f"{name}/{path}": digest for path, digest in copied.files.items()}
