"""Pictures of every kind become the same 8-bit RGB."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from skillbank_engine.data.images import image_size, open_image, read_picture
from skillbank_engine.data.pixels import Levels, PixelScale, Scaling
from skillbank_engine.errors import DataError
from tests.grounding_dino.deep_files import Array, png, tiff

_NUMBERS = np.random.default_rng(5)
GREY = _NUMBERS.integers(0, 256, (24, 40)).astype(np.int64)
GREY[0, :2] = 0, 255
COLOUR = _NUMBERS.integers(0, 256, (24, 40, 3)).astype(np.int64)
COLOUR[0, 0], COLOUR[0, 1] = 0, 255
OPACITY = _NUMBERS.integers(0, 256, (24, 40)).astype(np.int64)
OPACITY[0, :2] = 255
GREY_RGB = np.repeat(GREY[..., None], 3, -1)


def shown(data: bytes, scale: PixelScale | None = None) -> Array:
    return np.asarray(read_picture(data, scale).image).astype(np.int64)


def scaling(data: bytes, scale: PixelScale | None = None) -> Scaling:
    found = read_picture(data, scale).scaling
    assert found is not None
    return found


def deep(values: Array, bits: int, kind: str = "u2") -> Array:
    """The same brightness with so many bits."""
    made: Array = np.rint(values * (2**bits - 1) / 255).astype(kind)
    return made


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def over_white(colours: Array, opacity: Array) -> Array:
    share = opacity[..., None] / 255
    return colours * share + 255 * (1 - share)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize(
    "file",
    [
        png,
        tiff,
        lambda values: tiff(values, order=">"),
        lambda values: tiff(values.astype("i4")),
        lambda values: tiff(values.astype("u4")),
        lambda values: saved(Image.fromarray(values), "TIFF", compression="tiff_lzw"),
        lambda values: tiff((values.max() - values).astype("u2"), photometric=0),
    ],
    ids=["png", "tiff", "tiff big-endian", "tiff 32 signed", "tiff 32", "tiff packed", "tiff white is zero"],
)
def test_grey_of_any_depth_is_as_in_8_bits(bits: int, file: Callable[[Array], bytes]) -> None:
    data = file(deep(GREY, bits))
    assert abs(shown(data) - GREY_RGB).max() <= 1
    assert scaling(data).levels == (0, 2**bits - 1)
    assert scaling(data).by == "picture"


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize(
    "file",
    [
        png,
        tiff,
        lambda values: tiff(values, order=">"),
        lambda values: tiff(values, planes=True),
        lambda values: tiff(values, order=">", planes=True),
        lambda values: tiff(values, packed=True),
        lambda values: tiff(values, order=">", packed=True),
    ],
    ids=["png", "tiff", "big-endian", "planes", "big-endian planes", "packed", "big-endian packed"],
)
def test_colours_of_any_depth_are_as_in_8_bits(bits: int, file: Callable[[Array], bytes]) -> None:
    assert abs(shown(file(deep(COLOUR, bits))) - COLOUR).max() <= 1


def test_compressed_planes_keep_what_pillow_gives_of_them() -> None:
    """Their upper bytes: all of 16 bits but for the last shade, and of 12 bits 16 shades."""
    assert abs(shown(tiff(deep(COLOUR, 16), planes=True, packed=True)) - COLOUR).max() <= 1
    coarse = shown(tiff(deep(COLOUR, 12), planes=True, packed=True))
    assert abs(coarse - COLOUR).max() <= 17 and len(np.unique(coarse)) == 16


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("full", [True, False], ids=["opacity of 16 bits", "opacity as the colours"])
def test_transparency_of_16_bits_is_over_white(bits: int, full: bool) -> None:
    opacity = deep(OPACITY, 16 if full else bits)
    expected = over_white(COLOUR, OPACITY)
    coloured = np.dstack([deep(COLOUR, bits), opacity])
    for data in (png(coloured), tiff(coloured, extra=2)):
        assert abs(shown(data) - expected).max() <= 1
    grey = np.dstack([deep(GREY, bits), opacity])
    assert abs(shown(png(grey)) - over_white(GREY_RGB, OPACITY)).max() <= 1


def test_premultiplied_colours_of_16_bits() -> None:
    colours = deep(COLOUR * OPACITY[..., None] // 255, 16)
    data = tiff(np.dstack([colours, deep(OPACITY, 16)]), extra=1)
    assert abs(shown(data) - over_white(COLOUR, OPACITY)).max() <= 2


def test_large_pictures_are_scaled_as_small_ones() -> None:
    large = np.tile(GREY, (12, 8))
    for photometric in (0, 1):
        small = shown(tiff(deep(GREY, 12), photometric=photometric))
        assert (shown(tiff(deep(large, 12), photometric=photometric)) == np.tile(small, (12, 8, 1))).all()
    assert abs(shown(png(deep(np.tile(COLOUR, (12, 8, 1)), 14))) - np.tile(COLOUR, (12, 8, 1))).max() <= 1


def test_inks_of_16_bits() -> None:
    inks = _NUMBERS.integers(0, 256, (24, 40, 4))
    inks[0, 0] = 255
    expected = shown(saved(Image.frombytes("CMYK", (40, 24), inks.astype("u1").tobytes()), "TIFF"))
    assert abs(shown(tiff(deep(inks, 16), photometric=5)) - expected).max() <= 2


def test_transparent_numbers_of_a_16_bit_png() -> None:
    values = deep(GREY, 12)
    values[5:9] = 65535
    expected = GREY_RGB.copy()
    expected[5:9] = 255
    # What is transparent does not count as the largest number either.
    assert abs(shown(png(values, trns=b"\xff\xff")) - expected).max() <= 1
    coloured = deep(COLOUR, 12)
    coloured[5:9] = 1, 2, 3
    expected = COLOUR.copy()
    expected[5:9] = 255
    assert abs(shown(png(coloured, trns=b"\0\1\0\2\0\3")) - expected).max() <= 1


def test_the_file_says_how_many_bits_count() -> None:
    dark = deep(GREY // 8, 12)
    expected = GREY_RGB // 8
    ome = b'<OME><Image><Pixels SignificantBits="12"/></Image></OME>\0'
    files = [
        png(dark, sbit=b"\x0c"),
        png(np.dstack([dark] * 3), sbit=b"\x0c\x0c\x0c"),
        png(np.dstack([dark, np.full_like(dark, 65535)]), sbit=b"\x0c\x10"),
        tiff(dark, tags={341: ("d", 4095.0)}),
        tiff(dark, tags={281: ("H", 4095)}),
        tiff(dark, tags={270: ("s", ome)}),
    ]
    other = PixelScale(whole=Levels(0, 65535), real=Levels(0, 1))
    for data in files:
        assert abs(shown(data) - expected).max() <= 1
        assert abs(shown(data, other) - expected).max() <= 1
        assert scaling(data).by == "file"
    # A statement that the numbers contradict is none.
    assert scaling(tiff(deep(GREY, 14), tags={341: ("d", 4095.0)})).levels == (0, 2**14 - 1)
    # Where it is no number of bits, it is the largest number that may come.
    assert scaling(tiff(dark, tags={341: ("d", 9000.0)})).levels == (0, 2**14 - 1)


def test_twelve_bits_stored_as_twelve() -> None:
    values = deep(GREY // 4, 12).reshape(-1, 2)
    packed = np.stack(
        [values[:, 0] >> 4, (values[:, 0] & 15) << 4 | values[:, 1] >> 8, values[:, 1] & 255], -1
    )
    data = bytearray(tiff(np.zeros((24, 40), "u2")))
    place = data.index(b"\x02\x01\x03\0\x01\0\0\0\x10\0") + 8
    data[place] = 12
    data[-24 * 40 * 2 :] = packed.astype("u1").tobytes()
    assert abs(shown(bytes(data)) - GREY_RGB // 4).max() <= 1
    assert scaling(bytes(data)).by == "file"


def test_stated_bits_of_a_png_may_be_spread() -> None:
    values = deep(GREY, 16) & 0xFFF0
    data = png(values, sbit=b"\x0c")
    assert abs(shown(data) - GREY_RGB).max() <= 1
    # One picture tells it of the whole data set, also of those that are dark.
    dark = png(deep(GREY // 32, 16), sbit=b"\x0c")
    assert scaling(dark).levels == (0, 4095)
    assert scaling(dark, PixelScale(spread=True)).levels == (0, 65535)


def test_floating_point_numbers_go_by_their_range() -> None:
    for low, high in ((0.0, 1.0), (-40.0, 120.0), (0.0, 255.0), (1e-3, 2e-3)):
        values = (low + GREY / 255 * (high - low)).astype("f4")
        for data in (tiff(values), tiff(values, order=">"), saved(Image.fromarray(values), "TIFF")):
            assert abs(shown(data) - GREY_RGB).max() <= 1
    inverted = tiff((1 - GREY / 255).astype("f4"), photometric=0)
    assert abs(shown(inverted) - GREY_RGB).max() <= 1


def test_places_without_a_number() -> None:
    values = (GREY / 255).astype("f4")
    values[3, 3:6] = np.nan, np.inf, -np.inf
    picture = shown(tiff(values))
    assert picture[3, 3:6, 0].tolist() == [0, 255, 0]
    picture[3, 3:6] = GREY_RGB[3, 3:6]
    assert abs(picture - GREY_RGB).max() <= 1
    assert (shown(tiff(np.full((4, 4), np.nan, "f4"))) == 0).all()


def test_signed_and_large_numbers_go_by_their_range() -> None:
    signed = (GREY * 8 - 1000).astype("i2")
    assert abs(shown(tiff(signed)) - GREY_RGB).max() <= 1
    assert abs(shown(tiff((GREY * 16_000_000).astype("u4"))) - GREY_RGB).max() <= 1
    kept = PixelScale(whole=Levels(-1000, 3000))
    assert scaling(tiff(signed), kept) == Scaling("whole", Levels(-1000, 3000), "model", False)


@pytest.mark.parametrize("value", [0, 77, 65535])
def test_a_single_number_everywhere(value: int) -> None:
    picture = shown(png(np.full((4, 6), value, "u2")))
    assert (picture == picture[0, 0]).all()
    assert shown(tiff(np.full((4, 6), value, "f4"))).max() == 0


def test_a_data_set_s_scale_holds_for_each_of_its_pictures() -> None:
    kept = PixelScale(whole=Levels(0, 4095), real=Levels(0, 2))
    dark = deep(GREY // 8, 12)
    assert abs(shown(png(dark), kept) - GREY_RGB // 8).max() <= 1
    assert abs(shown(tiff((GREY / 255).astype("f4")), kept) - GREY_RGB / 2).max() <= 1
    assert scaling(png(dark), kept) == Scaling("whole", Levels(0, 4095), "model", False)
    assert scaling(png(deep(GREY, 16)), kept).clipped


def test_8_bit_pictures_have_no_scale() -> None:
    kept = PixelScale(whole=Levels(0, 4095), real=Levels(0, 2))
    data = saved(Image.fromarray(COLOUR.astype("u1")), "PNG")
    assert (shown(data, kept) == COLOUR).all()
    assert read_picture(data, kept).scaling is None


def ordinary() -> dict[str, tuple[bytes, Array]]:
    colour, grey = Image.fromarray(COLOUR.astype("u1")), Image.fromarray(GREY.astype("u1"))
    clear = Image.fromarray(OPACITY.astype("u1"))
    rgba = colour.copy()
    rgba.putalpha(clear)
    la = grey.copy()
    la.putalpha(clear)
    black = Image.fromarray((GREY > 127).astype("u1") * 255).convert("1")
    black_rgb = np.repeat((GREY > 127)[..., None] * 255, 3, -1)
    palette = colour.quantize(16)
    colours = np.asarray(palette.convert("RGB")).astype(np.int64)
    indices = np.asarray(palette)
    table = (np.arange(256) * 16 % 256).astype("u1")
    by_table = over_white(colours, table[indices].astype(np.int64))
    first_clear = np.where((indices == 3)[..., None], 255, colours)
    coarse = Image.fromarray((GREY // 64 * 85).astype("u1"))
    coarse_rgb = GREY_RGB // 64 * 85
    return {
        "1": (saved(black, "PNG"), black_rgb),
        "1 tRNS": (saved(black, "PNG", transparency=0), np.full_like(black_rgb, 255)),
        "L": (saved(grey, "PNG"), GREY_RGB),
        "L tRNS": (saved(grey, "PNG", transparency=7), np.where(GREY_RGB == 7, 255, GREY_RGB)),
        "L of 2 bits, tRNS": (
            two_bits(GREY // 64),
            np.where(coarse_rgb == 85, 255, coarse_rgb),
        ),
        "L tiff": (saved(coarse, "TIFF"), coarse_rgb),
        "LA": (saved(la, "PNG"), over_white(GREY_RGB, OPACITY)),
        "P": (saved(palette, "PNG"), colours),
        "P tRNS one": (saved(palette, "PNG", transparency=3), first_clear),
        "P tRNS bytes": (saved(palette, "PNG", transparency=bytes(table[:16])), by_table),
        "gif": (saved(palette, "GIF", transparency=3), first_clear),
        "RGB": (saved(colour, "PNG"), COLOUR),
        "RGB tRNS": (
            saved(colour, "PNG", transparency=tuple(COLOUR[4, 4].tolist())),
            np.where((COLOUR[4, 4] == COLOUR).all(-1)[..., None], 255, COLOUR),
        ),
        "RGBA": (saved(rgba, "PNG"), over_white(COLOUR, OPACITY)),
        "RGBA tiff": (saved(rgba, "TIFF"), over_white(COLOUR, OPACITY)),
        "webp": (saved(rgba, "WEBP", lossless=True, exact=True), over_white(COLOUR, OPACITY)),
        "bmp": (saved(colour, "BMP"), COLOUR),
        "bmp of 16 bits": (bmp16(COLOUR), COLOUR // 8 * 255 // 31),
    }


def two_bits(values: Array) -> bytes:
    """A grey PNG of two bits whose second grey is transparent."""
    import struct
    import zlib

    from tests.grounding_dino.deep_files import _chunk

    packed = (values.reshape(24, 10, 4) * np.array([64, 16, 4, 1])).sum(-1).astype("u1")
    rows = b"".join(b"\0" + row.tobytes() for row in packed)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 40, 24, 2, 0, 0, 0, 0)),
        (b"tRNS", b"\0\1"),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def bmp16(values: Array) -> bytes:
    """A BMP of five bits a colour."""
    import struct

    five = values // 8
    pixels = (five[..., 0] << 10 | five[..., 1] << 5 | five[..., 2])[::-1].astype("<u2").tobytes()
    head = struct.pack("<IiiHHIIiiII", 40, 40, 24, 1, 16, 0, len(pixels), 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, 54) + head + bytes(pixels)


_ORDINARY = ordinary()


@pytest.mark.parametrize("name", list(_ORDINARY))
def test_pictures_of_8_bits(name: str) -> None:
    data, expected = _ORDINARY[name]
    assert abs(shown(data) - expected).max() <= 1


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "LAB"])
def test_other_spaces_of_colour(mode: str, tmp_path: Path) -> None:
    smooth = np.mgrid[0:240:10, 0:240:6].sum(0) / 2
    image = Image.fromarray(np.dstack([smooth, smooth[::-1], np.full_like(smooth, 90)]).astype("u1"))
    if mode == "LAB":
        here, there = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        made = ImageCms.profileToProfile(image, here, there, outputMode="LAB")
        assert made is not None
        other = made
    else:
        other = image.convert(mode)
    found = shown(saved(other, "TIFF"))
    assert abs(found - np.asarray(image).astype(np.int64)).mean() < 4
    if mode == "CMYK":
        # As Adobe writes it, inverted.
        assert abs(shown(saved(other, "JPEG", quality=95)) - np.asarray(image).astype(np.int64)).mean() < 4


@pytest.mark.parametrize("mode", ["La", "RGBa", "PA", "HSV"])
def test_modes_that_few_files_have(mode: str) -> None:
    from skillbank_engine.data.images import _flat

    rgba = Image.fromarray(np.dstack([COLOUR, OPACITY]).astype("u1"))
    image = {
        "La": lambda: rgba.convert("LA").convert("La"),
        "RGBa": lambda: rgba.convert("RGBa"),
        "PA": lambda: rgba.convert("RGB").quantize(8).convert("PA"),
        "HSV": lambda: rgba.convert("RGB").convert("HSV"),
    }[mode]()
    found = _flat(image)
    assert found.mode == "RGB"
    assert np.asarray(found).std() > 20


def test_cameras_turn_deep_pictures_too(tmp_path: Path) -> None:
    turned = np.rot90(GREY_RGB, -1)
    for name, data in (
        ("grey.tif", tiff(deep(GREY, 16), tags={274: ("H", 6)})),
        ("colour.tif", tiff(np.dstack([deep(GREY, 12)] * 3), tags={274: ("H", 6)})),
        ("float.tif", tiff((GREY / 255).astype("f4"), order=">", tags={274: ("H", 6)})),
        ("bytes.tif", tiff(GREY.astype("u1"), tags={274: ("H", 6)})),
    ):
        (tmp_path / name).write_bytes(data)
        assert abs(np.asarray(open_image(tmp_path / name)).astype(np.int64) - turned).max() <= 1
        assert image_size(tmp_path / name) == (24, 40)


def test_of_several_frames_the_first() -> None:
    first, second = Image.fromarray(deep(GREY, 16)), Image.fromarray(deep(255 - GREY, 16))
    data = saved(first, "TIFF", save_all=True, append_images=[second])
    assert abs(shown(data) - GREY_RGB).max() <= 1
    assert read_picture(data).frames
    assert not read_picture(saved(first, "TIFF")).frames
    moving = Image.fromarray(COLOUR.astype("u1")).quantize(16)
    assert read_picture(
        saved(moving, "GIF", save_all=True, append_images=[moving.transpose(Image.Transpose.ROTATE_180)])
    ).frames


@pytest.mark.parametrize("cut", [0.5, 0.9])
@pytest.mark.parametrize("name", ["grey.png", "colour.png", "grey.tif", "float.tif"])
def test_broken_deep_pictures_are_named(name: str, cut: float, tmp_path: Path) -> None:
    whole = {
        "grey.png": png(deep(GREY, 16)),
        "colour.png": png(deep(COLOUR, 16)),
        "grey.tif": tiff(deep(GREY, 16)),
        "float.tif": tiff((GREY / 255).astype("f4")),
    }[name]
    path = tmp_path / name
    path.write_bytes(whole[: int(len(whole) * cut)])
    with pytest.raises(DataError, match=f"{name} is no picture that can be read"):
        open_image(path)


def test_what_nobody_reads_is_named(tmp_path: Path) -> None:
    path = tmp_path / "three.tif"
    path.write_bytes(tiff((COLOUR / 255).astype("f4")))
    with pytest.raises(DataError, match=r"three\.tif .* \(a TIFF of 3 floating point number\(s\) of 32 bits"):
        open_image(path)
