"""The words of a label command: pictures come first, then descriptions, or files of them as ``@FILE``."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skillbank.descriptions import split_text
from skillbank.errors import DataError, DataNotFoundError, UsageError
from skillbank.nearby import at_home, near_path
from skillbank.plan.products import PICTURE_SUFFIXES
from skillbank.team.places import refuse_hidden
from skillbank.ways import option

__all__ = ["Words", "read_file", "tell_apart"]

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MOST_BYTES = 1 << 20
SCHEME = "s3://"
_FROM_A_PLACE = re.compile(r"(?:\.{1,2}|~[\w.-]*)?[/\\]|[A-Za-z]:[/\\]|[a-z][a-z0-9+]*://")
_FILE_SUFFIX = re.compile(
    r"\S+\.(?:txt|json|jsonl|ya?ml|csv|zip|tar|tgz|gz|pth|onnx|pdf|heic|mp4)", re.IGNORECASE
)


@dataclass
class Words:
    """What a command names.

    Attributes
    ----------
    pictures
        Pictures and folders.
    buckets
        Pictures and folders in buckets, as URIs.
    texts
        Texts of descriptions, those of files among them.
    notes
        Sentences on how a file was read.
    """

    pictures: list[Path] = field(default_factory=list)
    buckets: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def tell_apart(words: Sequence[str], options: Sequence[str] = (), *, classes: bool = False) -> Words:
    """Tell pictures from descriptions.

    Parameters
    ----------
    words
        As they were written; the first one is a picture or a folder.
    options
        Descriptions given as options; with these all words may be pictures.
    classes
        Whether descriptions are classes, with ``=`` before their captions: then there may be no picture, and
        the first word may be a class with its ``=``.

    Raises
    ------
    UsageError
        When a word could be either, or a picture follows a description.
    DataNotFoundError
        When a word looks like a place where nothing is.
    DataError
        When a file of descriptions cannot be read.
    """
    found = Words()
    places = [word for word in words if word.startswith(SCHEME)]
    if classes:
        found.buckets, words = places, [word for word in words if word not in places]
    elif places:
        raise UsageError(
            f"{places[0]} is in a bucket; its pictures are labelled into a label set, with "
            f"{option('into', 'NAME')}."
        )
    else:
        found.pictures.append(Path(words[0]))
        words = words[1:]
    for number, word in enumerate(words):
        _sort(found, word, certain=bool(options), classes=classes, first=classes and number == 0)
    for text in options:
        _describe(found, text)
    if found.buckets and found.pictures:
        raise UsageError(
            f"{found.buckets[0]} is in a bucket and {found.pictures[0]} on this machine; label one after "
            "the other."
        )
    for text in found.texts if classes else ():
        _refuse_references(text)
    return found


def _sort(found: Words, word: str, *, certain: bool, classes: bool, first: bool) -> None:
    """Put a word where it belongs.

    Parameters
    ----------
    certain
        Whether what is there is a picture whatever its name.
    classes, first
        Whether a description is a class, and whether this word may be the first one.
    """
    if word.startswith("@"):
        if classes:
            _refuse_yaml(word)
        _describe(found, word)
    elif word.strip() and _exists(at_home(Path(word))):
        _refuse_doubt(word, late=bool(found.texts), picture=first or certain)
        found.pictures.append(Path(word))
    else:
        if not (classes and "=" in word):
            _refuse_place(word, for_class=first and not found.buckets)
        found.texts.append(word)


def _refuse_doubt(word: str, *, late: bool, picture: bool) -> None:
    """Refuse a file or folder that may be a description: it comes late, or does not look like a picture.

    Parameters
    ----------
    late
        Whether a description came before it.
    picture
        Whether it can be none but a picture, where nothing came before it.
    """
    if late:
        raise UsageError(
            f"'{word}' stands after a description and is a file or folder here; put pictures first, or "
            f"write {option('text')} '{word}' for the description."
        )
    if not picture and not (word.lower().endswith(PICTURE_SUFFIXES) or "/" in word or "\\" in word):
        raise _either(word)


def _describe(found: Words, text: str) -> None:
    if text.startswith("@") and not text[1:2].isspace() and len(text) > 1:
        lines, notes = read_file(Path(text[1:]))
        found.texts += lines
        found.notes += notes
    else:
        found.texts.append(text)


def _either(word: str) -> UsageError:
    if at_home(Path(word)).is_file():
        return UsageError(
            f"'{word}' is a file here, but no picture ({', '.join(PICTURE_SUFFIXES)}); write @{word} to read "
            f"descriptions from it, {option('text')} '{word}' for the description."
        )
    return UsageError(
        f"'{word}' is a description or the folder of that name; write ./{word} for the folder, "
        f"{option('text')} '{word}' for the description."
    )


def _refuse_place(word: str, *, for_class: bool) -> None:
    """Refuse what was meant as a picture or a folder and is not there; `for_class`, any other word too."""
    if for_class:
        raise DataNotFoundError(
            f"There is no picture or folder {word} here{near_path(at_home(Path(word)))}; a class that comes "
            "first is written as NAME = caption."
        )
    if _looks_like_a_place(word):
        raise DataNotFoundError(
            f"There is no picture or folder {word} here{near_path(at_home(Path(word)))}; if it is a "
            f"description, use {option('text')} for it."
        )


def _refuse_yaml(word: str) -> None:
    """Refuse a file of classes in the place of one of descriptions."""
    if word.lower().endswith((".yaml", ".yml")):
        raise UsageError(f"{word[1:]} is a file in YAML; give it as {option('classes', f'{word[1:]}')}.")


def _refuse_references(text: str) -> None:
    """Refuse a class whose captions are files: a model is asked in words."""
    name, sign, captions = text.partition("=")
    for caption in map(str.strip, captions.split("|")) if sign else ():
        if caption and _looks_like_a_place(caption):
            raise UsageError(
                f"'{caption}' of '{name.strip()}' is a file's name, and a caption is words; write what is "
                "seen."
            )


def _looks_like_a_place(word: str) -> bool:
    return (
        word.lower().endswith(PICTURE_SUFFIXES)
        or word.endswith(("/", "\\"))
        or _FROM_A_PLACE.match(word) is not None
        or _FILE_SUFFIX.fullmatch(word) is not None
        or _is_below_a_folder(word)
    )


def _is_below_a_folder(word: str) -> bool:
    """Whether a word leads into a folder that is there: ``photos/nihgt``, but not ``and/or``."""
    first, slash, _ = word.partition("/")
    if not slash or any(map(str.isspace, word)):
        return False
    folder = Path(first)
    return (_exists(folder) and folder.is_dir()) or ("*" in word)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a description may be longer than any name of a file, or hold anything
        return False


def read_file(path: Path) -> tuple[list[str], list[str]]:
    r"""Read a file of descriptions: one a line, without blank lines and those that begin with ``#``.

    Parameters
    ----------
    path
        Text in UTF-8, or in UTF-16 with its mark at the beginning. ``\#`` begins a description with ``#``.

    Returns
    -------
    tuple
        The lines, and sentences on lines that may not have been meant as comments.

    Raises
    ------
    DataNotFoundError
        When it is not there.
    DataError
        When it cannot be read, is no such text, or holds no description.
    """
    text = _decoded(path)
    lines, notes = [], []
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if line.startswith("#"):
            if line[1:2].isalnum():
                notes.append(
                    f"Line {number} of {path}, '{line}', was taken for a comment; "
                    f"write \\{line} to look for it."
                )
        elif split_text(line):
            lines.append(line.removeprefix("\\") if line.startswith("\\#") else line)
    if not lines:
        raise DataError(f"{path} holds no description; write one a line.")
    return lines, notes


def _decoded(path: Path) -> str:
    file = at_home(path)
    refuse_hidden([file])
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise DataNotFoundError(
            f"There is no file {path} of descriptions here{near_path(file)}; give its path after the @."
        ) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise DataError(
            f"{path} cannot be read ({why}); give a text file with one description a line."
        ) from None
    if len(data) > _MOST_BYTES:
        raise DataError(f"{path} is larger than 1 MB; give a text file with one description a line.")
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text in UTF-8 (byte {error.start}); save it as UTF-8.") from None
    if "\0" in text:
        raise DataError(f"{path} holds NUL characters, so it is not text in UTF-8; save it as UTF-8.")
    return text
