"""Writes Pascal VOC: JPEGImages, an XML file a picture in Annotations, and lists in ImageSets/Main."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from xml.sax.saxutils import escape

from skillbank.datasets.document import Box, Picture
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.writing import Left, class_or_phrase, name_below, plain_number
from skillbank.visible import visible

__all__ = ["VocWriter"]

_HOME = "JPEGImages"
_WHOLE = "default"
"""What the list of a data set is called that is not divided."""


class VocWriter:
    """An XML file a picture, also of pictures without a box."""

    name = "voc"

    def folder(self, split: str) -> str:
        """Return where a split's pictures lie: all of them in one folder, which lists divide."""
        return _HOME

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[str]:
        """Write annotations and lists."""
        left, crowds = Left(), 0
        lists = folder / "ImageSets" / "Main"
        lists.mkdir(parents=True, exist_ok=True)
        (folder / "labelmap.txt").write_text(_labelmap(classes), encoding="utf-8")
        made: set[Path] = set()
        for part in parts:
            with (lists / f"{part.name or _WHOLE}.txt").open("w", encoding="utf-8") as listed:
                for picture in part.pictures:
                    name = PurePosixPath(name_below(picture, _HOME)).with_suffix("").as_posix()
                    place = folder / "Annotations" / f"{name}.xml"
                    if place.parent not in made:
                        place.parent.mkdir(parents=True, exist_ok=True)
                        made.add(place.parent)
                    place.write_text("".join(_document(picture, classes, left)), encoding="utf-8")
                    listed.write(f"{name}\n")
                    crowds += sum(box.crowd for box in picture.boxes)
        told = left.sentences()
        if crowds:
            told.append(
                f"boxes of crowds are marked as difficult, which VOC's measures pass over: {crowds:,}"
            )
        return told


def _labelmap(classes: Sequence[str]) -> str:
    """Return the list of classes as CVAT adds it; Pascal VOC itself has none."""
    return "# label:color_rgb:parts:actions\n" + "".join(f"{visible(name)}:::\n" for name in classes)


def _document(picture: Picture, classes: Sequence[str], left: Left) -> Iterator[str]:
    path = PurePosixPath(picture.path or picture.name)
    if picture.caption:
        left.out("captions, which VOC does not know,")
    yield "<annotation>\n"
    yield f"\t<folder>{_text(path.parent.name)}</folder>\n\t<filename>{_text(path.name)}</filename>\n"
    if picture.width and picture.height:
        size = f"<width>{picture.width}</width><height>{picture.height}</height><depth>3</depth>"
        yield f"\t<size>{size}</size>\n"
    yield "\t<segmented>0</segmented>\n"
    for box in picture.boxes:
        name = class_or_phrase(box, classes)
        if name.strip():
            left.phrases += box.label is None
            yield from _object(box, name)
        else:
            left.out("boxes without class and phrase")
    yield "</annotation>\n"


def _object(box: Box, name: str) -> Iterator[str]:
    corners = zip(("xmin", "ymin", "xmax", "ymax"), (box.x1, box.y1, box.x2, box.y2), strict=True)
    sides = "".join(f"<{side}>{plain_number(value)}</{side}>" for side, value in corners)
    yield f"\t<object>\n\t\t<name>{_text(name)}</name>\n\t\t<pose>Unspecified</pose>\n"
    yield f"\t\t<truncated>0</truncated>\n\t\t<difficult>{int(box.crowd)}</difficult>\n"
    yield f"\t\t<bndbox>{sides}</bndbox>\n\t</object>\n"


def _text(said: str) -> str:
    """Return a text for XML, which knows no control characters: they are written out."""
    return escape(visible(said))
