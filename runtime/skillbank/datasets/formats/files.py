"""Files of annotations as bytes, text, JSON and XML: read within a bound, whatever tool wrote them."""

from __future__ import annotations

import codecs
import errno
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar
from xml.etree import ElementTree

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring, iterparse

from skillbank.datasets.plain_files import open_plain
from skillbank.visible import one_line

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["UnreadableError", "content", "head", "json_as", "opened", "text_of", "xml_of", "xml_parts"]

T = TypeVar("T")

_MOST = 512 * 1024 * 1024
"""Bytes of one file that is read whole; the picture that LabelMe puts into its file is within that."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*?\?>")
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
            start = file.read(length)
    except UnreadableError:
        return b""
    for mark, name in _BOMS:
        if start.startswith(mark):
            return start.decode(name, "ignore").encode()
    return start


def content(path: Path, most: int = _MOST) -> bytes:
    """Return a file's bytes.

    Raises
    ------
    UnreadableError
        When it is no plain file, cannot be read, or is longer than ``most`` bytes.
    """
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise UnreadableError(f"has {size:,} bytes, more than the {most:,} that are read of one file")
        return file.read(most)


def text_of(raw: bytes) -> tuple[str, bool]:
    """Return bytes as text, and whether they were UTF-8, or UTF-16 by their mark; else they are Latin-1."""
    for mark, name in _BOMS:
        if raw.startswith(mark):
            try:
                return raw.decode(name), True
            except UnicodeDecodeError:
                break
    try:
        return raw.decode("utf-8"), True
    except UnicodeDecodeError:
        return raw.decode("latin-1"), False


def json_as(raw: bytes, form: type[T]) -> tuple[T, bool]:
    """Return a JSON document in a form that msgspec knows, and whether it was UTF-8.

    The words NaN and Infinity, which Python writes, are read as null, as are numbers without bound.

    Raises
    ------
    UnreadableError
    """
    try:
        return msgspec.json.decode(raw, type=form), True
    except msgspec.ValidationError as error:
        if "out of range" not in str(error):
            raise UnreadableError(f"is not what it should be ({_said(error)})") from None
    except RecursionError:
        raise UnreadableError("is nested too deeply") from None
    except (msgspec.DecodeError, ValueError):
        pass  # another encoding, a mark at its start, NaN, or no JSON at all
    text, is_utf8 = text_of(raw)
    try:
        document = json.loads(text, parse_int=_whole)
        return msgspec.json.decode(msgspec.json.encode(document), type=form), is_utf8  # NaN becomes null
    except msgspec.ValidationError as error:
        raise UnreadableError(f"is not what it should be ({_said(error)})") from None
    except RecursionError:
        raise UnreadableError("is nested too deeply") from None
    except ValueError as error:
        raise UnreadableError(f"is no JSON ({_said(error)})") from None


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 19 else float(digits)


def xml_of(raw: bytes) -> tuple[Element, bool]:
    """Return the root of an XML document, and whether its encoding was what it says.

    Raises
    ------
    UnreadableError
        Also when it defines entities, which no annotation needs and which can grow without bound.
    """
    try:
        try:
            return _parsed(raw), True
        except (ParseError, ValueError, LookupError) as error:
            if isinstance(error, DefusedXmlException):
                raise
            text, was_right = _xml_text(raw)
            if text is None:
                raise
            return _parsed(_DECLARATION.sub("", text).encode()), was_right
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


def _xml_text(raw: bytes) -> tuple[str | None, bool]:
    """Decode XML that the parser does not: in an encoding that only Python knows, or in Latin-1 unsaid."""
    if (declared := _DECLARED.match(raw)) is not None:
        try:
            return raw.decode(declared[1].decode("ascii")), True
        except (LookupError, UnicodeDecodeError):
            pass
    text, is_utf8 = text_of(raw)
    return (None, True) if is_utf8 else (text, False)


def xml_parts(path: Path, tags: frozenset[str]) -> Iterator[Element]:
    """Yield the elements directly below the root that have one of some tags, and forget each behind it.

    Raises
    ------
    UnreadableError
    """
    with opened(path) as file:
        try:
            depth, root = 0, None
            for event, element in iterparse(file, events=("start", "end")):
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
