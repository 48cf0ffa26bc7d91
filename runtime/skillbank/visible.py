"""The one boundary between foreign text and eyes: what cannot be seen is written out.

Text of skills, data sets, logs and requests can hold characters that rewrite a terminal, reverse the reading
order or hide words from a person while a model reads them. Every door writes text through here; nothing else
decides what is harmless.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterator, Sequence

from skillbank.redact import redact

__all__ = ["command_line", "has_invisible", "one_line", "visible"]

_PLAIN = re.compile(r"[\t\n -~]*")
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
    return shlex.quote(word) if _is_plain(word) else f"$'{_escaped(word)}'"


def _is_plain(word: str) -> bool:
    return all(" " <= char <= "~" for char in word)


def _escaped(word: str) -> str:
    known = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return "".join(known.get(c) or (c if " " <= c <= "~" else _escape(c)) for c in word)


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
