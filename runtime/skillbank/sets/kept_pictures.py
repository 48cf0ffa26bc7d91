"""Pictures that skillbank keeps itself, since they lay in an archive: which of them no set needs any more."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from skillbank.sets.tables import PICTURES, SETS
from skillbank.stored import asking

__all__ = ["RESTING", "drop", "keeping", "places", "unneeded"]

RESTING = 3600.0
"""Seconds for which what has just come stays: its set may not have it yet."""
_LOCK = ".lock"


@contextmanager
def keeping(folder: Path) -> Iterator[None]:
    """Add pictures to the folder, until their set has them; nothing is removed from it meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def unneeded(engine: sa.Engine, folder: Path, now: float) -> list[Path]:
    """Return the pictures of the folder that no label set needs.

    A set needs what lies at the place of one of its pictures, and what has the content of one that is not
    where it was.

    Parameters
    ----------
    now
        Seconds since the epoch.
    """
    if not folder.is_dir():
        return []
    places, contents = set[Path](), set[str]()
    with asking(engine) as db:
        for place, sha256 in db.execute(sa.select(PICTURES.c.place, PICTURES.c.sha256).distinct()):
            if "://" in place:
                continue
            if place:
                places.add(Path(place).resolve())
            if not place or not Path(place).is_file():
                contents.add(sha256)
    found = []
    for path in sorted(folder.rglob("*")):
        if path.name == _LOCK or path.is_symlink() or not path.is_file():
            continue
        info = path.stat()
        # A second name leaves the time of the file as it was, but not that of its entry.
        is_fresh = now - max(info.st_mtime, info.st_ctime) < RESTING
        if not is_fresh and path.stem not in contents and path.resolve() not in places:
            found.append(path)
    return found


def places(engine: sa.Engine) -> set[tuple[str, str]]:
    """Return the names of all label sets with the folders of this machine in which their pictures lie."""
    query = sa.select(SETS.c.name, PICTURES.c.place).join(SETS, SETS.c.id == PICTURES.c.set_id)
    with asking(engine) as db:
        found = db.execute(query.where(PICTURES.c.place.startswith("/")))
        return {(name, place.rpartition("/")[0]) for name, place in found}


def drop(engine: sa.Engine, folder: Path, pictures: Sequence[Path], now: float) -> list[Path]:
    """Remove pictures that no set needs; return those that stay: one needs them again, or is being made."""
    if not pictures:
        return []
    with (folder / _LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return list(pictures)
        going = set(unneeded(engine, folder, now)) & set(pictures)
        for path in going:
            path.unlink(missing_ok=True)
        for parent in {path.parent for path in going} - {folder}:
            if not any(parent.iterdir()):
                parent.rmdir()
    return [path for path in pictures if path not in going]
