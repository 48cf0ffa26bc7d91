"""Text files of data sets as people's tools leave them: byte order marks, UTF-16, Latin-1, Windows line ends.

Everything is handed on as UTF-8 without a mark. What is no UTF-8 is read as Latin-1 and said.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

from skillbank.datasets.plain_files import open_plain
from skillbank.errors import DataError
from skillbank.visible import one_line

__all__ = ["encoding_note", "encoding_of", "lines_of", "list_note", "read_text", "read_utf8"]

_PIECE = 1 << 20
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the mark of UTF-16, so it is looked for first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LATIN = "cp1252"
"""What people call Latin-1: Windows has letters where ISO 8859-1 has control characters."""


def encoding_of(path: Path) -> str:
    """Return how a file is written: utf-8, utf-8-sig, utf-16 (-le, -be), utf-32, cp1252 or latin-1."""
    try:
        with open_plain(path) as file:
            marked = _marked(file.read(4))
            if marked:
                return marked
            file.seek(0)
            decoder = codecs.getincrementaldecoder("utf-8")()
            while piece := file.read(_PIECE):
                if not piece.isascii() or decoder.getstate()[0]:
                    decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _latin(path)
    except OSError as error:
        raise _unopened(path, error) from None
    return "utf-8"


def encoding_note(name: str, encoding: str) -> tuple[str, ...]:
    """Return what is to be said of a file's encoding: nothing of any Unicode."""
    if encoding.startswith("utf"):
        return ()
    return (
        f"{one_line(name)} is not UTF-8; it is read as Latin-1 (Windows-1252): look at names with other "
        "letters than a to z, and save it as UTF-8 where they are wrong",
    )


def list_note(path: Path, name: str) -> tuple[str, ...]:
    """Return what is to be said of the encoding of a file that names classes, which `read_text` guesses."""
    return encoding_note(name, encoding_of(path))


def read_utf8(path: Path, encoding: str = "") -> bytes:
    """Return a whole file as UTF-8 without a mark."""
    encoding = encoding or encoding_of(path)
    try:
        with open_plain(path) as file:
            data = file.read()
        if encoding == "utf-8":
            return data
        if encoding == "utf-8-sig":
            return data[len(codecs.BOM_UTF8) :]
        return data.decode(encoding).encode("utf-8", "surrogatepass")
    except OSError as error:
        raise _unopened(path, error) from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text in {encoding} ({error.reason}): save it as UTF-8") from None


def read_text(path: Path) -> str:
    """Return a small file as text, whatever Unicode or Latin-1 it is written in."""
    try:
        with open_plain(path) as file:
            data = file.read()
    except OSError as error:
        raise _unopened(path, error) from None
    encoding = _marked(data[:4])
    for each in (encoding,) if encoding else ("utf-8", _LATIN):
        try:
            return data.decode(each)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def lines_of(path: Path, encoding: str) -> Iterator[bytes]:
    """Yield the lines of a file as UTF-8, a line at a time, without holding the file."""
    try:
        if encoding == "utf-8":
            with open_plain(path) as file:
                yield from file
        else:
            with TextIOWrapper(open_plain(path), encoding, newline="\n") as text:
                for line in text:
                    yield line.encode("utf-8", "surrogatepass")
    except OSError as error:
        raise _unopened(path, error) from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text in {encoding} ({error.reason}): save it as UTF-8") from None


def _marked(start: bytes) -> str:
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    # PowerShell and Notepad once left UTF-16 without a mark; text of data sets begins with ASCII.
    if len(start) >= 2 and (start[0] == 0) != (start[1] == 0):
        return "utf-16-be" if start[0] == 0 else "utf-16-le"
    return ""


def _latin(path: Path) -> str:
    try:
        with TextIOWrapper(open_plain(path), _LATIN) as text:
            while text.read(_PIECE):
                pass
    except UnicodeDecodeError:
        return "latin-1"
    return _LATIN


def _unopened(path: Path, error: OSError) -> DataError:
    return DataError(f"{path} cannot be read: {error.strerror or error}")
