"""Following a job for a call that waits: small looks in threads, so that the server stays free; progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from skillbank.agent.mcp_server.context import Context
from skillbank.jobs.metrics import Progress, StatusReader, describe, find_status_file
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.retries import follow_up, newest_attempt
from skillbank.visible import one_line

if TYPE_CHECKING:
    from skillbank.jobs.service import Jobs

__all__ = ["follow"]

_FIRST_PAUSE = 0.05
_LONGEST_SLEEP = 0.5


async def follow(
    jobs: Jobs,
    ctx: Context,
    job: str,
    *,
    seconds: float | None = None,
    attempts: bool = False,
    until: Callable[[], bool] = lambda: False,
) -> JobRecord:
    """Wait for the end of a job and tell the client how far it is; being canceled stops only the waiting.

    Parameters
    ----------
    seconds
        After which the record is returned as it is.
    attempts
        Go on with the attempt that follows a failure; the last one's record is returned.
    until
        Says that nobody is to wait any longer: a server that ends answers what it knows, and its client asks
        the next one.
    """
    watch, pause = _Watch(jobs, job, attempts), _FIRST_PAUSE
    shown, start = _Shown(ctx), time.monotonic()
    while True:
        record, progress = await to_thread.run_sync(watch.look)
        await shown.show(record, progress)
        left = pause if seconds is None else seconds - (time.monotonic() - start)
        if watch.over or left <= 0 or until():
            return record
        await _sleep(min(pause, left), until)
        pause = min(pause * 2, watch.longest_pause)


async def _sleep(seconds: float, until: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not until() and (left := end - time.monotonic()) > 0:
        await anyio.sleep(min(left, _LONGEST_SLEEP))


class _Watch:
    """One look after another at a job; called in threads, one at a time."""

    def __init__(self, jobs: Jobs, job: str, attempts: bool) -> None:
        self._jobs, self._job, self._attempts = jobs, job, attempts
        self._reader: StatusReader | None = None
        self.longest_pause, self.over = 1.0, False

    def look(self) -> tuple[JobRecord, Progress]:
        record = self._jobs.refresh(self._job)
        self.longest_pause = self._jobs.platform(record.platform).poll_seconds
        if record.state.terminal:
            record = self._jobs.look(record.id)  # somebody must do what follows its end
            if self._attempts:
                following = newest_attempt(record, self._jobs.store.by_key)
                if following.id != record.id:
                    self._job, self._reader = following.id, None
                    return self.look()
            self.over = not (self._attempts and _more_to_come(record))
        if self._reader is None and (path := find_status_file(Path(record.results_dir), record.action)):
            self._reader = StatusReader(path)
        if self._reader is not None:
            self._reader.poll()
        return record, self._reader.progress if self._reader is not None else Progress()


def _more_to_come(record: JobRecord) -> bool:
    return record.state is JobState.ERROR and record.settled is None and follow_up(record) is not None


class _Shown:
    """What the client has been told; its numbers only grow, as MCP wants it."""

    def __init__(self, ctx: Context) -> None:
        self._ctx, self._words, self._done = ctx, "", -1.0

    async def show(self, record: JobRecord, progress: Progress) -> None:
        words = one_line(
            f"{record.id} {record.state}: {describe(progress) or 'no word from the program yet'}", 500
        )
        if words == self._words:
            return
        if progress.max_step:
            done, total = progress.step or 0, progress.max_step
        else:
            done, total = 0 if progress.epoch is None else progress.epoch + 1, progress.max_epoch or 0
        # News that is no step forward, such as a metric, still needs a larger number than the last one.
        self._words, self._done = words, max(float(done), self._done + 0.001)
        await self._ctx.session.report_progress(self._done, float(total) if total else None, words)
