"""The head of a picture says the same whether it is read here or by Pillow, also of damaged files."""

from __future__ import annotations

import io
import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from skillbank.datasets import heads
from skillbank.datasets.heads import FileSize, head_of
from tests.datasets.made import scene


def by_pillow(path: Path) -> FileSize | None:
    return heads._by_pillow(path)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def variants() -> dict[str, bytes]:
    """Return pictures as tools write them, by what is odd about them."""
    plain, exif, text = scene(random.Random(1), (97, 61)), Image.Exif(), PngImagePlugin.PngInfo()
    exif[0x0112] = 6
    text.add_text("comment", "made by a person")
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>'
    return {
        "jpeg": saved(plain, "JPEG"),
        "progressive": saved(plain, "JPEG", progressive=True, optimize=True),
        "coarse": saved(plain, "JPEG", quality=5, subsampling=0),
        "grey": saved(plain.convert("L"), "JPEG"),
        "cmyk": saved(plain.convert("CMYK"), "JPEG"),
        "turned": saved(plain, "JPEG", exif=exif),
        "xmp": saved(plain, "JPEG", xmp=xmp),
        "comment": saved(plain, "JPEG", comment=b"c" * 900),
        "restarts": saved(plain, "JPEG", restart_marker_blocks=2),
        "profile": saved(plain, "JPEG", icc_profile=b"p" * 3000),
        "png": saved(plain, "PNG"),
        "palette": saved(plain.convert("P"), "PNG"),
        "deep": saved(plain.convert("I;16"), "PNG"),
        "transparent": saved(plain.convert("RGBA"), "PNG", dpi=(72, 72)),
        "png turned": saved(plain, "PNG", exif=exif),
        "png text": saved(plain, "PNG", pnginfo=text),
        "frames": saved(
            plain, "PNG", save_all=True, append_images=[plain.transpose(Image.Transpose.ROTATE_180)]
        ),
        "webp": saved(plain, "WEBP"),
        "gif": saved(plain, "GIF"),
        "bmp": saved(plain, "BMP"),
        "tiff": saved(plain, "TIFF"),
    }


VARIANTS = variants()


@pytest.mark.parametrize("name", VARIANTS)
def test_a_head_says_what_pillow_says(tmp_path: Path, name: str) -> None:
    file = tmp_path / "x"
    file.write_bytes(VARIANTS[name])
    turned = name in ("turned", "xmp", "png turned")
    assert head_of(file) == by_pillow(file) == ((61, 97, True) if turned else (97, 61, False))


@pytest.mark.parametrize("name", ["jpeg", "progressive", "coarse", "grey", "cmyk", "png", "palette", "deep"])
def test_ordinary_pictures_are_not_opened_by_pillow(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x"
    file.write_bytes(VARIANTS[name])
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was opened"))
    assert head_of(file) == (97, 61, False)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_damaged_jpegs_are_read_as_pillow_reads_them(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bytes of the head are changed, taken out or put in, or the file is cut off anywhere.

    What Pillow refuses may still state its size: that it is broken is found where pictures are decoded.
    """
    content = bytearray(
        VARIANTS[data.draw(st.sampled_from(["jpeg", "progressive", "grey", "comment", "turned"]))]
    )
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, min(len(content) - 1, 700)))
        match data.draw(st.sampled_from(["change", "cut", "out", "in"])):
            case "change":
                content[at] = data.draw(st.integers(0, 255))
            case "cut":
                del content[at + 1 :]
            case "out":
                del content[at]
            case _:
                content.insert(at, data.draw(st.integers(0, 255)))
        if not content:
            content = bytearray(b"\0")
    file = tmp_path_factory.mktemp("heads") / "x.jpg"
    file.write_bytes(content)
    said, head = by_pillow(file), head_of(file)
    assert head == said if said is not None else head is None or not head.turned


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_pngs_have_the_size_that_they_state_or_none(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Pillow decodes a PNG whole before it says how it is turned; a head that is whole is enough here."""
    content = bytearray(VARIANTS[data.draw(st.sampled_from(["png", "palette", "deep"]))])
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[at:]
    else:
        content[at] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("heads") / "x.png"
    file.write_bytes(content)
    stated = FileSize(int.from_bytes(content[16:20]), int.from_bytes(content[20:24]))
    assert head_of(file) in (by_pillow(file), stated)
    if len(content) < len(VARIANTS["png"]) // 2:
        assert head_of(file) == by_pillow(file)


HEAD = (5).to_bytes(4) + (7).to_bytes(4)
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return len(data).to_bytes(4) + kind + data + bytes(4)


def png(*kinds: bytes, depth: int = 8, colour: int = 2, rest: bytes = b"\0\0\0", size: bytes = HEAD) -> bytes:
    """Return chunks without any picture in them: their heads alone are read here."""
    first = chunk(b"IHDR", size + bytes((depth, colour)) + rest)
    return b"\x89PNG\r\n\x1a\n" + first + b"".join(chunk(kind, b"data") for kind in kinds)


@pytest.mark.parametrize("colour", range(8))
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 8, 16, 32])
def test_bits_and_colours_that_a_png_can_have(tmp_path: Path, colour: int, depth: int) -> None:
    (file := tmp_path / "x").write_bytes(png(b"IDAT", b"IEND", depth=depth, colour=colour))
    number = os.open(file, os.O_RDONLY)
    found = heads._png(number, file.read_bytes(), file.stat().st_size)
    os.close(number)
    assert found == ((5, 7, False) if depth in DEPTHS.get(colour, ()) else None)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (png(b"PLTE", b"IDAT", b"IDAT", b"tIME", b"IEND"), True),
        (png(*heads._PIECES, b"IEND"), True),
        (png(b"IDAT", *[b"PLTE"] * 300, b"IEND"), True),
        (png(b"IDAT", b"IEND")[:-4] + b"abcd", True),
        (png(b"IDAT", b"IEND", rest=b"\0\0\1"), True),
        (png(b"IDAT", b"IEND", rest=b"\0\0\2"), False),
        (png(b"IDAT", b"IEND", rest=b"\1\0\0"), False),
        (png(b"IDAT", b"IEND", rest=b"\0\1\0"), False),
        (png(b"IDAT", b"IEND", size=bytes(4) + (7).to_bytes(4)), False),
        (png(b"IDAT", b"IEND", size=(5).to_bytes(4) + bytes(4)), False),
        (png(b"IDAT", b"IEND", size=(13).to_bytes(4) + (13_765_921).to_bytes(4)), False),
        (png(b"IEND"), False),
        (png(b"PLTE", b"IEND"), False),
        (png(b"IDAT"), False),
        (png(b"IDAT", b"eXIf", b"IEND"), False),
        (png(b"IDAT", b"tEXt", b"IEND"), False),
        (png(b"acTL", b"IDAT", b"IEND"), False),
        (png(b"IDAT", b"IEND")[:-9], False),
        (png()[:32], False),
    ],
)
def test_chunks_of_a_png_that_goes_on_to_its_end(tmp_path: Path, content: bytes, found: bool) -> None:
    (file := tmp_path / "x").write_bytes(content)
    number = os.open(file, os.O_RDONLY)
    head = heads._png(number, content[:2048], len(content))
    os.close(number)
    assert (head is not None) is found


