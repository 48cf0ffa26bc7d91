"""What a job has left: files, metrics, checkpoints, pictures."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from skillbank.jobs.checkpoints import choose, scan
from skillbank.jobs.metrics import EpochMetrics, read_status
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.uploads import results_folder
from skillbank.plan.products import PICTURE_SUFFIXES, leaving, suffixes_of

__all__ = ["CheckpointInfo", "FileInfo", "Results", "read_results"]

_REPORT = "report.html"
_ORDER = "pictures.json"
_LONGEST_ORDER = 4 << 20


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

    @property
    def taken(self) -> bool:
        """Whether a child takes it unless an epoch is named."""
        return self.best or self.latest


@dataclass(frozen=True)
class Results:
    """All of it; ``metrics`` are the last values said, ``epochs`` the history from epoch 0.

    ``pictures`` are in the order of a ``pictures.json`` of the program, an evaluation's worst first; others
    come after, by their paths.  ``report`` is the page of an evaluation or a search, ``report.html``.
    ``lack`` is a sentence where a job has ended well and there is no model as its action leaves one.
    """

    job: str
    results_dir: str
    results_uri: str | None
    files: tuple[FileInfo, ...]
    metrics: dict[str, float]
    epochs: tuple[EpochMetrics, ...]
    checkpoints: tuple[CheckpointInfo, ...]
    pictures: tuple[str, ...]
    report: str | None
    lack: str = ""

    def document(self) -> dict[str, object]:
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
        pictures=_ordered(folder, [f.path for f in files]),
        report=next((f.path for f in files if Path(f.path).name == _REPORT), None),
        lack="" if candidates else _lack(giver, theirs),
    )


def _lack(record: JobRecord, folder: Path) -> str:
    """Say of a job that left no model that it should have, where a program says that it has done its work."""
    ended_well = record.state is JobState.COMPLETE and folder.is_dir()
    if not ended_well or record.experiment is not None or leaving(record.action).product == "other":
        return ""
    kinds = ", ".join(suffixes_of(record.action))
    return (
        f"it ended without an error, and no model ({kinds}) of it is in {folder}: nothing can start from it"
    )


def _ordered(folder: Path, files: Sequence[str]) -> tuple[str, ...]:
    """Give the pictures among files, those first that a program lists, in its order."""
    pictures = [path for path in files if path.lower().endswith(PICTURE_SUFFIXES)]
    places: dict[str, int] = {}
    for order in (path for path in files if Path(path).name == _ORDER):
        names = _listed(folder / order)
        own = order.removesuffix(_ORDER)
        for path in pictures:
            # The copy of ``a/b`` is ``images_annotated/a/b.png`` beside the list.
            name = str(Path(path.removeprefix(own)).with_suffix("")).partition("/")[2]
            if path.startswith(own) and name in names:
                places.setdefault(path, names[name])
    return tuple(sorted(pictures, key=lambda path: places.get(path, _LONGEST_ORDER)))


def _listed(file: Path) -> dict[str, int]:
    """Read where names stand in a program's list of pictures; a file that is no such list names none."""
    rows: object = []
    with suppress(OSError, ValueError, RecursionError):
        if file.stat().st_size <= _LONGEST_ORDER:
            rows = json.loads(file.read_bytes())
    names = [row.get("image") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return {name: place for place, name in enumerate(names) if isinstance(name, str)}
