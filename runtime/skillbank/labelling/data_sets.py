"""Labels as data sets: written by the writers of the room of data sets, as `skillbank data convert` writes.

Each stands in a folder of its own, `yolo/`, with the pictures where the tools of the format look for them.
It is not divided: what a model found is no measure of a model, so nothing of it is called validation.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from skillbank.labelling.findings import Labelled
from skillbank.lazy_imports import lazy_imports
from skillbank.plugins import written_formats

with lazy_imports():
    from skillbank.datasets import copying, document
    from skillbank.datasets.formats import base

if TYPE_CHECKING:
    from skillbank.datasets.formats.base import Writer

__all__ = ["DATA_SETS", "data_set_files", "data_set_pictures"]

DATA_SETS = tuple(name for name in written_formats() if name not in ("coco", "masks", "class_folders"))
"""Formats of the room that labels are written in, packages' too; COCO keeps scores and is written here."""


def data_set_files(
    name: str, pictures: Sequence[Labelled], phrases: Sequence[str]
) -> Iterator[tuple[PurePosixPath, str]]:
    """Yield the annotation files of a data set: relative paths and texts.

    Parameters
    ----------
    name
        One of `DATA_SETS`.
    phrases
        The descriptions; their order gives the numbers of classes, from 0.
    """
    writer = copying.writer_of(name)
    numbers = {phrase: number for number, phrase in enumerate(phrases)}

    def marked() -> Iterator[document.Picture]:
        for picture, place in _places(writer, pictures):
            boxes = tuple(
                document.Box(*finding.box, label=numbers[finding.phrase]) for finding in picture.findings
            )
            yield document.Picture(place, place, picture.width, picture.height, boxes)

    with tempfile.TemporaryDirectory(prefix="skillbank-labels-") as folder:
        work = Path(folder)
        writer.write([base.Part("", marked())], phrases, work)
        for path in sorted(each for each in work.rglob("*") if each.is_file()):
            place = PurePosixPath(name, path.relative_to(work).as_posix())
            yield place, path.read_bytes().decode()


def data_set_pictures(name: str, pictures: Sequence[Labelled]) -> Iterator[tuple[str, PurePosixPath]]:
    """Yield each picture's name and where the data set has it."""
    for picture, place in _places(copying.writer_of(name), pictures):
        yield picture.name, PurePosixPath(name, place)


def _places(writer: Writer, pictures: Sequence[Labelled]) -> Iterator[tuple[Labelled, str]]:
    names, folder = copying.names_for(writer), writer.folder("")
    for picture in pictures:
        yield picture, names.give(folder, picture.name)
