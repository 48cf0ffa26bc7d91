"""The demo data set: coloured shapes, with colour-shape pairs that training never sees or names.

A detector that has understood "red" and "star" finds a red star although the pair was in no training picture
and in no training prompt.  That shows composition of known words; it says nothing on new words or
photographs.
"""

import gzip
import io
import json
import math
import random
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "green": (40, 160, 60),
    "blue": (40, 80, 210),
    "yellow": (240, 210, 40),
    "purple": (130, 50, 160),
    "orange": (245, 130, 30),
}
SHAPES = ("circle", "square", "triangle", "star")
HELD_OUT = ("red star", "blue circle", "green square", "yellow triangle")
ALL_PAIRS = tuple(f"{colour} {shape}" for colour in COLOURS for shape in SHAPES)
SEEN = tuple(pair for pair in ALL_PAIRS if pair not in HELD_OUT)

_SUPERSAMPLING = 2
_GAP = 2


@dataclass(frozen=True)
class Placed:
    """One drawn shape: its description and ``xyxy`` box in pixels."""

    phrase: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Picture:
    """One drawn picture with everything that is on it."""

    name: str
    image: Image.Image
    objects: tuple[Placed, ...]


def write_shapes(out: Path, *, seed: int, train: int, val: int, size: int) -> None:
    """Write the whole demo data set; the same arguments give the same bytes.

    Parameters
    ----------
    out : Path
        Folder to write into; made when missing.
    seed : int
        Start of the random numbers.
    train, val : int
        Number of training pictures, and of validation pictures as of held-out pictures.
    size : int
        Edge of the square pictures in pixels, at least 64.
    """
    train_pictures = _pictures(f"{seed}-train", train, size, SEEN, ())
    val_pictures = _pictures(f"{seed}-val", val, size, SEEN, ())
    held_out_pictures = _pictures(f"{seed}-heldout", val, size, SEEN, HELD_OUT)
    _write_odvg(out / "train", train_pictures)
    _write_coco(out / "val", val_pictures, SEEN, counted=SEEN)
    # Distractors are in pictures and prompts but flagged as crowd, which the COCO metric looks past: so the
    # mAP of this set is that of the held-out pairs alone.
    _write_coco(out / "heldout", held_out_pictures, (*HELD_OUT, *SEEN), counted=HELD_OUT)
    _write_inference(out / "inference", [*held_out_pictures[:3], *val_pictures[:3]])


def _pictures(seed: str, count: int, size: int, usual: Sequence[str], wanted: Sequence[str]) -> list[Picture]:
    """Draw pictures; each has one of ``wanted`` (when given) among shapes of ``usual``."""
    numbers = random.Random(seed)
    return [
        _draw(numbers, f"{number:05d}.png", size, _choose(numbers, usual, wanted, number))
        for number in range(count)
    ]


def _choose(numbers: random.Random, usual: Sequence[str], wanted: Sequence[str], turn: int) -> list[str]:
    """Choose the descriptions of one picture; hard distractors share a word with the wanted one."""
    count = numbers.randint(2, 5)
    if not wanted:
        return numbers.choices(usual, k=count)
    target = wanted[turn % len(wanted)]
    alike = [pair for pair in usual if set(pair.split()) & set(target.split())]
    return [target, *numbers.choices(alike, k=count - 1)]


def _draw(numbers: random.Random, name: str, size: int, phrases: Sequence[str]) -> Picture:
    """Draw shapes that do not overlap on a plain, slightly noisy background."""
    shade = numbers.randint(150, 245)
    background = tuple(max(0, min(255, shade + numbers.randint(-10, 10))) for _ in range(3))
    edge = size * _SUPERSAMPLING
    image = Image.new("RGB", (edge, edge), background)
    pen = ImageDraw.Draw(image)
    placed: list[Placed] = []
    for phrase in phrases:
        box = _free_place(numbers, size, [item.box for item in placed])
        if box is None:
            continue
        colour, shape = phrase.split()
        tint = tuple(max(0, min(255, part + numbers.randint(-18, 18))) for part in COLOURS[colour])
        outline = _outline(numbers, shape, box)
        pen.polygon([(x * _SUPERSAMPLING, y * _SUPERSAMPLING) for x, y in outline], fill=tint)
        xs, ys = [x for x, _ in outline], [y for _, y in outline]
        placed.append(
            Placed(phrase, (round(min(xs), 2), round(min(ys), 2), round(max(xs), 2), round(max(ys), 2)))
        )
    small = image.resize((size, size), Image.Resampling.BOX)
    return Picture(name, small, tuple(placed))


