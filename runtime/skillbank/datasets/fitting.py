"""Whether files are what a program reads as they lie: every letter of the format, every picture in its place.

What a lenient reader takes with a correction (a byte order mark, the number 1.0, a backslash) does not fit:
other programs end there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from skillbank.datasets.plain_files import open_plain
from skillbank.datasets.wanted import Wanted
from skillbank.visible import one_line

__all__ = ["misfit"]

_Four = tuple[float, float, float, float]


class _Instance(msgspec.Struct):
    bbox: _Four
    label: int


class _Detection(msgspec.Struct):
    instances: list[_Instance]


class _Region(msgspec.Struct):
    bbox: list[object]
    phrase: str


class _Grounding(msgspec.Struct):
    regions: list[_Region]


class _Line(msgspec.Struct):
    file_name: str = ""
    filename: str = ""
    width: int | None = None
    height: int | None = None
    detection: _Detection | None = None
    grounding: _Grounding | None = None


class _Category(msgspec.Struct):
    id: int
    name: str


class _Image(msgspec.Struct):
    id: int
    file_name: str
    width: int | None = None
    height: int | None = None


class _Annotation(msgspec.Struct):
    image_id: int
    category_id: int
    bbox: _Four


class _Coco(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


_BOM = b"\xef\xbb\xbf"


def misfit(wanted: Wanted, paths: Mapping[str, Path], first: int | None) -> str:
    """Return why files are not what a program reads as they lie, half a sentence; empty where they are.

    Parameters
    ----------
    paths
        Where each wanted file lies, the pictures as a folder; one that may be left out need not be there.
    first
        The id of the first category, from which they count without a gap; None where any ids will do.
    """
    folder = _Folder(paths[wanted.pictures], wanted.pictures)
    try:
        if (file := paths.get(wanted.label_map)) is not None:
            names = msgspec.json.decode(_read(file), type=dict[str, str])
            numbers = [int(number) for number in names]
            if sorted(numbers) != list(range(len(numbers))):
                return f"{file.name} does not count from 0 without a gap"
        if (file := paths.get(wanted.lines)) is not None:
            return next(_of_lines(file, folder), "")
        if (file := paths.get(wanted.coco)) is not None:
            return _of_coco(file, folder, first)
    except (msgspec.DecodeError, ValueError) as error:
        return f"{file.name if file else wanted.pictures}: {_plain(error)}"
    return ""


class _Folder:
    """The pictures of a folder; those directly in it are listed once, since a question each takes long."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self._name = path, name
        with os.scandir(path) as entries:
            self._inside = {entry.name for entry in entries if entry.is_file()}

    def misses(self, name: str) -> str:
        """Return why a name is that of no picture here; empty where it is."""
        if not name:
            return "an entry has no file_name"
        if name in self._inside:
            return ""
        if name.startswith("/") or ".." in name.split("/"):  # a program would read whatever lies there
            return f"{one_line(name, 80)} leads out of {self._name}"
        if "/" in name and (self.path / name).is_file():
            return ""
        return f"{one_line(name, 80)} is not in {self._name} under this name"


def _plain(error: Exception) -> str:
    """Return what a reader says without its marks: "expected int, got float at instances[0].label"."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    said = str(error).replace("`", "").replace(" - at ", " at ").replace("$.", "")
    return one_line(said[:1].lower() + said[1:], 120)


def _read(file: Path) -> bytes:
    with open_plain(file) as opened:
        content = opened.read()
    if content.startswith(_BOM):
        raise ValueError("it begins with a byte order mark")
    _refuse_other_letters(content)
    return content


def _refuse_other_letters(content: bytes) -> None:
    """Raise where a program could not decode what is skipped here."""
    if not content.isascii():
        content.decode()


def _of_lines(file: Path, folder: _Folder) -> Iterator[str]:
    decoder = msgspec.json.Decoder(_Line)
    with open_plain(file) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            if number == 1 and line.startswith(_BOM):
                yield f"{file.name} begins with a byte order mark"
            try:
                _refuse_other_letters(line)
                entry = decoder.decode(line)
            except (msgspec.DecodeError, ValueError) as error:
                yield f"{file.name} line {number}: {_plain(error)}"
                return
            if entry.detection is None and entry.grounding is None:
                yield f"{file.name} line {number} has neither detection nor grounding"
            if said := folder.misses(entry.file_name or entry.filename):
                yield f"{file.name} line {number}: {said}"


def _of_coco(file: Path, folder: _Folder, first: int | None) -> str:
    document = msgspec.json.decode(_read(file), type=_Coco)
    ids = [category.id for category in document.categories]
    if first is not None and ids != list(range(first, first + len(ids))):
        return f"the ids of its categories do not count from {first} in their order"
    images = {image.id for image in document.images}
    if len(images) < len(document.images):
        return f"{file.name} has ids of images that stand twice"
    known = set(ids)
    for annotation in document.annotations:
        if annotation.image_id not in images or annotation.category_id not in known:
            return f"{file.name} has an annotation of an image or category that it does not list"
    return next((said for image in document.images if (said := folder.misses(image.file_name))), "")
