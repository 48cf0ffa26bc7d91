"""Bringing pictures into a new data set: linked where the file system can, else copied."""

from __future__ import annotations

import os
import shutil
from enum import StrEnum
from pathlib import Path

from skillbank.errors import DataError
from skillbank.visible import one_line

__all__ = ["Placement", "Placer"]


class Placement(StrEnum):
    """How pictures come into a new data set.

    A linked picture takes no room and is the same file under a second name: what changes it in one data set
    changes it in both. ``none`` leaves pictures where they are, and only annotations are written.
    """

    LINK = "link"
    COPY = "copy"
    NONE = "none"


class Placer:
    """Places pictures below a folder, and counts how."""

    def __init__(self, folder: Path, how: Placement) -> None:
        self._folder, self._how = folder, how
        self._made: set[str] = set()
        self.linked = self.copied = 0

    def place(self, source: Path, name: str) -> None:
        """Bring a picture to a place below the folder."""
        if self._how is Placement.NONE:
            return
        target = self._folder / name
        above = name.rpartition("/")[0]
        try:
            if above not in self._made:
                target.parent.mkdir(parents=True, exist_ok=True)
                self._made.add(above)
            if self._how is Placement.COPY or not self._link(source, target):
                shutil.copyfile(source, target)
                self.copied += 1
        except OSError as error:
            raise DataError(
                f"{one_line(source, 300)} cannot be brought to {one_line(target, 300)}: {error.strerror}"
            ) from None

    def _link(self, source: Path, target: Path) -> bool:
        """Link a picture; False where the file system cannot, or will not for this file."""
        if source.is_symlink():
            source = source.resolve()  # the picture itself, and not a link that may lead nowhere one day
        try:
            os.link(source, target)
        except (FileNotFoundError, FileExistsError):
            raise
        except OSError:  # another file system, one without links, too many of them, another's file
            return False
        self.linked += 1
        return True

    @property
    def note(self) -> str:
        """What a person should know of how the pictures came; empty where it is as was asked."""
        if self._how is Placement.LINK and self.copied:
            return f"{self.copied:,} pictures are copied: their file system cannot link them here"
        return ""
