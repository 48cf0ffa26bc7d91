"""Results that belong on S3: checkpoints while the job runs, everything after its end, however it ended."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path

from skillbank.errors import DataNotFoundError
from skillbank.home import cache_dir
from skillbank.jobs.checkpoints import scan
from skillbank.jobs.metrics import find_status_file
from skillbank.jobs.record import JobRecord, JobState
from skillbank.plan.model import InputBinding
from skillbank.platforms.base import job_dir
from skillbank.redact import redact_stream
from skillbank.storage.progress import Report
from skillbank.storage.staging import stage
from skillbank.storage.upload import upload
from skillbank.storage.uri import parse_uri

__all__ = ["results_folder", "upload_news", "upload_results", "upload_spec"]

_QUIET = 2.0
"""Seconds without a change after which a checkpoint of a running job counts as written."""


def upload_results(record: JobRecord, log: Iterable[str], report: Report | None = None) -> list[str]:
    """Bring everything that an ended job has left to its place, and return what had to be sent.

    Parameters
    ----------
    log
        The program's output; it is sent without secrets.
    """
    folder = Path(record.results_dir)
    files = {path: folder / path for path in _paths(folder) if not _excluded(path, _excludes(record))}
    with _alone(folder):
        clean = job_dir(folder) / "upload.log"
        with clean.open("w", encoding="utf-8") as file:
            file.writelines(redact_stream(log))
        files["job/output.log"] = clean
        return _send(record, {**files, **_spec(folder)}, report)


def upload_news(record: JobRecord) -> list[str]:
    """Bring the complete checkpoints and the status file of a running job to their place."""
    folder = Path(record.results_dir)
    ripe = time.time() - _QUIET
    found = [c.path for c in scan(folder, record.action) if c.path.is_file() and not c.link]
    status = find_status_file(folder, record.action)
    files = {
        str(path.relative_to(folder)): path
        for path in [*(path for path in found if path.stat().st_mtime < ripe), *([status] if status else [])]
    }
    with _alone(folder):
        kept = {path: file for path, file in files.items() if not _excluded(path, _excludes(record))}
        return _send(record, kept, None)


def upload_spec(record: JobRecord) -> None:
    """Bring the bound spec to its place, which shows before anything runs that results can be written."""
    folder = Path(record.results_dir)
    with _alone(folder):
        _send(record, _spec(folder), None)


def results_folder(record: JobRecord) -> Path:
    """Return a folder on this machine with a job's results; they are fetched when the job ran on another.

    Of a job that broke off and whose folder was lost, what was brought away while it ran is there. Of one
    that is complete that would be a part of its results, which does not stand for them.
    """
    folder = Path(record.results_dir)
    if record.results_uri is None or record.native_id is None or not record.state.terminal:
        return folder
    if _is_whole(folder) or (record.uploaded is None and record.state is JobState.COMPLETE):
        return folder
    with suppress(DataNotFoundError):
        return stage(InputBinding(key="results", uri=record.results_uri, runtime="folder"), cache_dir())
    return folder


def _is_whole(folder: Path) -> bool:
    """Say whether a job's folder is the one it was started in: our part alone is made anew without a spec."""
    ours = job_dir(folder)
    others = (each for each in folder.iterdir() if each != ours) if folder.is_dir() else ()
    return any(ours.glob("spec.*")) or any(others)


def _send(record: JobRecord, files: dict[str, Path], report: Report | None) -> list[str]:
    notes = job_dir(Path(record.results_dir)) / "uploads.jsonl"
    return upload(files, parse_uri(record.results_uri or ""), notes, report)


def _spec(folder: Path) -> dict[str, Path]:
    return {f"job/{path.name}": path for path in job_dir(folder).glob("spec.*")}


def _paths(folder: Path) -> Iterator[str]:
    """Yield the files of the results; links are left out: they repeat a file, or lead out of the folder."""
    for here, folders, names in os.walk(folder):
        if Path(here) == folder:
            folders[:] = [name for name in folders if name != job_dir(folder).name]
        for name in names:
            path = Path(here, name)
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(folder))


def _excludes(record: JobRecord) -> Sequence[str]:
    return tuple(map(str, record.plan.get("upload_excludes") or ()))


def _excluded(path: str, patterns: Sequence[str]) -> bool:
    """Say whether a file is left out: ``inputs/`` is a folder, ``*.tmp`` matches names at any depth."""
    name = path.rpartition("/")[2]
    return any(
        path.startswith(f"{pattern.strip('/')}/") or fnmatch(path, pattern) or fnmatch(name, pattern)
        for pattern in patterns
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time sends a job's results."""
    job_dir(folder).mkdir(parents=True, exist_ok=True)
    with (job_dir(folder) / "upload.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
