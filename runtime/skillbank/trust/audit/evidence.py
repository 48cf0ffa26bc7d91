"""The files of one skill as an audit sees them: read once, capped, no link followed, nothing executed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from skillbank.bank.discovery import normalise
from skillbank.bank.documents import parse_json, parse_yaml
from skillbank.bank.frontmatter import Frontmatter, parse_frontmatter
from skillbank.bank.lookalikes import skeleton
from skillbank.errors import SkillFormatError
from skillbank.trust.audit.fields import Field, fields_of

if TYPE_CHECKING:
    from skillbank.trust.audit.advisories import Advisory
    from skillbank.trust.audit.finding import Level
    from skillbank.trust.audit.packages import Pinned

__all__ = ["BIG", "Evidence", "File", "Heard", "read_files"]

T = TypeVar("T")
Heard = dict[str, "tuple[tuple[str, Level, str, str, int | None], ...]"]
BIG = 4 * 1024 * 1024
"""So many bytes of a file are looked at; the runtime reads no document that is larger."""
_WHOLE = 64 * 1024 * 1024
_MOST_FILES = 5000
_DEEPEST = 16
_SKIPPED = frozenset({".git", "node_modules", "__pycache__"})
_BINARY = (
    b"\x7fELF",
    b"MZ\x90",
    b"PK\x03\x04",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"%PDF",
    b"\x1f\x8b",
    *(b"\x80%c\x95" % c for c in (4, 5)),
)
_DOCUMENTS = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class File:
    """One entry of a skill's folder.

    Attributes
    ----------
    name
        The path relative to the skill, with ``/``.
    kind
        ``file``, ``link``, or what else it is (``fifo``, ``device``, ``socket``).
    mode, size
        As the disk says.
    content
        The first `BIG` bytes of a regular file.
    target
        Where a link leads, as written.
    problem
        Why it could not be read; empty when it could.
    digest
        Sha256 of a file that was read whole.
    """

    name: str
    kind: str
    mode: int = 0
    size: int = 0
    content: bytes = b""
    target: str = ""
    problem: str = ""
    digest: str = ""

    @property
    def suffix(self) -> str:
        """The last extension, in small letters."""
        return os.path.splitext(self.name)[1].lower()  # noqa: PTH122  a name, no path of this machine

    @cached_property
    def is_text(self) -> bool:
        """Whether the content is text."""
        plain = b"\0" not in self.content[:65536] and not self.content.startswith(_BINARY)
        return self.kind == "file" and (self._is_wide or plain)

    @property
    def _is_wide(self) -> bool:
        return self.content.startswith((b"\xff\xfe", b"\xfe\xff"))

    @cached_property
    def text(self) -> str:
        """The content as text with plain line ends; empty for what is none."""
        if not self.is_text:
            return ""
        text = self.content.decode("utf-16" if self._is_wide else "utf-8-sig", errors="replace")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def lines(self) -> list[str]:
        """The text by lines."""
        return self.text.split("\n")

    @property
    def is_info(self) -> bool:
        """Whether the runtime takes commands from it."""
        return self.name == "references/skill_info.yaml" or (
            self.name.startswith("references/") and self.name.endswith(".skill_info.yaml")
        )

    @property
    def is_document(self) -> bool:
        """Whether it is YAML or JSON."""
        return self.suffix in _DOCUMENTS

    @cached_property
    def parsed(self) -> tuple[object, str]:
        """The document of a YAML or JSON file as the runtime would have it, and why it has none."""
        if not self.is_document or not self.is_text:
            return None, ""
        try:
            return (parse_json if self.suffix == ".json" else parse_yaml)(self.text, self.name), ""
        except SkillFormatError as error:
            return None, error.sentence
        except (ValueError, RecursionError, MemoryError) as error:
            return None, f"{self.name} cannot be read: {type(error).__name__}."

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Every word of a document with its path and line; none for other files."""
        return fields_of(self.parsed[0], self.text) if self.parsed[0] is not None else ()

    def field_at(self, line: int | None) -> str:
        """Return the path of the field that begins on a line or before it."""
        if line is None or not self.is_document:
            return ""
        before = [(f.line or 0, f.path) for f in self.fields]
        return max((b for b in before if b[0] <= line), default=(0, ""), key=lambda b: b[0])[1]


