"""What stands beside a path that is not there: the name that was perhaps meant."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

__all__ = ["near_path"]

_MOST_NAMES = 10_000


def near_path(path: Path) -> str:
    """Return `` (did you mean X?)`` for the nearest path that is there, or an empty string.

    The first part of the path that is missing is compared with what its folder holds.
    """
    missing = path
    try:
        while not missing.parent.exists() and missing.parent != missing:
            missing = missing.parent
        names = [entry.name for entry, _ in zip(missing.parent.iterdir(), range(_MOST_NAMES), strict=False)]
    except (OSError, ValueError):
        return ""
    lower = {name.lower(): name for name in names}
    near = get_close_matches(missing.name.lower(), lower, n=1, cutoff=0.7)
    if not near:
        return ""
    rest = path.relative_to(missing)
    meant = missing.with_name(lower[near[0]]) / rest
    return f" (did you mean {meant if meant.exists() else missing.with_name(lower[near[0]])}?)"
