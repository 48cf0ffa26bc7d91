"""The bytes of a set's pictures: read from where they lie, and sent only if they are still the same."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

from skillbank.errors import DataError, DataNotFoundError
from skillbank.home import cache_dir
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    from skillbank.storage import data_place, s3, uri

__all__ = ["Pictured", "content_of"]

_MOST_BYTES = 1 << 30


class Pictured(Protocol):
    """What is known of a picture's file; see `skillbank.sets.model.PictureRow`."""

    @property
    def number(self) -> int:
        """In its set."""

    @property
    def name(self) -> str:
        """By which people know it."""

    @property
    def place(self) -> str:
        """Absolute path or s3:// URI."""

    @property
    def sha256(self) -> str:
        """Of its bytes, in hex."""

    @property
    def width(self) -> int:
        """Pixels of the upright picture."""

    @property
    def height(self) -> int:
        """Pixels of the upright picture."""

    @property
    def deep(self) -> str | None:
        """Of which kind its numbers of more than 8 bits are."""

    @property
    def levels(self) -> tuple[float, float] | None:
        """Which of them are black and white."""


def content_of(row: Pictured) -> bytes:
    """Return the file of a picture.

    Nothing but the picture is ever returned: the place is the set's, never a client's, and the content has to
    be the one that was added, whatever lies at the place now.
    """
    name = one_line(row.name)
    if not row.place:
        raise DataNotFoundError(f"the file of {name} is not where it was; add its folder to the set again")
    data = _from_s3(row) if row.place.startswith("s3://") else _from_disk(row, name)
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise DataError(f"the file of {name} holds something else now; add its folder to the set again")
    return data


def _from_disk(row: Pictured, name: str) -> bytes:
    path = Path(row.place)
    try:
        if not path.is_file():  # nor a pipe, which would be waited for
            raise DataNotFoundError(f"the file of {name} is gone; put it back, or add where it is now")
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"the file of {name} is larger than {_MOST_BYTES >> 30} GiB; make it smaller")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"the file of {name} cannot be read: {error.strerror}") from None


def _from_s3(row: Pictured) -> bytes:
    """Return the bytes of a picture in a bucket, which is brought once and then lies in the cache."""
    place = uri.parse_uri(row.place)
    found = s3.find(place)  # says whether this bucket may be used
    if found is None:
        raise DataNotFoundError(f"{place} is gone; put it back, or add where it is now")
    if found.size > _MOST_BYTES:
        raise DataError(f"{place} is larger than {_MOST_BYTES >> 30} GiB; make it smaller")
    try:
        return data_place.local_place(row.place, cache_dir()).read_bytes()
    except OSError:  # no room, or a cache that is not ours to fill
        with s3.explained(place):
            body: bytes = s3.client().get_object(Bucket=place.bucket, Key=found.key)["Body"].read()
        return body
