"""Pictures of more than 8 bits a colour are shown as the engine trains on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.thumbnails import thumbnails
from skillbank_engine.data.images import open_image
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.survey import settle_scale

Numbers = np.ndarray[Any, np.dtype[Any]]


def ramp(kind: Any, low: float, high: float) -> Numbers:
    return np.linspace(low, high, 64 * 48).reshape(48, 64).astype(kind)


def coloured(high: int) -> bytes:
    """A PNG of 16 bits a colour, which Pillow reads but does not write."""
    import struct
    import zlib

    colours = np.stack(
        [ramp(np.uint16, 0, high), ramp(np.uint16, high, 0), ramp(np.uint16, 0, high // 2)], -1
    )
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in colours)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 64, 48, 16, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def greys(folder: Path, kind: Any, ends: list[tuple[float, float]], ending: str) -> list[Path]:
    paths = []
    for number, (low, high) in enumerate(ends):
        paths.append(folder / f"{number}{ending}")
        Image.fromarray(ramp(kind, low, high)).save(paths[-1])
    return paths


def assert_same(paths: list[Path]) -> None:
    """See that thumbnails of the pictures' own size are what the engine makes of them."""
    scale = settle_scale(paths, PixelScale(), source="the model", missing="this data set")
    small = thumbnails([*paths], 64)
    assert small.deep == len(paths)
    for path, shown in zip(paths, small.pictures, strict=True):
        assert shown is not None
        assert (shown.width, shown.height) == (64, 48)
        np.testing.assert_allclose(np.asarray(shown.image), np.asarray(open_image(path, scale)), atol=1)


@pytest.mark.parametrize("high", [200, 900, 4000, 60000])
def test_whole_numbers_by_the_bits_that_hold_all_pictures(high: int, tmp_path: Path) -> None:
    assert_same(greys(tmp_path, np.uint16, [(0, high), (10, high / 3)], ".png"))


@pytest.mark.parametrize("ends", [(-3.5, 12.0), (0.0, 1.0), (5.0, 5.0)])
def test_floating_point_numbers_by_their_range(ends: tuple[float, float], tmp_path: Path) -> None:
    assert_same(greys(tmp_path, np.float32, [ends, (ends[0], ends[0] + 0.5 * (ends[1] - ends[0]))], ".tif"))


def test_colours_of_sixteen_bits_in_full(tmp_path: Path) -> None:
    for number, high in enumerate((3000, 1500)):
        (tmp_path / f"{number}.png").write_bytes(coloured(high))
    assert_same([tmp_path / "0.png", tmp_path / "1.png"])


def test_what_is_no_number_is_black(tmp_path: Path) -> None:
    numbers = ramp(np.float32, 0, 10)
    numbers[:5] = np.nan
    numbers[5:9] = np.inf
    Image.fromarray(numbers).save(tmp_path / "0.tif")
    assert_same([tmp_path / "0.tif"])


def test_plain_pictures_stay_as_they_are_and_broken_ones_are_none(tmp_path: Path) -> None:
    Image.fromarray(ramp(np.uint8, 0, 60)).save(tmp_path / "0.png")
    (tmp_path / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n none")
    small = thumbnails([tmp_path / "0.png", tmp_path / "1.png", None, tmp_path / "not-there.png"], 64)
    first = small.pictures[0]
    assert first is not None and small.deep == 0 and small.pictures[1:] == [None, None, None]
    assert np.asarray(first.image).max() == 60


def test_a_turned_picture_is_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for ending in (".jpg", ".png"):
        Image.new("RGB", (64, 32), "red").save(tmp_path / f"0{ending}", exif=exif)
        small = thumbnails([tmp_path / f"0{ending}"], 64).pictures[0]
        assert small is not None
        assert (small.width, small.height) == small.image.size == (32, 64)
