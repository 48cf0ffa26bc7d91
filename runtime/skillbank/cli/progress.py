"""Watching a job: a live bar on a terminal, plain lines in a pipe, silence when asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skillbank.jobs.metrics import Progress
    from skillbank.jobs.record import JobRecord
    from skillbank.runtime import Runtime


def watch(runtime: Runtime, record: JobRecord, *, quiet: bool = False) -> JobRecord:
    """Wait until a job ends, showing epoch, loss, metric and the time that is left."""
    if quiet:
        return runtime.jobs.wait(record.id)
    return _live(runtime, record) if sys.stdout.isatty() else _lines(runtime, record)


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


def _lines(runtime: Runtime, record: JobRecord) -> JobRecord:
    print(f"{record.id}: {record.state}", flush=True)
    last = ""

    def show(current: JobRecord, progress: Progress) -> None:
        nonlocal last
        line = describe(progress)
        if line and line != last:
            last = line
            print(f"{current.action}: {line}", flush=True)

    return runtime.jobs.wait(record.id, show)


def _live(runtime: Runtime, record: JobRecord) -> JobRecord:
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    described, line = TextColumn("{task.description}"), TextColumn("{task.fields[line]}")
    with Bar(SpinnerColumn(), described, BarColumn(bar_width=30), TimeElapsedColumn(), line) as bar:
        task = bar.add_task(record.action, total=None, line=record.id)

        def show(current: JobRecord, progress: Progress) -> None:
            total = progress.max_step or progress.max_epoch
            done = progress.step if progress.max_step else progress.epoch
            bar.update(task, total=total, completed=done or 0, line=describe(progress))

        return runtime.jobs.wait(record.id, show)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
