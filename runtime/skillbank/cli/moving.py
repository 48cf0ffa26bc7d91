"""Progress bars and what is drawn again and again, of texts that are made visible as `styled` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.live import Live
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from skillbank.cli.styled import line

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Task
    from rich.text import Text

__all__ = [
    "BarColumn", "MofNCompleteColumn", "SpinnerColumn", "TimeElapsedColumn", "TimeRemainingColumn", "amount",
    "bars", "field", "live", "pace",
]  # fmt: skip


def bars(console: Console, *columns: ProgressColumn, transient: bool = False) -> Progress:
    """Return progress bars; what others print meanwhile is not taken for styles of ours."""
    return Progress(
        *columns, console=console, redirect_stdout=False, redirect_stderr=False, transient=transient
    )


def live(console: Console, shown: RenderableType | None = None, **options: Any) -> Live:
    """Return a display that is drawn again and again."""
    return Live(shown, console=console, redirect_stdout=False, redirect_stderr=False, **options)


def field(name: str) -> ProgressColumn:
    """Return a column of progress bars that shows a task's field as it stands."""
    return _Field(name)


class _Field(TextColumn):
    def __init__(self, name: str) -> None:
        super().__init__("", markup=False)
        self._name = name

    def render(self, task: Task) -> Text:
        return line(str(task.description if self._name == "description" else task.fields[self._name]))


def amount() -> ProgressColumn:
    """Return a column that shows how much is done: pictures of a task that ``counts``, else bytes."""
    return _Either(MofNCompleteColumn(), DownloadColumn())


def pace() -> ProgressColumn:
    """Return a column that shows the time that is left of a task that ``counts``, else bytes in a second."""
    return _Either(TimeRemainingColumn(), TransferSpeedColumn())


class _Either(ProgressColumn):
    def __init__(self, counted: ProgressColumn, moved: ProgressColumn) -> None:
        super().__init__()
        self._counted, self._moved = counted, moved

    def render(self, task: Task) -> RenderableType:
        return (self._counted if task.fields["counts"] else self._moved).render(task)
