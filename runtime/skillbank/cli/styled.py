"""What is drawn on the terminal with styles: text is made visible first, and then laid out and coloured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from skillbank.cli.copyable import Listing, Pairs, flat
from skillbank.environment import foreign
from skillbank.visible import drawn, has_invisible

if TYPE_CHECKING:
    from rich.padding import PaddingDimensions

__all__ = ["Group", "StyledConsole", "line", "lines", "listing", "pairs", "table", "words"]

_PIPE_WIDTH = 160
_LEAST_WIDTH = 20


class StyledConsole(Console):
    """A console on which nothing of a text but what can be seen reaches the stream.

    A pipe gets lines of 160 columns, so that keys are not folded. Markup is off: what is shown comes from
    skills and data, and brackets in it are just brackets.
    """

    def __init__(self, stream: TextIO) -> None:
        wide = None if stream.isatty() or foreign("COLUMNS") is not None else _PIPE_WIDTH
        super().__init__(file=stream, width=wide, highlight=False, markup=False, emoji=False)
        if self.width < _LEAST_WIDTH:
            # Of a terminal that says it has no columns, nothing would be shown at all.
            self.width = _LEAST_WIDTH

    def render_str(self, text: str, **options: Any) -> Text:
        """Lay out a text as one line: a line end in a cell would begin what looks like another row."""
        return super().render_str(flat(text), **{**options, "markup": False, "emoji": False})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the pieces of what is drawn; links, which show one address and open another, are none."""
        if isinstance(renderable, Text) and has_invisible(renderable.plain):
            renderable = Text(drawn(renderable.plain), renderable.style)
        for piece in super().render(renderable, options):
            if piece.control:
                yield piece
            else:
                yield Segment(drawn(piece.text), _unlinked(piece.style))


def line(text: str, style: str = "") -> Text:
    """Return a text as one line with a style of ours."""
    return Text(flat(text), style)


def lines(text: str, style: str = "") -> Text:
    """Return a text of several lines that is ours, or a document to be read as it is."""
    return Text(drawn(text), style)


def words(*parts: str | Text) -> Text:
    """Return texts, some of them with styles, as one line."""
    return Text.assemble(*(part if isinstance(part, Text) else line(part) for part in parts))


def pairs() -> Pairs:
    """Return a table of names and values."""
    return Pairs()


def table(
    *columns: str,
    kind: type[Table] = Table,
    padding: PaddingDimensions = (0, 2, 0, 0),
    show_header: bool = True,
) -> Table:
    """Return a table with folded columns."""
    made = kind(box=None, pad_edge=False, header_style="bold", padding=padding, show_header=show_header)
    for column in columns:
        made.add_column(flat(column), overflow="fold")
    return made


def listing(*columns: str) -> Table:
    """Return a table of things whose names, in the first column, are copied into the next command."""
    return table(*columns, kind=Listing)


def _unlinked(style: Style | None) -> Style | None:
    return style.update_link(None) if style is not None and style.link else style
