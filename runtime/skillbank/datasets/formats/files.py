"""Files of annotations as bytes, text, JSON and XML: read within a bound, whatever tool wrote them."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar
from xml.etree import ElementTree

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError, fromstring, iterparse

from skillbank.datasets.plain_files import open_plain
from skillbank.datasets.texts import encoding_of, start_of, utf8_of
from skillbank.visible import one_line

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["UnreadableError", "content", "head", "json_as", "opened", "text_of", "xml_of", "xml_parts"]

T = TypeVar("T")

_MOST = 512 * 1024 * 1024
"""Bytes of one file that is read whole; the picture that LabelMe puts into its file is within that."""
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*?\?>")
_HEAD = 256
_UNICODE = (b"utf", b"us-ascii", b"ascii")
_LIKE_ASCII = (b"utf-8", b"us-ascii", b"ascii", b"iso-8859-1", b"latin-1")
_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,100}encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")


class UnreadableError(Exception):
    """A file cannot be read; its text is half a sentence without the file: "is no JSON (...)"."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a plain file; what is none (a pipe that nobody writes to) is not waited for.

    Raises
    ------
    UnreadableError
    """
    try:
        file = open_plain(path)
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise UnreadableError("is no plain file") from None
        raise UnreadableError(f"cannot be opened ({error.strerror})") from None
    with file:
        try:
            yield file
        except OSError as error:
            raise UnreadableError(f"cannot be read ({error.strerror})") from None


def head(path: Path, length: int = 4096) -> bytes:
    """Return the first bytes of a file, in UTF-8 without its mark; none where it cannot be read."""
    try:
        with opened(path) as file:
            return start_of(file.read(length))
    except UnreadableError:
        return b""


def content(path: Path, most: int = _MOST) -> bytes:
    """Return what a file holds, in UTF-8 without a mark.

    Raises
    ------
    UnreadableError
        When it is no plain file, cannot be read, is longer than ``most`` bytes, or not in the encoding that
        its first bytes say.
    """
    return _utf8(path, _bytes(path, most))


def text_of(path: Path, most: int = _MOST) -> str:
    """Return what a file holds as text; see `content`."""
    return content(path, most).decode()


def _bytes(path: Path, most: int) -> bytes:
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise UnreadableError(f"has {size:,} bytes, more than the {most:,} that are read of one file")
        return file.read(most)


def _utf8(path: Path, raw: bytes) -> bytes:
    try:
        return utf8_of(path, raw)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"is no text in {error.encoding} ({error.reason})") from None


def json_as(raw: bytes, form: type[T]) -> T:
    """Return a JSON document, in UTF-8, in a form that msgspec knows.

    The words NaN and Infinity, which Python writes, are read as null, as are numbers without bound.

    Raises
    ------
    UnreadableError
    """
    try:
        return msgspec.json.decode(raw, type=form)
    except msgspec.ValidationError as error:
        if "out of range" not in str(error):
            raise UnreadableError(f"is not what it should be ({_said(error)})") from None
    except RecursionError:
        raise UnreadableError("is nested too deeply") from None
    except (msgspec.DecodeError, ValueError):
        pass  # NaN, or no JSON at all
    try:
        document = json.loads(raw.decode(), parse_int=_whole)
        return msgspec.json.decode(msgspec.json.encode(document), type=form)  # NaN becomes null
    except msgspec.ValidationError as error:
        raise UnreadableError(f"is not what it should be ({_said(error)})") from None
    except RecursionError:
        raise UnreadableError("is nested too deeply") from None
    except ValueError as error:
        raise UnreadableError(f"is no JSON ({_said(error)})") from None


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 19 else float(digits)


def xml_of(path: Path) -> Element:
    """Return the root of an XML document, in the encoding that it declares, else as any text is read.

    Raises
    ------
    UnreadableError
        Also when it defines entities, which no annotation needs and which can grow without bound.
    """
    raw = _bytes(path, _MOST)
    try:
        try:
            return _parsed(raw)
        except (ParseError, ValueError, LookupError) as error:
            if isinstance(error, DefusedXmlException) or (text := _xml_text(path, raw)) is None:
                raise
            return _parsed(_DECLARATION.sub("", text).encode())
    except DefusedXmlException as error:
        raise UnreadableError(f"holds what an annotation never needs ({type(error).__name__})") from None
    except (ParseError, ValueError, LookupError) as error:
        raise UnreadableError(f"is no XML ({_said(error)})") from None


def _parsed(raw: bytes) -> Element:
    """Parse XML; where no entity can be defined, by the parser in C, which is four times as fast.

    A document type begins with these letters in every encoding that agrees with ASCII. In UTF-16, or in a
    code page that the declaration may name, other bytes could stand for them.
    """
    declared = _DECLARED.match(raw)
    declaration = raw.partition(b"?>")[0]
    is_plain = declared[1].lower() in _LIKE_ASCII if declared is not None else b"encoding" not in declaration
    if is_plain and not any(each in raw for each in (b"\0", b"<!D", b"<!E")):
        return ElementTree.fromstring(raw)
    root: Element = fromstring(raw)
    return root


def _xml_text(path: Path, raw: bytes) -> str | None:
    """Decode XML that the parser does not: in an encoding that only Python knows, or in one that is not said.

    Returns None where it is the UTF-8 that the parser has seen.
    """
    if (declared := _DECLARED.match(raw)) is not None:
        try:
            return raw.decode(declared[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass
    decoded = _utf8(path, raw)
    return None if decoded == raw else decoded.decode()


class _AsUtf8:
    """A file that hands on as UTF-8 what is written in another encoding."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._text = TextIOWrapper(file, encoding, newline="")

    def read(self, size: int = -1) -> bytes:
        """Return so many letters."""
        return self._text.read(size).encode()


def _parsing(path: Path, file: BinaryIO) -> tuple[BinaryIO | _AsUtf8, str | None]:
    """Return what the parser is to read of a file, and its encoding where the document's own is not meant."""
    declared = _DECLARED.match(start_of(file.read(_HEAD)))
    file.seek(0)
    is_said = declared is not None and not declared[1].lower().startswith(_UNICODE)
    encoding = declared[1].decode("ascii") if declared is not None and is_said else encoding_of(path)
    return (file, None) if encoding.startswith("utf-8") else (_AsUtf8(file, encoding), "utf-8")


def xml_parts(path: Path, tags: frozenset[str]) -> Iterator[Element]:
    """Yield the elements directly below the root that have one of some tags, and forget each behind it.

    Raises
    ------
    UnreadableError
    """
    with opened(path) as file:
        try:
            depth, root = 0, None
            source, encoding = _parsing(path, file)
            parser = DefusedXMLParser(encoding=encoding)
            for event, element in iterparse(source, events=("start", "end"), parser=parser):
                if event == "start":
                    root = element if depth == 0 else root
                    depth += 1
                    continue
                depth -= 1
                if depth == 1 and root is not None:
                    if element.tag in tags:
                        yield element
                    root.clear()
        except DefusedXmlException as error:
            raise UnreadableError(f"holds what an annotation never needs ({type(error).__name__})") from None
        except (ParseError, ValueError, LookupError) as error:
            raise UnreadableError(f"is no XML ({_said(error)})") from None


def _said(error: Exception) -> str:
    return one_line(error, 80)
