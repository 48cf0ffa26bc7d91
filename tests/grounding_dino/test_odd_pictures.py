"""Files that are no pictures, or pictures that nobody should unpack: one sentence each."""

from __future__ import annotations

import io
import os
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skillbank_engine.data.images import MOST_PIXELS, image_size, known_formats, open_image
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.survey import settle_scale
from skillbank_engine.data.transforms import Resizing, TrainingTransform, View
from skillbank_engine.errors import DataError


def png(width: int, height: int, depth: int = 8, kind: int = 2) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def saved(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


SOUND = saved(Image.effect_noise((60, 40), 90).convert("RGB"), "PNG")
ODD = {
    "empty": b"",
    "text": b"hello",
    "no width": png(0, 5),
    "palette of 16 bits": png(4, 4, 16, 3),
    "cut": saved(Image.effect_noise((60, 40), 90).convert("RGB"), "JPEG")[:700],
    "gif of nothing": b"GIF89a" + bytes(7),
    "numbers of 5000 digits": b"P6 " + b"9" * 5000 + b" 1 255\n",
    "starts another program": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
    "list of tags in a circle": b"II*\0\x08\0\0\0\1\0\0\1\3\0\1\0\0\0\1\0\0\0\x08\0\0\0",
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_picture_is_said(tmp_path: Path, name: str) -> None:
    path = tmp_path / "one.png"
    path.write_bytes(ODD[name])
    with pytest.raises(DataError, match=r"one\.png is no picture that can be read"):
        open_image(path)


def test_only_formats_that_start_nothing_are_tried(tmp_path: Path) -> None:
    known = known_formats()
    assert not {"EPS", "WMF", "MPEG", "FITS"} & set(known)
    Image.init()
    # All that Pillow has of them here, where a format may be left out of a build.
    assert {"JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"} <= set(known) == set(known) & set(Image.OPEN)
    path = tmp_path / "one.png"
    path.write_bytes(ODD["starts another program"])
    with pytest.raises(DataError, match=r"one\.png is no picture"):
        image_size(path)


@pytest.mark.parametrize("size", [(20_000, 9_000), (60_000, 60_000)])
def test_a_bomb_is_named_before_it_is_unpacked(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "one.png"
    path.write_bytes(png(*size))
    for read in (open_image, image_size):
        with pytest.raises(DataError, match=r"one\.png has more pixels than the 179 million"):
            read(path)


def test_a_large_picture_is_none(tmp_path: Path) -> None:
    """Pillow warns of half of what is taken, without a name."""
    path = tmp_path / "one.png"
    path.write_bytes(saved(Image.new("1", (12_000, 9_000)), "PNG"))
    assert image_size(path) == (12_000, 9_000) and MOST_PIXELS > 12_000 * 9_000


def test_a_wrong_suffix_is_none_of_our_business(tmp_path: Path) -> None:
    path = tmp_path / "one.jpg"
    path.write_bytes(SOUND)
    assert open_image(path).size == (60, 40)


def test_files_that_never_end_are_not_read(tmp_path: Path) -> None:
    pipe, zero = tmp_path / "pipe.png", tmp_path / "zero.png"
    os.mkfifo(pipe)
    zero.symlink_to("/dev/zero")
    for path in (pipe, zero, tmp_path):
        for read in (open_image, image_size):
            with pytest.raises(DataError, match="is no regular file"):
                read(path)
    assert settle_scale([pipe, zero], PixelScale(), source="", missing="") == PixelScale()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP"])
def test_pictures_with_changed_bytes(tmp_path: Path, kind: str) -> None:
    good = saved(Image.effect_noise((60, 40), 90).convert("RGB"), kind)
    numbers, path = random.Random(7), tmp_path / "one.png"
    for _ in range(150):
        changed = bytearray(good)
        for _ in range(numbers.randint(1, 4)):
            changed[numbers.randrange(min(len(good), 400))] = numbers.randrange(256)
        path.write_bytes(changed[: numbers.choice([len(good), numbers.randrange(len(good))])])
        for read in (open_image, image_size):
            try:
                read(path)
            except DataError as error:
                assert "one.png" in str(error)


@pytest.mark.parametrize(("width", "height"), [(1, 60_000), (60_000, 1)])
def test_a_line_stays_within_the_bounds(width: int, height: int) -> None:
    longest, shortest = max(width, height), 1
    for resizing, bound in (
        (Resizing(800, 1333), 1333), (Resizing(0, 640), 640), (Resizing(0, 0, (480, 640)), 640),
    ):  # fmt: skip
        size = resizing.size(width, height)
        assert min(size) == shortest and max(size) <= bound < longest
    transform = TrainingTransform(0, (480, 800), 1333, (400, 600), 384, 600, 0.5)
    boxes = np.array([[0.0, 0.0, width, height]])
    for seed in range(8):
        view = transform.vary(
            View(Image.new("RGB", (width, height)), boxes, (0,)), ["a line"], random.Random(seed)
        )
        assert min(view.image.size) >= 1 and max(view.image.size) <= 1333
