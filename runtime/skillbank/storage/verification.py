"""Is a downloaded file what the server has? By its checksum, where it has one that can be computed here."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypedDict

from skillbank.storage.s3 import clean_etag

__all__ = ["Expected", "S3Answer", "composite_etag", "etag_of_parts", "part_digest"]

_MD5 = re.compile(r"[0-9a-f]{32}")
_COMPOSITE = re.compile(r"[0-9a-f]{32}-\d+")
_PIECE = 1 << 20


class Body(Protocol):
    """The bytes of an object on their way."""

    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


class S3Answer(TypedDict, total=False):
    """What an answer to a HEAD or GET of an object says, as far as it is read here."""

    Body: Body
    ContentLength: int
    ETag: str
    Metadata: Mapping[str, str]
    ChecksumType: str
    ChecksumSHA256: str
    ChecksumCRC32: str
    ServerSideEncryption: str
    SSECustomerAlgorithm: str


@dataclass(frozen=True)
class Expected:
    """The one checksum that is compared: ``sha256``, ``crc32``, ``md5``, or ``parts`` (MD5 of MD5s of parts).

    ``kind`` is empty when the server gives none that can be computed (objects encrypted with a key service);
    then the size and the length of each response are all there is to check.
    """

    kind: str = ""
    value: str = ""
    part_size: int = 0

    @classmethod
    def of(cls, response: S3Answer, part_size: int = 0) -> Expected:
        """Choose from what the answer to a HEAD or GET of a whole object says.

        Parameters
        ----------
        part_size
            Bytes of the first part of an object that was uploaded in parts; 0 when it is not known.
        """
        if sha256 := response.get("Metadata", {}).get("sha256", ""):
            return cls("sha256", sha256.lower())
        etag = clean_etag(response.get("ETag", ""))
        # Of an object uploaded in parts it may be a checksum of checksums, which not every server says.
        whole = response.get("ChecksumType", "FULL_OBJECT" if "-" not in etag else "") == "FULL_OBJECT"
        if whole and (stated := _stated(response)) is not None:
            return cls(*stated)
        plain = (
            response.get("ServerSideEncryption", "AES256") == "AES256"
            and "SSECustomerAlgorithm" not in response
        )
        if plain and _MD5.fullmatch(etag):
            return cls("md5", etag)
        # Parts may differ in size; then their MD5s cannot be computed from the first one's.
        count = -(-response.get("ContentLength", 0) // part_size) if part_size else 0
        if plain and count and _COMPOSITE.fullmatch(etag) and etag.endswith(f"-{count}"):
            return cls("parts", etag, part_size)
        return cls()

    def fits(self, path: Path) -> bool:
        """Read the file and say whether it has this checksum; true when there is none to compare."""
        if not self.kind:
            return True
        if self.kind == "parts":
            return composite_etag(path, self.part_size) == self.value
        with path.open("rb") as file:
            if self.kind == "crc32":
                crc = 0
                while piece := file.read(_PIECE):
                    crc = zlib.crc32(piece, crc)
                return f"{crc:08x}" == self.value
            return hashlib.file_digest(file, self.kind).hexdigest() == self.value


def _stated(response: S3Answer) -> tuple[str, str] | None:
    """Return the checksum that is stated of a whole object, and its kind; None where none is."""
    stated = {"sha256": response.get("ChecksumSHA256"), "crc32": response.get("ChecksumCRC32")}
    for kind, value in stated.items():
        if value and "-" not in value:
            return kind, base64.b64decode(value).hex()
    return None


def composite_etag(path: Path, part_size: int) -> str:
    """Return the ETag that S3 gives to a file uploaded in parts of this size (bytes)."""
    starts = range(0, path.stat().st_size, part_size)
    # Hashing lets go of the interpreter, so that every processor takes part.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return etag_of_parts(list(pool.map(lambda start: part_digest(path, start, part_size), starts)))


def etag_of_parts(digests: Sequence[bytes]) -> str:
    """Return the ETag that S3 gives to an object of parts with these MD5 digests."""
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"


def part_digest(path: Path, start: int, left: int) -> bytes:
    """Return the MD5 digest of so many bytes of a file."""
    part = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        file.seek(start)
        while left and (piece := file.read(min(_PIECE, left))):
            part.update(piece)
            left -= len(piece)
    return part.digest()
