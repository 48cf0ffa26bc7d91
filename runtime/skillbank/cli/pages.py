"""HTML pages that commands write: under a plain name, over nothing but a page of the same command."""

from __future__ import annotations

from pathlib import Path

from skillbank.errors import DataError, UsageError

__all__ = ["plain", "refuse_others", "write_page"]

_HEAD = 2000


def refuse_others(path: Path, mark: str) -> None:
    """See that a file that is there is a page of this command.

    Parameters
    ----------
    mark
        Stands near the beginning of every such page.
    """
    if not path.exists():
        return
    try:
        with path.open("rb") as file:
            ours = mark.encode() in file.read(_HEAD)
    except OSError:
        ours = False
    if not ours:
        raise UsageError(f"{path} is there already and no page of this command; give another file with -o")


def write_page(path: Path, text: str) -> Path:
    """Write a page; its folder is made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise DataError(f"{error.filename or path} cannot be written: {error.strerror}") from None
    return path


def plain(name: str) -> str:
    """Return a name for a file of letters that every shell takes; empty when nothing is left of it."""
    kept = "".join(char if char.isalnum() or char in "._-" else "-" for char in name).strip(".-")
    return kept[:80]
