"""Text files of data sets as people's tools leave them: byte order marks, UTF-16, Latin-1, Windows line ends.

Everything is handed on as UTF-8 without a mark. What is no Unicode is read as Windows-1252 or Latin-1, which
is a guess: `guessing` collects these while a data set is read, and `skillbank.datasets.guesses` says them.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import TextIOWrapper
from pathlib import Path

from skillbank.datasets.plain_files import open_plain
from skillbank.errors import DataError

__all__ = ["encoding_of", "guessing", "lines_of", "read_text", "read_utf8", "start_of", "utf8_of"]

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
_GUESSED: ContextVar[dict[Path, str] | None] = ContextVar("guessed", default=None)


@contextmanager
def guessing() -> Iterator[dict[Path, str]]:
    """Collect the files whose encoding is guessed while a block reads them, with what each is taken for."""
    guessed: dict[Path, str] = {}
    token = _GUESSED.set(guessed)
    try:
        yield guessed
    finally:
        _GUESSED.reset(token)


def encoding_of(path: Path) -> str:
    """Return how a file is written: utf-8, utf-8-sig, utf-16 (-le, -be), utf-32, cp1252 or latin-1."""
    try:
        with open_plain(path) as file:
            if marked := _marked(file.read(4)):
                return marked
            file.seek(0)
            if _is_utf8(iter(lambda: file.read(_PIECE), b"")):
                return "utf-8"
            file.seek(0)
            return _guessed(path, _latin(iter(lambda: file.read(_PIECE), b"")))
    except OSError as error:
        raise _unopened(path, error) from None


def utf8_of(path: Path, data: bytes) -> bytes:
    """Return all that a file holds as UTF-8 without a mark.

    Raises
    ------
    UnicodeDecodeError
        When it is not in the encoding that its first bytes say.
    """
    marked = _marked(data[:4])
    if marked == "utf-8-sig":
        data = data[len(codecs.BOM_UTF8) :]
    elif marked:
        return data.decode(marked).encode()
    if data.isascii() or _is_utf8(_pieces(data)):
        return data
    return data.decode(_guessed(path, _latin(_pieces(data)))).encode()


def start_of(data: bytes) -> bytes:
    """Return the first bytes of a file, which may end within a letter, as UTF-8 without a mark."""
    marked = _marked(data[:4])
    if marked == "utf-8-sig":
        return data[len(codecs.BOM_UTF8) :]
    if marked:
        return data.decode(marked, "ignore").encode()
    return data if _is_utf8([data], whole=False) else data.decode(_LATIN, "replace").encode()


def read_utf8(path: Path) -> bytes:
    """Return a whole file as UTF-8 without a mark.

    Raises
    ------
    DataError
    """
    try:
        with open_plain(path) as file:
            return utf8_of(path, file.read())
    except OSError as error:
        raise _unopened(path, error) from None
    except UnicodeDecodeError as error:
        raise _no_text(path, error) from None


def read_text(path: Path) -> str:
    """Return a small file as text, whatever Unicode or Latin-1 it is written in.

    Raises
    ------
    DataError
    """
    return read_utf8(path).decode()


def lines_of(path: Path, encoding: str) -> Iterator[bytes]:
    """Yield the lines of a file as UTF-8, a line at a time, without holding the file."""
    try:
        if encoding == "utf-8":
            with open_plain(path) as file:
                yield from file
        else:
            with TextIOWrapper(open_plain(path), encoding, newline="\n") as text:
                for line in text:
                    yield line.encode()
    except OSError as error:
        raise _unopened(path, error) from None
    except UnicodeDecodeError as error:
        raise _no_text(path, error) from None


def _marked(start: bytes) -> str:
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    # PowerShell and Notepad once left UTF-16 without a mark; text of data sets begins with ASCII.
    if len(start) >= 2 and (start[0] == 0) != (start[1] == 0):
        return "utf-16-be" if start[0] == 0 else "utf-16-le"
    return ""


def _pieces(data: bytes) -> Iterator[bytes]:
    return (data[at : at + _PIECE] for at in range(0, len(data), _PIECE))


def _is_utf8(pieces: Iterable[bytes], *, whole: bool = True) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for piece in pieces:
            if not piece.isascii() or decoder.getstate()[0]:
                decoder.decode(piece)
        decoder.decode(b"", final=whole)
    except UnicodeDecodeError:
        return False
    return True


def _latin(pieces: Iterable[bytes]) -> str:
    """Return Windows-1252, or Latin-1 where there are bytes that stand for nothing in it."""
    try:
        for piece in pieces:
            piece.decode(_LATIN)
    except UnicodeDecodeError:
        return "latin-1"
    return _LATIN


def _guessed(path: Path, encoding: str) -> str:
    guessed = _GUESSED.get()
    if guessed is not None:
        guessed[path] = encoding
    return encoding


def _unopened(path: Path, error: OSError) -> DataError:
    return DataError(f"{path} cannot be read: {error.strerror or error}")


def _no_text(path: Path, error: UnicodeDecodeError) -> DataError:
    return DataError(f"{path} is no text in {error.encoding} ({error.reason}): save it as UTF-8")
