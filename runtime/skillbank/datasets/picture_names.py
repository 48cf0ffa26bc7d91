"""Names of pictures: the endings that are read and those that are not, and a name as others write it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

__all__ = ["PICTURES", "UNREAD_ENDINGS", "bare", "ending_for", "folded", "unwritten"]

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif")
"""Endings of the pictures that are read."""
_WORDS = (
    "heic heif hif avif jxl jp2 j2k jpe jfif ppm pgm pbm pnm tga pcx ico psd exr hdr svg pdf dng cr2 cr3 nef "
    "arw orf rw2 raf dcm nii npy mp4 mov avi mkv"
)
UNREAD_ENDINGS = tuple(f".{word}" for word in _WORDS.split())
"""Endings of pictures and films that are not looked for."""


_STARTS = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"BM", ".bmp"),
    (b"GIF8", ".gif"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
)


def ending_for(start: bytes) -> str:
    """Return the ending of a picture by the first bytes of its file; empty of one that is not read."""
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return ".webp"
    return next((ending for first, ending in _STARTS if start.startswith(first)), "")


def bare(last: str) -> str:
    """Return the last part of a name without the ending of any picture, read or not, in small letters."""
    return _without(last, (*PICTURES, *UNREAD_ENDINGS))


def folded(last: str) -> str:
    """Return the last part of a name without the ending of a picture that is read, in small letters."""
    return _without(last, PICTURES)


def unwritten(name: str) -> Iterator[str]:
    """Yield what a name stands for that is an address: Label Studio writes ``/data/local-files/?d=a.jpg``."""
    plain = unquote(name)
    if plain != name:
        yield plain
    if "?d=" in plain:
        yield plain.partition("?d=")[2]
    elif "://" in plain and "?" in plain:
        yield plain.partition("?")[0]


def _without(last: str, endings: tuple[str, ...]) -> str:
    stem, dot, ending = unicodedata.normalize("NFC", last).casefold().rpartition(".")
    return stem if dot and f".{ending}" in endings else f"{stem}{dot}{ending}"
