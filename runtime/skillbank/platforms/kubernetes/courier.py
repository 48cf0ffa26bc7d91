"""The courier of a pod: fetches what a job reads, and brings its results to the bucket, also while it runs.

``python -m skillbank.platforms.kubernetes.courier fetch|bring ROOT JOB FOLDER``. Nothing but this runs in a
pod on skillbank's side; it is started twice, before the program and beside it. Being asked to stop is how the
second one learns that the program has ended: then it brings everything.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from skillbank.errors import SkillbankError
from skillbank.platforms.base import job_dir
from skillbank.platforms.kubernetes.files import Bucket
from skillbank.platforms.kubernetes.names import READY
from skillbank.redact import redact
from skillbank.storage.upload import upload

__all__ = ["main"]

_PAUSE, _QUIET = 15.0, 2.0
_TRIES = 5


def fetch(bucket: Bucket, files: Path) -> None:
    """Bring what the job reads, and where its results are to be written."""
    listing = bucket.place_inputs(files)
    (files / "results").write_text(listing["results"])


def bring(bucket: Bucket, files: Path) -> None:
    """Bring results to the bucket until asked to stop, and then the rest."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    (files / READY).touch()
    folder = files / (files / "results").read_text().lstrip("/")
    while not over.wait(_PAUSE):
        try:
            _upload(bucket, files, folder, ripe=time.time() - _QUIET)
        except SkillbankError as error:
            print(redact(error.sentence), file=sys.stderr, flush=True)  # the next round tries again
    for attempt in range(_TRIES):
        try:
            _upload(bucket, files, folder)
            return
        except SkillbankError:
            if attempt == _TRIES - 1:
                raise
            time.sleep(2.0**attempt)


def _upload(bucket: Bucket, files: Path, folder: Path, ripe: float | None = None) -> None:
    found = {}
    for here, folders, names in os.walk(folder):
        if Path(here) == folder:
            folders[:] = [name for name in folders if name != job_dir(folder).name]
        for path in (Path(here, name) for name in names):
            if path.is_symlink() or not path.is_file():
                continue
            if ripe is None or path.stat().st_mtime < ripe:
                found[str(path.relative_to(folder))] = path
    upload(found, bucket.results, files / "brought.jsonl")


def main(verb: str, root: str, job_id: str, folder: str) -> int:
    """Do one half of the work; return the exit code."""
    try:
        {"fetch": fetch, "bring": bring}[verb](Bucket(root, job_id), Path(folder))
    except SkillbankError as error:
        print(redact(error.sentence), file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
