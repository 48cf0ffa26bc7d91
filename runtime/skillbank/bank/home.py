"""Where the bank that comes with skillbank lies: in the checkout, or inside the installed wheel."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def bank_root() -> Path:
    """Return the folder that holds ``skills/``, ``references/``, ``schemas/`` and ``manifest.json``."""
    package = Path(__file__).resolve().parents[1]
    checkout = package.parents[1]
    if (checkout / "skills").is_dir() and (checkout / "manifest.json").is_file():
        return checkout
    return package / "_bank"
