"""The head of a picture says the same whether it is read here or by Pillow, also of damaged files."""

from __future__ import annotations

import io
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
