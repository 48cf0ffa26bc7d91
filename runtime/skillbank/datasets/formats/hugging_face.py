"""Hugging Face's folders of pictures: ``metadata.jsonl`` or ``metadata.csv``, an entry a picture."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest

from skillbank.datasets.document import DataSet, Picture, Where
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.coordinates import numbers, pixels
from skillbank.datasets.formats.files import UnreadableError, content, head, json_as
from skillbank.datasets.formats.gathering import Gathering, divided, examples, outside, split_in
from skillbank.datasets.formats.hugging_face_names import described, names_of
from skillbank.datasets.formats.open_orders import LOOKED_AT, are_corners, order_note
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError
from skillbank.visible import one_line

__all__ = ["HuggingFace"]

_FILES = ("metadata.jsonl", "metadata.csv")
_TABLES = (".parquet", ".arrow")
_BOXES = ("bbox", "bboxes", "boxes", "box")
_CLASSES = ("category", "categories", "label", "labels", "class", "classes", "name", "names", "category_id")
_NAME = "file_name"
_LOOKED_INTO = 20

_Entry = dict[str, object]


class HuggingFace:
    """The format."""

    name = "hugging_face"
    title = "Hugging Face"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether files of metadata have names of pictures and boxes, or tables hold everything."""
        mine = tuple(file for file in _metadata(tree) if _has_boxes(tree, file))
        if mine:
            return Recognised(mine, f"{examples(mine)} with boxes")
        tables = _tables(tree)
        return Recognised(tables, f"{examples(tables)}") if tables else None

    def read(self, tree: Tree) -> DataSet:
        """Read the metadata once for classes and splits, and again when pictures are asked for."""
        files = [file for file in _metadata(tree) if _has_boxes(tree, file)]
        if not files:
            raise DataError(
                f"{tree.root} holds its pictures inside of tables ({examples(_tables(tree))}), which are not "
                "read here; load them with the package 'datasets', save each picture to a file and write a "
                'metadata.jsonl beside them: {"file_name": "x.jpg", "objects": {"bbox": [[x, y, width, '
                'height]], "category": ["cat"]}} a line'
            )
        censuses = [_census(tree, file) for file in files]
        used = {name for census in censuses for name in census.names}
        listed = described(tree)
        classes, labels, notes = names_of(used, listed)
        entries: dict[str, list[tuple[str, str]]] = {}
        for census in censuses:
            for said in census.splits:
                entries.setdefault(said, []).append((census.file, said))
        corners = are_corners(_samples(tree, files))
        reader = _Reader(tree, labels, corners)
        splits, rest = divided(entries, reader.pictures, lambda some: (file for file, _ in some))
        notes = [f"boxes are taken as {order_note(corners=corners)}", *notes, *rest]
        return DataSet(self.name, classes, splits, tuple(notes))


def _metadata(tree: Tree) -> Iterator[str]:
    """Yield the files of metadata; those of split folders too where the root describes their classes."""
    names = tree.ending(*_FILES) if described(tree) else outside(tree, *_FILES)
    yield from (name for name in names if name.rpartition("/")[2] in _FILES)


def _tables(tree: Tree) -> tuple[str, ...]:
    if tree.pictures and "metadata.parquet" not in tree.files:
        return ()
    return tuple(name for name in islice(tree.ending(*_TABLES), _LOOKED_INTO))


def _has_boxes(tree: Tree, file: str) -> bool:
    """Whether one of the first entries has a name and boxes."""
    start = head(tree.path(file), 1 << 16)
    if file.endswith(".csv"):
        header = start.partition(b"\n")[0].lower()
        # With a row a box it is a plain table; here one cell holds all boxes of a picture.
        return _NAME.encode() in header and (b"[[" in start or b"{" in start)
    for line in start.splitlines()[:_LOOKED_INTO]:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict) and _NAME in entry and _objects(entry) is not None:
            return True
    return False


def _entries(tree: Tree, file: str) -> Iterator[tuple[int, _Entry | str]]:
    """Yield line and entry; of an entry that is none what is wrong with it."""
    try:
        raw = content(tree.path(file), 1 << 32)
    except UnreadableError as error:
        raise DataError(f"{tree.path(file)} {error}") from None
    if file.endswith(".csv"):
        reader = csv.DictReader(io.StringIO(raw.decode(), newline=""))
        try:
            for row in reader:
                yield reader.line_num, {key: value for key, value in row.items() if key is not None}
        except csv.Error as error:
            where = f"{tree.path(file)} line {reader.line_num}"
            raise DataError(f"{where} cannot be read ({one_line(error)}); correct it") from None
        return
    for line, piece in enumerate(raw.splitlines(), 1):
        if piece.strip():
            yield line, _entry(piece)


def _entry(piece: bytes) -> _Entry | str:
    try:
        return json_as(piece, _Entry)
    except UnreadableError as error:
        return f"it {error}"


