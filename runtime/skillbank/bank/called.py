"""What a skill is called beside its own name, as its documents say."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Called"]


class Called(NamedTuple):
    """What a skill's documents say that it is called, beside its own name, and whether it has an action."""

    network_arch: str
    aliases: tuple[str, ...]
    runs: bool

    @classmethod
    def of(cls, record: object) -> Called | None:
        """Return what was kept; None for what is no such record."""
        match record:
            case [str(arch), list(aliases), bool(runs)] if all(isinstance(a, str) for a in aliases):
                return cls(arch, tuple(aliases), runs)
        return None