def jpeg(*segments: tuple[int, bytes], scan: bytes = b"\xff\xda\0\2") -> bytes:
    return (
        b"\xff\xd8"
        + b"".join(bytes((0xFF, kind)) + (len(data) + 2).to_bytes(2) + data for kind, data in segments)
        + scan
    )


FRAME = bytes((8, 0, 7, 0, 5, 1, 0, 0, 0))
STEPS, DEEP_STEPS = bytes(65), b"\x10" + bytes(128)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (jpeg((0xC0, FRAME)), True),
        (jpeg((0xC1, FRAME)), True),
        (jpeg((0xC2, FRAME)), True),
        (jpeg((0xC3, FRAME)), False),
        (jpeg((0xC0, FRAME), (0xC0, FRAME)), False),
        (jpeg((0xC0, bytes((8, 0, 7, 0, 5, 3, *bytes(9))))), True),
        (jpeg((0xC0, bytes((8, 0, 7, 0, 5, 4, *bytes(12))))), True),
        (jpeg((0xC0, bytes((8, 0, 7, 0, 5, 2, *bytes(6))))), False),
        (jpeg((0xC0, bytes((8, 0, 7, 0, 5, 1, *bytes(4))))), False),
        (jpeg((0xC0, bytes((8, 0, 7, 0, 5)))), False),
        (jpeg((0xC0, bytes((12, *FRAME[1:])))), False),
        (jpeg((0xC0, bytes((8, 0, 0, *FRAME[3:])))), False),
        *((jpeg((kind, b"any"), (0xC0, FRAME)), True) for kind in (0xC4, 0xDD, 0xE0, 0xEE, 0xFE)),
        *((jpeg((kind, b"any"), (0xC0, FRAME)), False) for kind in (0xE1, 0xE2, 0xC5, 0xD9)),
        (jpeg((0xDB, STEPS + DEEP_STEPS + STEPS), (0xC0, FRAME)), True),
        (jpeg((0xDB, STEPS[1:]), (0xC0, FRAME)), False),
        (jpeg((0xDB, DEEP_STEPS + b"\0"), (0xC0, FRAME)), False),
        (jpeg((0xDB, b""), (0xC0, FRAME)), True),
        (jpeg(), False),
        (jpeg((0xC0, FRAME), scan=b""), False),
        (jpeg((0xC0, FRAME), scan=b"\xff\xda\0"), False),
        (jpeg((0xC0, FRAME), scan=b"\xff\xe0\0\1\xff\xda\0\2"), False),
        (jpeg((0xC0, FRAME), scan=b"\xff\xe0\0\2\xff\xda\0\2"), True),
        (jpeg((0xC0, FRAME), scan=b"\xff\xe0\0\3"), False),
        (jpeg((0xC0, FRAME), scan=b"\0\xda\0\2"), False),
    ],
)
def test_segments_of_a_jpeg_before_its_scan(content: bytes, found: bool) -> None:
    assert heads._jpeg(content) == (FileSize(5, 7) if found else None)


def test_what_claims_too_many_pixels_has_no_size(tmp_path: Path) -> None:
    for name, place in (("png", 16), ("jpeg", VARIANTS["jpeg"].index(b"\xff\xc0") + 5)):
        content = bytearray(VARIANTS[name])
        content[place : place + 2] = b"\xff\xf0"
        content[place + 2 : place + 4] = b"\xff\xf0"
        if name == "png":
            content[place + 4 : place + 8] = b"\0\0\xff\xff"
        file = tmp_path / name
        file.write_bytes(content)
        assert head_of(file) is None


def test_what_is_no_picture_has_no_head(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder.jpg").mkdir()
    names = ("text.jpg", "empty.jpg", "folder.jpg", "gone.jpg")
    assert [head_of(tmp_path / name) for name in names] == [None] * 4
