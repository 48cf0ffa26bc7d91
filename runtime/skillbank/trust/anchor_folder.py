"""Where pinned anchors lie, and whether there may be one: known without what reads certificates."""

from __future__ import annotations

import os
from pathlib import Path

from skillbank.environment import ANCHORS, HOME
from skillbank.home import home

__all__ = ["anchor_folder", "any_pinned"]


def anchor_folder() -> Path:
    """Return the folder of this user's anchors; it need not be there."""
    return home() / "trust" / "anchors"


def any_pinned() -> bool:
    """Whether there may be an anchor, without reading one or making a folder."""
    if ANCHORS.value:
        return True
    named = HOME.value
    try:
        folder = (Path(named).expanduser() if named else Path.home() / ".skillbank") / "trust" / "anchors"
        with os.scandir(folder) as entries:
            return any(e.name.endswith(".pem") for e in entries)
    except (OSError, RuntimeError):  # the latter: this user has no home
        return False
