"""How far a labelling is, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skillbank.cli import terminal

if TYPE_CHECKING:
    from skillbank.labelling.batch import Told

__all__ = ["progress"]


@contextmanager
def progress() -> Iterator[Told]:
    """Show a bar on a terminal's stderr; nothing in a pipe."""
    if not terminal.interactive(err=True):
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn

    from skillbank.cli.styled import bars, field

    columns = field("description"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with bars(terminal.console(err=True), *columns, transient=True) as bar:
        task = bar.add_task("loading the model", total=None)
        yield lambda done, total: bar.update(task, description="labelling", completed=done, total=total)
