"""Descriptions of what to find, several of them in one text: the one rule, which every door keeps.

- A full stop that stands alone, with blanks (or an end of the text) on both sides, and a new line separate
  descriptions: ``red circle . blue star .`` are two. So do the model's own prompts.
- Nothing else separates: "person with a hat, without glasses", "1.5 inch screw", "No. 5 sign" and "cats and
  dogs" are one description each.
- Blanks become single ones, full stops at the end of a description fall away, and so does what is empty
  between separators.
- Two descriptions are the same when the model sees the same: upper and lower case, blanks, full stops and
  question marks make no difference to it. The first one counts, and the other is told.

The embedded engine keeps the same rule for its prompts, since neither package imports the other;
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from skillbank.errors import UsageError
from skillbank.ways import command

__all__ = ["Descriptions", "advice_for", "not_found", "read_descriptions", "same", "split_text"]

MOST_CHARACTERS = 10_000
_ALONE = re.compile(r"(?<!\S)\.(?!\S)")
_FILE = re.compile(r"@\S*[./\\]\S*")
_LISTED = re.compile(
    r"[,;/|+&\uff0c\uff1b\u3001]|\.\s|(?<=\s)(?:and|or)(?=\s)"
    # Dots of other scripts, middle dots and bullets; dashes and stars that stand alone.
    r"|[\u3002\uff0e\uff61\u2024\u00b7\u2022\u2023\u2027\u2219\u22c5\u25cf\u30fb]|(?<!\S)[-*\u2013\u2014](?!\S)"
    # A full stop with a blank on one side, or between two words: "red circle.blue star", not "e.g." or "1.5".
    r"|\s\.(?=[^\W\d_])|(?<=[^\W\d_]{3})\.(?=[^\W\d_]{3})",
    re.IGNORECASE,
)
"""What people separate with elsewhere."""


@dataclass(frozen=True)
class Descriptions:
    """What is looked for."""

    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def split_text(text: str) -> list[str]:
    """Return the descriptions that a text holds; what one of them is split into is itself."""
    found = []
    for line in text.splitlines():
        for part in _ALONE.split(line):
            plain = " ".join(part.split()).rstrip(". ")
            if plain:
                found.append(plain)
    return found


def same(name: str) -> str:
    """Return what the model sees of a description: equal for two that it cannot tell apart."""
    return " ".join(name.lower().replace(".", " ").replace("?", " ").split())


def read_descriptions(texts: Sequence[str]) -> Descriptions:
    """Read texts of one description or several.

    Raises
    ------
    UsageError
        When there is none, an empty one, the name of a file, or they are too long.
    """
    if not texts:
        raise UsageError("There is nothing to look for; give at least one description.")
    names: dict[str, str] = {}
    notes = []
    for text in texts:
        if _FILE.fullmatch(text.strip()):
            raise UsageError(
                f"'{text.strip()}' names a file of descriptions, which only '{command('label')}' reads; "
                "give the descriptions themselves."
            )
        parts = split_text(text)
        if not parts or not all(map(same, parts)):
            raise UsageError("A description is empty; give words to look for.")
        for part in parts:
            first = names.setdefault(same(part), part)
            if first is not part:
                notes.append(_repeated(part, first))
    if (size := sum(map(len, names.values()))) > MOST_CHARACTERS:
        raise UsageError(f"The descriptions have {size} of at most {MOST_CHARACTERS} characters; use fewer.")
    return Descriptions(tuple(names.values()), tuple(dict.fromkeys(notes)))


def _repeated(part: str, first: str) -> str:
    if part == first:
        return f"'{part}' was given more than once; it is looked for once."
    return f"'{part}' is the same to the model as '{first}'; it is looked for once, as '{first}'."


def advice_for(name: str) -> str | None:
    """Return how to separate what one description holds; None when it looks like a single one."""
    if not _LISTED.search(name):
        return None
    return (
        f"'{name}' was taken as one description; if several are meant, put a full stop with blanks around it "
        "(' . ') or a new line between them, or give each by itself."
    )


def not_found(names: Sequence[str], found: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each description of which nothing was found and that may hold several."""
    for name in names:
        if name not in found and (advice := advice_for(name)):
            yield f"Nothing was found for it: {advice}"
