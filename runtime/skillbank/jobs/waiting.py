"""Waiting for a job and for the attempts that follow its failures, while somebody else looks after them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.retries import follow_up, retry_key

if TYPE_CHECKING:
    from skillbank.jobs.metrics import Progress
    from skillbank.jobs.service import Jobs

__all__ = ["wait_to_the_end"]

_PAUSE = 0.2


def wait_to_the_end(
    jobs: Jobs,
    job: str,
    timeout: float | None = None,
    on_progress: Callable[[JobRecord, Progress], None] | None = None,
) -> JobRecord:
    """Wait until neither a job nor an attempt after it goes on; return the last record.

    Parameters
    ----------
    timeout
        Seconds after which the record is returned as it is.
    on_progress
        As for `skillbank.jobs.service.Jobs.wait`.
    """
    end = None if timeout is None else time.monotonic() + timeout
    record = jobs.look(job)
    while True:
        left = None if end is None else end - time.monotonic()
        record = jobs.wait(record.id, on_progress, timeout=left)
        record = jobs.look(record.id)
        if not record.state.terminal or record.state is not JobState.ERROR:
            return record
        follower = jobs.store.by_key(retry_key(record))
        if follower is not None:
            record = follower
            continue
        follows = record.settled is None and follow_up(record) is not None
        if not follows or (end is not None and time.monotonic() >= end):
            return record
        time.sleep(_PAUSE)
