"""The folder of a skill: what lies inside of its walls, what was found while reading it, and its digest."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from skillbank.bank.contents import digest_of
from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.documents import text_of
from skillbank.bank.files import (
    MAX_TOTAL,
    hash_file,
    is_there,
    no_link_below,
    read_file,
    regular_files,
    utf8_name,
)
from skillbank.bank.vouching import refuse_unsigned, vouched
from skillbank.errors import SkillbankError, SkillFormatError
from skillbank.visible import one_line

__all__ = ["SkillFolder", "as_format_error", "why_unreadable"]

MAX_READ = 8 * 1024 * 1024
"""Bytes of all documents of one skill that are parsed."""
MAX_LISTED = 500
"""Entries of a folder such as ``references`` that are looked at."""
_T = TypeVar("_T")


class SkillFolder:
    """The files of one skill.

    Parameters
    ----------
    root
        The folder that holds SKILL.md.
    bank_root
        The bank's folder: no path of the skill may lead out of it.
    found
        Findings to begin with.
    """

    def __init__(self, root: Path, bank_root: Path, found: Iterable[Diagnostic]) -> None:
        self.root = root
        self.bank_root = bank_root
        self.found = list(found)
        self._read: dict[str, str] = {}
        self._counted: set[str] = set()
        self._lines: dict[Path, list[str]] = {}
        self._left = MAX_READ

    @cached_property
    def digest(self) -> str:
        """Sha256 over the names and contents of all files of the skill."""
        return digest_of(self.file_digests)

    @cached_property
    def file_digests(self) -> Mapping[str, str]:
        """Sha256 of every file, by its path relative to the skill.

        Of a file that has been read (`read`) it is that of the content that was read.
        """
        digests: dict[str, str] = {}
        left = MAX_TOTAL
        for found in regular_files(self.root, self._walls):
            name = utf8_name(found.name)
            if name in digests:
                raise SkillFormatError(f"{self.root} holds two files that read as '{name}'; rename one.")
            digests[name], size = self._hashed(found.place, left)
            left -= size
        return digests

    def _hashed(self, place: str, most: int) -> tuple[str, int]:
        known = self._read.get(place)
        if known is not None:
            return known, 0
        if not os.access(place, os.R_OK):
            return "unreadable: Permission denied", 0
        self._read[place], size = hash_file(place, most)
        return self._read[place], size

    @cached_property
    def signed(self) -> Mapping[str, str] | None:
        """Sha256 of each file that somebody known has signed, and no other is read; None when nobody has."""
        known = vouched(self.root, self.bank_root)
        if known.finding is not None:
            self.found.append(known.finding)
        return known.files

    def read(self, path: Path) -> bytes:
        """Return the content of a document of the skill: the one way in which anything of it is read.

        What was read is what the skill's digest is made of. A file that is read again, after the digest was
        made or before, and is another one then, is refused.

        Raises
        ------
        SkillFormatError
            When the path leads out of the bank, to no regular file or to a too large one, when all documents
            of the skill together are too large, or the file has changed since it was read or hashed.
        """
        place = self.inside(path)
        if self.signed is not None:
            refuse_unsigned(self.signed, self.root, path, None)
        content = read_file(place)
        digest = hashlib.sha256(content).hexdigest()
        if self.signed is not None:
            refuse_unsigned(self.signed, self.root, path, digest)
        if self._read.setdefault(str(place), digest) != digest:
            raise SkillFormatError(f"{path} has changed while the skill was read; try again.")
        if str(place) not in self._counted:
            self._counted.add(str(place))
            self._left -= len(content)
        if self._left < 0:
            raise SkillFormatError(
                f"{path} is not read: the skill's documents hold more than {MAX_READ >> 20} MiB together; "
                "take some away."
            )
        return content

    def text(self, path: Path) -> str:
        """Return a document of the skill as text; see `read` and `skillbank.bank.documents.text_of`."""
        return text_of(self.read(path), str(path))

    def lines(self, path: Path) -> list[str]:
        """Return the lines of a document, kept for whoever looks again; none when it cannot be read."""
        if path not in self._lines:
            try:
                self._lines[path] = self.text(path).splitlines()
            except SkillFormatError:
                self._lines[path] = []
        return self._lines[path]

    def listed(self, folder: str, ending: str) -> list[Path]:
        """Return what lies directly in a folder of the skill and ends so, by name; a long list is cut."""
        place = self.root / folder
        if not is_there(place):
            return []
        try:
            names = []
            with os.scandir(self.inside(place)) as entries:
                for entry in entries:
                    if entry.name.endswith(ending):
                        names.append(entry.name)
        except OSError as error:
            raise SkillFormatError(f"{folder} cannot be read: {error.strerror}.") from None
        if len(names) > MAX_LISTED:
            message = f"{folder} holds {len(names)} files *{ending}, and {MAX_LISTED} of them are read."
            finding = Diagnostic("error", "skill-too-large", message, folder)
            if finding not in self.found:
                self.found.append(finding)
        return [place / name for name in sorted(names)[:MAX_LISTED]]

    def guarded(self, what: str, path: str, read: Callable[[], _T], otherwise: _T) -> _T:
        """Return what a part of the skill says; a finding, and `otherwise`, where reading it fails.

        Skills come from anywhere, and one whose reading fails as nobody foresaw must not take others down.
        """
        try:
            return read()
        except Exception as error:
            self.found.append(
                Diagnostic("error", "skill-unreadable", f"{what} {why_unreadable(error)}", path)
            )
            return otherwise

    def inside(self, path: Path) -> Path:
        """Resolve a path and refuse it when it leads nowhere or out of the bank."""
        if no_link_below(self._walls, path):
            return path
        try:
            place = path.resolve()
            lost = path.is_symlink() and not path.exists()
        except RuntimeError:
            raise SkillFormatError(f"{path} is a link that leads in a circle; copy the file there.") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SkillFormatError(f"{path} cannot be read: {reason}.") from None
        if not place.is_relative_to(self._walls):
            raise SkillFormatError(f"{path} is a link that leads out of the bank; copy the file there.")
        if lost:
            raise SkillFormatError(f"{path} is a link that leads nowhere; copy the file there.")
        return place

    @cached_property
    def _walls(self) -> Path:
        return self.bank_root.resolve()

    def relative(self, path: Path) -> str:
        """Return a path of the skill's as its findings name it."""
        try:
            return utf8_name(path.relative_to(self.root).as_posix())
        except ValueError:
            return utf8_name(path.name)

    def report(self, code: str, error: SkillFormatError, path: str) -> None:
        """Add a finding about a file that cannot be read; it does not name the folders above the skill."""
        message = str(error)
        for file in (str(self.root / path), os.path.realpath(self.root / path)):
            message = message.replace(file, path)
        line = re.match(r":(\d{1,9})\b", message.removeprefix(path))
        self.found.append(Diagnostic("error", code, message, path, int(line[1]) if line else None))


def as_format_error(error: Exception, file: Path) -> SkillFormatError:
    """Return whatever went wrong while a file was read as the one sentence that it is to a person."""
    return (
        error if isinstance(error, SkillFormatError) else SkillFormatError(f"{file} {why_unreadable(error)}")
    )


def why_unreadable(error: Exception) -> str:
    """Say that reading failed, as the end of a sentence that names the file or the skill."""
    if isinstance(error, SkillbankError):
        return f"cannot be read: {one_line(error, 300).rstrip('.')}."
    if isinstance(error, RecursionError | MemoryError):
        return "cannot be read: it is nested too deep or too large; make it smaller."
    return (
        f"cannot be read: {type(error).__name__}: {one_line(error, 160).rstrip('.')}; correct or remove it."
    )
