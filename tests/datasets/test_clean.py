"""A data set that is as it should be gets no warning, however it is made."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from skillbank.datasets.checking import check_data
from skillbank.datasets.document import Box
from skillbank.datasets.faults import Severity
from skillbank.datasets.report import DataReport
from tests.datasets.made import Made, scene


def said(report: DataReport) -> dict[str, list[tuple[str, str]]]:
    """What is said above notes, with the examples."""
    found = (*report.tally.of(Severity.ERROR), *report.tally.of(Severity.WARNING))
    return {kind.name: [(each.where, each.detail) for each in faults] for kind, _, faults in found}


def plain(root: Path) -> Made:
    made = Made(root, seed=1)
    made.add("train", 60)
    made.add("val", 25)
    made.add("test", 15)
    return made


def other_letters(root: Path) -> Made:
    made = Made(
        root,
        ("человек", "каска", "安全帽", "crêpe", "hélicoptère", "St Bernard", "T-shirt", "iPhone"),
        seed=2,
    )
    made.add("train", 80)
    made.add("val", 80)
    return made


def tall(root: Path) -> Made:
    made = Made(root, seed=3)
    made.add("train", 30, size=(90, 400))
    made.add("train", 30, size=(400, 90))
    made.add("val", 20, size=(60, 600))
    return made


def crowds(root: Path) -> Made:
    made = Made(root, seed=4)
    for split in ("train", "val"):
        made.add(split, 40)
        whole = Box(0, 0, 160, 120, 0, crowd=True)
        made.splits[split] = [replace(each, boxes=(*each.boxes, whole)) for each in made.splits[split]]
    return made


def telephone(root: Path) -> Made:
    """Stored on their side and turned by their EXIF; size and boxes are upright."""
    made = Made(root, seed=5)

    for split in ("train", "val"):
        for picture in made.add(split, 20, size=(160, 120)):
            with Image.open(root / picture.name) as image:
                exif = image.getexif()
                exif[0x0112] = 6
                image.transpose(Image.Transpose.ROTATE_90).save(root / picture.name, exif=exif)
    return made


def other_files(root: Path) -> Made:
    """PNG with a palette or transparency, WebP, BMP, grey TIFF."""
    made = Made(root, seed=6)

    def see_through(numbers: random.Random, size: tuple[int, int]) -> Image.Image:
        image = scene(numbers, size).convert("RGBA")
        image.putalpha(Image.linear_gradient("L").resize(size))
        return image

    def palette(numbers: random.Random, size: tuple[int, int]) -> Image.Image:
        return scene(numbers, size).quantize(64)

    def grey(numbers: random.Random, size: tuple[int, int]) -> Image.Image:
        return scene(numbers, size).convert("L")

    for split in ("train", "val"):
        made.add(split, 10, ending=".png", draw=see_through)
        made.add(split, 10, ending=".png", draw=palette)
        made.add(split, 10, ending=".webp")
        made.add(split, 10, ending=".bmp")
        made.add(split, 10, ending=".tif", draw=grey)
        made.add(split, 10, ending=".gif")
    return made


def shapes(root: Path) -> Made:
    """A few small shapes on a plain ground: pictures that differ in little."""
    made = Made(root, ("red circle", "blue square"), seed=7)

    def few(numbers: random.Random, size: tuple[int, int]) -> Image.Image:
        image = Image.new("RGB", size, (200, 200, 200))
        pen = ImageDraw.Draw(image)
        for colour in ("red", "blue"):
            x, y = numbers.randint(0, size[0] - 20), numbers.randint(0, size[1] - 20)
            pen.ellipse([x, y, x + 18, y + 18], fill=colour)
        return image

    made.add("train", 120, size=(96, 96), draw=few)
    made.add("val", 60, size=(96, 96), draw=few)
    return made


def one_camera(root: Path) -> Made:
    """The same street in every picture, with something else on it."""
    made = Made(root, ("car", "bus"), seed=8)
    street = scene(random.Random(99), (320, 240))

    def passing(numbers: random.Random, size: tuple[int, int]) -> Image.Image:
        image = street.copy()
        pen = ImageDraw.Draw(image)
        for _ in range(3):
            x, y = numbers.randint(0, 270), numbers.randint(0, 200)
            grey = numbers.choice((10, 245))
            pen.rectangle([x, y, x + 40, y + 25], fill=(grey, grey, grey))
        return image

    made.add("train", 100, size=(320, 240), draw=passing)
    made.add("val", 40, size=(320, 240), draw=passing)
    return made


def nothing_to_see(root: Path) -> Made:
    """Plain pictures, each of its own colour: too little to tell which look alike."""
    made = Made(root, seed=9)

    def plain_colour(numbers: random.Random, size: tuple[int, int]) -> Image.Image:
        return Image.new("RGB", size, tuple(numbers.randint(0, 255) for _ in range(3)))

    made.add("train", 40, draw=plain_colour)
    made.add("val", 40, draw=plain_colour)
    return made


def pages(root: Path) -> Made:
    """Printed pages of one layout: alike in every large form."""
    made = Made(root, ("signature", "stamp"), seed=13)

    def page(numbers: random.Random, size: tuple[int, int]) -> Image.Image:
        image = Image.new("L", size, 250)
        pen = ImageDraw.Draw(image)
        for y in range(40, size[1] - 40, 14):
            line = " ".join(
                "".join(numbers.choices("abcdefghijklmnop", k=numbers.randint(2, 9))) for _ in range(9)
            )
            pen.text((40, y), line[:44], fill=20)
        return image

    made.add("train", 40, size=(360, 480), draw=page)
    made.add("val", 20, size=(360, 480), draw=page)
    return made


def sheets_of_metal(root: Path) -> Made:
    """One material in one light, with small scratches."""
    made = Made(root, ("scratch", "dent"), seed=14)

    def sheet(numbers: random.Random, size: tuple[int, int]) -> Image.Image:
        noise = np.random.default_rng(numbers.randrange(1 << 30)).normal(0, 20, (size[1], size[0]))
        light = np.linspace(90, 170, size[0])[None, :]
        return Image.fromarray((light + noise).clip(0, 255).astype(np.uint8))

    made.add("train", 60, size=(300, 200), draw=sheet)
    made.add("val", 30, size=(300, 200), draw=sheet)
    return made


def captions(root: Path) -> Made:
    """Grounding data: one picture has several entries, a caption each."""
    made = Made(root, (), seed=10)
    made.classes = ("x",)
    entries = made.add("train", 20, boxes=2)
    made.classes = ()
    made.splits["train"] = [
        replace(
            entry,
            caption=f"a dog beside a {thing}",
            boxes=tuple(replace(box, label=None, phrase="a dog") for box in entry.boxes),
        )
        for entry in entries
        for thing in ("tree", "car")
    ]
    return made


def of_one_size_each(root: Path) -> Made:
    """Large objects in the middle of their pictures."""
    made = Made(root, seed=11)
    for split in ("train", "val"):
        for picture in made.add(split, 60, boxes=0):
            x, y = made.numbers.uniform(2, 30), made.numbers.uniform(2, 25)
            box = Box(
                x,
                y,
                160 - made.numbers.uniform(2, 30),
                120 - made.numbers.uniform(2, 25),
                len(picture.name) % 3,
            )
            made.splits[split][made.splits[split].index(picture)] = replace(
                picture, boxes=(replace(box, label=made.numbers.randrange(3)),)
            )
    return made


def on_the_edge(root: Path) -> Made:
    """Boxes as large as the picture, and such that rounding pushes over its edge."""
    made = Made(root, seed=12)
    for split in ("train", "val"):
        pictures = made.add(split, 30)
        wide = Box(-0.4, 0, 160.3, 120.5, 1)
        made.splits[split] = [replace(each, boxes=(*each.boxes, wide)) for each in pictures]
    return made


MAKERS = (
    plain,
    other_letters,
    tall,
    crowds,
    telephone,
    other_files,
    shapes,
    one_camera,
    nothing_to_see,
    pages,
    sheets_of_metal,
    captions,
    of_one_size_each,
    on_the_edge,
)


@pytest.mark.parametrize("make", MAKERS)
def test_nothing_is_warned_of(make: Callable[[Path], Made], tmp_path: Path) -> None:
    report = check_data(make(tmp_path / "set").opened())
    assert said(report) == {}
    assert not report.has_errors


def test_a_clean_set_is_clean_without_decoding(tmp_path: Path) -> None:
    for make in (plain, telephone, on_the_edge):
        assert said(check_data(make(tmp_path / make.__name__).opened(), decode=False)) == {}
