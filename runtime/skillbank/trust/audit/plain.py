"""Text as a model reads it, whatever a person sees: one plain form in which disguises are undone.

The rules on instructions look at this form. It has small letters, no accents, no mark-up, no line ends; letters
that look like others are those others, what is hidden in tags and variation selectors stands in the open, and
escapes of YAML, JSON and HTML are what they stand for.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterator

from skillbank.bank.lookalikes import LOOK_ALIKE
from skillbank.trust.audit.linear import linear

__all__ = [
    "corrected",
    "disguised",
    "hidden_message",
    "line_of",
    "parts",
    "plain",
    "rotated",
    "squeezed",
    "unleet",
]

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U000([0-9a-fA-F]{5})|([ntr]))")
_INLINE = re.compile(
    r"</?(?:b|i|em|strong|span|a|u|s|code|wbr|font|sup|sub|mark|small)(?:\s[^<>]{0,200})?/?>", re.I
)
_EMPTY_COMMENT = re.compile(r"<!--\s*-->|\[//\]: #|&shy;|&zwnj;|&zwj;|&#8203;")
_JOINED = {ord(c): None for c in "*`\\'’‘\"“”^"}
_SPACED = {ord(c): " " for c in "()[]{}|<>#+,_-=\u2013\u2014\u2022\u00b7"}
_MARKS = str.maketrans({**_JOINED, **_SPACED})
_STOPS = str.maketrans("。！？：；，、", ".!?:;  ")
_WORD_BREAK = re.compile(r"(?<=[a-zA-Z])-\n\s*(?=[a-z])")


def plain(text: str) -> str:
    """Return a text in the plain form; a text of ASCII that is in it already is returned fast."""
    if not text.isascii():
        message = hidden_message(text)
        text = _readable(text) + (f". {message}" if message else "")
    if "&" in text and ";" in text:
        text = html.unescape(_EMPTY_COMMENT.sub("", text))
        text = text if text.isascii() else _readable(text)
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
        text = text if text.isascii() else _readable(text)
    if "<" in text:
        text = _INLINE.sub("", _EMPTY_COMMENT.sub("", text))
    if "-\n" in text:
        text = _WORD_BREAK.sub("", text)
    text = (text if text.isascii() else text.translate(_STOPS)).translate(_MARKS).casefold()
    ends = (" " if text[:1].isspace() else "", " " if len(text) > 1 and text[-1:].isspace() else "")
    return " ".join(text.split()).join(ends)


_PART = "\ue0ff"
_LISTED = re.compile(r"^(?=[ \t>]{0,12}(?:[-*+|]|#{1,6}|\d{1,3}[.)])[ \t])", re.MULTILINE)
_MAY_BE_LISTED = r"(?m)^[ \t>]{0,12}(?:[-*+|]|#{1,6}|\d{1,3}[.)])[ \t]"
_HEADING = re.compile(r"^(#{1,6} [^\n]*)$", re.MULTILINE)


def parts(text: str) -> tuple[str, list[int]]:
    """Return the plain form of a text, and where in it paragraphs, headings and entries of lists begin."""
    text = text.replace(_PART, "").replace("\n\n", f"\n{_PART}\n")
    if "#" in text:
        text = _HEADING.sub(rf"\1\n{_PART}", text)
    if linear(_MAY_BE_LISTED).search(text):
        text = _LISTED.sub(_PART, text)
    starts = [0]
    pieces = [p for p in (piece.strip() for piece in plain(text).split(_PART)) if p]
    at = 0
    for piece in pieces:
        starts.append(at)
        at += len(piece) + 1
    form = " ".join(pieces)
    return form, starts


def _readable(text: str) -> str:
    """Undo what Unicode offers for disguise: compatibility forms, look-alikes, accents, invisible marks."""
    text = unicodedata.normalize("NFKC", text).translate(LOOK_ALIKE)
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", text)
    unseen = {c: None for c in map(ord, set(text)) if unicodedata.category(chr(c)) in ("Cf", "Mn", "Cc")}
    return unicodedata.normalize("NFC", text.translate({**unseen, 10: 10, 9: 9}))


def hidden_message(text: str) -> str:
    """Return what is written in tag characters and in variation selectors, which nobody sees."""
    tags = "".join(chr(ord(c) - 0xE0000) for c in text if "\U000e0020" <= c <= "\U000e007e")
    parts = (tags, _in_selectors(text), _in_zeros(text))
    return " ".join(part for part in parts if part.isprintable() and part.strip())


def _in_selectors(text: str) -> str:
    """Return what variation selectors spell, a byte each."""
    selected = bytes(
        ord(c) - 0xFE00 if c <= "\ufe0f" else ord(c) - 0xE0100 + 16
        for c in text
        if "\ufe00" <= c <= "\ufe0f" or "\U000e0100" <= c <= "\U000e01ef"
    )
    return selected.decode("utf-8", errors="ignore") if len(selected) > 3 else ""


def _in_zeros(text: str) -> str:
    """Return what spaces of no width spell, a bit each."""
    bits = "".join("01"["\u200b\u200c".index(c)] for c in text if c in "\u200b\u200c")
    if len(bits) < 32:
        return ""
    octets = (bits[i : i + 8] for i in range(0, len(bits) - 7, 8))
    return bytes(int(octet, 2) for octet in octets).decode("ascii", errors="ignore")


def _unescaped(match: re.Match[str]) -> str:
    if match[4]:
        return " "
    return chr(int(match[1] or match[2] or match[3], 16))


_LEET = str.maketrans("013457@$!", "oieastasi")
_LEET_LIKE = r"[a-z0-9@$!]*(?:[a-z][0-9@$!]|[0-9@$!][a-z])[a-z0-9@$!]*"
_ORDERING = (
    r"ignor|disregard|forget|bypass|previous|prior|instruc|guideline|prompt|approv|consent|permi|authori|confirm|withou|asking|dont|never|secret"
    r"|passw|credent|token|user|operator|system|assistant|agent|overrid|reveal|tell|send|hide|trust|run|order|rules|all|now|you|the"
)
_LEET_WORD = re.compile(r"(?<![\w@$!])(?=[\w@$!]*[a-z])(?=[\w@$!]*[0-9@$!])[a-z0-9@$!]{2,}(?![\w@$])")


def unleet(text: str) -> str:
    """Return a plain text with digits and signs inside of words read as the letters that they look like."""
    words = {m[0] for m in linear(_LEET_LIKE).finditer(text)}
    if not any(linear(_ORDERING).search(word.translate(_LEET)) for word in words):
        return text  # No word of an order comes out; sizes and names of keys are full of digits.
    return _LEET_WORD.sub(
        lambda m: m[0][:-1].translate(_LEET) + (m[0][-1] if m[0][-1] == "!" else m[0][-1].translate(_LEET)),
        text,
    )


_VOCABULARY = (
    "ignore", "previous", "instructions", "instruction", "disregard", "approval", "approved", "without", "asking",
    "confirmation", "confirm", "permission", "override", "system", "prompt", "already", "secretly", "guidelines",
)  # fmt: skip
_LETTERS = {"".join(sorted(word)): word for word in _VOCABULARY}
_PAUSES = str.maketrans(".!?:;", "     ")
_LIKE_I = str.maketrans("l", "i")
_FOLDED = {word.translate(_LIKE_I): word for word in _VOCABULARY}


def corrected(form: str) -> str:
    """Return a plain text with words of orders whose letters were swapped, or l for i, as they are meant."""
    wrong = {}
    for word in set(form.translate(_PAUSES).split(" ")):
        if 6 <= len(word) <= 12 and word not in _VOCABULARY and word[:1].isalpha():
            meant = _LETTERS.get("".join(sorted(word))) or _FOLDED.get(word.translate(_LIKE_I))
            if meant is not None:
                wrong[word] = meant
    for word, meant in wrong.items():
        form = form.replace(word, meant)
    return form


_SINGLE = re.compile(r"(?<![^\W_])(?:[a-z0-9@$][ ./:;]{1,3}){7,}[a-z0-9@$](?![^\W_])")
_NOT_LETTERS = re.compile(r"[^a-z]+")


def squeezed(text: str) -> str:
    """Return the runs of single letters of a plain text (``i g n o r e``), each without its spaces."""
    if not linear(r"(?:[a-z0-9@$][ ./:;]{1,3}){7}[a-z0-9@$]").search(text):
        return ""
    return " ".join(_NOT_LETTERS.sub("", m[0].translate(_LEET)) for m in _SINGLE.finditer(text))


_BASE64 = r"[A-Za-z0-9+/_-]{24,}={0,2}"
_HEX = r"\b(?:[0-9a-fA-F]{2}[ :]?){16,}\b"
_PERCENT = r"(?:%[0-9a-fA-F]{2}){8,}"


def disguised(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield what is written in code in a raw text: how, the code, and the text that it stands for."""
    for match in linear(_BASE64).finditer(text):
        yield from _if_text("base64", match[0], _from_base64)
    for match in linear(_HEX).finditer(text):
        yield from _if_text("hex", match[0], lambda s: bytes.fromhex(re.sub(r"[ :]", "", s)))
    for match in linear(_PERCENT).finditer(text) if "%" in text else ():
        yield from _if_text("percent signs", match[0], lambda s: bytes.fromhex(s.replace("%", "")))


