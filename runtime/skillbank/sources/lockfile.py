"""``skillbank.lock``: which banks there are, where each came from, and exactly what it held."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from skillbank.bank.contents import digest_of
from skillbank.errors import SkillbankError, SkillFormatError, sentence_of
from skillbank.home import home
from skillbank.sources.address import KINDS, NAME, Address, Kind, check_ref, check_subdir, parse_address
from skillbank.visible import has_invisible, one_line
from skillbank.whole_files import write_whole

__all__ = ["FILE", "Entry", "home_lock", "read_lock", "write_lock"]

FILE = "skillbank.lock"
VERSION = 1
_LARGEST = 64 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MOST_TEXT = 4096


@dataclass(frozen=True)
class Entry:
    """One bank of a lock.

    Attributes
    ----------
    source
        The address without secrets; a folder or repository of this machine by its absolute path.
    ref
        The branch, tag or commit that was asked for; None for what the repository's HEAD names.
    commit
        What the ref named then; None for what is no repository.
    digest
        Sha256 over all files kept.
    signers
        Whose signatures were found good.
    added
        When these contents were added or updated, ISO 8601 in UTC.
    files
        Sha256 of each file, so that a difference can be said without the earlier files.
    before_own
        Whether its names are found before those of the bank that comes with skillbank.
    """

    name: str
    kind: Kind
    source: str
    ref: str | None
    subdir: str
    commit: str | None
    digest: str
    signers: tuple[str, ...]
    added: str
    files: Mapping[str, str]
    before_own: bool = False

    @property
    def address(self) -> Address:
        """Where to fetch it again."""
        return Address(self.kind, self.source, self.ref, self.subdir)

    def document(self) -> dict[str, object]:
        """Return what the lock says of it, in the order in which it is written."""
        said = {
            "name": self.name,
            "kind": self.kind,
            "source": self.source,
            "ref": self.ref,
            "subdir": self.subdir or None,
            "commit": self.commit,
            "digest": self.digest,
            "signers": list(self.signers) or None,
            "added": self.added,
            "before_skillbank": self.before_own or None,
        }
        return {k: v for k, v in said.items() if v is not None}


def home_lock() -> Path:
    """Return the lock of the banks in the home."""
    return home() / FILE


def read_lock(file: Path) -> tuple[Entry, ...]:
    """Read a lock, in the order of its banks; a file that is not there is an empty one.

    Raises
    ------
    SkillFormatError
        When it cannot be read, or says what no lock says: nothing of it is used then.
    """
    try:
        content = _content(file)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise SkillFormatError(f"{file} cannot be read: {error.strerror or error}.") from None
    try:
        document = json.loads(content)
        if not isinstance(document, dict) or not isinstance(document.get("banks"), list):
            raise ValueError("it has no list of banks")
        if document.get("version") != VERSION:
            raise ValueError(f"its version is not {VERSION}; a newer skillbank has written it")
        entries = tuple(_entry(each, file.parent) for each in document["banks"])
        names = [entry.name for entry in entries]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"it names {', '.join(twice)} twice")
    except (ValueError, RecursionError, SkillbankError) as error:
        wrong = one_line(sentence_of(error), 200)
        raise SkillFormatError(
            f"{file} is no lock of banks: {wrong}; restore it, or move it away and add the banks again."
        ) from None
    return entries


def write_lock(file: Path, entries: Iterable[Entry]) -> None:
    """Write a lock, whole or not at all; places inside its own folder are written relative to it."""
    banks = []
    for entry in entries:
        document = entry.document()
        if file != home_lock():
            document["source"] = _relative(entry, file.parent)
        banks.append({**document, "files": dict(sorted(entry.files.items()))})
    text = json.dumps({"version": VERSION, "banks": banks}, indent=2, ensure_ascii=False) + "\n"
    write_whole(file, text)


def _content(file: Path) -> str:
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as reading:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SkillFormatError(f"{file} is no regular file; give a lock that skillbank has written.")
        content = reading.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise SkillFormatError(f"{file} is larger than {_LARGEST >> 20} MiB, which no lock is.")
    return content.decode("utf-8", errors="replace")


def _entry(document: object, folder: Path) -> Entry:
    """Read one bank of a lock that may have come from anywhere."""
    if not isinstance(document, dict):
        raise ValueError("a bank in it is no mapping")
    name, kind = document.get("name"), document.get("kind")
    if not isinstance(name, str) or not NAME.fullmatch(name) or name == "skillbank":
        raise ValueError(f"'{one_line(name)}' is no bank's name")
    if kind not in KINDS:
        raise ValueError(f"{name}: its kind is not one of {', '.join(KINDS)}")
    files = _files(name, document)
    commit = _commit(name, kind, document.get("commit"))
    ref, signers = document.get("ref"), document.get("signers", [])
    if not isinstance(signers, list):
        raise ValueError(f"{name}: its signers are no list")
    before_own = document.get("before_skillbank", False)
    if not isinstance(before_own, bool):
        raise ValueError(f"{name}: before_skillbank is neither true nor false")
    return Entry(
        name,
        kind,
        _source(_text(document, "source"), kind, folder),
        None if ref is None else check_ref(_text(document, "ref")),
        check_subdir(_text(document, "subdir")) if "subdir" in document else "",
        commit,
        document["digest"],
        tuple(str(s)[:_MOST_TEXT] for s in signers),
        _text(document, "added"),
        files,
        before_own,
    )


def _files(name: str, document: Mapping[str, object]) -> dict[str, str]:
    """Return the files that a lock lists of a bank, each with its sha256; its digest is that of the list."""
    files = document.get("files")
    if not isinstance(files, dict) or not all(_SHA256.fullmatch(str(digest)) for digest in files.values()):
        raise ValueError(f"{name}: its files are not listed with their sha256")
    if document.get("digest") != digest_of(files):
        raise ValueError(f"{name}: its digest is not that of the files it lists")
    return files


def _commit(name: str, kind: Kind, commit: object) -> str | None:
    """Return the commit of a bank: that of a git repository has one, any other has none."""
    known = commit if isinstance(commit, str) and _COMMIT.fullmatch(commit) else None
    if (kind == "git") != (known is not None):
        raise ValueError(f"{name}: its commit is not the hash of one")
    return known


def _text(document: Mapping[str, object], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value or len(value) > _MOST_TEXT or has_invisible(value):
        raise ValueError(f"{document['name']}: its {key} is no plain text")
    return value


def _source(text: str, kind: Kind, folder: Path) -> str:
    """Return a source as an absolute path or an address, by the same rules as one that a person types."""
    if text.startswith(("./", "../")) or text == ".":
        return str((folder / text).resolve())
    if text.startswith("/"):
        return text
    found = parse_address(text, kind=kind, insecure=True)
    if found.secret or found.query or found.ref or found.subdir or not found.remote or found.kind != kind:
        raise ValueError(f"'{found.shown}' is no address as a lock writes them")
    return found.location


def _relative(entry: Entry, folder: Path) -> str:
    if not entry.source.startswith("/"):
        return entry.source
    path, base = Path(entry.source), folder.resolve()
    return f"./{path.relative_to(base).as_posix()}" if path.is_relative_to(base) else entry.source


def put(entries: Iterable[Entry], new: Entry, *, first: bool = False) -> tuple[Entry, ...]:
    """Return entries with one in place of its namesake, else as the last, or the first behind our own.

    Whether a bank comes before our own stays as it is here: only `skillbank.sources.ordering.order` says it.
    """
    listed = list(entries)
    for i, entry in enumerate(listed):
        if entry.name == new.name:
            listed[i] = replace(new, before_own=entry.before_own)
            return tuple(listed)
    ahead = [entry for entry in listed if entry.before_own] if first else listed
    return (*ahead, replace(new, before_own=False), *listed[len(ahead) :])
