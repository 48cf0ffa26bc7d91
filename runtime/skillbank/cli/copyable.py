"""What people copy from a narrow terminal: an id or a path that fits no column has a line of its own.

Such a line is longer than the terminal, which breaks it where it likes and copies it as one.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from skillbank.visible import drawn

__all__ = ["Listing", "Pairs", "flat"]


def flat(text: str) -> str:
    """Return a text as one line of what can be seen: a line end would begin what looks like another row."""
    seen = drawn(text)
    return " ".join(seen.split()) if "\n" in seen else seen.replace("\t", " ")


class Listing(Table):
    """A table whose first column is copied; without room for the rest, a block of lines a row."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Yield the table, or its rows one below the other."""
        first, *rest = self.columns
        first.no_wrap = True
        wide = options.update(max_width=10_000)
        widths = [Measurement.get(console, wide, column.header).maximum + 2 for column in rest]
        cells = [list(column.cells) for column in self.columns]
        keys = max((_text(cell).cell_len for cell in cells[0]), default=0)
        if keys + sum(max(width, 10) for width in widths) <= options.max_width:
            yield from super().__rich_console__(console, options)  # type: ignore[misc]  # segments, which are drawn too
            return
        for key, *others in zip(*cells, strict=True):
            yield _whole(key)
            yield Text.assemble("  ", Text(" · ").join(_text(other) for other in others))


class Pairs:
    """Names and values; a value with a word that is longer than its column stands below its name."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, RenderableType]] = []

    def add_row(self, name: str, value: RenderableType) -> None:
        """Add a name and its value."""
        self._rows.append((name, value))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Yield grids of what fits, and lines of what does not."""
        width = max((len(name) for name, _ in self._rows), default=0)
        grid = _grid(width)
        for name, value in self._rows:
            words = _text(value).plain.split() if isinstance(value, str | Text) else []
            if max(map(len, words), default=0) <= options.max_width - width - 2:
                grid.add_row(name, value)
                continue
            yield from (grid,) if grid.row_count else ()
            grid = _grid(width)
            yield Text(name, "bold")
            yield _whole(value)
        yield from (grid,) if grid.row_count else ()


def _grid(width: int) -> Table:
    made = Table.grid(padding=(0, 2))
    made.add_column(style="bold", no_wrap=True, min_width=width)
    made.add_column(overflow="fold")
    return made


def _text(cell: RenderableType) -> Text:
    return cell if isinstance(cell, Text) else Text(flat(str(cell)))


def _whole(cell: RenderableType) -> Text:
    text = _text(cell).copy()
    text.no_wrap, text.overflow = True, "ignore"
    return text
