"""CSV: a row a box, in the shapes of TensorFlow, RetinaNet and Google, and others with named columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from operator import itemgetter

from skillbank.datasets.document import DataSet, Picture, Where, labels_of
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.coordinates import numbers, pixels
from skillbank.datasets.formats.files import UnreadableError, text_of
from skillbank.datasets.formats.gathering import Gathering, divided, examples, outside, split_in
from skillbank.datasets.formats.open_images import is_open_images
from skillbank.datasets.formats.open_orders import LOOKED_AT, are_corners, order_note
from skillbank.datasets.formats.pairing import Pairs, stem
from skillbank.datasets.formats.rows import Row, Table, is_blank, split_of_file, table_of, together
from skillbank.datasets.formats.table_columns import Columns, columns_of, lacking_columns
from skillbank.datasets.tree import Tree

__all__ = ["Tables"]

_SHARES = ("shares", "centred shares")
_LOOKED_INTO = 200
_ENDINGS = (".csv", ".tsv")
_TEXTS = 20
_LISTS = frozenset(
    {"classes", "_classes", "class_list", "class_names", "class_mapping", "class_map", "labelmap"}
)
_ID = re.compile(r"\bid\s*:\s*(\d{1,9})")
_NAME = re.compile(r"""\bname\s*:\s*(["'])(.*?)\1""")
_ONLY = "object"
"""What a box is called where a table names no classes."""


class Tables:
    """The format."""

    name = "csv"
    title = "CSV"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether tables whose columns are known lie outside of the split folders."""
        mine = tuple(table.file for table, _ in _tables(tree))
        if mine:
            return Recognised(mine, f"{examples(mine)} with columns of boxes")
        for file in _files(tree):
            table = table_of(tree, file)
            if table is not None and (absent := lacking_columns(table)):
                said = (
                    f"{tree.path(file)} has corners of boxes and no column of {absent}: add what is missing"
                )
                return Recognised((), file, said)
        return None

    def read(self, tree: Tree) -> DataSet:
        """Read the tables once for classes and order, and again when pictures are asked for."""
        pairs = Pairs(tree)
        censuses = [_census(table, columns) for table, columns in _tables(tree)]
        used = {name for census in censuses for name in census.names}
        listed = _listed(tree) or _mapped(tree, used)
        classes, labels, notes = _classes(used, listed)
        entries: dict[str, list[tuple[_Census, str]]] = {}
        for census in censuses:
            notes += _settled(tree, pairs, census)
            for value, some in census.splits.items():
                said = value or split_of_file(census.table.file) or _common(census.table.file, some, pairs)
                entries.setdefault(said, []).append((census, value))
        reader = _Reader(tree, pairs, labels)
        splits, rest = divided(entries, reader.pictures, lambda some: (each.table.file for each, _ in some))
        return DataSet(self.name, classes, splits, (*notes, *rest))


def _settled(tree: Tree, pairs: Pairs, census: _Census) -> Iterator[str]:
    """Settle the order of boxes that stand in one cell, and yield notes on what a table does not say."""
    if census.columns.form == "xywh" and len(census.columns.corners) == 1:
        if corners := are_corners(_samples(tree, pairs, census)):
            census.columns = replace(census.columns, form="xyxy")
        yield f"the boxes of {census.table.file} are taken as {order_note(corners=corners)}"
    if census.columns.name is None:
        yield f"{census.table.file} names no classes; all boxes are of the class '{_ONLY}'"


def _files(tree: Tree) -> Iterator[str]:
    """Yield the files that may be tables; texts too, but not those that bear the name of a picture."""
    yield from islice(outside(tree, *_ENDINGS), _LOOKED_INTO)
    texts = [name for name in outside(tree, ".txt") if name.count("/") < 2]
    stems = {stem(name) for name in tree.pictures} if texts else set()
    yield from islice((name for name in texts if stem(name) not in stems), _TEXTS)


def _tables(tree: Tree) -> list[tuple[Table, Columns]]:
    found = []
    for file in _files(tree):
        table = table_of(tree, file)
        if table is not None and not is_open_images(table) and (columns := columns_of(table)) is not None:
            found.append((table, columns))
    return found


def _listed(tree: Tree) -> dict[str, str]:
    """Return the names of classes by their numbers, of a table of names and numbers, sorted by number."""
    names: dict[int, str] = {}
    for file in islice(outside(tree, *_ENDINGS), _LOOKED_INTO):
        table = table_of(tree, file) if stem_of(file) in _LISTS else None
        if table is None or len(table.first[0]) != 2:
            continue
        for _, (one, other) in ((line, row) for line, row in table.rows(table.encoding()) if len(row) == 2):
            name, code = (one, other) if other.isdecimal() else (other, one)
            if code.isdecimal() and len(code) < 10:
                names.setdefault(int(code), name)
    return {str(code): names[code] for code in sorted(names)}


def _mapped(tree: Tree, used: set[str]) -> dict[str, str]:
    """Return the names by number of TensorFlow's ``label_map.pbtxt``, where it has all words in use."""
    for file in islice(outside(tree, ".pbtxt"), _TEXTS):
        try:
            text = text_of(tree.path(file), 1 << 24)
        except UnreadableError:
            continue
        items = [(_ID.search(item), _NAME.search(item)) for item in text.split("item")]
        names = {found[1]: name[2] for found, name in items if found is not None and name is not None}
        if used and used <= names.keys() | set(names.values()):
            return names
    return {}


def stem_of(file: str) -> str:
    """Return a table's name without folder and ending, in small letters."""
    return file.rpartition("/")[2].rpartition(".")[0].lower()


def _classes(used: set[str], listed: Mapping[str, str]) -> tuple[tuple[str, ...], dict[str, int], list[str]]:
    """Return the classes, the label of each word that a table has for one, and notes."""
    if listed:
        classes = tuple(dict.fromkeys(listed.values()))
        number_of = labels_of(classes)
        by_code = {code: number_of[name] for code, name in listed.items()}
        decimals = {f"{code}.0": number for code, number in by_code.items()}
        return classes, {**decimals, **by_code, **number_of}, []
    plain = {name: name.removesuffix(".0") for name in used}  # pandas adds it to whole numbers
    if not used or not all(name.isdecimal() for name in plain.values()):
        ordered = tuple(sorted(used))
        return ordered, labels_of(ordered), []
    ordered = tuple(sorted(set(plain.values()), key=lambda name: (int(name), name)))
    notes = ["the classes have no names, only numbers; classes.csv would name them"]
    return ordered, {name: ordered.index(short) for name, short in plain.items()}, notes


def _common(file: str, names: Sequence[str], pairs: Pairs) -> str:
    """Return the split whose folder holds the file, or all of the first pictures of it."""
    if said := split_in(file):
        return said
    words = {split_in(pairs.named(name, file) or name.replace("\\", "/")) for name in names}
    return words.pop() if len(words) == 1 else ""


@dataclass(slots=True)
class _Census:
    """What a first look found in a table.

    Attributes
    ----------
    names
        Words for classes.
    splits
        The first pictures by what the column of splits says; by the empty word without such a column.
    grouped
        Whether the rows of a picture stand together.
    """

    table: Table
    columns: Columns
    encoding: str
    names: set[str] = field(default_factory=set)
    splits: dict[str, list[str]] = field(default_factory=dict)
    grouped: bool = True

    def rows(self) -> Iterator[Row]:
        """Yield the rows that name a picture."""
        for line, cells in islice(self.table.rows(self.encoding), int(self.columns.has_header), None):
            if len(cells) > self.columns.picture and cells[self.columns.picture]:
                yield line, cells


def _samples(
    tree: Tree, pairs: Pairs, census: _Census
) -> Iterator[tuple[list[object], tuple[int, int] | None]]:
    """Yield what the first rows say of boxes in one cell, with the sizes of their pictures."""
    for _, cells in islice(census.rows(), LOOKED_AT):
        path = pairs.named(cells[census.columns.picture], census.table.file)
        if path is not None and not _is_empty(cells, census.columns):
            yield _said(census.table, census.columns, cells), tree.size(path)


def _census(table: Table, columns: Columns) -> _Census:
    census = _Census(table, columns, table.encoding())
    seen: set[str] = set()
    before = None
    for _, cells in census.rows():
        picture = cells[columns.picture]
        if picture != before:
            census.grouped = census.grouped and picture not in seen
            seen.add(picture)
            before = picture
        some = census.splits.setdefault(_cell(cells, columns.split), [])
        if len(some) < _LOOKED_INTO:
            some.append(picture)
        if len(cells) > columns.last and not _is_empty(cells, columns):
            census.names.add(_word(cells, columns))
    census.names.discard("")
    return census


def _cell(cells: Sequence[str], column: int | None) -> str:
    return cells[column] if column is not None and column < len(cells) else ""


def _word(cells: Sequence[str], columns: Columns) -> str:
    return _ONLY if columns.name is None else _cell(cells, columns.name)


def _is_empty(cells: Sequence[str], columns: Columns) -> bool:
    """Whether a row only says that its picture holds nothing."""
    return all(is_blank(_cell(cells, column)) for column in columns.corners)


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    pairs: Pairs
    labels: Mapping[str, int]

    def pictures(self, parts: Sequence[tuple[_Census, str]]) -> Iterator[Picture]:
        """Yield the pictures of tables, of each those of a split."""
        for census, value in parts:
            name_of = itemgetter(census.columns.picture)
            rows = (row for row in census.rows() if _cell(row[1], census.columns.split) == value)
            for name, some in together(rows, name_of, grouped=census.grouped):
                yield self._picture(census, name, some)

    def _picture(self, census: _Census, name: str, rows: Sequence[Row]) -> Picture:
        table, columns = census.table, census.columns
        here = Gathering(Where(table.file, f"line {rows[0][0]}"), self.labels)
        path = self.pairs.named(name, table.file)
        sides = (self.tree.size(path) if path is not None else None) if columns.form in _SHARES else (1, 1)
        marked = [(line, cells) for line, cells in rows if not _is_empty(cells, columns)]
        if sides is None and marked:
            why = self.tree.trouble(path) if path is not None else "it is not there"
            here.fault("size-unknown", f"the boxes of {name} are shares of a picture: {why}")
        for line, cells in marked if sides is not None else ():
            here.box(_scaled(_corners(table, columns, cells), sides), _word(cells, columns), f"line {line}")
        return here.picture(name, path, _size(table, columns, rows[0][1]), self.tree)


def _scaled(corners: list[object], sides: tuple[int, int] | None) -> list[object]:
    found = numbers(corners)
    if sides is None or sides == (1, 1) or found is None or len(found) != 4:
        return corners
    return [value * side for value, side in zip(found, (*sides, *sides), strict=True)]


def _said(table: Table, columns: Columns, cells: Sequence[str]) -> list[object]:
    """Return the numbers of a row as they are written."""
    said: list[object] = [table.value(_cell(cells, column)) for column in columns.corners]
    if len(said) > 1:
        return said
    try:
        inside = json.loads(_cell(cells, columns.corners[0]))
    except (ValueError, RecursionError):
        return said
    return inside if isinstance(inside, list) else said


def _corners(table: Table, columns: Columns, cells: Sequence[str]) -> list[object]:
    """Return left, top, right and bottom, or what stands there instead of numbers."""
    said = _said(table, columns, cells)
    found = numbers(said)
    if found is None or len(found) != 4 or columns.form in ("xyxy", "shares"):
        return said
    x, y, w, h = found
    if columns.form in ("cxcywh", "centred shares"):
        return [x - w / 2, y - h / 2, x + w / 2, y + h / 2]
    return [x, y, x + w, y + h]


def _size(table: Table, columns: Columns, cells: Sequence[str]) -> tuple[int | None, int | None]:
    """Return the width and height that a row says of its picture."""
    if columns.size is None:
        return None, None
    width, height = columns.size
    return pixels(table.value(_cell(cells, width))), pixels(table.value(_cell(cells, height)))
