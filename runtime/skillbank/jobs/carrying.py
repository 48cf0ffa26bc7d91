"""A training that goes on in another job: what it has left is carried over, as if it had never broken off."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from skillbank.jobs.checkpoints import resumable, scan
from skillbank.jobs.metrics import find_status_file
from skillbank.jobs.record import JobRecord
from skillbank.jobs.results import read_results
from skillbank.jobs.uploads import results_folder

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
        Jobs of the same plan that broke off, the latest first.

    Returns
    -------
    JobRecord or None
        The first of them with a checkpoint, whose results these are; None where none has one.
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
    taken = {folder / each.path for each in read_results(record).checkpoints if each.taken}
    for path in (*sorted(taken - {newest}), newest):  # whoever is killed here leaves no newest to go on from
        _copy(path, own / path.relative_to(folder))
    for link in (each.path for each in scan(folder, record.action) if each.link):
        place = own / link.relative_to(folder)
        target = link.readlink()
        if not target.is_absolute() and (place.parent / target).exists() and not place.exists():
            place.symlink_to(target)
    if (status := find_status_file(folder, record.action)) is not None:
        _copy(status, own / status.relative_to(folder))


def _copy(source: Path, place: Path) -> None:
    """Copy a file or a folder whole, or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    half = place.with_name(f".{place.name}.part")
    try:
        if source.is_dir():
            shutil.copytree(source, half, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, half)
        half.replace(place)
    except BaseException:
        with suppress(OSError):
            shutil.rmtree(half) if half.is_dir() else half.unlink()
        raise
