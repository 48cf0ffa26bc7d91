"""Who sits at the command line, for the log of what people decide."""

from __future__ import annotations

import getpass

__all__ = ["person"]


def person() -> str:
    """Return the name of the user that runs the command."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"  # containers run as users that have no name
