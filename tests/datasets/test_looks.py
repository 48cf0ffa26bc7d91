from __future__ import annotations

import io
import os
import random
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.document import Picture
from skillbank.datasets.heads import head_of
from skillbank.datasets.looks import EDGE, SMALL, Look, _stretched, look_at
from skillbank.datasets.pictures import Gallery
from skillbank.datasets.tree import open_tree
from tests.datasets.made import scene


def saved(path: Path, image: Image.Image, **options: object) -> Look:
    image.save(path, **options)  # type: ignore[arg-type]
    return look_at(path)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("held", range(1, 9))
def test_the_size_is_that_of_the_upright_picture(tmp_path: Path, ending: str, held: int) -> None:
    upright = scene(random.Random(3), (96, 64))
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's numbers of what undoes each
    stored = upright if held == 1 else upright.transpose(Image.Transpose(back[held]))
    if ending == "tif":
        look = saved(tmp_path / "x.tif", stored, tiffinfo={0x0112: held})
    else:
        exif = Image.Exif()
        exif[0x0112] = held
        look = saved(tmp_path / f"x.{ending}", stored, exif=exif)
    assert (look.trouble, look.width, look.height, look.turned) == ("", 96, 64, held > 4)
    assert head_of(tmp_path / f"x.{ending}") == (96, 64, held > 4)
    assert open_tree(tmp_path).size(f"x.{ending}") == (96, 64)
    straight = saved(tmp_path / f"straight.{ending}", upright)
    one, other = (np.frombuffer(each.small, np.uint8)[:1024].astype(int) for each in (look, straight))
    apart = one - other
    assert np.abs(apart).mean() < 4


@pytest.mark.parametrize(
    ("mode", "ending", "deep"),
    [
        ("1", "png", False),
        ("L", "png", False),
        ("P", "gif", False),
        ("LA", "png", False),
        ("CMYK", "jpg", False),
        ("I;16", "png", True),
        ("I;16", "tif", True),
        ("F", "tif", True),
        ("I", "tif", True),
    ],
)
def test_colours_of_every_sort(tmp_path: Path, mode: str, ending: str, deep: bool) -> None:
    grey = scene(random.Random(4), (60, 40)).convert("L")
    if deep:
        numbers = np.asarray(grey).astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode])
        look = saved(tmp_path / f"x.{ending}", Image.fromarray(numbers * (16 if mode != "F" else 0.01)))
    else:
        look = saved(tmp_path / f"x.{ending}", grey.convert(mode))
    assert (look.trouble, look.deep, len(look.small)) == ("", deep, SMALL)
    if mode != "1":
        plain = saved(tmp_path / "plain.png", grey)
        one, other = (np.frombuffer(each.small, np.uint8)[:1024].astype(int) for each in (look, plain))
        assert np.corrcoef(one, other)[0, 1] > 0.98


def png(side: int, bits: int, colours: int, rows: bytes) -> bytes:
    """A square picture in a PNG that Pillow cannot write."""
    data = b"\x89PNG\r\n\x1a\n"
    head = struct.pack(">IIBBBBB", side, side, bits, colours, 0, 0, 0)
    for name, body in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return data


