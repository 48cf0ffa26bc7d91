"""What can be seen of a plan's data and of the disk before anything starts.

Only local files are looked into; what lies elsewhere is checked when it has arrived, by the program itself.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skillbank.errors import PlatformError, UsageError
from skillbank.home import cache_dir, results_root
from skillbank.plan.model import InputBinding, Plan
from skillbank.plan.paths import get_path
from skillbank.plan.products import trains
from skillbank.storage.uri import parse_uri

__all__ = [
    "LARGEST",
    "content_problems",
    "minimum_free",
    "refuse_full_disk",
    "results_problems",
    "warnings",
]

LARGEST = 256 << 20
"""Larger annotation files are left to the program's own check."""
_FROM_ZERO = frozenset({"grounding_dino"})
"""Architectures whose category ids count from 0."""
_VALIDATION = ("val_data_sources", "test_data_sources")
_SHOWN = 6


def minimum_free() -> int:
    """Return how many bytes must be free where a job writes: ``SKILLBANK_MIN_FREE_GIB``, by default 2 GiB."""
    said = os.environ.get("SKILLBANK_MIN_FREE_GIB", "2")
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
                f"{minimum_free() / 2**30:g}; make room, choose another --results-root or SKILLBANK_HOME, or "
                "lower SKILLBANK_MIN_FREE_GIB"
            )


def results_problems(plan: Plan) -> list[str]:
    """Return why results cannot be written where the plan says; nothing is written to find out."""
    if plan.results_root is None:
        return []
    uri = parse_uri(plan.results_root)
    way_out = "give --results-root a folder or s3://bucket/prefix"
    if uri.scheme == "s3":
        return []
    if uri.scheme != "file":
        return [f"results cannot be written to {uri}; {way_out}"]
    place = uri.path
    try:
        # A link that leads nowhere is in the way as a file is: no folder can be made in its place.
        there = next(each for each in (place, *place.parents) if each.is_symlink() or each.exists())
        if there.is_symlink() and not there.exists():
            return [f"results cannot be written to {place}: {there} is a link to nothing; {way_out}"]
        if not there.is_dir():
            return [f"results cannot be written to {place}: {there} is a file; {way_out}"]
    except OSError as error:
        return [f"results cannot be written to {place}: {error.strerror}; {way_out}"]
    if not os.access(there, os.W_OK | os.X_OK):
        return [f"results cannot be written to {place}: this user may not write in {there}; {way_out}"]
    return []


def content_problems(plan: Plan, largest: int = LARGEST) -> list[str]:
    """Return what annotations hold that makes a wrong result without any error of the program.

    Category ids that start at 1 shift every class by one: the training runs, and the numbers are wrong.

    Parameters
    ----------
    largest
        Bytes; larger files are left to the program's own check.
    """
    if plan.network_arch not in _FROM_ZERO:
        return []
    found = []
    for binding, path in _local_files(plan, ".json", largest):
        if not any(name in binding.key for name in _VALIDATION):
            continue
        document = _read(path)
        rows = document.get("categories") if isinstance(document, dict) else None
        if not isinstance(rows, list) or not rows:
            continue
        ids = [row.get("id") for row in rows if isinstance(row, dict)]
        if set(ids) != set(range(len(rows))):
            shown = ", ".join(map(str, ids[:_SHOWN])) + (", ..." if len(ids) > _SHOWN else "")
            found.append(
                f"the category ids in {path} ({binding.key}) are {shown} and must run from 0 to "
                f"{len(rows) - 1}; "
                f"run 'grounding_dino remap {path}' and name the file that it writes"
            )
    return found


def warnings(plan: Plan, largest: int = LARGEST) -> list[str]:
    """Return what may be meant and probably is not: fewer samples than one batch takes, or none at all."""
    batch = get_path(plan.spec, "dataset.batch_size")
    found = []
    if trains(plan.action):
        counts = [(path, _lines(path)) for _, path in _local_files(plan, ".jsonl", largest)]
        total = sum(count for _, count in counts)
        found += [f"{path} holds no samples; check the file" for path, count in counts if count == 0]
        if counts and isinstance(batch, int) and 0 < total < batch:
            names = ", ".join(str(path) for path, _ in counts)
            found.append(
                f"{names} holds {total} samples, fewer than one batch of {batch}; lower dataset.batch_size"
            )
    for binding, path in _local_files(plan, ".json", largest):
        document = _read(path) if any(name in binding.key for name in _VALIDATION) else None
        if isinstance(document, dict) and document.get("images") == []:
            found.append(
                f"{path} ({binding.key}) names no images, so there will be no metric; check the file"
            )
    return found


def _local_files(plan: Plan, suffix: str, largest: int) -> Iterator[tuple[InputBinding, Path]]:
    for binding in plan.inputs:
        if binding.runtime != "file" or not binding.uri.lower().endswith(suffix):
            continue
        if "://" in binding.uri and not binding.uri.startswith("file://"):
            continue
        uri = parse_uri(binding.uri)
        if uri.scheme == "file" and uri.path.is_file() and uri.path.stat().st_size <= largest:
            yield binding, uri.path


def _read(path: Path) -> Any:
    """Return a JSON document; None for a file that is none, which the program will say better."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for line in file if line.strip())


def _existing(place: Path) -> Path:
    return next(folder for folder in (place, *place.parents) if folder.exists())
