"""Descriptions of what to find, several of them in one text: the rule of captions, class maps and requests.

- A full stop that stands alone, with blanks (or an end of the text) on both sides, and a new line separate
  descriptions, as in prompts: ``red circle . blue star .``.
- Nothing else separates: "with a hat, without glasses", "1.5 inch screw" and "No. 5 sign" are one each.
- Blanks become single ones, full stops at the end of a description fall away, and so does what is empty
  between separators.
- Two descriptions are the same when :func:`.tokenizer.normalise_phrase` makes them so.

Whoever hands descriptions to this program keeps the same rule; ``tests/descriptions.yaml`` holds the cases.
"""

import codecs
import logging
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from skillbank_engine.errors import PromptError
from skillbank_engine.families.grounding_dino.tokenizer import normalise_phrase

_LOG = logging.getLogger(__name__)
_ALONE = re.compile(r"(?<!\S)\.(?!\S)")
_LISTED = re.compile(
    r"[,;/|+&\uff0c\uff1b\u3001]|\.\s|(?<=\s)(?:and|or)(?=\s)"
    # Dots of other scripts, middle dots and bullets; dashes and stars that stand alone.
    r"|[\u3002\uff0e\uff61\u2024\u00b7\u2022\u2023\u2027\u2219\u22c5\u25cf\u30fb]|(?<!\S)[-*\u2013\u2014](?!\S)"
    # A full stop with a blank on one side, or between two words: "red circle.blue star", not "e.g." or "1.5".
    r"|\s\.(?=[^\W\d_])|(?<=[^\W\d_]{3})\.(?=[^\W\d_]{3})",
    re.IGNORECASE,
)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MOST_BYTES = 1 << 20


def split_text(text: str) -> list[str]:
    """Split a text into the descriptions that it holds."""
    parts = (" ".join(part.split()).rstrip(". ") for line in text.splitlines() for part in _ALONE.split(line))
    return [part for part in parts if part]


def read_descriptions(texts: Sequence[str], key: str) -> dict[str, str]:
    """Read texts of one description or several.

    Parameters
    ----------
    texts : sequence of str
        As they were given.
    key : str
        What gave them, for messages.

    Returns
    -------
    dict
        From each phrase, as the model sees it, to the description as it was first written; in their order.

    Raises
    ------
    PromptError
        There is none, or an empty one.
    """
    if not texts:
        raise PromptError(f"{key} is empty: give at least one description of what to find")
    names: dict[str, str] = {}
    for text in texts:
        parts = split_text(text)
        if not parts or not all(map(normalise_phrase, parts)):
            raise PromptError(f"{key} has the empty description {text!r}: give words to look for")
        for part in parts:
            first = names.setdefault(normalise_phrase(part), part)
            if first is not part:
                _LOG.info("%s: %r is the same to the model as %r and is looked for once", key, part, first)
    return names


def read_description_file(path: str | Path, key: str) -> list[str]:
    r"""Read a file of descriptions: one a line, without blank lines and those that begin with ``#``.

    A line that begins with ``\#`` is a description that begins with ``#``.

    Parameters
    ----------
    path : str or Path
        Text in UTF-8, or in UTF-16 with its mark at the beginning.
    key : str
        What names the file, for messages.

    Raises
    ------
    PromptError
        The file cannot be read, is no such text, or holds no description.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise PromptError(f"{key} {path} cannot be read ({error.strerror}): give a text file") from error
    if len(data) > _MOST_BYTES:
        raise PromptError(f"{key} {path} is larger than 1 MB: give a text file with one description a line")
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise PromptError(f"{key} {path} is not text in UTF-8: save it as UTF-8") from error
    if "\0" in text:
        raise PromptError(f"{key} {path} holds NUL characters, so it is not text in UTF-8: save it as UTF-8")
    lines = [line.strip() for line in text.splitlines()]
    kept = [line.removeprefix("\\") if line.startswith("\\#") else line for line in lines if line[:1] != "#"]
    found = [line for line in kept if split_text(line)]
    if not found:
        raise PromptError(f"{key} {path} holds no description: write one a line")
    return found


def tell_not_found(phrases: Sequence[str], found: Collection[str]) -> None:
    """Log which descriptions found nothing and look like several in one."""
    for phrase in phrases:
        if phrase not in found and _LISTED.search(phrase):
            _LOG.warning(
                "nothing was found for %r, which was taken as one description: if several are meant, put "
                "' . ' or a new line between them, or give each by itself",
                phrase,
            )
