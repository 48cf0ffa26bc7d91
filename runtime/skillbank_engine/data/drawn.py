"""Drawn pictures, and writing them as data sets: ODVG for training, COCO for measuring, files to look at."""

import gzip
import io
import json
import math
import random
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

Corners = list[tuple[float, float]]
Box = tuple[float, float, float, float]

_REGULAR = {"circle": 48, "square": 4, "triangle": 3, "hexagon": 6}
"""Corners of the shapes whose corners lie on one circle."""
_GAP = 2


@dataclass(frozen=True)
class Placed:
    """One drawn thing: its description and ``xyxy`` box in pixels."""

    phrase: str
    box: Box


@dataclass(frozen=True)
class Picture:
    """One drawn square picture with everything on it that has a description.

    Attributes
    ----------
    name : str
        Its file name.
    png : bytes
        The picture itself.
    size : int
        Its edge in pixels.
    objects : tuple of Placed
        What can be asked for.
    """

    name: str
    png: bytes
    size: int
    objects: tuple[Placed, ...]


def encoded(image: Image.Image) -> bytes:
    """The bytes of a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def outline(shape: str, place: tuple[float, float, float], turn: float) -> Corners:
    """Corners of a shape inscribed in a circle.

    Parameters
    ----------
    shape : str
        circle, square, triangle, hexagon, star or cross.
    place : (float, float, float)
        Centre and radius of the circle in pixels.
    turn : float
        How far it is turned, in radians.
    """
    x, y, radius = place
    start = -math.pi / 2
    if shape == "star":
        radii, angles = [radius, radius * 0.42] * 5, [math.pi / 5 * corner for corner in range(10)]
    elif shape == "cross":
        wide = math.atan(1 / 3)
        radii, angles = [], []
        for quarter in range(4):
            middle = math.pi / 2 * quarter
            radii += [radius, radius, radius * math.sqrt(0.2)]
            angles += [middle - wide, middle + wide, middle + math.pi / 4]
    else:
        corners = _REGULAR[shape]
        radii, angles = [radius] * corners, [2 * math.pi / corners * corner for corner in range(corners)]
        start = {"square": math.pi / 4, "circle": 0.0}.get(shape, start)
    return [
        (x + length * math.cos(start + turn + angle), y + length * math.sin(start + turn + angle))
        for length, angle in zip(radii, angles, strict=True)
    ]


def bounds(corners: Corners) -> Box:
    """The ``xyxy`` box around corners, to a hundredth of a pixel."""
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return round(min(xs), 2), round(min(ys), 2), round(max(xs), 2), round(max(ys), 2)


def free_place(
    numbers: random.Random, size: int, taken: Sequence[Box], radius: Callable[[], float], gap: float = _GAP
) -> tuple[float, float, float] | None:
    """Find a centre and radius in the picture and clear of all boxes; None after 50 tries.

    Parameters
    ----------
    numbers : random.Random
        Source of randomness.
    size : int
        Edge of the picture in pixels.
    taken : sequence of Box
        Where nothing may be.
    radius : callable
        Gives the radius of the next try.
    gap : float
        Least distance to what is taken, in pixels.
    """
    for _ in range(50):
        length = radius()
        x = numbers.uniform(length + 1, size - length - 1)
        y = numbers.uniform(length + 1, size - length - 1)
        reach = length + gap
        if all(
            x + reach < low_x or x - reach > high_x or y + reach < low_y or y - reach > high_y
            for low_x, low_y, high_x, high_y in taken
        ):
            return x, y, length
    return None


def write_odvg(folder: Path, pictures: Iterable[Picture], names: Sequence[str]) -> None:
    """Write pictures, as they come, as a training set: archive, one JSON document a line, label map."""
    numbers = {phrase: number for number, phrase in enumerate(names)}
    with _archive(folder) as add, (folder / "annotations_odvg.jsonl").open("w", encoding="utf-8") as lines:
        for picture in pictures:
            add(picture)
            instances = [
                {"bbox": list(item.box), "label": numbers[item.phrase], "category": item.phrase}
                for item in picture.objects
            ]
            sides = {"height": picture.size, "width": picture.size}
            line = {"file_name": picture.name, **sides, "detection": {"instances": instances}}
            lines.write(json.dumps(line) + "\n")
    label_map = {str(number): phrase for phrase, number in numbers.items()}
    (folder / "annotations_odvg_labelmap.json").write_text(
        json.dumps(label_map, indent=1) + "\n", encoding="utf-8"
    )


def write_coco(
    folder: Path, pictures: Iterable[Picture], names: Sequence[str], counted: Iterable[str]
) -> None:
    """Write pictures, as they come, as a COCO set.

    Objects that are not ``counted`` are in pictures and prompts but flagged as crowd, which the metric looks
    past: the mAP of the set is that of what is counted alone.
    """
    numbers, counting = {phrase: number for number, phrase in enumerate(names)}, frozenset(counted)
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    with _archive(folder) as add:
        for image_id, picture in enumerate(pictures):
            add(picture)
            sides = {"height": picture.size, "width": picture.size}
            images.append({"id": image_id, "file_name": picture.name, **sides})
            for item in picture.objects:
                x1, y1, x2, y2 = item.box
                width, height = round(x2 - x1, 2), round(y2 - y1, 2)
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": image_id,
                        "category_id": numbers[item.phrase],
                        "bbox": [x1, y1, width, height],
                        "area": round(width * height, 2),
                        "iscrowd": int(item.phrase not in counting),
                    }
                )
    categories = [{"id": number, "name": name} for number, name in enumerate(names)]
    document = {"images": images, "categories": categories, "annotations": annotations}
    (folder / "annotations.json").write_text(json.dumps(document) + "\n", encoding="utf-8")


def write_inference(folder: Path, pictures: Sequence[Picture]) -> None:
    """Write a few pictures as plain files, and the descriptions to look for, one a line."""
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        (images / f"picture_{number}.png").write_bytes(picture.png)
    phrases = dict.fromkeys(item.phrase for picture in pictures for item in picture.objects)
    (folder / "label_map.txt").write_text("".join(f"{phrase}\n" for phrase in phrases), encoding="utf-8")


@contextmanager
def _archive(folder: Path) -> Iterator[Callable[[Picture], None]]:
    """Open a tar.gz for pictures, without dates or owners: equal pictures give equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "images.tar.gz").open("wb") as raw,
        # PNG is packed already
        gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="", compresslevel=1) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):

        def add(picture: Picture) -> None:
            entry = tarfile.TarInfo(picture.name)
            entry.size = len(picture.png)
            archive.addfile(entry, io.BytesIO(picture.png))

        yield add
