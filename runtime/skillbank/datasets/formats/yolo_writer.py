"""Writes YOLO as ultralytics reads it: data.yaml, and labels/ beside images/."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import yaml

from skillbank.datasets.document import SPLITS, Box, Picture
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.writing import Left, below_images, name_below
from skillbank.datasets.formats.yolo_classes import UNDIVIDED

__all__ = ["YoloWriter"]

_SHARE = 1_000_000
_UNDIVIDED = f"""\
# This data set is not divided: nothing of it is to validate on. `skillbank data split` makes both parts.
train: {UNDIVIDED}
val:
"""


class YoloWriter:
    """A text file a picture, also of pictures without a box."""

    name = "yolo"

    def folder(self, split: str) -> str:
        """Return where a split's pictures lie."""
        return below_images(split)

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[str]:
        """Write data.yaml and the label files."""
        left = Left()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "data.yaml").write_text(_description(parts, classes), encoding="utf-8")
        for part in parts:
            home = folder / "labels" / part.name
            home.mkdir(parents=True, exist_ok=True)
            made = {home}
            for picture in part.pictures:
                name = PurePosixPath(name_below(picture, self.folder(part.name)))
                place = home / name.with_suffix(".txt")
                if place.parent not in made:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    made.add(place.parent)
                place.write_text("".join(_lines(picture, left)), encoding="utf-8")
        return left.sentences()


def _description(parts: Sequence[Part], classes: Sequence[str]) -> str:
    """Say where the pictures lie; without `path` trainers read it from beside the file, also when moved."""
    divided = {part.name: below_images(part.name) for part in parts if part.name}
    places = {split: divided[split] for split in SPLITS if split in divided}
    document = places | {"nc": len(classes), "names": dict(enumerate(classes))}
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return text if places else f"{_UNDIVIDED}{text}"


def _lines(picture: Picture, left: Left) -> list[str]:
    lines = []
    for box in picture.boxes:
        if box.crowd:
            left.out("boxes of crowds, which YOLO does not know,")
        elif box.label is None:
            left.out("boxes with a phrase and no class, which YOLO does not know,")
        elif not picture.width or not picture.height:
            left.out("boxes of pictures whose size is not known")
        else:
            lines.append(f"{box.label} {_shares(box, picture.width, picture.height)}\n")
    return lines


def _shares(box: Box, width: int, height: int) -> str:
    (x, w), (y, h) = _share(box.x1, box.x2, width), _share(box.y1, box.y2, height)
    return " ".join(f"{value / _SHARE:.6f}" for value in (x, y, w, h))


def _share(low: float, high: float, size: int) -> tuple[int, int]:
    """Return centre and length of a stretch in millionths; rounding takes none over an edge."""
    centre, length = round((low + high) / 2 / size * _SHARE), round((high - low) / size * _SHARE)
    if 0 <= low < high <= size:
        centre = min(max(centre, 1), _SHARE - 1)
        length = max(1, min(length, 2 * centre, 2 * (_SHARE - centre)))
    return centre, length
