"""What `skillbank.cli.styled` offers, imported when it is drawn: an answer as JSON needs none of it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skillbank.cli.styled import *  # noqa: F403
else:

    def __getattr__(name: str) -> object:
        """Import what draws at its first use."""
        return getattr(import_module("skillbank.cli.styled"), name)
