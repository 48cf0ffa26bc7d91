"""What a job has left: files, metrics, checkpoints, pictures."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from skillbank.jobs.checkpoints import choose, scan
from skillbank.jobs.metrics import EpochMetrics, read_status
from skillbank.jobs.record import JobRecord
from skillbank.jobs.uploads import results_folder
from skillbank.plan.products import PICTURE_SUFFIXES

__all__ = ["CheckpointInfo", "FileInfo", "Results", "read_results"]


@dataclass(frozen=True)
class FileInfo:
    """A file of the results; the path is relative to them, the size in bytes."""

    path: str
    size: int


@dataclass(frozen=True)
class CheckpointInfo:
    """A model of the results, and whether a child would take it by one of the two methods."""

    path: str
    epoch: int | None
    step: int | None
    best: bool
    latest: bool


@dataclass(frozen=True)
class Results:
    """All of it; ``metrics`` are the last values said, ``epochs`` the history from epoch 0."""

    job: str
    results_dir: str
    results_uri: str | None
    files: tuple[FileInfo, ...]
    metrics: dict[str, float]
    epochs: tuple[EpochMetrics, ...]
    checkpoints: tuple[CheckpointInfo, ...]
    pictures: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return asdict(self)


def read_results(record: JobRecord, product: JobRecord | None = None) -> Results:
    """Look through a job's results folder.

    Parameters
    ----------
    product
        The job whose models and metrics stand for this one's; their paths are absolute then.
    """
    folder = results_folder(record)
    files = []
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not (Path(here) == folder and name == "job"))
        for name in sorted(names):
            path = Path(here, name)
            # A link that leads nowhere has no size of its own to speak of.
            size = path.stat().st_size if path.exists() else 0
            files.append(FileInfo(str(path.relative_to(folder)), size))
    giver = product or record
    theirs = results_folder(giver)
    status = read_status(theirs, giver.action)
    candidates = scan(theirs, giver.action)
    metric, direction = giver.plan.get("metric"), giver.plan.get("metric_direction")
    best = choose(candidates, method="best", epochs=status.epochs, metric=metric, direction=direction)
    latest = choose(candidates, method="latest")
    checkpoints = tuple(
        CheckpointInfo(
            str(c.path if product else c.path.relative_to(folder)), c.epoch, c.step, c == best, c == latest
        )
        for c in sorted(candidates, key=lambda c: c.rank)
    )
    return Results(
        job=record.id,
        results_dir=str(folder),
        results_uri=record.results_uri,
        files=tuple(files),
        metrics=status.progress.metrics,
        epochs=tuple(status.epochs),
        checkpoints=checkpoints,
        pictures=tuple(f.path for f in files if f.path.lower().endswith(PICTURE_SUFFIXES)),
    )
