"""What an ended job has printed, where its platform has nothing of it any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from skillbank.errors import DataNotFoundError, PlatformError
from skillbank.home import cache_dir
from skillbank.jobs.record import JobRecord, JobState
from skillbank.plan.model import InputBinding
from skillbank.platforms.logfile import saved_log
from skillbank.storage.staging import stage

__all__ = ["kept_output"]


def kept_output(pieces: Iterable[str], record: JobRecord) -> Iterator[str]:
    """Yield a job's output as its platform gives it; where that is nothing, from its results on S3.

    A program that printed nothing has no output; one whose output is gone is told from it.

    Raises
    ------
    PlatformError
        When its state is not known, with the reason.
    DataNotFoundError
        When its folder is gone, and nothing was brought elsewhere.
    """
    came = False
    for piece in pieces:
        came = came or bool(piece)
        yield piece
    if came or record.native_id is None or record.searches:
        return
    if record.state is JobState.UNKNOWN:
        raise PlatformError(f"nothing is known of what {record.id} has printed: {record.last_word}")
    if not record.state.terminal or Path(record.results_dir).exists():
        return
    if record.results_uri is None or record.uploaded is None:
        raise DataNotFoundError(
            f"{record.results_dir}, the folder of {record.id}, is gone, and what it has printed with it"
        )
    place = f"{record.results_uri}/job/output.log"
    yield from saved_log(stage(InputBinding(key="output", uri=place, runtime="file"), cache_dir()))