def test_colours_of_sixteen_bits(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(png(4, 16, 2, (b"\0" + bytes(24)) * 4))
    look = look_at(tmp_path / "x.png")
    assert (look.trouble, look.deep) == ("", True)


def test_frames(tmp_path: Path) -> None:
    film = [scene(random.Random(n), (40, 30)) for n in range(3)]
    for ending in ("gif", "png", "webp", "tif"):
        look = saved(tmp_path / f"x.{ending}", film[0], save_all=True, append_images=film[1:])
        assert (look.trouble, look.frames) == ("", 3), ending
    look = saved(tmp_path / "x.mpo", film[0], save_all=True, append_images=film[1:])
    assert (look.trouble, look.frames) == ("", 1)


def test_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not found")
    (tmp_path / "script.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    troubles = {path.name: look_at(path).trouble for path in sorted(tmp_path.iterdir())}
    assert troubles == {
        "empty.jpg": "it is empty",
        "folder.jpg": "it is no file",
        "link.jpg": f"it is a link to {tmp_path / 'nowhere'}, which is not there",
        "pipe.jpg": "it is no file",
        "script.eps": "it is text: '%!PS-Adobe-3.0 EPSF-3.0 %%BoundingBox: 0 0 10 10'",
        "text.jpg": "it is text: 'not found'",
    }
    assert head_of(tmp_path / "pipe.jpg") is None


def test_a_picture_that_claims_to_be_enormous(tmp_path: Path) -> None:
    for side in (14_000, 60_000):
        (tmp_path / "x.png").write_bytes(png(side, 1, 0, bytes(100)))
        assert "million pixels" in look_at(tmp_path / "x.png").trouble


def test_the_end_of_a_jpeg(tmp_path: Path) -> None:
    picture = scene(random.Random(6), (200, 150))
    small = io.BytesIO()
    picture.resize((40, 30)).save(small, "JPEG")
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x927C] = (
        small.getvalue()
    )  # a small picture in the head, which has an end of its own
    for options in ({}, {"progressive": True}, {"exif": exif}):
        look = saved(tmp_path / "x.jpg", picture, quality=80, **options)
        assert (look.trouble, look.cut) == ("", False)
        data = (tmp_path / "x.jpg").read_bytes()
        (tmp_path / "x.jpg").write_bytes(data + b"\xff\xda and what a telephone adds")
        assert not look_at(tmp_path / "x.jpg").cut
        (tmp_path / "x.jpg").write_bytes(data[:-2])
        look = look_at(tmp_path / "x.jpg")
        assert look.cut or look.trouble
        (tmp_path / "x.jpg").write_bytes(data[: len(data) * 2 // 3])
        assert look_at(tmp_path / "x.jpg").trouble == "it ends too early"


def test_no_bytes_make_it_raise(tmp_path: Path) -> None:
    numbers = random.Random(7)
    picture = scene(numbers, (64, 48))
    for ending in ("jpg", "png", "webp", "gif", "bmp", "tif"):
        picture.save(tmp_path / f"good.{ending}")
        data = bytearray((tmp_path / f"good.{ending}").read_bytes())
        for number in range(40):
            spoilt = bytearray(data)
            for _ in range(numbers.randint(1, 30)):
                spoilt[numbers.randrange(len(spoilt))] = numbers.randrange(256)
            file = tmp_path / f"{number}.{ending}"
            file.write_bytes(spoilt)
    tree = open_tree(tmp_path)
    pictures = [Picture(name, name, None, None, ()) for name in tree.pictures]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Gallery(tree) as gallery:
            looks = [look for _, look in gallery.looked(pictures)]
    assert len(looks) == len(pictures)
    assert all(isinstance(look, Look) for look in looks)


def test_damaged_notes_are_no_fault_of_a_picture(tmp_path: Path) -> None:
    picture = scene(random.Random(8), (64, 48))
    picture.save(tmp_path / "x.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(30))
    with Gallery(open_tree(tmp_path)) as gallery:
        [(_, look)] = gallery.looked([Picture("x.jpg", "x.jpg", None, None, ())])
    assert look is not None
    assert look.trouble == ""


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "JPEG"])
def test_a_turned_picture_is_seen_upright_whatever_its_format(tmp_path: Path, kind: str) -> None:
    stored = scene(random.Random(5), (96, 64))
    exif = Image.Exif()
    exif[0x0112] = 6
    stored.save(tmp_path / "turned", kind, exif=exif, quality=95)
    stored.transpose(Image.Transpose.ROTATE_270).save(tmp_path / "upright", "PNG")
    turned, upright = look_at(tmp_path / "turned"), look_at(tmp_path / "upright")
    assert (turned.width, turned.height, turned.turned) == (64, 96, True)
    grey, other = (
        np.frombuffer(each.small[: EDGE * EDGE], np.uint8).astype(int) for each in (turned, upright)
    )
    assert np.abs(grey - other).mean() < 3


@pytest.mark.parametrize(
    ("numbers", "stretched"),
    [
        ([0.0, 0.25, 0.5], [0, 127, 255]),
        ([100.0, 300.0, 500.0], [0, 127, 255]),
        ([7.0, 7.0, 7.0], [0, 0, 0]),
        ([np.nan, 0.0, 1.0], [0, 0, 255]),
        ([np.inf, -1.0, 1.0], [0, 0, 255]),
        ([np.nan, np.nan, np.nan], [0, 0, 0]),
    ],
)
def test_numbers_of_any_range_are_brought_to_8_bits(numbers: list[float], stretched: list[int]) -> None:
    made = _stretched(Image.fromarray(np.array([numbers], np.float32)))
    assert np.asarray(made).tolist() == [stretched]
