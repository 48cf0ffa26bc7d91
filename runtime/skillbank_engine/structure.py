"""What a network was built of, kept with its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

__all__ = ["Structure"]


@dataclass(frozen=True)
class Structure:
    """Numbers and names that a network is built by; a family adds its fields, plain values and tuples."""

    def to_dict(self) -> dict[str, object]:
        """Give plain values, for a checkpoint or a file."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Self:
        """Read what :meth:`to_dict` gave.

        Names that it lacks, as one of an earlier version does, have their defaults; unknown ones are left.
        """
        known = {field.name for field in fields(cls)}
        chosen: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if name in known
        }
        return cls(**chosen)

    def differences(self, other: Self) -> dict[str, tuple[object, object]]:
        """Name what differs, with this one's value and the other's."""
        mine, theirs = asdict(self), asdict(other)
        return {name: (mine[name], theirs[name]) for name in mine if mine[name] != theirs[name]}
