"""What can be seen of a plan's data and of the disk before anything starts.

Only local files are looked into; what lies elsewhere is checked when it has arrived, by the program itself.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from skillbank.environment import MIN_FREE_GIB
from skillbank.errors import PlatformError, UsageError
from skillbank.home import cache_dir, results_root
from skillbank.plan.model import Plan
from skillbank.plan.paths import get_path
from skillbank.plan.products import trains
from skillbank.storage.uri import parse_uri
from skillbank.ways import Sentence, marked, option

__all__ = [
    "minimum_free",
    "refuse_full_disk",
    "results_problems",
    "warnings",
]


def minimum_free() -> int:
    """Return how many bytes must be free where a job writes: ``SKILLBANK_MIN_FREE_GIB``, by default 2 GiB."""
    said = MIN_FREE_GIB.value or "2"
    try:
        return int(float(said) * 2**30)
    except ValueError:
        raise UsageError(f"SKILLBANK_MIN_FREE_GIB is '{said}' and must be a number, like 2") from None


def refuse_full_disk(plan: Plan) -> None:
    """Raise `PlatformError` when there is too little room for results or for staged data."""
    root = results_root()
    if plan.results_root is not None and (uri := parse_uri(plan.results_root)).scheme == "file":
        root = uri.path
    for place, what in ((root, "results"), (cache_dir(), "staged data")):
        free = shutil.disk_usage(_existing(place)).free
        if free < minimum_free():
            raise PlatformError(
                f"{place}, where {what} go, has {free / 2**30:.1f} GiB free and jobs need "
                f"{minimum_free() / 2**30:g}; make room, choose another {option('results-root')} or "
                "SKILLBANK_HOME, or "
                "lower SKILLBANK_MIN_FREE_GIB"
            )


def results_problems(plan: Plan) -> list[str]:
    """Return why results cannot be written where the plan says; nothing is written to find out."""
    if plan.results_root is None:
        return []
    uri = parse_uri(plan.results_root)
    way_out = Sentence(f"give {option('results-root')} a folder or s3://bucket/prefix")
    if uri.scheme == "s3":
        return []
    if uri.scheme != "file":
        return [Sentence(f"results cannot be written to {uri}; {marked(way_out)}")]
    place = uri.path
    try:
        # A link that leads nowhere is in the way as a file is: no folder can be made in its place.
        there = next(each for each in (place, *place.parents) if each.is_symlink() or each.exists())
        if there.is_symlink() and not there.exists():
            return [
                Sentence(
                    f"results cannot be written to {place}: {there} is a link to nothing; {marked(way_out)}"
                )
            ]
        if not there.is_dir():
            return [Sentence(f"results cannot be written to {place}: {there} is a file; {marked(way_out)}")]
    except OSError as error:
        return [Sentence(f"results cannot be written to {place}: {error.strerror}; {marked(way_out)}")]
    if not os.access(there, os.W_OK | os.X_OK):
        return [
            Sentence(
                f"results cannot be written to {place}: this user may not write in {there}; {marked(way_out)}"
            )
        ]
    return []


def warnings(plan: Plan, samples: int | None) -> list[str]:
    """Return what may be meant and probably is not: fewer samples than one batch takes."""
    batch = get_path(plan.spec, "dataset.batch_size")
    if samples is None or not trains(plan.action) or not isinstance(batch, int) or samples >= batch:
        return []
    what = f"{samples} samples, fewer than one batch of {batch}"
    return [f"the training data holds {what}; lower dataset.batch_size"]


def _existing(place: Path) -> Path:
    return next(folder for folder in (place, *place.parents) if folder.exists())
