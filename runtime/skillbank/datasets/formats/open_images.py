"""Open Images: tables of boxes in shares of the picture, one for train, validation and test each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter

from skillbank.datasets.document import DataSet, Picture, Where, labels_of
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.coordinates import numbers
from skillbank.datasets.formats.gathering import Gathering, divided, examples, outside, split_in
from skillbank.datasets.formats.numbers import LARGEST_SHARE
from skillbank.datasets.formats.pairing import Pairs
from skillbank.datasets.formats.rows import Table, split_of_file, table_of, together
from skillbank.datasets.tree import Tree

__all__ = ["OpenImages", "is_open_images"]

_LOOKED_INTO = 200
_NEEDED = ("ImageID", "LabelName", "XMin", "YMin", "XMax", "YMax")
_OFFICIAL = re.compile(r"-(annotations|detection)-bbox\.csv$")
"""Tables of all of Open Images, of which people have a part of the pictures."""
_CODE = re.compile(r"/[mgt]/\w+")


def is_open_images(table: Table) -> bool:
    """Whether a table has the columns of Open Images."""
    return set(_NEEDED) <= set(table.first[0])


class OpenImages:
    """The format."""

    name = "open_images"
    title = "Open Images"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether tables with the columns of Open Images lie outside of the split folders."""
        mine = tuple(table.file for table in _tables(tree))
        return Recognised(mine, f"{examples(mine)} with ImageID, LabelName and XMin") if mine else None

    def read(self, tree: Tree) -> DataSet:
        """Read the tables once for classes and order, and again when pictures are asked for."""
        pairs = Pairs(tree)
        names = _descriptions(tree)
        censuses = [_census(table, pairs) for table in _tables(tree)]
        used = {code for census in censuses for code in census.codes}
        named = [code for code in names if code in used]
        order = named + sorted(used - names.keys())
        classes = tuple(dict.fromkeys(names.get(code, code) for code in order))
        numbers_of = labels_of(classes)
        labels = {code: numbers_of[names.get(code, code)] for code in order}
        notes = [*_about_names(order[len(named) :], len(names) - len(named)), *_leave_out(censuses)]
        entries: dict[str, list[_Census]] = {}
        for census in censuses:
            said = split_of_file(census.table.file) or split_in(census.table.file, census.there)
            entries.setdefault(said, []).append(census)
        reader = _Reader(tree, pairs, labels)
        splits, rest = divided(entries, reader.pictures, lambda some: (each.table.file for each in some))
        return DataSet(self.name, classes, splits, (*notes, *rest))


def _about_names(unnamed: Sequence[str], unused: int) -> Iterator[str]:
    """Say which classes have no name, and how many of the list have no box."""
    if unnamed:
        yield (
            f"classes without a name are called by their code ({examples(unnamed)}); "
            "class-descriptions-boxable.csv beside the tables would name them"
        )
    if unused:
        yield f"{unused:,} classes of the list have no box and are left out"


def _leave_out(censuses: Sequence[_Census]) -> Iterator[str]:
    """Leave out the pictures of official tables that are not here, and say so.

    A list of one's own is meant as it stands.
    """
    for census in censuses:
        if census.absent and census.there and _OFFICIAL.search(census.table.file):
            yield f"{len(census.absent):,} pictures of {census.table.file} are not here and are left out"
        else:
            census.absent.clear()


def _tables(tree: Tree) -> list[Table]:
    tables = (table_of(tree, name) for name in islice(outside(tree, ".csv"), _LOOKED_INTO))
    return [table for table in tables if table is not None and is_open_images(table)]


def _descriptions(tree: Tree) -> dict[str, str]:
    """Return the names of classes by their codes, in the order of the table that lists them."""
    names: dict[str, str] = {}
    for file in islice(outside(tree, ".csv"), _LOOKED_INTO):
        table = table_of(tree, file)
        if table is None or len(table.first[0]) != 2 or not _CODE.fullmatch(table.first[-1][0]):
            continue
        for _, cells in table.rows(table.encoding()):
            if len(cells) == 2 and _CODE.fullmatch(cells[0]) and cells[1]:
                names.setdefault(cells[0], cells[1])
    return names


@dataclass(slots=True)
class _Census:
    """What a first look found in a table.

    Attributes
    ----------
    codes
        Classes in use.
    absent
        Pictures that are left out, since they do not lie in the tree.
    there
        One of those that do; empty without any.
    grouped
        Whether the rows of a picture stand together.
    """

    table: Table
    encoding: str
    codes: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    there: str = ""
    grouped: bool = True


def _census(table: Table, pairs: Pairs) -> _Census:
    census = _Census(table, table.encoding())
    at = {name: table.first[0].index(name) for name in _NEEDED}
    seen: set[str] = set()
    before = None
    absent_codes: set[str] = set()
    for _, cells in islice(table.rows(census.encoding), 1, None):
        if len(cells) <= max(at.values()):
            continue
        name = cells[at["ImageID"]]
        if name != before:
            census.grouped = census.grouped and name not in seen
            if name not in seen and (path := pairs.named(name, "")) is not None:
                census.there = path
            elif name not in seen:
                census.absent.add(name)
            seen.add(name)
            before = name
        (absent_codes if name in census.absent else census.codes).add(cells[at["LabelName"]])
    if not (census.there and _OFFICIAL.search(table.file)):
        census.codes.update(absent_codes)
    return census


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    pairs: Pairs
    labels: Mapping[str, int]

    def pictures(self, censuses: Sequence[_Census]) -> Iterator[Picture]:
        """Yield the pictures of tables."""
        for census in censuses:
            header = census.table.first[0]
            name_of = itemgetter(header.index("ImageID"))
            rows = islice(census.table.rows(census.encoding), 1, None)
            fitting = (
                row for row in rows if len(row[1]) == len(header) and name_of(row[1]) not in census.absent
            )
            groups = together(fitting, name_of, grouped=census.grouped)
            for name, some in groups:
                yield self._picture(census, header, name, some)

    def _picture(
        self, census: _Census, header: Sequence[str], name: str, rows: Sequence[tuple[int, list[str]]]
    ) -> Picture:
        here = Gathering(Where(census.table.file, f"line {rows[0][0]}"), self.labels)
        path = self.pairs.named(name, "")
        size = self.tree.size(path) if path is not None else None
        if size is None:
            why = self.tree.trouble(path) if path is not None else "it is not there"
            here.fault("size-unknown", f"the boxes of {name} are shares of a picture: {why}")
        for line, cells in rows if size is not None else ():
            row = dict(zip(header, cells, strict=False))
            corners = numbers(row.get(side, "") for side in _NEEDED[2:])
            at = f"line {line}"
            if corners is None:
                here.box([row.get(side, "") for side in _NEEDED[2:]], row.get("LabelName", ""), at)
                continue
            width, height = size or (1, 1)
            x1, y1, x2, y2 = corners
            if max(map(abs, corners)) > LARGEST_SHARE:
                here.fault("boxes-pixels", f"its corners are {x1:g}, {y1:g}, {x2:g}, {y2:g}", at)
                continue
            scaled = (x1 * width, y1 * height, x2 * width, y2 * height)
            here.box(scaled, row.get("LabelName", ""), at, crowd=row.get("IsGroupOf") == "1")
        return here.picture(name, path, size or (None, None))
