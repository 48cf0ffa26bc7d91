"""The one boundary between foreign text and eyes: what cannot be seen is written out.

Text of skills, data sets, logs and requests can hold characters that rewrite a terminal, reverse the reading
order or hide words from a person while a model reads them. Every door writes text through here; nothing else
decides what is harmless.
"""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from skillbank.redact import redact

__all__ = [
    "command_line",
    "drawn",
    "has_invisible",
    "json_text",
    "named",
    "one_line",
    "texts_in",
    "visible",
    "visible_values",
    "with_texts",
]

_PLAIN = re.compile(r"[\t\n -~]*")
_TOKEN = re.compile(r"\{[a-z_]+\}")
"""What a launch puts something in for."""
_HIDDEN = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
"""Unicode's categories: control, format (bidi, zero-width, tags), lone, private, unassigned, separators."""
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
"""Letters and marks that draw nothing."""
_EMOJI = "\ufe0f"


def visible(text: str) -> str:
    """Return a text with every character that cannot be seen written as Python would escape it.

    Tabs and line ends stay, and the mark behind a symbol that makes it an emoji.
    """
    if _PLAIN.fullmatch(text):
        return text
    return "".join(_escape(c) if _is_hidden(c, before) else c for before, c in _pairs(text))


def has_invisible(text: str) -> bool:
    """Whether `visible` would change a text."""
    return not _PLAIN.fullmatch(text) and any(_is_hidden(c, before) for before, c in _pairs(text))


def one_line(text: object, longest: int = 100) -> str:
    """Return foreign text as it may stand inside a sentence of ours: one short line, nothing hidden in it.

    Secrets are hidden before it is cut: half of one would not be recognised.
    """
    line = visible(" ".join(redact(str(text)).split()))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def command_line(words: Sequence[str], *, quoted: bool = True) -> str:
    """Return a command on one line, whole, in plain ASCII: nothing in it hides or looks like something else.

    Parameters
    ----------
    words
        The words of the command; each is quoted as a shell would need it.
    quoted
        False for a text that is a command already and is only to be made visible.
    """
    return " ".join(_word(word) if quoted else word if _is_plain(word) else _escaped(word) for word in words)


def _word(word: str) -> str:
    bare = _TOKEN.sub("x", word)  # a shell leaves braces with one word in them as they are
    if shlex.quote(bare) == bare:
        return word
    return shlex.quote(word) if _is_plain(word) else f"$'{_escaped(word)}'"


def _is_plain(word: str) -> bool:
    return all(" " <= char <= "~" for char in word)


def _escaped(word: str) -> str:
    known = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return "".join(known.get(c) or (c if " " <= c <= "~" else _escape(c)) for c in word)


def named(name: object, longest: int = 60) -> str:
    """Return a name that a skill gives as it may stand in a sentence of ours.

    A name of more than two words could read as a sentence of ours, so that its blanks are shown as a sign;
    and it is short.
    """
    line = one_line(name, longest)
    return line.replace(" ", "␣") if line.count(" ") > 1 else line


def drawn(text: str) -> str:
    """Return a text of several lines for a terminal, a page or a file; a carriage return ends a line.

    Progress bars go back to draw over what they drew: here every state is a line, and nothing is drawn over.
    """
    return visible(text.replace("\r\n", "\n").replace("\r", "\n"))


def visible_values(value: object) -> Any:
    """Return a JSON document with `visible` texts and keys, at every depth; other values stay."""
    return with_texts(value, visible)


def with_texts(value: object, change: Callable[[str], str]) -> object:
    """Return a JSON document with its texts and keys changed, at every depth; other values stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {with_texts(key, change): with_texts(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [with_texts(inner, change) for inner in value]
    return value


def texts_in(value: object) -> Iterator[str]:
    """Yield every text of a JSON document, keys too, however deep it is."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            for key, inner in reversed(list(value.items())):
                waiting += [inner, key]
        elif isinstance(value, list | tuple):
            waiting += reversed(value)


def json_text(document: object, indent: int | None = None, *, compact: bool = False, nan: bool = True) -> str:
    """Return a document as JSON in which what cannot be seen is an escape of JSON's: nothing is lost.

    Values that JSON has no form for are written as their text.
    """
    separators = (",", ":") if compact else None
    text = json.dumps(
        document, indent=indent, separators=separators, ensure_ascii=False, default=str, allow_nan=nan
    )
    if _PLAIN.fullmatch(text):
        return text
    return "".join(_json_escape(c) if _is_hidden(c, before) else c for before, c in _pairs(text))


def _json_escape(char: str) -> str:
    code = ord(char)
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield every character behind the one before it."""
    return zip(" " + text, text, strict=False)


def _is_hidden(char: str, before: str) -> bool:
    if char in "\t\n":
        return False
    if char == _EMOJI:
        return unicodedata.category(before) != "So"
    return (
        unicodedata.category(char) in _HIDDEN
        or char in _BLANKS
        or "\ufe00" <= char <= "\ufe0f"
        or "\U000e0100" <= char <= "\U000e01ef"
    )


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
