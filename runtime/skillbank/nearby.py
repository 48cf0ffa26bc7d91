"""Local paths as people write them: ``~`` filled in, and the name that was perhaps meant where nothing is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from skillbank.errors import UsageError
from skillbank.team.places import hidden
from skillbank.visible import one_line

__all__ = [
    "at_home",
    "names_in",
    "near_path",
    "refuse_address",
    "refuse_almost_address",
    "refuse_credentials",
]

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""How one begins, also as a `Path`, which has one slash fewer; ``./s3:/x`` is a path."""
_ALMOST = re.compile(r"(s3|https|file):", re.IGNORECASE)
_CREDENTIALS = re.compile(
    r"https?://[^/?#\s@]*@|[a-z][a-z0-9+.-]*://[^/?#\s@:\[]*:(?!\d{1,5}(?:[/?#]|$))[^\s@]*@", re.IGNORECASE
)
"""A user, a password or a token before the host; a password may hold a slash, and a port is none."""
_MOST_NAMES = 10_000
"""So many names of a folder are compared: the answer to a slip must not take longer than the slip."""


def refuse_address(path: str | Path, what: str) -> None:
    """Raise `UsageError` for an address where a path is wanted: a folder ``s3:`` would be made for it here.

    Parameters
    ----------
    what
        What it was given for, such as the option.
    """
    if _ADDRESS.match(str(path)):
        raise UsageError(
            f"{what} is {one_line(path)}, an address, and takes a path of this machine; give a path, and "
            "copy the files between there and here yourself"
        )


def refuse_almost_address(text: str) -> None:
    """Raise `UsageError` for a place that begins as an address and is none, such as ``s3:/bucket/x``.

    It would be a folder of this machine that nobody means.
    """
    if (almost := _ALMOST.match(text)) and not text.startswith("://", almost.end(1)):
        scheme = almost[1].lower()
        raise UsageError(
            f"{one_line(text)} looks like an address and is none; one begins with {scheme}://, and a path of "
            f"this machine that is called so with ./{scheme}:"
        )


def refuse_credentials(text: str) -> None:
    """Raise `UsageError` for an address that holds a password or a token, without repeating it."""
    if _CREDENTIALS.match(text.strip()):
        scheme = one_line(text.strip().partition("://")[0])
        raise UsageError(
            f"An address at {scheme}://… is written with a user, a password or a token; leave them out, so "
            "that no plan, job or log holds them: whatever reads it takes its own credentials."
        )


def at_home(path: Path) -> Path:
    """Return a path with ``~`` filled in; of a user who does not exist it stays as it is."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def near_path(path: Path) -> str:
    """Return `` (did you mean 'x'?)`` for the nearest path that is there, or an empty string.

    The first part of the path that is missing is compared with what its folder holds; a link that leads
    nowhere is told as one.
    """
    missing = path
    if hidden(path):
        return ""
    try:
        if path.exists():
            return ""
        while not missing.parent.exists() and missing.parent != missing:
            missing = missing.parent
        if missing.is_symlink():  # it is there, and what it leads to is not
            return f" (it is a link to {missing.readlink()}, which is not there)"
    except (OSError, ValueError):  # longer than any path, or with characters that none has
        return ""
    near = _near_name(missing.name, names_in(missing.parent, _MOST_NAMES))
    if near is None:
        return ""
    meant = missing.with_name(near)
    whole = meant / path.relative_to(missing)
    return f" (did you mean '{whole if whole.exists() else meant}'?)"


def names_in(folder: Path, most: int | None = None) -> list[str]:
    """Return what a folder holds, by name, of very many only some; nothing of one that cannot be listed."""
    if hidden(folder):
        return []
    try:
        return sorted(islice((e.name for e in folder.iterdir() if not e.name.startswith(".")), most))
    except (OSError, ValueError):
        return []


def _near_name(name: str, there: Sequence[str]) -> str | None:
    """Return the nearest of some names: another case or Unicode form first, then a few other letters."""
    plain = {unicodedata.normalize("NFC", each).casefold(): each for each in reversed(there)}
    wanted = unicodedata.normalize("NFC", name).casefold()
    close = get_close_matches(wanted, list(plain), n=1, cutoff=0.65)
    # A short name for the same thing is no near spelling: val for validation.
    close = close or [each for each in plain if len(each) > 2 and wanted.startswith(each)]
    close = close or [each for each in plain if len(wanted) > 2 and each.startswith(wanted)]
    return plain[close[0]] if close else None
