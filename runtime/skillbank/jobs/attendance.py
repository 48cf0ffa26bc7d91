"""Who finishes a job's work: one supervisor at a time, and a new one when that one was killed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skillbank.detached import detach
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.retries import follow_up
from skillbank.platforms.base import job_dir
from skillbank.platforms.processes import described_alive

__all__ = ["attend", "on_duty", "work_left"]

_LOCK, _LOG = "supervisor.lock", "supervisor.log"


def work_left(record: JobRecord) -> bool:
    """Say whether something follows, or may follow, that only a supervisor does."""
    if record.settled is not None:
        return False
    if record.state.terminal:
        started = record.native_id is not None
        return (started and record.results_uri is not None) or follow_up(record) is not None
    policy = record.retry
    if record.searches:
        return record.results_uri is not None
    return record.results_uri is not None or policy.infra > 0 or policy.batch_key is not None


@contextmanager
def on_duty(record: JobRecord, inherited: int | None = None) -> Iterator[bool]:
    """Be the supervisor of a job; false when another process is. The duty ends with the process.

    Parameters
    ----------
    inherited
        The open lock file of a process that has handed the duty to this one.
    """
    if inherited is not None:
        try:
            yield True
        finally:
            os.close(inherited)
        return
    folder = job_dir(Path(record.results_dir))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def attend(record: JobRecord) -> bool:
    """Start a supervisor as a process of its own, if a job needs one and has none; say whether it did.

    A job is supervised on the machine that launched it: its results are there.
    """
    alive = described_alive(record.launcher) if record.launcher else None
    if not work_left(record) or alive is None:
        return False
    if record.state is JobState.PENDING and record.native_id is None and alive:
        return False  # it is being launched this very moment
    folder = job_dir(Path(record.results_dir))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        # The lock goes over to the new process with the open file: at no moment is nobody on duty.
        detach("supervisor", [record.id], folder / _LOG, file.fileno())
    return True
