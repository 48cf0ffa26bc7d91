"""What is said of files whose encoding is guessed: where a letter stands that may be another one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from skillbank.datasets.faults import Fault
from skillbank.datasets.texts import lines_of
from skillbank.datasets.tree import Tree
from skillbank.visible import one_line

__all__ = ["guess_faults"]

_TITLES = {"cp1252": "Windows-1252", "latin-1": "Latin-1"}
_SHOWN = 5
"""So many files are looked into for a word; of the others the encoding is said."""
_WORD = re.compile(r"""[^\s"'<>,;:=/\\{}\[\]]*[^\x00-\x7f][^\s"'<>,;:=/\\{}\[\]]*""")


def guess_faults(tree: Tree, guessed: Mapping[Path, str]) -> Iterator[Fault]:
    """Yield a fault for each file of a tree that is no Unicode, of the first with a word as it is read."""
    names = {path: name for name, path in tree.files.items() if path in guessed} if guessed else {}
    for number, (path, encoding) in enumerate(guessed.items()):
        name, title = names.get(path, str(path)), _TITLES[encoding]
        at, word = _first_word(path, encoding) if number < _SHOWN else (0, "")
        where = f"{name} line {at}" if at else name
        yield Fault("not-utf8", where, f"'{word}' is read as {title}" if word else f"it is read as {title}")


def _first_word(path: Path, encoding: str) -> tuple[int, str]:
    """Return the line of the first letter beyond ASCII, from 1, and the word around it."""
    for number, line in enumerate(lines_of(path, encoding), 1):
        if (found := _WORD.search(line.decode())) is not None:
            return number, one_line(found[0], 30)
    return 0, ""
