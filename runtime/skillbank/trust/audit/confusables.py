"""Letters that look like ASCII's: a small table of those that attacks use, and the skeleton of a name."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["LOOK_ALIKE", "mixed_words", "skeleton"]

_TABLE = {
    "a": "аɑαа",
    "b": "Ьɓ",
    "c": "сϲᴄⅽ",
    "d": "ԁɗⅾ",
    "e": "еєҽ",
    "g": "ɡց",
    "h": "һհ",
    "i": "іıɩιⅰӏ",
    "j": "јϳ",
    "k": "кκ",
    "l": "ⅼ",
    "m": "мⅿ",
    "n": "ոпη",
    "o": "оοօσ૦௦൦०๐໐",
    "p": "рρ",
    "q": "ԛգ",
    "r": "гᴦ",
    "s": "ѕꜱ",
    "t": "тτ",
    "u": "υսᴜ",
    "v": "ѵνᴠ",
    "w": "ԝѡᴡ",
    "x": "хχ",
    "y": "уγү",
    "z": "ᴢ",
    "A": "АΑ",
    "B": "ВΒ",
    "C": "СϹ",
    "D": "Ꭰ",
    "E": "ЕΕ",
    "H": "НΗ",
    "I": "ІΙ",
    "J": "Ј",
    "K": "КΚ",
    "M": "МΜ",
    "N": "Ν",
    "O": "ОΟ",
    "P": "РΡ",
    "S": "Ѕ",
    "T": "ТΤ",
    "X": "ХΧ",
    "Y": "ҮΥУ",
    "Z": "Ζ",
}
LOOK_ALIKE = {ord(c): latin for latin, others in _TABLE.items() for c in others if not c.isascii()}

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_LOOKS = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "3": "e", "4": "a", "|": "l", "$": "s"})


def skeleton(name: str) -> str:
    """Return what a name looks like: two names that can be taken for each other have the same skeleton."""
    text = unicodedata.normalize("NFKC", name).translate(LOOK_ALIKE)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c)[0] not in "MC")
    text = re.sub(r"[\s_-]+", "", text.casefold()).translate(_LOOKS)
    return text.replace("rn", "m").replace("vv", "w")


def mixed_words(text: str) -> list[str]:
    """Return the words whose letters come from several scripts, or that only look like Latin."""
    if text.isascii():
        return []
    return [m[0] for m in _WORD.finditer(text) if not m[0].isascii() and _is_mixed(m[0])]


def _is_mixed(word: str) -> bool:
    letters = [c for c in word if c.isalpha()]
    scripts = {_script(c) for c in letters}
    if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}:
        # A sign of a quantity (Δx, µm, σ) stands beside one or two letters; a disguise is a word.
        foreign = [c for c in letters if _script(c) != "LATIN"]
        alike = [c for c in foreign if ord(c) in LOOK_ALIKE]
        return bool(alike) and len(letters) >= 4
    return False


def _script(char: str) -> str:
    return unicodedata.name(char, "UNKNOWN").split(" ", 1)[0]
