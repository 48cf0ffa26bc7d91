"""WIDER FACE: a text of pictures, each with a count and as many lines of a box and six attributes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from skillbank.datasets.document import DataSet, Picture, Where
from skillbank.datasets.document import split_in as word_in
from skillbank.datasets.formats.base import Recognised, files_of
from skillbank.datasets.formats.coordinates import numbers
from skillbank.datasets.formats.files import UnreadableError, head, text_of
from skillbank.datasets.formats.gathering import Gathering, divided, outside, split_in
from skillbank.datasets.tree import PICTURES, Tree
from skillbank.errors import DataError, a_few

__all__ = ["Wider"]

_CLASS = "face"
_INVALID = 7
"""The column that says that a face is not to be counted."""
_COLUMNS = 10


@dataclass(slots=True)
class _Entry:
    """A picture of a text: its name, the line it stands in, and the lines of its boxes."""

    name: str
    line: int
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    wrong: str = ""


class Wider:
    """The format."""

    name = "wider"
    title = "WIDER FACE"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether texts of pictures, counts and rows of ten numbers lie outside of the split folders."""
        files = tuple(name for name in outside(tree, ".txt") if _is_wider(tree, name))
        return Recognised(files, f"{a_few(files, 3)} with pictures, counts and boxes") if files else None

    def read(self, tree: Tree) -> DataSet:
        """Read the texts, which are held as long as the data set is."""
        found = self.recognise(tree)
        entries: dict[str, list[tuple[str, _Entry]]] = {}
        for file in files_of(found):
            for entry in _entries(tree, file):
                said = split_in(file) or word_in(file.rpartition("/")[2]) or ""
                entries.setdefault(said, []).append((file, entry))
        reader = _Reader(tree)
        splits, notes = divided(entries, reader.pictures, lambda some: (file for file, _ in some))
        notes = [f"the boxes of {self.title} name no class; all are '{_CLASS}'", *notes]
        return DataSet(self.name, (_CLASS,), splits, tuple(notes))


def _is_wider(tree: Tree, name: str) -> bool:
    lines = [line.strip() for line in head(tree.path(name), 2048).decode("utf-8", "replace").splitlines()]
    if len(lines) < 3 or not lines[0].lower().endswith(PICTURES) or not lines[1].isdecimal():
        return False
    words = lines[2].split()
    return len(words) == _COLUMNS and numbers(words) is not None


def _entries(tree: Tree, file: str) -> Iterator[_Entry]:
    try:
        text = text_of(tree.path(file))
    except UnreadableError as error:
        raise DataError(f"{tree.path(file)} {error}") from None
    entry: _Entry | None = None
    left = 0
    for number, line in enumerate(text.splitlines(), 1):
        said = line.strip()
        if said.lower().endswith(PICTURES):
            if entry is not None:
                yield _ended(entry, left)
            entry, left = _Entry(said, number), -1
        elif entry is None or not said:
            continue
        elif left < 0:
            left = int(said) if said.isdecimal() and len(said) < 7 else 0
            entry.wrong = "" if said.isdecimal() else "no count stands behind its name"
        elif left > 0:
            entry.rows.append((number, said.split()))
            left -= 1
        elif numbers(said.split()) != [0.0] * _COLUMNS:  # what stands behind a count of 0
            entry.wrong = "more lines stand behind it than it counts"
    if entry is not None:
        yield _ended(entry, left)


def _homes(tree: Tree, file: str) -> tuple[str, ...]:
    """Return the folders that hold the pictures of a text's split: ``WIDER_val``, ``WIDER_val/images``."""
    split = word_in(file.rpartition("/")[2])
    found: dict[str, None] = {}
    for folder in tree.picture_folders:
        parts = folder.split("/")
        first = next((at for at, part in enumerate(parts) if split and word_in(part) == split), len(parts))
        found.update(dict.fromkeys("/".join(parts[: end + 1]) for end in range(first, len(parts))))
    return tuple(sorted(found, key=lambda name: (name.count("/"), name)))


def _ended(entry: _Entry, left: int) -> _Entry:
    if left:
        entry.wrong = entry.wrong or "fewer lines stand behind it than it counts"
    return entry


@dataclass(frozen=True)
class _Reader:
    tree: Tree

    def pictures(self, entries: Sequence[tuple[str, _Entry]]) -> Iterator[Picture]:
        """Yield the pictures of entries."""
        homes = {file: _homes(self.tree, file) for file in {file for file, _ in entries}}
        for file, entry in entries:
            here = Gathering(Where(file, f"line {entry.line}"), {_CLASS: 0})
            if entry.wrong:
                here.fault("unreadable-annotation", entry.wrong)
            for line, words in entry.rows:
                at = f"line {line}"
                found = numbers(words[:4]) if len(words) == _COLUMNS else None
                if found is None:
                    here.fault("unreadable-annotation", "it is no row of ten numbers", at)
                elif words[_INVALID] == "1":
                    here.fault("region-left-out", "a face that is marked as invalid", at)
                else:
                    x, y, width, height = found
                    here.box((x, y, x + width, y + height), _CLASS, at)
            path = self.tree.find(entry.name, beside=file, folders=homes[file])
            yield here.picture(entry.name, path, (None, None), self.tree)
