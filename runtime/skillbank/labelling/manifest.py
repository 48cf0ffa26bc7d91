"""The manifest of a folder of labels: what made them, of which pictures, and which files are skillbank's."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from skillbank.errors import DataError
from skillbank.labelling.findings import Labelled
from skillbank.ways import option
from skillbank.whole_files import write_whole

__all__ = ["MANIFEST", "Manifest", "Picture", "digest", "digest_file", "put", "read_manifest"]

MANIFEST = "skillbank-labels.json"
_MOST_BYTES = 1 << 30


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Picture(_Frozen):
    """A labelled picture: where it was, its sha256, what was found, and its own scale if it has one."""

    name: str
    path: str
    sha256: str
    width: int
    height: int
    detections: tuple[dict[str, object], ...] = ()
    pixels: dict[str, object] | None = None

    @classmethod
    def of(
        cls, labelled: Labelled, path: Path, sha256: str, pixels: dict[str, object] | None = None
    ) -> Picture:
        """Keep what was found in a picture."""
        found = tuple(finding.document() for finding in labelled.findings)
        return cls(
            name=labelled.name,
            path=str(path.absolute()),
            sha256=sha256,
            width=labelled.width,
            height=labelled.height,
            detections=found,
            pixels=pixels,
        )

    @property
    def labelled(self) -> Labelled:
        """What was found, as formats take it."""
        return Labelled.of(self.name, self.model_dump())


class Manifest(_Frozen):
    """What stands in `MANIFEST`.

    Attributes
    ----------
    state
        ``complete``, or ``unfinished``: then pictures are missing, or files were being written.
    skillbank
        Version of the program.
    model, model_sha256
        Name of the model and the digest of its files; for a model of the hub its revision.
    descriptions
        In their order, which gives the numbers of classes.
    threshold, nms, across
        Least score; most overlap of boxes of one description, and of different ones (earlier versions kept
        every name of an object).
    tiles
        Whether pictures were looked at piece by piece too: ``off``, ``auto`` or ``WxH``.
    precision
        That was named; empty where the engine chose.
    kinds
        What was written: formats, and ``pictures`` for annotated copies.
    root
        Folder that names of pictures count from.
    left_out
        Pictures that could not be read, and why.
    files
        Paths in this folder and their sha256; nothing else here is skillbank's.
    replacing
        Files of the labels before, while these are being written.
    """

    format: Literal[1] = 1
    state: Literal["complete", "unfinished"]
    skillbank: str
    model: str
    model_sha256: str
    descriptions: tuple[str, ...]
    threshold: float
    nms: float
    across: float = 1.0
    tiles: str = "off"
    precision: str = ""
    kinds: tuple[str, ...]
    root: str
    pictures: tuple[Picture, ...] = ()
    left_out: tuple[dict[str, str], ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
    replacing: dict[str, str] = Field(default_factory=dict)

    @field_validator("files", "replacing")
    @classmethod
    def _inside(cls, files: dict[str, str]) -> dict[str, str]:
        for place in files:
            path = PurePosixPath(place)
            if path.is_absolute() or ".." in path.parts or not path.parts:
                raise ValueError(f"{place!r} is not inside the folder")
        return files

    def write(self, folder: Path) -> None:
        """Write it in one step."""
        text = json.dumps(self.model_dump(), indent=1, ensure_ascii=False) + "\n"
        put(folder / MANIFEST, text.encode())

    def digests(self, path: str) -> set[str]:
        """Return what a file of this folder may hold and still be as skillbank wrote it."""
        return {d for d in (self.files.get(path), self.replacing.get(path)) if d is not None}


def read_manifest(folder: Path) -> Manifest | None:
    """Read the manifest of a folder; None when there is none."""
    file = folder / MANIFEST
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise DataError(f"{file} is larger than any manifest; give another {option('output')}.")
        return Manifest.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(
            f"{file} cannot be read ({error.strerror}); give another {option('output')}."
        ) from None
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"])) or "the document"
        raise DataError(
            f"{file} is no manifest that this version reads ({where}: {problem['msg']}); "
            f"give another {option('output')}."
        ) from None


def put(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; its folder is made."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written ({error.strerror}); give another {option('output')}."
        ) from None


def digest(data: bytes) -> str:
    """Return the sha256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
