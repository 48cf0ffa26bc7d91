"""Letters that are taken for others: the one table of them, what a name looks like, words in disguise."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["LOOK_ALIKE", "looks", "mixed_words", "skeleton"]

# Cyrillic, Greek, Armenian, Cherokee, phonetic letters, small capitals, Roman numerals, other scripts' zeros.
_TABLE = {
    "a": "\u0251\u03b1\u0430",
    "b": "\u0253\u03b2\u042c\u0432\u044c",
    "c": "\u03f2\u0441\u1d04\u217d",
    "d": "\u0257\u0501\u217e",
    "e": "\u03b5\u0435\u0454\u04bd",
    "g": "\u0261\u0581",
    "h": "\u043d\u04bb\u0570",
    "i": "\u0131\u0269\u026a\u03b9\u0456\u04cf\u2170",
    "j": "\u03f3\u0458",
    "k": "\u03ba\u043a",
    "l": "\u029f\u2113\u217c",
    "m": "\u043c\u217f",
    "n": "\u0274\u03b7\u043f\u0578",
    "o": "\u03bf\u03c3\u043e\u0585\u0966\u0ae6\u0be6\u0d66\u0e50\u0ed0\u1d0f",
    "p": "\u03c1\u0440",
    "q": "\u051b\u0563\u0566",
    "r": "\u0280\u0433\u1d26",
    "s": "\u0455\ua731",
    "t": "\u03c4\u0442",
    "u": "\u03c5\u057d\u1d1c",
    "v": "\u03bd\u0475\u1d20",
    "w": "\u03c9\u0461\u051d\u1d21",
    "x": "\u03c7\u0445",
    "y": "\u028f\u03b3\u0443\u04af",
    "z": "\u0437\u1d22",
    "A": "\u0391\u0410",
    "B": "\u0392\u0412",
    "C": "\u03f9\u0421",
    "D": "\u13a0",
    "E": "\u0395\u0415",
    "H": "\u0397\u041d",
    "I": "\u0399\u0406",
    "J": "\u0408",
    "K": "\u039a\u041a",
    "M": "\u039c\u041c",
    "N": "\u039d",
    "O": "\u039f\u041e",
    "P": "\u03a1\u0420",
    "S": "\u0405",
    "T": "\u03a4\u0422",
    "X": "\u03a7\u0425",
    "Y": "\u03a5\u0423\u04ae",
    "Z": "\u0396",
}
_LIKE = {other: latin for latin, others in _TABLE.items() for other in others}
# A capital that looks like nothing else goes with its small letter: a sentence's first word is the same word.
_CAPITALS = {other.upper(): latin.upper() for other, latin in _LIKE.items() if len(other.upper()) == 1}
LOOK_ALIKE = {ord(o): latin for o, latin in {**_CAPITALS, **_LIKE}.items() if not o.isascii()}
"""The Latin letter that a letter is taken for, by code point; for `str.translate`."""

_SIGNS = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "3": "e", "4": "a", "|": "l", "$": "s"})
_MEANT = frozenset("+#")
"""Signs that tell names apart: nobody takes ``c++`` for ``c``."""
_WORD = re.compile(r"[^\W\d_]+(?:[-'\u2019][^\W\d_]+)*")
_QUANTITY = re.compile(r"(?<![^\W\d_])[\u0370-\u03ff](?=-)|(?<=-)[\u0370-\u03ff](?![^\W\d_])")
"""A Greek letter alone on its side of a hyphen, as in a greedy rule's epsilon: a sign, and no disguise."""
_OTHERS = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
_WORD_LETTERS = 4


@lru_cache(maxsize=16384)
def skeleton(name: str) -> str:
    """Return what a name looks like: equal for names that a person takes for one another.

    Wide, styled and foreign letters become the plain ones that they resemble, digits the letters; marks,
    blanks and what cannot be seen go. It serves to tell of a name, never to find one.
    """
    if name.isascii():
        text = name.lower()
    else:
        # A capital and its small letter resemble different ones: looked up as written, and again when small.
        wide = unicodedata.normalize("NFKD", name.translate(LOOK_ALIKE)).translate(LOOK_ALIKE).casefold()
        text = unicodedata.normalize("NFKD", wide).translate(LOOK_ALIKE)
    text = "".join(c for c in text.translate(_SIGNS) if c.isalnum() or c in _MEANT)
    return text.replace("rn", "m").replace("vv", "w")


def looks(name: str) -> frozenset[str]:
    """Return what a name looks like in small letters and in capitals, where either may be written."""
    return frozenset((skeleton(name),)) if name.isascii() else frozenset(map(skeleton, (name, name.upper())))


def mixed_words(text: str) -> list[str]:
    """Return the words of several scripts with letters that are taken for Latin ones."""
    if text.isascii():
        return []
    return [m[0] for m in _WORD.finditer(text) if not m[0].isascii() and _is_mixed(m[0])]


def _is_mixed(word: str) -> bool:
    letters = [c for c in _QUANTITY.sub("", word) if c.isalpha()]
    foreign = [c for c in letters if _script(c) != "LATIN"]
    # A sign of a quantity (Δx, µm) stands beside one or two letters; a disguise is a word.
    if len(letters) < _WORD_LETTERS or len(foreign) == len(letters):
        return False
    return bool(_OTHERS.intersection(map(_script, foreign))) and any(ord(c) in LOOK_ALIKE for c in foreign)


def _script(char: str) -> str:
    return unicodedata.name(char, "UNKNOWN").split(" ", 1)[0]
