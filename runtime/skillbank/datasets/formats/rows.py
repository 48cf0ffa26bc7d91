"""Tables of text (CSV and its kind): rows one by one, and rows of one picture together."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from skillbank.datasets.document import split_of
from skillbank.datasets.formats.files import UnreadableError, head, opened
from skillbank.datasets.texts import encoding_of
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError
from skillbank.visible import one_line

__all__ = ["Row", "Table", "is_blank", "split_of_file", "table_of", "together"]

_HEAD = 1 << 16
_DELIMITERS = ",;\t|"
_BLANK = frozenset({"", "nan", "none", "null", "na", "n/a"})
"""What stands in a cell that holds nothing."""

Row = tuple[int, list[str]]
"""Number of the line at which a row ends, and its cells without outer blanks."""


@dataclass(frozen=True)
class Table:
    """A table of a tree.

    Attributes
    ----------
    first
        The first rows, the one with the names of columns among them.
    comments
        Lines before them that begin with ``#`` and are no row.
    """

    tree: Tree
    file: str
    delimiter: str
    first: tuple[tuple[str, ...], ...]
    comments: int = 0

    def encoding(self) -> str:
        """Return what the whole file can be decoded with."""
        return encoding_of(self.tree.path(self.file))

    def rows(self, encoding: str) -> Iterator[Row]:
        """Yield the rows that are not empty.

        Raises
        ------
        DataError
            Where a quotation mark is opened and not closed, so that the rest of the file would be one cell.
        """
        try:
            with opened(self.tree.path(self.file)) as file:
                text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
                for _ in range(self.comments):
                    text.readline()
                reader = csv.reader(text, delimiter=self.delimiter)
                for cells in reader:
                    if any(cells):
                        yield reader.line_num + self.comments, [cell.strip() for cell in cells]
        except csv.Error as error:
            where = f"{self.tree.path(self.file)} line {reader.line_num}"
            raise DataError(f"{where} cannot be read ({one_line(error)}); correct it") from None
        except UnreadableError as error:
            raise DataError(f"{self.tree.path(self.file)} {error}") from None

    def value(self, cell: str) -> str:
        """Return a number as Python has it: where commas do not part the cells they stand before decimals."""
        return cell if self.delimiter == "," else cell.replace(",", ".")


def table_of(tree: Tree, file: str) -> Table | None:
    """Look at the first lines of a file; None where they are no table of two columns or more."""
    start = head(tree.path(file), _HEAD)
    text = start.decode("utf-8", "replace")
    whole = text.splitlines()[: -1 if len(start) >= _HEAD else None]
    comments = _comments(whole)
    lines = [line for line in whole[comments:] if line.strip()][:25]
    if not lines or "\0" in text:
        return None
    delimiter = max(_DELIMITERS, key=lambda each: (lines[0].count(each), -_DELIMITERS.index(each)))
    if delimiter not in lines[0] and " " in lines[0]:
        delimiter = " "
    try:
        first = [tuple(cell.strip() for cell in row) for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return None
    return Table(tree, file, delimiter, tuple(first), comments) if len(first[0]) > 1 else None


def _comments(lines: Sequence[str]) -> int:
    """Return how many of the first lines are comments: a header may begin with # too, and has the columns."""
    count = next((at for at, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    most = max(lines[count].count(each) for each in _DELIMITERS) if count else 0
    same = count and most and max(lines[count - 1].count(each) for each in _DELIMITERS) == most
    return count - 1 if same else count


def is_blank(cell: str) -> bool:
    """Whether a cell holds nothing, also as pandas writes it."""
    return cell.lower() in _BLANK


def together(
    rows: Iterable[Row], name_of: Callable[[list[str]], str], *, grouped: bool
) -> Iterator[tuple[str, Sequence[Row]]]:
    """Yield the rows of each name in their cells; where they stand apart all rows are held in memory."""
    if grouped:
        for name, some in groupby(rows, lambda row: name_of(row[1])):
            yield name, list(some)
        return
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(name_of(row[1]), []).append(row)
    yield from by_name.items()


def split_of_file(name: str) -> str:
    """Return the word of a file's name that means a split: "train" of ``train_labels.csv``; else empty."""
    stem = name.rpartition("/")[2].rpartition(".")[0]
    words = "".join(letter if letter.isalpha() else " " for letter in stem).split()
    return next((word for word in words if split_of(word) is not None), "")
