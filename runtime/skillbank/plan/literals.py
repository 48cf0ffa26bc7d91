"""How texts and values of others stand in the canonical sentence: on one line, and read back as they are.

A text in double quotes has the escapes of YAML, which `unquoted` reads. Everything in it that cannot be seen,
or that could be taken for a mark of the sentence (quotes of any script, dashes, full-width marks, blanks that
are no space), is an escape, so that no text can end its quotes, begin a clause or draw a line of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from skillbank.bank.documents import parse_yaml
from skillbank.errors import SkillFormatError
from skillbank.redact import redact
from skillbank.visible import texts_in, visible

__all__ = ["dotted", "hide_secrets", "is_secret", "name", "place", "quoted", "unquoted", "value"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[.:-]+[A-Za-z0-9_]+)*")
_PART = r"[A-Za-z0-9_][A-Za-z0-9_-]*(?:\[\d+\])*"
_KEY = re.compile(rf"{_PART}(?:\.{_PART})*")
_PLACE = re.compile(r"(?:[A-Za-z0-9_./:@%+=-]*/)?[A-Za-z0-9_./:@%+=-]*[A-Za-z0-9_/]")
_LOGIN = re.compile(r"//[^/@\s]+@")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_SEEN = ("L", "M", "Nd", "So", "Sc")
"""Unicode's categories of what stays as it is beyond ASCII: letters, their marks, digits, pictures, coins."""


def hide_secrets(text: str) -> str:
    """Return a text without secrets and without the login inside an address."""
    return _LOGIN.sub("//...@", redact(text))


def is_secret(value: object) -> bool:
    """Whether anything in a value is not shown, at any depth."""
    return any(hide_secrets(text) != text for text in texts_in(value))


def quoted(text: str, *, ascii_only: bool = False) -> str:
    """Return a text in double quotes; its secrets are hidden."""
    safe = "".join(_ESCAPES.get(char) or _char(char, ascii_only) for char in hide_secrets(text))
    # Doors draw several blanks as one.
    return '"' + re.sub(r"(?<= ) ", r"\\x20", visible(safe)) + '"'


def unquoted(text: str) -> str:
    """Return what a text in double quotes stands for; one without quotes is itself."""
    if not text.startswith('"'):
        return text
    if not re.fullmatch(r'"(?:[^"\\]|\\.)*"', text, re.DOTALL):
        raise ValueError(f"{text[:80]} is no text in double quotes")
    return re.sub(r"\\(x..|u.{4}|U.{8}|.)", _meant, text[1:-1], flags=re.DOTALL)


def _meant(escape: re.Match[str]) -> str:
    plain = {written[1]: char for char, written in _ESCAPES.items()}
    return plain[escape[1]] if escape[1] in plain else chr(int(escape[1][1:] or "?", 16))


def _char(char: str, ascii_only: bool) -> str:
    if char.isascii() or (not ascii_only and unicodedata.category(char).startswith(_SEEN)):
        return char
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def name(text: str) -> str:
    """Return the name of a skill, an action or a variant; letters that imitate others are escapes."""
    return text if _NAME.fullmatch(text) else quoted(text, ascii_only=True)


def dotted(key: str) -> str:
    """Return the dotted key of a setting; one that people do not type so stands in quotes."""
    return key if _KEY.fullmatch(key) else quoted(key, ascii_only=True)


def place(text: str) -> str:
    """Return a place: bare where it has a slash and only characters of plain addresses, else in quotes."""
    bare = "/" in text and _PLACE.fullmatch(text) and hide_secrets(text) == text
    return text if bare else quoted(text)


def value(content: object) -> str:
    """Return a value in YAML's flow style: numbers and plain words bare, other texts in quotes."""
    if isinstance(content, Mapping):
        return "{" + ", ".join(f"{_key(k)}: {_inner(v)}" for k, v in content.items()) + "}"
    if isinstance(content, list | tuple):
        return "[" + ", ".join(map(_inner, content)) + "]"
    if isinstance(content, str):
        bare = (_NAME.fullmatch(content) or place(content) == content) and _reads_as(content, content)
        return content if bare else quoted(content)
    return _scalar(content)


def _inner(content: object) -> str:
    return quoted(content) if isinstance(content, str) else value(content)


def _key(content: object) -> str:
    return quoted(content) if isinstance(content, str) else _scalar(content)


def _scalar(content: object) -> str:
    if content is None or isinstance(content, bool):
        return {None: "null", True: "true", False: "false"}[content]
    if isinstance(content, float) and (content != content or content in (float("inf"), float("-inf"))):
        return ".nan" if content != content else ".inf" if content > 0 else "-.inf"
    if isinstance(content, int | float):
        return repr(content)
    return quoted(str(content))


def _reads_as(text: str, wanted: str) -> bool:
    try:
        found = parse_yaml(text, "value")
    except SkillFormatError:
        return False
    return isinstance(found, str) and found == wanted
