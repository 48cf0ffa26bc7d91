"""Watching a job: a live bar on a terminal, plain lines in a pipe, silence when asked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

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


def watch(runtime: Runtime, record: JobRecord, *, quiet: bool = False) -> JobRecord:
    """Wait until a job ends, showing epoch, loss, metric and the time that is left."""
    return _shown(lambda *_: runtime.jobs.wait, record, quiet)


def supervise(runtime: Runtime, record: JobRecord, *, quiet: bool = False) -> JobRecord:
    """Stay with a job and the attempts that follow it, as its supervisor; return the last attempt."""
    from skillbank.jobs.supervisor import Supervisor

    return _shown(lambda report, say: Supervisor(runtime.jobs, report=report, say=say).run, record, quiet)


@contextmanager
def transfers(quiet: bool = False) -> Iterator[Report | None]:
    """Yield what draws a bar for each transfer on a terminal; None, and silence, in a pipe."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    name = TextColumn("{task.description}", markup=False)
    columns = (name, BarColumn(bar_width=30), DownloadColumn(), TransferSpeedColumn())
    bars = Bars(*columns, console=Console(stderr=True, markup=False), transient=True)
    tasks: dict[str, TaskID] = {}

    def report(news: Transfer) -> None:
        if news.name not in tasks:
            bars.start()
            tasks[news.name] = bars.add_task(news.name)
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
    return _live(make, record) if sys.stdout.isatty() else _lines(make, record)


def describe(progress: Progress) -> str:
    """Return one line, e.g. ``epoch 3/10  loss 4.21  val_mAP50 0.412  eta 84 s``."""
    parts = []
    if progress.epoch is not None:
        parts.append(f"epoch {progress.epoch + 1}/{progress.max_epoch or '?'}")
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.3f}")
    wanted = [k for k in progress.metrics if k.endswith("mAP50")] or list(progress.metrics)[:2]
    parts += [f"{k} {progress.metrics[k]:.3f}" for k in wanted if "loss" not in k]
    if progress.eta_s:
        parts.append(f"eta {_clock(progress.eta_s)}")
    return "  ".join(parts) or progress.message


def _lines(make: Make, record: JobRecord) -> JobRecord:
    print(f"{record.id}: {record.state}", flush=True)
    last = ""

    def show(current: JobRecord, progress: Progress) -> None:
        nonlocal last
        line = describe(progress)
        if line and line != last:
            last = line
            print(f"{current.action}: {line}", flush=True)

    return make(None, lambda words: print(words, flush=True))(record.id, show)


def _live(make: Make, record: JobRecord) -> JobRecord:
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    described, line = TextColumn("{task.description}"), TextColumn("{task.fields[line]}")
    with Bar(SpinnerColumn(), described, BarColumn(bar_width=30), TimeElapsedColumn(), line) as bar:
        task = bar.add_task(record.action, total=None, line=record.id)

        moved: dict[str, TaskID] = {}

        def report(news: Transfer) -> None:
            if news.name not in moved:
                moved[news.name] = bar.add_task("results", total=None, line=news.name)
            bar.update(moved[news.name], total=news.total, completed=news.done)

        def show(current: JobRecord, progress: Progress) -> None:
            total = progress.max_step or progress.max_epoch
            done = progress.step if progress.max_step else progress.epoch
            bar.update(task, total=total, completed=done or 0, line=describe(progress))

        return make(report, bar.console.print)(record.id, show)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
