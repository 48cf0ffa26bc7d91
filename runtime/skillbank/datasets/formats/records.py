"""JSON of labelling services: an entry a picture, as lines, a list, a document, or a file each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from skillbank.datasets.document import DataSet, Picture, Where, labels_of
from skillbank.datasets.document import split_in as word_in
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.coordinates import around, numbers
from skillbank.datasets.formats.files import UnreadableError, content, head, json_as
from skillbank.datasets.formats.gathering import Gathering, by_file, class_word, divided, outside, split_in
from skillbank.datasets.formats.record_dialects import DIALECTS, Dialect, Mark, Record
from skillbank.datasets.tree import Tree
from skillbank.errors import a_few
from skillbank.visible import one_line

__all__ = ["Records"]

_ENDINGS = (".json", ".jsonl", ".ndjson", ".manifest", ".odgt")
_HEAD = 1 << 16
_LOOKED_INTO = 25
_FIRST_LINES = 3
_NO_ENTRY = (KeyError, TypeError, ValueError, IndexError, AttributeError)
_Entry = Record | str


class Records:
    """The format."""

    name = "service_json"
    title = "JSON of labelling services"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether JSON that bears the signs of a known service lies outside of the split folders."""
        found = dict(_files(tree))
        services = a_few(list(dict.fromkeys(each.title for each in found.values())), 3)
        return Recognised(tuple(found), f"{a_few(list(found), 3)} of {services}") if found else None

    def read(self, tree: Tree) -> DataSet:
        """Read the files once for classes and splits, and again when pictures are asked for."""
        dialects = dict(_files(tree))
        names: set[str] = set()
        entries: dict[str, list[tuple[str, int]]] = {}
        unanswered = 0
        for file, dialect in dialects.items():
            for position, (_, entry) in enumerate(_entries(tree, file, dialect)):
                entries.setdefault(_split(tree, file, entry), []).append((file, position))
                if isinstance(entry, Record):
                    unanswered += not entry.is_answered
                    names.update(class_word(each.name) for each in entry.marks if each.corners or each.points)
        classes = tuple(sorted(names - {""}))
        reader = _Reader(tree, dialects, labels_of(classes))
        splits, notes = divided(entries, reader.pictures, lambda some: (file for file, _ in some))
        if unanswered:
            notes.append(
                f"{unanswered:,} pictures that nobody has annotated are taken as ones without objects"
            )
        return DataSet(self.name, classes, splits, tuple(notes))


def _files(tree: Tree) -> Iterator[tuple[str, Dialect]]:
    """Yield the files of a service; where most of a folder's are such, a spoilt one among them too."""
    for names in _alike(tree):
        looked = {name: _dialect(tree, name) for name in names[:_LOOKED_INTO]}
        found = {name: dialect for name, dialect in looked.items() if dialect is not None}
        usual = next(iter(found.values()), None)
        if usual is not None and 2 * len(found) > len(looked):
            yield from ((name, found.get(name, usual)) for name in names)
        elif found:
            every = ((name, found.get(name) or _dialect(tree, name)) for name in names)
            yield from ((name, dialect) for name, dialect in every if dialect is not None)


def _alike(tree: Tree) -> Iterable[list[str]]:
    """Return the files with the endings of services, those of a folder and an ending together."""
    folders: dict[tuple[str, str], list[str]] = {}
    for name in outside(tree, *_ENDINGS):
        folders.setdefault((name.rpartition("/")[0], name.rpartition(".")[2].lower()), []).append(name)
    return folders.values()


def _dialect(tree: Tree, name: str) -> Dialect | None:
    start = head(tree.path(name), _HEAD)
    if start.lstrip()[:1] not in (b"{", b"["):
        return None
    return next((each for each in DIALECTS if all(sign in start for sign in each.signs)), None)


