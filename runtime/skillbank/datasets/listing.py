"""The files below a folder, as people see it: links followed, what systems lay beside them passed by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from skillbank.errors import DataError
from skillbank.team.places import refuse_hidden
from skillbank.walk import TooManyError, walk

__all__ = ["listed"]

_PASSED = frozenset(
    {"__MACOSX", ".DS_Store", "Thumbs.db", ".git", ".svn", ".hg", "__pycache__", "@eaDir", "desktop.ini"}
    | {".ipynb_checkpoints", ".AppleDouble", ".Spotlight-V100", ".Trashes", ".fseventsd", "$RECYCLE.BIN"}
    | {"System Volume Information", ".thumbnails"}
)
"""What systems and editors lay beside the files of people, copies of pictures among them."""


def listed(root: Path, most: int, seen: set[Path] | None = None) -> Iterator[tuple[str, Path]]:
    """Yield the files below a folder; a link to a file counts as the file, and one to a folder as the folder.

    Parameters
    ----------
    seen
        Folders that links have led to: each is passed through once, and none that the link lies in.

    Raises
    ------
    DataNotFoundError
        When a link leads to where nothing is for who acts.
    """
    seen = set() if seen is None else seen

    def passed(name: str, entry: object) -> bool:
        last = name.rpartition("/")[2]
        return last in _PASSED or last.startswith("._")

    try:
        for name, entry in walk(root, most, passed=passed):
            if entry.is_symlink():
                refuse_hidden([entry.path])
            if not (entry.is_symlink() and entry.is_dir()):
                yield name, Path(entry.path)
                continue
            link = Path(entry.path)
            target = link.resolve()
            if target not in seen and not link.parent.resolve().is_relative_to(target):
                seen.add(target)
                for inner, file in listed(link, most, seen):
                    yield f"{name}/{inner}", file
    except TooManyError:
        raise DataError(f"{root} holds more than {most:,} files; name a folder of the data set") from None
    except OSError as error:
        raise DataError(f"{error.filename} cannot be listed: {error.strerror}") from None