class Evidence:
    """One skill, or what a bank holds beside its skills.

    Parameters
    ----------
    root
        The skill's folder.
    bank_root
        The folder that no link may lead out of, and that places are relative to.
    files
        What was read.
    left_out
        What was not, one sentence each.
    name
        What it is called when no SKILL.md says so.

    Attributes
    ----------
    neighbours
        The other skills that its names are compared with.
    listed
        The digests that the bank's manifest has of its files; None when there is no list.
    heard
        What texts say to their reader by the digest of their file, shared by all skills of one audit.
    advisories
        What is known of the packages that it pins.
    """

    def __init__(
        self, root: Path, bank_root: Path, files: Sequence[File], left_out: Sequence[str] = (), name: str = ""
    ) -> None:
        self.root = root
        self.bank_root = bank_root
        self.files = tuple(files)
        self.left_out = tuple(left_out)
        self._name = name
        self.neighbours: tuple[Neighbour, ...] = ()
        self.heard: Heard = {}
        self.listed: Mapping[str, object] | None = None
        self.advisories: Mapping[Pinned, Sequence[Advisory]] = {}
        self._found: dict[Callable[[Evidence], Iterator[Any]], tuple[Any, ...]] = {}

    def once(self, find: Callable[[Evidence], Iterator[T]]) -> tuple[T, ...]:
        """Return what a function finds in the skill; many rules look at the same, which is found once."""
        if find not in self._found:
            self._found[find] = tuple(find(self))
        found: tuple[T, ...] = self._found[find]
        return found

    def forget(self) -> None:
        """Let go of what was found for the rules."""
        self._found.clear()

    @cached_property
    def head(self) -> Frontmatter | None:
        """The head of SKILL.md; None where there is none to read."""
        main = next((f for f in self.files if f.name == "SKILL.md" and f.is_text and not f.problem), None)
        return parse_frontmatter(main.text, self.root.name)[0] if main is not None else None

    @property
    def name(self) -> str:
        """The skill's name."""
        return self._name or (self.head.name if self.head is not None else self.root.name)

    def placed(self, name: str) -> str:
        """Return a file's path relative to the bank."""
        try:
            return (self.root.relative_to(self.bank_root) / name).as_posix()
        except ValueError:
            return name

    @cached_property
    def texts(self) -> tuple[File, ...]:
        """Every file that is text."""
        return tuple(f for f in self.files if f.is_text and f.content)

    @cached_property
    def infos(self) -> tuple[File, ...]:
        """The documents that the runtime takes commands from."""
        return tuple(f for f in self.files if f.is_info)

    @cached_property
    def answers_to(self) -> tuple[tuple[str, Field | None, File | None], ...]:
        """Every name that the skill claims beside its own, with the place where it does."""
        found: list[tuple[str, Field | None, File | None]] = []
        for file in self.infos:
            for field in file.fields:
                if isinstance(field.value, str) and field.keys[:1] in (("aliases",), ("network_arch",)):
                    found.append((field.value, field, file))
        return tuple(found)


@dataclass(frozen=True)
class Neighbour:
    """Another skill, by the names that it answers to."""

    name: str
    bank: str
    own: bool
    names: tuple[str, ...]
    root: Path

    @cached_property
    def spellings(self) -> frozenset[str]:
        """Its names without what a person passes over."""
        return frozenset(map(normalise, self.names))

    @cached_property
    def looks(self) -> frozenset[str]:
        """What its names look like."""
        return frozenset(map(skeleton, self.names))


def read_files(root: Path, *, only: Sequence[str] | None = None) -> tuple[list[File], list[str]]:
    """Read a folder's files, and say what was left out because there was too much of it.

    Parameters
    ----------
    only
        The entries of the folder to look at; all when not given.
    """
    files: list[File] = []
    left_out: list[str] = []
    budget = _WHOLE
    for path, name in _entries(root, only, left_out):
        if len(files) >= _MOST_FILES:
            left_out.append(f"more than {_MOST_FILES} files; those behind {name} were not read")
            break
        file = _file(path, name, min(BIG, budget))
        budget -= len(file.content)
        files.append(file)
        if budget <= 0:
            left_out.append(f"more than {_WHOLE >> 20} MiB; what lies behind {name} was not read")
            break
    return files, left_out


def _entries(
    root: Path, only: Sequence[str] | None, left_out: list[str], above: str = "", depth: int = 0
) -> Iterator[tuple[Path, str]]:
    try:
        with os.scandir(root) as listed:
            entries = sorted(listed, key=lambda e: e.name)
    except OSError as error:
        left_out.append(f"{above or root.name} cannot be listed: {error.strerror or error}")
        return
    for entry in entries:
        name = f"{above}{entry.name}"
        if (only is not None and entry.name not in only) or (above == "" and entry.name in _SKIPPED):
            continue
        if not entry.is_dir(follow_symlinks=False):
            yield Path(entry.path), name
        elif depth >= _DEEPEST:
            left_out.append(f"{name} lies deeper than {_DEEPEST} folders and was not read")
        else:
            yield from _entries(Path(entry.path), None, left_out, f"{name}/", depth + 1)


_KINDS = {
    stat.S_IFIFO: "fifo",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
    stat.S_IFSOCK: "socket",
    stat.S_IFLNK: "link",
    stat.S_IFREG: "file",
}


def _file(path: Path, name: str, most: int) -> File:
    try:
        seen = path.lstat()
        kind = _KINDS.get(stat.S_IFMT(seen.st_mode), "device")
        if kind == "link":
            return File(name, kind, seen.st_mode, target=str(path.readlink()))
        if kind != "file":
            return File(name, kind, seen.st_mode)
        content = _content(path, most)
    except OSError as error:
        return File(name, "file", problem=error.strerror or str(error))
    whole = len(content) <= most and len(content) == seen.st_size
    digest = hashlib.sha256(content).hexdigest() if whole else ""
    return File(name, kind, seen.st_mode, seen.st_size, content[:most], digest=digest)


def _content(path: Path, most: int) -> bytes:
    """Read a regular file's beginning; what became something else since it was looked at is refused."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is no regular file any more")
        return opened.read(most + 1)
