"""What `styled` and `moving` offer, imported when it is drawn: an answer as JSON needs none of it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skillbank.cli.moving import *  # noqa: F403
    from skillbank.cli.styled import *  # noqa: F403
else:

    def __getattr__(name: str) -> object:
        """Import what draws at its first use, what moves only where something does."""
        styled = import_module("skillbank.cli.styled")
        moving = None if name in styled.__all__ else import_module("skillbank.cli.moving")
        return getattr(moving or styled, name)