def _entries(tree: Tree, file: str, dialect: Dialect) -> Iterator[tuple[str, _Entry]]:
    """Yield place and record of each entry; of one that is none, or of the file, half a sentence on why."""
    try:
        pieces = _pieces(content(tree.path(file)), dialect.within)
    except UnreadableError as error:
        yield "", f"it {error}"
        return
    for at, piece in pieces:
        try:
            yield at, dialect.record(json_as(piece, dict[str, object]))
        except UnreadableError as error:
            yield at, f"it {error}"
        except _NO_ENTRY as error:
            yield at, f"it is no entry of {dialect.title} ({type(error).__name__}: {one_line(error, 60)})"


def _pieces(raw: bytes, within: str) -> list[tuple[str, bytes]]:
    """Return place and JSON of each entry of a file, whatever holds them.

    Raises
    ------
    UnreadableError
    """
    if within:
        document = json_as(raw, dict[str, msgspec.Raw])
        if within not in document:
            raise UnreadableError(f"has no '{within}'")
        raw = bytes(document[within])
    if within or raw.lstrip().startswith(b"["):
        if raw.lstrip().startswith(b"{"):
            pieces = list(json_as(raw, dict[str, msgspec.Raw]).values())
        else:
            pieces = json_as(raw, list[msgspec.Raw])
        return [(f"entry {at}", bytes(piece)) for at, piece in enumerate(pieces, 1)]
    lines = [(f"line {at}", line) for at, line in enumerate(raw.splitlines(), 1) if line.strip()]
    are_entries = len(lines) > 1 and any(_is_entry(line) for _, line in lines[:_FIRST_LINES])
    return lines if are_entries else [("", raw)]


def _is_entry(line: bytes) -> bool:
    try:
        json_as(line, dict[str, msgspec.Raw])
    except UnreadableError:
        return False
    return True


def _split(tree: Tree, file: str, entry: _Entry) -> str:
    said = entry.split if isinstance(entry, Record) else ""
    path = _found(tree, file, entry) if isinstance(entry, Record) else None
    return said or split_in(file, path) or word_in(file.rpartition("/")[2]) or ""


def _found(tree: Tree, file: str, record: Record) -> str | None:
    plain = (str(name).partition("?")[0].partition("://")[2] or str(name) for name in record.names)
    return next((found for name in plain if (found := tree.find(name, beside=file))), None)


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    dialects: Mapping[str, Dialect]
    labels: Mapping[str, int]

    def pictures(self, places: Sequence[tuple[str, int]]) -> Iterator[Picture]:
        """Yield the pictures of entries."""
        for file, positions in by_file(places).items():
            for position, (at, entry) in enumerate(_entries(self.tree, file, self.dialects[file])):
                if position in positions:
                    yield self._picture(file, at, entry)

    def _picture(self, file: str, at: str, entry: _Entry) -> Picture:
        here = Gathering(Where(file, at), self.labels)
        if isinstance(entry, str):
            here.fault("unreadable-annotation", entry)
            return here.picture(at or file, None, (None, None))
        path = _found(self.tree, file, entry)
        if entry.further:
            here.fault("several-answers", f"{entry.further + 1} of them")
        sides = (self.tree.size(path) if path is not None else None) or entry.size
        for number, mark in enumerate(entry.marks, 1):
            self._add(here, mark, sides, f"mark {number}")
        name = str(entry.names[0]) if entry.names else ""
        return here.picture(name, path, entry.size, self.tree)

    @staticmethod
    def _add(here: Gathering, mark: Mark, sides: tuple[int | None, int | None], at: str) -> None:
        if not mark.is_object:
            here.fault("region-left-out", "a region that is not looked through", at)
            return
        corners: Sequence[object] | None = mark.corners
        if corners is None:
            found = numbers(mark.points) or []
            if len(found) < 6:
                here.fault("mark-left-out", f"a mark of {one_line(mark.name, 40)} that encloses nothing", at)
                return
            here.fault("mark-as-box", "an outline", at)
            corners = around(list(zip(found[::2], found[1::2], strict=False)))
        if mark.unit and (found := numbers(corners) or []):
            width, height = sides
            if width is None or height is None:
                here.fault("size-unknown", "its corners are shares of a picture that is not there", at)
                return
            both = (width, height, width, height)
            corners = [value * side / mark.unit for value, side in zip(found, both, strict=False)]
        here.box(corners, mark.name, at, crowd=mark.is_crowd)
