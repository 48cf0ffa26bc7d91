"""Is a downloaded file what the server has? By its checksum, where it has one that can be computed here."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skillbank.storage.s3 import clean_etag

__all__ = ["Expected", "composite_etag"]

_MD5 = re.compile(r"[0-9a-f]{32}")
_COMPOSITE = re.compile(r"[0-9a-f]{32}-\d+")
_PIECE = 1 << 20


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
    def of(cls, response: dict[str, Any], part_size: int = 0) -> Expected:
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
        for kind, name in (("sha256", "ChecksumSHA256"), ("crc32", "ChecksumCRC32")):
            value = response.get(name, "")
            if whole and value and "-" not in value:
                return cls(kind, base64.b64decode(value).hex())
        plain = (
            response.get("ServerSideEncryption", "AES256") == "AES256"
            and "SSECustomerAlgorithm" not in response
        )
        if plain and _MD5.fullmatch(etag):
            return cls("md5", etag)
        if plain and part_size and _COMPOSITE.fullmatch(etag):
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


def composite_etag(path: Path, part_size: int) -> str:
    """Return the ETag that S3 gives to a file uploaded in parts of this size (bytes)."""
    digests = []
    with path.open("rb") as file:
        while True:
            part, left = hashlib.md5(usedforsecurity=False), part_size
            while left and (piece := file.read(min(_PIECE, left))):
                part.update(piece)
                left -= len(piece)
            if left == part_size:
                break
            digests.append(part.digest())
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"