def _free_place(
    numbers: random.Random, size: int, taken: Sequence[tuple[float, float, float, float]]
) -> tuple[float, float, float] | None:
    """Find a centre and radius in the picture and clear of all boxes; None after 50 tries."""
    for _ in range(50):
        radius = numbers.uniform(size * 0.09, size * 0.21)
        x = numbers.uniform(radius + 1, size - radius - 1)
        y = numbers.uniform(radius + 1, size - radius - 1)
        reach = radius + _GAP
        if all(
            x + reach < low_x or x - reach > high_x or y + reach < low_y or y - reach > high_y
            for low_x, low_y, high_x, high_y in taken
        ):
            return x, y, radius
    return None


def _outline(
    numbers: random.Random, shape: str, place: tuple[float, float, float]
) -> list[tuple[float, float]]:
    """Corners of a shape inscribed in a circle, turned a little."""
    x, y, radius = place
    turn = numbers.uniform(-0.3, 0.3)
    if shape == "circle":
        radii, start = [radius] * 48, 0.0
    elif shape == "square":
        radii, start = [radius] * 4, math.pi / 4
    elif shape == "triangle":
        radii, start = [radius] * 3, -math.pi / 2
    else:
        radii, start = [radius, radius * 0.42] * 5, -math.pi / 2
    step = 2 * math.pi / len(radii)
    return [
        (
            x + length * math.cos(start + turn + step * corner),
            y + length * math.sin(start + turn + step * corner),
        )
        for corner, length in enumerate(radii)
    ]


def _write_odvg(folder: Path, pictures: Sequence[Picture]) -> None:
    """Write pictures as a training set: archive, one JSON a line, label map."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_archive(folder / "images.tar.gz", pictures)
    numbers = {phrase: number for number, phrase in enumerate(SEEN)}
    lines = [
        {
            "file_name": picture.name,
            "height": picture.image.height,
            "width": picture.image.width,
            "detection": {
                "instances": [
                    {"bbox": list(item.box), "label": numbers[item.phrase], "category": item.phrase}
                    for item in picture.objects
                ]
            },
        }
        for picture in pictures
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "annotations_odvg.jsonl").write_text(text, encoding="utf-8")
    label_map = {str(number): phrase for phrase, number in numbers.items()}
    (folder / "annotations_odvg_labelmap.json").write_text(
        json.dumps(label_map, indent=1) + "\n", encoding="utf-8"
    )


def _write_coco(
    folder: Path, pictures: Sequence[Picture], names: Sequence[str], counted: Sequence[str]
) -> None:
    """Write pictures as a COCO set; objects that are not ``counted`` become crowd annotations."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_archive(folder / "images.tar.gz", pictures)
    document = {
        "images": [
            {
                "id": number,
                "file_name": picture.name,
                "height": picture.image.height,
                "width": picture.image.width,
            }
            for number, picture in enumerate(pictures)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(names)],
        "annotations": list(_coco_annotations(pictures, names, counted)),
    }
    (folder / "annotations.json").write_text(json.dumps(document) + "\n", encoding="utf-8")


def _coco_annotations(
    pictures: Sequence[Picture], names: Sequence[str], counted: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield COCO annotations with running ids."""
    number = 0
    for image_id, picture in enumerate(pictures):
        for item in picture.objects:
            number += 1
            x1, y1, x2, y2 = item.box
            width, height = round(x2 - x1, 2), round(y2 - y1, 2)
            yield {
                "id": number,
                "image_id": image_id,
                "category_id": names.index(item.phrase),
                "bbox": [x1, y1, width, height],
                "area": round(width * height, 2),
                "iscrowd": int(item.phrase not in counted),
            }


def _write_inference(folder: Path, pictures: Sequence[Picture]) -> None:
    """Write a few pictures as plain files and the descriptions to look for, one a line."""
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        picture.image.save(images / f"picture_{number}.png")
    phrases = dict.fromkeys(item.phrase for picture in pictures for item in picture.objects)
    (folder / "label_map.txt").write_text("".join(f"{phrase}\n" for phrase in phrases), encoding="utf-8")


def _write_archive(path: Path, pictures: Sequence[Picture]) -> None:
    """Write pictures into a tar.gz without dates or owners, so that equal pictures give equal bytes."""
    with (
        path.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        for picture in pictures:
            buffer = io.BytesIO()
            picture.image.save(buffer, format="PNG")
            entry = tarfile.TarInfo(picture.name)
            entry.size = buffer.tell()
            buffer.seek(0)
            archive.addfile(entry, buffer)
