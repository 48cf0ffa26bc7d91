"""One look at a picture's file: decoded as far as it takes to know that it is whole, and a small copy."""

from __future__ import annotations

import hashlib
import warnings
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image, UnidentifiedImageError

from skillbank.datasets.heads import MOST_PIXELS, ON_THEIR_SIDE, ORIENTATION, known_formats
from skillbank.datasets.no_pictures import why_gone, why_none

__all__ = ["COLOURS", "EDGE", "SMALL", "Look", "look_at", "small_of"]

_MOST_BYTES = 4 << 30
EDGE = 32
"""Edge of the small grey picture by which look-alikes are found."""
COLOURS = 8
"""Edge of the smaller one in colours."""
SMALL = EDGE * EDGE + 3 * COLOURS * COLOURS + EDGE * EDGE // 4
"""Bytes of a small picture."""
_DRAFT = 4 * EDGE
_SLOPE = 6
"""Levels of grey that a difference of two by two small places must have to count."""
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DEEP_RAW = ("16", "32F", "F;")
_JPEG, _SCAN, _END = b"\xff\xd8\xff", b"\xff\xda", b"\xff\xd9"
# Who opens a picture here looks at its size; Pillow would only warn of it.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class Look(msgspec.Struct, frozen=True, array_like=True):
    """What a look at a file has found.

    Attributes
    ----------
    trouble
        Why it cannot be decoded, half a sentence; empty for a sound picture. Of a broken one all else is
        empty but what was known before it broke.
    width, height
        Pixels of the upright picture.
    turned
        Whether its EXIF orientation shows it on its side, so that it is stored with these exchanged.
    mode, kind
        Pillow's names of its colours and of its file format.
    frames
        How many the file has.
    deep
        Whether it has more than 8 bits a colour.
    cut
        Whether it is a JPEG without an end.
    digest
        16 bytes that stand for the file's content.
    small
        The picture, upright, as ``EDGE`` x ``EDGE`` grey bytes, ``COLOURS`` x ``COLOURS`` RGB ones, and two
        bits for each grey one: whether it becomes brighter from left to right, and darker.
    """

    trouble: str = ""
    width: int = 0
    height: int = 0
    turned: bool = False
    mode: str = ""
    kind: str = ""
    frames: int = 1
    deep: bool = False
    cut: bool = False
    digest: bytes = b""
    small: bytes = b""


def look_at(path: Path) -> Look:
    """Read and decode a picture; whatever is wrong with it is told, nothing is raised."""
    try:
        if gone := why_gone(path):
            return Look(gone)
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        return Look(f"it cannot be read: {error.strerror}")
    if len(data) > _MOST_BYTES:
        return Look(f"it is larger than {_MOST_BYTES >> 30} GiB")
    digest = hashlib.blake2b(data, digest_size=16).digest()
    try:
        with Image.open(BytesIO(data), formats=known_formats()) as picture:
            return _looked(picture, data, digest)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Look(f"it has more than {MOST_PIXELS / 1e6:.0f} million pixels", digest=digest)
    except UnidentifiedImageError:
        return Look(why_none(data), digest=digest)
    except MemoryError:
        return Look("it does not fit into the memory")
    except Exception as error:  # what the decoders trip over depends on the bytes that they find
        return Look(_why(error), digest=digest)


def _looked(picture: Image.Image, data: bytes, digest: bytes) -> Look:
    width, height = picture.size
    if width * height > MOST_PIXELS:
        return Look(f"it has more than {MOST_PIXELS / 1e6:.0f} million pixels", digest=digest)
    kind, mode, deep = picture.format or "", picture.mode, _is_deep(picture)
    held = picture.getexif().get(ORIENTATION, 1)
    turned = held in ON_THEIR_SIDE
    # Pillow gives the size of an upright TIFF, and turns it while it is loaded.
    tiff = kind == "TIFF"
    if turned and not tiff:
        width, height = height, width
    # The copies and maps behind a telephone's photograph (MPO) are no frames.
    frames = getattr(picture, "n_frames", 1) if kind in ("GIF", "PNG", "WEBP", "TIFF", "AVIF") else 1
    picture.draft("RGB", (_DRAFT, _DRAFT))
    picture.load()
    small = _small(picture, 1 if tiff else held, deep)
    cut = data.startswith(_JPEG) and not _has_end(data)
    return Look("", width, height, turned, mode, kind, frames, deep, cut, digest, small)


