"""How far a labelling is, and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

import typer

from skillbank.cli import drawing, options, terminal
from skillbank.visible import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from skillbank.labelling.batch import Told

__all__ = ["answer", "progress"]


class Result(Protocol):
    """What a labelling came to."""

    @property
    def left_out(self) -> Sequence[tuple[object, str]]:
        """Pictures that could not be read: where they lie, and one sentence."""

    def document(self) -> dict[str, object]:
        """Return it as a JSON document."""


R = TypeVar("R", bound=Result)


@contextmanager
def progress() -> Iterator[Told]:
    """Show a bar on a terminal's stderr; nothing in a pipe."""
    if not terminal.interactive(err=True):
        yield lambda done, total: None
        return

    columns = (
        drawing.field("description"),
        drawing.BarColumn(),
        drawing.MofNCompleteColumn(),
        drawing.TimeRemainingColumn(),
    )
    with drawing.bars(terminal.console(err=True), *columns, transient=True) as bar:
        task = bar.add_task("loading the model", total=None)
        yield lambda done, total: bar.update(task, description="labelling", completed=done, total=total)


def answer(result: R, notes: Iterable[object], view: Callable[[R], RenderableType], as_json: bool) -> None:
    """Say what was noted and left out, and show the result; exit code 1 where a picture was left out."""
    for note in notes:
        terminal.warn(str(note))
    for place, why in result.left_out:
        terminal.warn(f"{one_line(place, 300)} is {why}.")
    if as_json:
        options.print_json(result.document())
    else:
        terminal.show(view(result))
    if result.left_out:
        raise typer.Exit(1)
