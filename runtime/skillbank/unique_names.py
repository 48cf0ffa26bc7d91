"""JSON that clients send, in which nothing may be said twice: of two values one would be dropped."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["RepeatedNameError", "unique_names"]


class RepeatedNameError(ValueError):
    """An object gives a name twice, with two values."""


def unique_names(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Return an object of JSON; for ``json.loads(..., object_pairs_hook=unique_names)``."""
    made: dict[str, object] = {}
    for name, value in pairs:
        if name in made and made[name] != value:
            raise RepeatedNameError(f"'{name[:60]}' is said twice in one object; keep one")
        made[name] = value
    return made
