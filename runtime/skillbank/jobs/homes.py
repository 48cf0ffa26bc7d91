"""Whose results a place lies in: known by their folder, whatever links lead to it, and by their URI."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import PurePosixPath

from skillbank.errors import UsageError
from skillbank.jobs.record import JobRecord
from skillbank.storage.uri import parse_uri

__all__ = ["Homes"]


class Homes:
    """The places of jobs' results: where they were written, and where they were brought."""

    def __init__(self, records: Iterable[JobRecord]) -> None:
        self._jobs: dict[str, set[str]] = {}
        for record in records:
            for place in {*_local(record.results_dir), *_named(record.results_uri)}:
                self._jobs.setdefault(next(iter(_above(place))), set()).add(record.id)

    def around(self, place: object) -> set[str]:
        """Return the jobs in whose results a place lies, or that it is the place of."""
        return {job for name in _named(place) for above in _above(name) for job in self._jobs.get(above, ())}


def _named(place: object) -> Iterable[str]:
    """Return the names of a place: a path of this machine has that without links too."""
    if not isinstance(place, str) or not place.startswith(("/", "~", "s3://", "file://")):
        return ()
    try:
        uri = parse_uri(place)
    except UsageError:
        return ()
    return _local(str(uri.path)) if uri.scheme == "file" else (f"{uri.scheme}://{uri.location}",)


@cache
def _local(path: str) -> tuple[str, ...]:
    real = os.path.realpath(path)
    return (path,) if real == path else (path, real)


def _above(name: str) -> Iterable[str]:
    """Yield a place and every folder that it lies in."""
    scheme, mark, location = name.rpartition("://")
    path = PurePosixPath(location)
    return (f"{scheme}{mark}{each}" for each in (path, *path.parents))