def _has_end(data: bytes) -> bool:
    """Whether a JPEG's end is marked; the small picture in its head has an end of its own."""
    at = 2
    while data[at : at + 1] == b"\xff":
        marker = data[at : at + 2]
        if marker == _SCAN:
            return data.find(_END, at) >= 0
        if marker == b"\xff\xff":  # padding
            at += 1
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return True


def _small(picture: Image.Image, held: int, deep: bool) -> bytes:
    """Return a small copy of a picture of any kind that was loaded."""
    if deep and picture.mode not in ("RGB", "RGBA", "L", "LA", "CMYK"):
        picture = _stretched(picture)
    flat = picture if picture.mode in ("RGB", "L", "CMYK") else _over_white(picture)
    return small_of(flat, held)


def small_of(flat: Image.Image, held: int = 1) -> bytes:
    """Return a picture in grey, in colours and in slopes, as `Look.small` has it.

    Parameters
    ----------
    flat
        Without transparency, of 8 bits a colour.
    held
        Its EXIF orientation.
    """
    tiny = flat.resize((2 * EDGE, 2 * EDGE), Image.Resampling.BILINEAR).convert("RGB")
    if held in _UPRIGHT:
        tiny = tiny.transpose(_UPRIGHT[held])
    colours = tiny.resize((COLOURS, COLOURS), Image.Resampling.BOX)
    grey = tiny.convert("L")
    fine = np.asarray(grey, np.int16)
    # Whether each place becomes brighter or darker from left to right, or neither.
    slope = (fine[:, 1::2] - fine[:, ::2]).reshape(EDGE, 2, EDGE).sum(1)
    bits = np.packbits(np.stack([slope > _SLOPE, slope < -_SLOPE]))
    return grey.reduce(2).tobytes() + colours.tobytes() + bits.tobytes()


def _over_white(picture: Image.Image) -> Image.Image:
    if picture.has_transparency_data:
        full = picture.convert("RGBA")
        white = Image.new("RGBA", full.size, "white")
        return Image.alpha_composite(white, full).convert("RGB")
    return picture.convert("RGB")


def _stretched(picture: Image.Image) -> Image.Image:
    """Bring numbers of any range to 8 bits; those that are none count as the least."""
    numbers = np.asarray(picture).astype(np.float32)
    finite = np.isfinite(numbers)
    low, high = (numbers[finite].min(), numbers[finite].max()) if finite.any() else (0.0, 1.0)
    numbers = np.where(finite, numbers, low).astype(np.float32) - low
    return Image.fromarray((numbers * (255.0 / max(high - low, 1e-12))).clip(0, 255).astype(np.uint8))


def _is_deep(picture: Image.Image) -> bool:
    """Whether a picture that was opened, but not loaded, has more than 8 bits a colour."""
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        return True
    tiles = getattr(picture, "tile", None) or []
    arguments = tiles[0][3] if tiles else ""
    raw = arguments[0] if isinstance(arguments, tuple | list) and arguments else arguments
    if isinstance(raw, str) and any(mark in raw for mark in _DEEP_RAW):
        return True
    bits = getattr(picture, "tag_v2", {}).get(258, (8,))
    return bool(max(bits if isinstance(bits, tuple) else (bits,)) > 8)


def _why(error: Exception) -> str:
    told = " ".join(str(error).split())[:120]
    if "truncated" in told or isinstance(error, EOFError):
        return "it ends too early"
    return f"it cannot be decoded ({told})" if told else f"it cannot be decoded ({type(error).__name__})"
