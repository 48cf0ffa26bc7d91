"""Data sets in a bucket looked into without bringing them: their texts, and of pictures the names.

Annotations tell what a data set holds, and the names of pictures where they lie. What a picture shows, and
whether it can be decoded, is seen when the data set is brought for a job.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from skillbank.datasets.opening import Opened, open_place
from skillbank.datasets.packing import is_table, unpacked_name
from skillbank.datasets.tree import PICTURES
from skillbank.errors import DataError, DataNotFoundError
from skillbank.storage import s3
from skillbank.storage.archive import archive_stem
from skillbank.storage.cache import digest, once
from skillbank.storage.data_place import local_place, unpacker
from skillbank.storage.download import download
from skillbank.storage.progress import Meter, Report
from skillbank.storage.staging import check_path
from skillbank.storage.uri import Uri, parse_uri

__all__ = ["LargeError", "open_listed"]

_HEAD = 1 << 16
"""Bytes of a picture in which its size mostly stands."""
_MOST_HEADS = 1_000
_VERSION = "1"


class LargeError(DataNotFoundError):
    """There is too much to bring it for an answer."""


def open_listed(
    place: str,
    cache: Path,
    *,
    form: str = "",
    most: int,
    sizes: bool = True,
    report: Report | None = None,
) -> Opened:
    """Open a data set in a bucket as far as its texts and the names of its pictures tell.

    Parameters
    ----------
    most
        Bytes of annotations, or of an archive, that are brought.
    sizes
        Whether sizes of pictures are needed where annotations do not say them; names of splits need none.

    Raises
    ------
    LargeError
        When there are more, or it lies in no bucket.
    DataNotFoundError, DataError, PlatformError, UsageError
    """
    uri = parse_uri(place)
    if uri.scheme != "s3":
        raise LargeError(f"{uri} is looked into when a job is launched")
    thing = s3.find(uri)
    if thing is not None:
        if thing.size > most:
            raise LargeError(f"{uri} is large, and is looked into when a job is launched")
        return open_place(local_place(place, cache, report), unpacker(cache, report), form=form)
    things = s3.list_objects(uri)
    if not things:
        raise DataNotFoundError(f"there is no data set at {uri}; name the folder that holds it")
    _refuse_large(uri, things, most)
    try:
        opened = open_place(_mirror(uri, things, cache, report, heads=False), form=form)
    except DataError:
        packed = next((each.key for each in things if _is_packed(each.key)), None)
        if packed is None:
            raise
        raise LargeError(f"{uri} holds {packed}, which is unpacked when a job is launched") from None
    if sizes and _needs_sizes(opened):
        pictures = sum(each.key.lower().endswith(PICTURES) for each in things)
        if pictures > _MOST_HEADS:
            raise LargeError(
                f"the sizes of {pictures:,} pictures are needed: {uri} is looked into when a job is launched"
            )
        opened = open_place(_mirror(uri, things, cache, report, heads=True), form=form)
    return replace(opened, tree=replace(opened.tree, named_only=True))


def _refuse_large(uri: Uri, things: Sequence[s3.Object], most: int) -> None:
    """Raise `LargeError` for tables, which have to be unpacked whole, and for large annotations."""
    if tables := [each.key for each in things if unpacked_name(each.key) or is_table(each.key)]:
        raise LargeError(f"{uri} holds {tables[0]}, which is unpacked when a job is launched")
    if sum(each.size for each in things if not _is_bare(each.key)) > most:
        raise LargeError(f"{uri} has large annotations, and is looked into when a job is launched")


def _needs_sizes(opened: Opened) -> bool:
    """Whether boxes stand in shares of a size that only the picture tells."""
    splits = opened.data.splits if opened.split is None else (opened.split,)
    firsts = (next(iter(split.pictures()), None) for split in splits)
    return any(first is not None and not first.width for first in firsts)


def _is_bare(key: str) -> bool:
    """Whether only the name of an object is needed: it is a picture, or packed."""
    return key.lower().endswith(PICTURES) or _is_packed(key)


def _is_packed(key: str) -> bool:
    return archive_stem(key) is not None


def _mirror(
    uri: Uri, things: Iterable[s3.Object], cache: Path, report: Report | None, *, heads: bool
) -> Path:
    """Return a folder with the texts of a place, and files of the same names for all else."""
    things = list(things)
    told = (f"{each.key}\0{each.etag}\0{each.size}" for each in things)
    key = digest(_VERSION, "listed", str(uri), str(heads), *told)
    folder = once(cache, f"{key}-listed", partial(_fill, uri=uri, things=things, report=report, heads=heads))
    return folder / (uri.name or uri.bucket)


def _fill(work: Path, *, uri: Uri, things: list[s3.Object], report: Report | None, heads: bool) -> Path:
    whole = work / "listed"
    root = whole / (uri.name or uri.bucket)
    start = f"{uri.key}/" if uri.key else ""
    named = {each.key.removeprefix(start): each for each in things}
    for name in named:
        check_path(uri, name, named)
    places = [(each, root / name) for name, each in named.items()]
    for _, path in places:
        path.parent.mkdir(parents=True, exist_ok=True)
    texts = [(each, path) for each, path in places if not _is_bare(each.key)]
    download(uri, texts, Meter(str(uri), sum(each.size for each, _ in texts), report))
    bare = [(each, path) for each, path in places if _is_bare(each.key)]
    with ThreadPoolExecutor(s3.CONNECTIONS) as pool:
        list(pool.map(partial(_put, uri, heads=heads), bare))
    return whole


def _put(uri: Uri, pair: tuple[s3.Object, Path], *, heads: bool) -> None:
    thing, path = pair
    if not heads or not thing.size or archive_stem(thing.key) is not None:
        path.touch()
        return
    with s3.explained(uri):
        answer = s3.client().get_object(Bucket=uri.bucket, Key=thing.key, Range=f"bytes=0-{_HEAD - 1}")
        path.write_bytes(answer["Body"].read())
