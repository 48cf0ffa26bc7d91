"""Pictures of buckets to label: each brought once, and known by where it lies in its bucket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from skillbank.datasets.album import place_file
from skillbank.errors import DataNotFoundError, UsageError
from skillbank.home import cache_dir
from skillbank.labelling.words import SCHEME
from skillbank.plan.products import PICTURE_SUFFIXES
from skillbank.sets.model import FoundPicture
from skillbank.storage import s3
from skillbank.storage.cache import digest, once
from skillbank.storage.data_place import local_place
from skillbank.storage.uri import Uri, parse_uri

__all__ = ["Brought", "bring"]

_AT_ONCE = 8


@dataclass(frozen=True)
class Brought:
    """Pictures of buckets on this machine.

    Attributes
    ----------
    origins
        By the absolute path of each in the cache: its name, relative to the folder that was named, and its
        URI.
    """

    origins: Mapping[Path, tuple[str, str]] = field(default_factory=dict)

    @property
    def paths(self) -> list[Path]:
        """Where they lie here, in the order of their names."""
        return list(self.origins)

    def placed(self, found: Iterable[FoundPicture]) -> list[FoundPicture]:
        """Return pictures as they are known in a set: those that were brought by what they are there."""
        placed = []
        for each in found:
            name, place = self.origins.get(Path(each.place), (each.name, each.place))
            placed.append(replace(each, name=name, place=place))
        return placed

    def said(self, path: Path) -> str:
        """Return how a picture is named to a person."""
        return self.origins.get(path, ("", str(path)))[1]


def bring(places: Sequence[str]) -> Brought:
    """Bring the pictures at places in buckets: single ones, and all below folders.

    Raises
    ------
    DataNotFoundError
        When nothing is there, or no picture.
    UsageError, PlatformError, DataError
        When a bucket may not be used, its server refuses, or a picture cannot be brought.
    """
    found: dict[str, str] = {}
    for place in places:
        uri = parse_uri(place)
        if uri.scheme != "s3":
            raise UsageError(f"{place} is in no bucket; name pictures of buckets as s3://bucket/folder")
        found |= _pictures(uri)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="bring") as pool:
        paths = list(pool.map(lambda place: local_place(place, cache_dir()).absolute(), found))
    origins: dict[Path, tuple[str, str]] = {}
    for path, (place, name) in zip(paths, found.items(), strict=True):
        origins[_again(path, place) if path in origins else path] = (name, place)
    return Brought(origins)


def _again(path: Path, place: str) -> Path:
    """Return a further name for what the cache has once: pictures of equal bytes and name in two folders."""

    def make(work: Path) -> Path:
        place_file(path, work / "content" / path.name)
        return work / "content"

    return (once(cache_dir(), f"{digest('again', str(path), place)}-file", make) / path.name).absolute()


def _pictures(uri: Uri) -> dict[str, str]:
    """Return the names of pictures by their URIs."""
    if s3.find(uri) is not None:
        return {f"{SCHEME}{uri.location}": uri.name}
    below = f"{uri.key}/" if uri.key else ""
    objects = s3.list_objects(uri)
    names = sorted(each.key for each in objects if each.key.lower().endswith(PICTURE_SUFFIXES))
    if not names:
        what = "holds no picture" if objects else "is not there"
        raise DataNotFoundError(f"{uri} {what} ({', '.join(PICTURE_SUFFIXES)}); name another folder")
    return {f"{SCHEME}{uri.bucket}/{key}": key.removeprefix(below) for key in names}
