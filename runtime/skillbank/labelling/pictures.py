"""Finding the pictures to label, and giving each a name that no other has."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from skillbank.errors import DataNotFoundError, a_few
from skillbank.labelling.video import VIDEO_SUFFIXES
from skillbank.nearby import at_home, near_path
from skillbank.plan.products import PICTURE_SUFFIXES
from skillbank.team.places import refuse_hidden
from skillbank.ways import Sentence, marked, option

__all__ = ["common_root", "find_pictures", "passed_over", "picture_names", "see_that_they_are_there"]

_UNREAD = (
    *(".heic", ".heif", ".avif", ".jxl", ".jp2", ".psd", ".exr", ".hdr", ".dcm", ".svg"),
    *(".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"),
    *VIDEO_SUFFIXES,
)
"""How pictures and videos end that nothing looks at in a folder."""
_MOST_NAMED = 3


def see_that_they_are_there(given: Sequence[Path]) -> None:
    """Look for pictures and folders, without looking into the folders."""
    refuse_hidden(map(at_home, given))
    for path in map(at_home, given):
        try:
            path.stat()
        except OSError as error:
            why = error.strerror
            raise DataNotFoundError(
                f"There is no picture or folder {path} here ({why}){near_path(path)}; give its path."
            ) from None


def find_pictures(given: Sequence[Path]) -> list[Path]:
    """Return pictures and those below folders, sorted inside each folder, each once."""
    see_that_they_are_there(given)
    found: dict[Path, None] = {}
    for path in map(at_home, given):
        pictures = sorted(_below(path)) if path.is_dir() else [path]
        refuse_hidden(picture for picture in pictures if picture.is_symlink())
        if not pictures:
            others = passed_over([path])
            raise DataNotFoundError(
                "; ".join(map(marked, others))
                or f"The folder {path} holds no picture ({', '.join(PICTURE_SUFFIXES)}); give another."
            )
        found.update(dict.fromkeys(pictures))
    return list(found)


def passed_over(given: Sequence[Path]) -> list[Sentence]:
    """Say of folders which pictures and videos in them are of kinds that are not looked at there."""
    folders = [path for path in map(at_home, given) if path.is_dir()]
    others = [str(path) for folder in folders for path in sorted(_below(folder, _UNREAD))]
    if not others:
        return []
    return [
        Sentence(
            f"{a_few(others, _MOST_NAMED)} {'is' if len(others) == 1 else 'are'} left out: in a folder "
            f"{', '.join(PICTURE_SUFFIXES)} are looked at; save pictures as JPEG or PNG, and name a video "
            f"itself with {option('every', 'N')}."
        )
    ]


def _below(folder: Path, endings: tuple[str, ...] = PICTURE_SUFFIXES) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            # macOS archives carry ._name.png companions that are no pictures.
            if name.lower().endswith(endings) and not name.startswith("."):
                yield Path(here, name)


def picture_names(pictures: Sequence[Path]) -> list[str]:
    """Return the paths of pictures from the folder that all of them are below, with ``/``."""
    root = common_root(pictures)
    return [picture.absolute().relative_to(root).as_posix() for picture in pictures]


def common_root(pictures: Sequence[Path]) -> Path:
    """Return the folder that all pictures are below."""
    return (
        Path(os.path.commonpath([picture.absolute().parent for picture in pictures])) if pictures else Path()
    )
