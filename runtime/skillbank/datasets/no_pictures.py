"""Why a file that is called a picture is none that can be read: what it is instead, with the way out."""

from __future__ import annotations

import re
from pathlib import Path

from skillbank.visible import one_line

__all__ = ["why_gone", "why_none"]

_POINTER = b"version https://git-lfs.github.com/spec/"
_PAGE = re.compile(rb"\s*(<!--.*?-->\s*)?<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_MARKUP = re.compile(rb"\s*<(\?xml|svg|error)\b", re.IGNORECASE)
_FIRST = 512
_PHONE = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_STARTS = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "packed by gzip"),
    (b"8BPS", "a drawing of Photoshop"),
    (b"\x93NUMPY", "an array of NumPy"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"\x1aE\xdf\xa3", "a film"),
)
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f")


def why_gone(path: Path) -> str:
    """Return why there is no file behind a name, half a sentence; empty where there is one."""
    if path.is_file():
        return ""
    if path.is_symlink():
        return f"it is a link to {one_line(path.readlink(), 200)}, which is not there"
    return "it is no file"


def why_none(data: bytes) -> str:
    """Return what the content of a file is that no decoder knows, half a sentence.

    Parameters
    ----------
    data
        Its first 512 bytes, or more.
    """
    first = data[:_FIRST]
    if not first:
        return "it is empty"
    if first.startswith(_POINTER):
        return "it is a pointer of Git LFS: git lfs pull brings the picture"
    if _PAGE.match(first):
        return "it is a web page (HTML), as a failed download leaves it: download it again"
    if _MARKUP.match(first):
        return "it is XML: save it as JPEG or PNG, or download it again"
    if first[4:8] == b"ftyp":
        film = first[8:12] not in _PHONE
        return "it is a film or AVIF" if film else "it is HEIC, which is not read: save it as JPEG"
    for start, what in _STARTS:
        if first.startswith(start):
            return f"it is {what}"
    if not first.strip(b"\0"):
        return "it begins with nothing but zeros: copy it again"
    if _CONTROLS.isdisjoint(first) and _is_text(first):
        return f"it is text: '{one_line(first.decode('utf-8', 'ignore'), 60)}'"
    return "it is no picture that is known"


def _is_text(first: bytes) -> bool:
    try:
        first.decode("utf-8")
    except UnicodeDecodeError as error:  # a letter may be cut off at the end
        return error.start >= len(first) - 3 and len(first) == _FIRST
    return True