def _objects(entry: _Entry) -> list[tuple[object, object]] | None:
    """Return box and class of each object of an entry; None where it has none of the known forms."""
    for value in (*entry.values(), entry):
        inside = _parsed(value)
        found = _side_by_side(inside) if isinstance(inside, dict) else _one_by_one(inside)
        if found is not None:
            return found
    return [] if any(value in ([], {}, None, "") for key, value in entry.items() if key != _NAME) else None


def _side_by_side(columns: Mapping[str, object]) -> list[tuple[object, object]] | None:
    """Return box and class of objects whose boxes stand in one list, their classes in another."""
    key = _first(columns, _BOXES)
    boxes = _parsed(columns[key]) if key is not None else None
    if not isinstance(boxes, list):
        return None
    names = _parsed(columns.get(_first(columns, _CLASSES) or "", []))
    return list(zip_longest(boxes, names if isinstance(names, list) else [names] * len(boxes)))


def _one_by_one(objects: object) -> list[tuple[object, object]] | None:
    """Return box and class of objects that are listed each with both."""
    if not isinstance(objects, list) or not objects:
        return None
    keys = [_first(each, _BOXES) if isinstance(each, dict) else None for each in objects]
    if None in keys:
        return None
    return [
        (each[key], each.get(_first(each, _CLASSES) or "")) for each, key in zip(objects, keys, strict=True)
    ]


def _parsed(value: object) -> object:
    """Return a value, of a text that is JSON what it says: cells of a table hold lists as text."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _first(value: Mapping[str, object], names: Sequence[str]) -> str | None:
    return next((name for name in names if name in value), None)


@dataclass(slots=True)
class _Census:
    file: str
    names: set[str] = field(default_factory=set)
    splits: dict[str, None] = field(default_factory=dict)


def _census(tree: Tree, file: str) -> _Census:
    census = _Census(file)
    for _, entry in _entries(tree, file):
        census.splits[_split(file, entry)] = None
        if isinstance(entry, dict):
            census.names.update(_word(name) for _, name in _objects(entry) or ())
    census.names.discard("")
    return census


def _split(file: str, entry: _Entry | str) -> str:
    if isinstance(entry, dict) and isinstance(entry.get("split"), str):
        return str(entry["split"])
    name = entry.get(_NAME) if isinstance(entry, dict) else None
    return split_in(file, name.replace("\\", "/") if isinstance(name, str) else None)


def _word(name: object) -> str:
    """Return a class as a word; whole numbers are written without decimals."""
    if isinstance(name, float) and name.is_integer():
        return str(int(name))
    return str(name).strip() if isinstance(name, str | int) and not isinstance(name, bool) else ""


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    labels: Mapping[str, int]
    corners: bool

    def pictures(self, parts: Sequence[tuple[str, str]]) -> Iterator[Picture]:
        """Yield the pictures of files, of each those of a split."""
        for file, said in parts:
            for line, entry in _entries(self.tree, file):
                if _split(file, entry) == said:
                    yield self._picture(file, line, entry)

    def _picture(self, file: str, line: int, entry: _Entry | str) -> Picture:
        here = Gathering(Where(file, f"line {line}"), self.labels)
        if isinstance(entry, str):
            here.fault("unreadable-annotation", entry)
            return here.picture(f"line {line}", None, (None, None))
        name = entry.get(_NAME)
        if not isinstance(name, str) or not name:
            here.fault("unreadable-annotation", f"it has no {_NAME}")
            name = ""
        objects = _objects(entry)
        if objects is None:
            here.fault("unreadable-annotation", "it has no boxes")
        for position, (box, word) in enumerate(objects or (), 1):
            if box is None and word is not None:
                here.fault("unreadable-annotation", "it has more classes than boxes", f"object {position}")
                continue
            here.box(_corners(box, self.corners), _word(word), f"object {position}")
        path = self.tree.find(name, beside=file) if name else None
        size = pixels(entry.get("width")), pixels(entry.get("height"))
        return here.picture(name, path, size, self.tree)


def _samples(tree: Tree, files: Iterable[str]) -> Iterator[tuple[list[object], tuple[int, int] | None]]:
    """Yield the first boxes, with the sizes of their pictures."""
    for file in files:
        for _, entry in islice(_entries(tree, file), LOOKED_AT):
            name = entry.get(_NAME) if isinstance(entry, dict) else None
            path = tree.find(name, beside=file) if isinstance(name, str) and name else None
            for box, _ in (_objects(entry) or ()) if isinstance(entry, dict) and path is not None else ():
                yield box if isinstance(box, list) else [], tree.size(path) if path is not None else None


def _corners(box: object, are_corners: bool) -> list[object]:
    """Return left, top, right and bottom, or what stands there instead of four numbers."""
    found = numbers(box) if isinstance(box, list) else None
    if found is None or len(found) != 4 or are_corners:
        return list(box) if isinstance(box, list) else [box]
    x, y, w, h = found
    return [x, y, x + w, y + h]
