"""The folder of a skill: what lies inside of its walls, what was found while reading it, and its digest."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from skillbank.bank.diagnostics import Diagnostic
from skillbank.errors import SkillFormatError

__all__ = ["SkillFolder", "is_there"]


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

    @cached_property
    def digest(self) -> str:
        """Sha256 over the names and contents of all files of the skill."""
        whole = hashlib.sha256()
        for name, digest in sorted(self.file_digests.items()):
            whole.update(f"{name}\0{digest}\n".encode())
        return whole.hexdigest()

    @cached_property
    def file_digests(self) -> Mapping[str, str]:
        """Sha256 of every file, by its path relative to the skill."""
        return {
            str(f.relative_to(self.root)): _digest(f)
            for f in sorted(self.root.rglob("*"))
            if _is_file(f) and "__pycache__" not in f.parts and self.contains(f)
        }

    def inside(self, path: Path) -> Path:
        """Resolve a path and refuse it when it leads nowhere or out of the bank."""
        try:
            contained, lost = self.contains(path), path.is_symlink() and not path.exists()
        except RuntimeError:
            raise SkillFormatError(f"{path} is a link that leads in a circle; copy the file there.") from None
        except OSError as error:
            raise SkillFormatError(f"{path} cannot be read: {error.strerror or error}.") from None
        if not contained:
            raise SkillFormatError(f"{path} is a link that leads out of the bank; copy the file there.")
        if lost:
            raise SkillFormatError(f"{path} is a link that leads nowhere; copy the file there.")
        return path.resolve()

    def relative(self, path: Path) -> str:
        """Return a path of the skill's as its findings name it."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return path.name

    def contains(self, path: Path) -> bool:
        """Whether a path, its links followed, lies in the bank."""
        return path.resolve().is_relative_to(self.bank_root.resolve())

    def report(self, code: str, error: SkillFormatError, path: str) -> None:
        """Add a finding about a file that cannot be read; it does not name the folders above the skill."""
        message = str(error)
        for file in (str(self.root / path), os.path.realpath(self.root / path)):
            message = message.replace(file, path)
        line = re.match(r":(\d+)\b", message.removeprefix(path))
        self.found.append(Diagnostic("error", code, message, path, int(line[1]) if line else None))


def is_there(path: Path) -> bool:
    """Whether something has this name, readable or not; what cannot be looked at counts as being there."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return True


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror or 'unknown'}"
