"""Local folders: words that name one, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from skillbank.nearby import at_home
from skillbank.plan.reader.tokens import Token
from skillbank.plan.request import clean_uri
from skillbank.plan.set_places import as_place
from skillbank.team.places import hidden

ListFolder = Callable[[str], "set[str] | None"]
"""Names in a folder, or None when it cannot be listed (a remote place, no folder)."""

_NAMED = re.compile(
    r"(?<=\bon |\bat |\bin )(?:(?P<word>[\w.-]*\w)(?![\w/:.-])|'(?P<one>[^'\n]+)'|\"(?P<two>[^\"\n]+)\")",
    re.IGNORECASE,
)


def list_local(uri: str) -> set[str] | None:
    """List a local folder; None for anything else."""
    if ("://" in uri and not uri.startswith("file://")) or hidden(uri):
        return None
    try:
        folder = at_home(Path(uri.removeprefix("file://")))
        return {p.name for p in folder.iterdir()} if folder.is_dir() else None
    except OSError:  # not for this user to read, a name too long
        return None


def is_local_file(uri: str) -> bool:
    """Whether a location is a file on this machine."""
    try:
        return "://" not in uri and not hidden(uri) and at_home(Path(uri)).is_file()
    except OSError:  # a name too long
        return False


def mark_folders(original: str, tokens: list[Token]) -> list[Token]:
    """Turn words and quoted names that are a folder here into places: "on shapes", "in 'my photos'"."""
    for match in _NAMED.finditer(original):
        name = match["word"] or match["one"] or match["two"]
        kind = "word" if match["word"] else "quote"
        if not _is_folder(name):
            continue
        inside = [i for i, t in enumerate(tokens) if match.start() <= t.start and t.end <= match.end()]
        if inside and all(tokens[i].kind == kind for i in inside):
            place = Token("place", "place", match.start(), match.end(), absolute(name))
            tokens = [*tokens[: inside[0]], place, *tokens[inside[-1] + 1 :]]
    return tokens


def _is_folder(name: str) -> bool:
    try:
        return not hidden(name) and Path(name).is_dir()
    except OSError:  # a name too long
        return False


def absolute(uri: str) -> str:
    """Return a location as it holds from anywhere; places of other machines stay as they are."""
    uri = as_place(uri)
    if "://" in uri or re.match(r"[A-Za-z]:\\", uri):
        return uri
    return str(at_home(Path(clean_uri(uri))).absolute())
