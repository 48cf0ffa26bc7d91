"""Watching a job: a live bar on a terminal, plain lines in a pipe, silence when asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skillbank.cli import drawing, terminal
from skillbank.datasets.progress import Step
from skillbank.jobs.metrics import describe
from skillbank.jobs.record import JobState
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    from skillbank.jobs import supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import TaskID

    from skillbank.jobs.metrics import Progress
    from skillbank.jobs.record import JobRecord
    from skillbank.runtime import Runtime
    from skillbank.storage.progress import Report, Transfer

    Show = Callable[[JobRecord, Progress], None]
    Wait = Callable[[str, Show | None], JobRecord]
    Make = Callable[[Report | None, Callable[[str], None] | None], Wait]
    """Makes what waits, given what shows transfers and what prints words."""

_LONGEST = 500


def watch(runtime: Runtime, record: JobRecord, *, quiet: bool = False) -> JobRecord:
    """Wait until a job ends, showing epoch, loss, metric and the time that is left."""
    return _shown(lambda *_: runtime.jobs.wait, record, quiet)


def supervise(runtime: Runtime, record: JobRecord, *, quiet: bool = False) -> JobRecord:
    """Stay with a job and the attempts that follow it, as its supervisor; return the last attempt."""
    return _shown(
        lambda report, say: supervisor.Supervisor(runtime.jobs, report=report, say=say).run, record, quiet
    )


@contextmanager
def transfers(quiet: bool = False) -> Iterator[Report | None]:
    """Yield what draws a bar for each transfer and each other piece of work on data on a terminal.

    None, and silence, in a pipe.
    """
    if quiet or not terminal.interactive(err=True):
        yield None
        return

    columns = (
        drawing.field("description"),
        drawing.BarColumn(bar_width=30),
        drawing.amount(),
        drawing.pace(),
    )
    bars = drawing.bars(terminal.console(err=True), *columns, transient=True)
    tasks: dict[str, TaskID] = {}

    def report(news: Transfer | Step) -> None:
        if news.name not in tasks:
            tasks[news.name] = bars.add_task(news.name, counts=isinstance(news, Step))
        if news.done != news.total:
            bars.start()
        bars.update(tasks[news.name], total=news.total, completed=news.done)
        if bars.finished:
            bars.stop()  # another live display may follow

    try:
        yield report
    finally:
        bars.stop()


def _shown(make: Make, record: JobRecord, quiet: bool) -> JobRecord:
    if quiet:
        return make(None, None)(record.id, None)
    return _live(make, record) if terminal.interactive() else _lines(make, record)


def _lines(make: Make, record: JobRecord) -> JobRecord:
    terminal.say(f"{record.id}: {record.state}")
    last, doubt = "", ""

    def show(current: JobRecord, progress: Progress) -> None:
        nonlocal last, doubt
        before, doubt = doubt, _doubt(current)
        if doubt != before:
            terminal.say(one_line(f"{current.id}: {doubt or current.state}", _LONGEST))
        line = describe(progress)
        if line and line != last:
            last = line
            terminal.say(one_line(f"{current.action}: {line}", _LONGEST))

    return make(None, lambda words: terminal.say(one_line(words, _LONGEST)))(record.id, show)


def _live(make: Make, record: JobRecord) -> JobRecord:
    columns = (
        drawing.SpinnerColumn(),
        drawing.field("description"),
        drawing.BarColumn(bar_width=30),
        drawing.TimeElapsedColumn(),
    )
    with drawing.bars(terminal.console(), *columns, drawing.field("line")) as bar:
        task = bar.add_task(record.action, total=None, line=record.id)

        moved: dict[str, TaskID] = {}

        def report(news: Transfer | Step) -> None:
            if news.name not in moved:
                moved[news.name] = bar.add_task("results", total=None, line=news.name)
            bar.update(moved[news.name], total=news.total, completed=news.done)

        def show(current: JobRecord, progress: Progress) -> None:
            total = progress.max_step or progress.max_epoch
            done = progress.step if progress.max_step else progress.epoch
            line = one_line(_doubt(current) or describe(progress), _LONGEST)
            bar.update(task, total=total, completed=done or 0, line=line)

        return make(report, bar.console.print)(record.id, show)


def _doubt(record: JobRecord) -> str:
    """Say that nobody knows how a job stands, and why: whoever waits for it would wait on without a word."""
    return f"{record.state}: {record.last_word}" if record.state is JobState.UNKNOWN else ""
