"""What of a bank's files counts: all that the runtime reads or a command of the bank names, by sha256.

A bank may lie in a folder with much else (data, results), which is no part of it. What belongs to it are
the folders of its skills, its shared documents, the files outside of these that a skill names (templates,
programs of commands), and whatever a link among them leads to inside the bank.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from skillbank.errors import SkillFormatError
from skillbank.visible import one_line
from skillbank.walk import TooManyError, walk

if TYPE_CHECKING:
    from skillbank.bank.skill import Skill

__all__ = ["MARKETPLACE", "bank_files", "digest_of"]

MARKETPLACE = ".claude-plugin/marketplace.json"
_SHARED = ("references", "versions.yaml", "manifest.json", MARKETPLACE)
"""What the runtime reads of a bank beside its skills."""
_MOST_BYTES = 1 << 30
_MOST_FILES = 50_000
_MOST_ENTRIES = 200_000
"""Files and folders together: a tree of empty folders ends as well."""
_CHUNK = 1 << 20


def digest_of(files: Mapping[str, str]) -> str:
    """Return one sha256 for a set of files, given the sha256 of each by its name."""
    whole = hashlib.sha256()
    for name, digest in sorted(files.items()):
        whole.update(os.fsencode(name) + b"\0" + digest.encode() + b"\n")
    return whole.hexdigest()


def bank_files(root: Path, skills: Iterable[Skill]) -> dict[str, str]:
    """Return the sha256 of every file that counts, by its path relative to the bank.

    Links are followed inside the bank and nowhere else: one that leads out counts by where it leads. What is
    neither file nor folder is never opened and counts by what it is.

    Parameters
    ----------
    root
        The bank's folder, links resolved.
    skills
        Its skills, as they lie on the disk now.

    Raises
    ------
    SkillFormatError
        When there is more than can be looked at: 50,000 files or 1 GiB.
    """
    look = _Look(root)
    for skill in skills:
        look.add(skill.root)
        for file in _named_by(skill):
            look.add(file)
    for name in _SHARED:
        look.add(root / name)
    return look.finish()


class _Look:
    """One look at the files of a bank."""

    def __init__(self, root: Path) -> None:
        self.root = root
        # No part of a bank. Compiled Python is one: Python runs it in place of the program beside it.
        self._repository = root / ".git"
        self._looked = 0
        self.found: dict[str, str] = {}
        self._folders: deque[Path] = deque()
        self._seen: set[Path] = set()
        self._bytes = 0

    def add(self, path: Path) -> None:
        """Take in a file, a folder with all below it, or what a link leads to."""
        self._take(path.parent.resolve() / path.name)

    def _take(self, path: Path) -> None:
        """Take in a path whose folder has no link in it."""
        if path in self._seen or not path.is_relative_to(self.root):
            return
        self._seen.add(path)
        try:
            info = path.lstat()
        except (OSError, ValueError):
            return
        if stat.S_ISDIR(info.st_mode):
            self._folders.append(path)
        elif path != self.root:
            self._note(path, self._entry(path, info))

    def finish(self) -> dict[str, str]:
        """Return what was found, when every folder has been walked through."""
        while self._folders:
            self._walk(self._folders.popleft())
        return self.found

    def _walk(self, folder: Path) -> None:
        """Take in all below a folder, but what was taken in before."""

        def passed(_: str, entry: os.DirEntry[str]) -> bool:
            self._looked += 1
            path = Path(entry.path)
            if path in self._seen or path == self._repository:
                return True
            if entry.is_dir(follow_symlinks=False):
                self._seen.add(path)
            return False

        def unreadable(name: str, error: OSError) -> None:
            self._note(folder / name, f"unreadable: {error.strerror}")

        try:
            most = _MOST_ENTRIES - self._looked
            for _, entry in walk(folder, most, passed=passed, unreadable=unreadable):
                self._take(Path(entry.path))
        except TooManyError:
            self._refuse(f"has more than {_MOST_ENTRIES:,} files and folders", folder)

    def _note(self, path: Path, digest: str) -> None:
        self.found[path.relative_to(self.root).as_posix()] = digest
        if len(self.found) > _MOST_FILES:
            self._refuse(f"has more than {_MOST_FILES:,} files", path)

    def _refuse(self, why: str, path: Path) -> NoReturn:
        raise SkillFormatError(
            f"The bank {one_line(self.root)} {why} ({one_line(path.relative_to(self.root))}), too much to "
            "say what it is; move what is no skill out of its skills' folders."
        )

    def _entry(self, path: Path, info: os.stat_result) -> str:
        """Return what stands for a path that is no folder."""
        if stat.S_ISLNK(info.st_mode):
            target = hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
            real = Path(os.path.realpath(path))
            if not real.is_relative_to(self.root):
                return f"link out: {target}"
            self.add(real)
            return f"link: {target}"
        if not stat.S_ISREG(info.st_mode):
            return f"no file: {stat.S_IFMT(info.st_mode):o}"
        self._bytes += info.st_size
        if self._bytes > _MOST_BYTES:
            self._refuse(f"holds more than {_MOST_BYTES >> 30} GiB", path)
        return _file_digest(
            str(path), info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino, info.st_dev
        )


@lru_cache(maxsize=100_000)
def _file_digest(path: str, size: int, mtime: int, ctime: int, inode: int, device: int) -> str:
    """Return the sha256 of a file, remembered for as long as the system says that nobody has touched it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            info = os.fstat(descriptor)
            if not stat.S_ISREG(info.st_mode):
                return "changed while it was looked at"
            whole, left = hashlib.sha256(), size + 1
            while left > 0 and (block := file.read(min(_CHUNK, left))):
                whole.update(block)
                left -= len(block)
            return whole.hexdigest() if left == 1 else "changed while it was looked at"
    except OSError as error:
        return f"unreadable: {error.strerror or 'unknown'}"


def _named_by(skill: Skill) -> list[Path]:
    """Return the files that a skill names; none of one that cannot be read, and so not be planned either."""
    try:
        return list(_named(skill))
    except SkillFormatError:
        return []


def _named(skill: Skill) -> Iterator[Path]:
    """Yield the files that a skill names, wherever they lie: templates, schemas, words of its commands."""
    for action in skill.actions:
        yield from (f for f in (skill.template_path(action), skill.schema_path(action)) if f is not None)
    for text in _commands(skill):
        yield from _paths(text, skill)


def _commands(skill: Skill) -> Iterator[str]:
    """Yield everything of a skill that is meant to be started."""
    yield from (action.command for action in skill.actions)
    for info in skill.infos:
        settle = info.facts.get("settle")
        if isinstance(settle, Mapping):
            yield from (str(text) for text in settle.values())
        yield str(info.facts.get("schema_source") or "")


def _paths(text: str, skill: Skill) -> Iterator[Path]:
    """Yield the files of the bank that the words of a text name."""
    if len(text) > 10_000 or "\0" in text:
        return
    for word in _words(text):
        for part in (word, word.partition("=")[2]):
            if not ("/" in part or "." in part):
                continue
            for base in (skill.root, skill.root / "references", skill.bank_root):
                file = Path(os.path.normpath(base / part))
                if file.is_relative_to(skill.bank_root) and _is_regular(file):
                    yield file


@lru_cache(maxsize=1_000)
def _words(text: str) -> tuple[str, ...]:
    """Return the words of a command; a bank is looked at for each plan, and its commands seldom change."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return tuple(text.split())


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False