def rotated(text: str) -> str:
    """Return a plain text with every letter moved by 13."""
    return codecs.encode(text, "rot13")


def _from_base64(text: str) -> bytes:
    if text in (text.lower(), text.upper()):
        raise ValueError("a path or a word")
    body = text.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(body[: len(body) - (len(body) % 4 == 1)] + "=" * (-len(body) % 4))


def _if_text(how: str, code: str, decode: Callable[[str], bytes]) -> Iterator[tuple[str, str, str]]:
    try:
        found = decode(code).decode("utf-8")
    except (ValueError, binascii.Error):
        return
    shown = sum(c.isprintable() or c in "\n\t" for c in found)
    if len(found) >= 12 and shown >= 0.97 * len(found):
        yield how, code, found


def line_of(text: str, wanted: str, form: Callable[[str], str] = plain) -> int | None:
    """Return the line where a piece of a text's plain form begins."""
    starts, whole, at = [], [], 0
    for line in text.split("\n"):
        piece = form(line).strip()
        starts.append(at)
        whole.append(piece)
        at += len(piece) + (1 if piece else 0)
    joined = " ".join(p for p in whole if p)
    found = joined.find(wanted.strip())
    if found < 0:
        found = joined.find(" ".join(wanted.split()[:2]))
    if found < 0:
        return None
    return max(i for i, start in enumerate(starts) if start <= found and (whole[i] or i == 0)) + 1
