"""A training that goes on in another job: what it has left is carried over, as if it had never broken off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from skillbank.errors import DataError
from skillbank.jobs.checkpoints import resumable, scan
from skillbank.jobs.metrics import find_status_file
from skillbank.jobs.record import JobRecord
from skillbank.jobs.results import read_results
from skillbank.jobs.uploads import results_folder
from skillbank.platforms.base import job_dir

__all__ = ["carry_over"]


def carry_over(record: JobRecord, earlier: Iterable[JobRecord]) -> JobRecord | None:
    """Copy the best and the newest model, and the metrics of all epochs, of a job into the one that goes on.

    The program finds there what it would find had it been started again in the same folder: it keeps the best
    of all epochs, and who reads the results sees the whole training. Copies, since some programs write a
    model over the one before.

    Parameters
    ----------
    record
        The job that goes on; nothing is done where its own results hold a checkpoint.
    earlier
        Jobs of the same plan, or that it was launched to go on from, which broke off, the latest first.

    Returns
    -------
    JobRecord or None
        The first of them with a checkpoint, whose results these are; None where none has one.

    Raises
    ------
    DataError
        When what is to be copied is a link that leads out of those results: who runs the program would get
        what only we may read.
    """
    own = Path(record.results_dir)
    if resumable(own) is not None:
        return None
    for each in earlier:
        folder = results_folder(each)
        if (newest := resumable(folder)) is not None:
            _carry(each, folder, newest, own)
            return each
    return None


def _carry(record: JobRecord, folder: Path, newest: Path, own: Path) -> None:
    best = {folder / each.path for each in read_results(record).checkpoints if each.taken} - {newest}
    status = find_status_file(folder, record.action)
    # Copied aside first, and the newest model takes its place last: whoever is killed here leaves no model to
    # go on from without all that belongs to it.
    job_dir(own).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="carried-", dir=job_dir(own)) as aside:
        ready: list[tuple[Path, Path]] = []
        for path in (*sorted(best), *(() if status is None else (status,)), newest):
            _refuse_leading_out(path, folder, record.id)
            copy = Path(aside, str(len(ready)))
            if path == status:
                copy.write_bytes(b"".join(_without_failures(path)))
            elif path.is_dir():
                shutil.copytree(path, copy)
            else:
                shutil.copyfile(path, copy)
            ready.append((copy, own / path.relative_to(folder)))
        for copy, place in ready:
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                copy.replace(place)
    for link in (each.path for each in scan(folder, record.action) if each.link):
        place = own / link.relative_to(folder)
        target = link.readlink()
        if not target.is_absolute() and (place.parent / target).exists() and not place.exists():
            place.symlink_to(target)


def _refuse_leading_out(path: Path, folder: Path, job: str) -> None:
    for each in (path, *(path.rglob("*") if path.is_dir() else ())):
        if not each.resolve().is_relative_to(folder.resolve()):
            raise DataError(
                f"{each} leads out of the results of {job}, so it is not gone on from; put the file itself "
                "there"
            )


def _without_failures(status: Path) -> Iterator[bytes]:
    """Yield the lines of a status file but those that tell a failure: it was the other job's."""
    for line in status.read_bytes().splitlines(keepends=True):
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict) or said.get("status") != "FAILURE":
            yield line
