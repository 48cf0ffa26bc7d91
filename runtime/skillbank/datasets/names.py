"""What is wrong with the names of classes, which are words of a prompt to a model that reads."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from skillbank.datasets.faults import Fault
from skillbank.visible import one_line

__all__ = ["alike", "alike_in_case", "estimated_tokens", "name_faults", "plain_name"]

TEXT_LENGTH = 256
"""Tokens of a prompt (``model.max_text_len``)."""
_FRAME = 3
"""Tokens around a description that stands alone: one that opens, a full stop, one that closes."""
_NUMBERED = re.compile(
    r"(?:class|cls|category|cat|label|object|obj|item|id|c|n|no)?[ _\-#]*\d+", re.IGNORECASE
)
_JOINED = re.compile(r"[^\W_]_+[^\W_]|[a-z]{2}[A-Z][a-z]{2}")
_WITH_NUMBER = re.compile(r"(?i)(?:[a-z]{3,}|[^\W\d_]+[_\-]v)\d+")
_WORD = re.compile(r"[^\W_]+|[^\w\s]|_")
_SHORT, _PIECE = 8, 4


def plain_name(name: str) -> str:
    """Return a name as a prompt has it: small letters, full stops and question marks as blanks."""
    return " ".join(name.lower().replace(".", " ").replace("?", " ").split())


def alike(classes: Sequence[str]) -> dict[int, int]:
    """Return the index of each class that is one with an earlier one to a prompt, and of that one."""
    return _repeated(plain_name(unicodedata.normalize("NFC", name)) for name in classes)


def alike_in_case(classes: Sequence[str]) -> dict[int, int]:
    """Return the index of each class that differs from an earlier one only in case, and of that one.

    Blanks and the form in which accents are written count for as little as capitals.
    """
    return _repeated(" ".join(unicodedata.normalize("NFC", name).casefold().split()) for name in classes)


def _repeated(words: Iterable[str]) -> dict[int, int]:
    first: dict[str, int] = {}
    return {
        index: first[word]
        for index, word in enumerate(words)
        if word and first.setdefault(word, index) != index
    }


def estimated_tokens(text: str) -> int:
    """Estimate the tokens of a description without a tokenizer: common words are one, longer ones several."""
    total = 0
    for word in _WORD.findall(text.lower()):
        if not word.isascii():
            total += -(-len(word) // 2)
        else:
            total += 1 if len(word) <= _SHORT else -(-len(word) // _PIECE)
    return total


def name_faults(classes: Sequence[str], where: str) -> Iterator[Fault]:
    """Yield what is wrong with each name and with all of them in one prompt."""
    for index, other in alike(classes).items():
        yield Fault("classes-alike", where, f"'{_told(classes[other])}' and '{_told(classes[index])}'")
    for index, name in enumerate(classes):
        yield from _of_one(name, f"class {index}")
    total = 2 + sum(estimated_tokens(plain_name(name)) + 1 for name in classes)
    if total > TEXT_LENGTH:
        yield Fault("prompt-long", where, f"about {total:,} tokens for {len(classes):,} classes")


def _of_length(plain: str, told: str, where: str) -> Iterator[Fault]:
    words = len(_WORD.findall(plain))
    if words + _FRAME > TEXT_LENGTH:
        yield Fault("class-too-long", where, f"it has {words:,} words: '{told}'")
    elif estimated_tokens(plain) + _FRAME > TEXT_LENGTH or any(len(word) > 100 for word in plain.split()):
        yield Fault("class-long", where, f"'{told}'")


def _of_one(name: str, where: str) -> Iterator[Fault]:
    plain, told = plain_name(name), _told(name)
    if not plain:
        yield Fault("class-nameless", where, f"it is called '{told}'" if name else "")
        return
    if "." in name or "?" in name:
        yield Fault("class-full-stop", where, f"'{told}' is read as '{_told(plain)}'")
    yield from _of_length(plain, told, where)
    if _is_identifier(name.strip()):
        yield Fault("class-identifier", where, f"'{told}'")
    letters = [char for char in name if char.isalpha()]
    if any(not unicodedata.name(char, "LATIN").startswith("LATIN") for char in letters):
        yield Fault("class-letters", where, f"'{told}'")


def _is_identifier(name: str) -> bool:
    return any(
        (
            _NUMBERED.fullmatch(name),
            _JOINED.search(name),
            any(_WITH_NUMBER.fullmatch(word) for word in name.split()),
            not any(char.isalnum() for char in name),
        )
    )


def _told(name: str) -> str:
    return one_line(name, 60)
