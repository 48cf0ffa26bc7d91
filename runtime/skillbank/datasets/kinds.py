"""What a kind of fault is, and how grave."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["DROP_BOX", "DROP_PICTURE", "ERROR", "NOTE", "WARNING", "Kind", "Severity", "table"]


class Severity(StrEnum):
    """Errors end a job before it starts, warnings are shown, notes say what was taken how."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault.

    Attributes
    ----------
    title
        What it is, after a count: "boxes without width or height".
    way_out
        What a person does about it.
    repair
        What ``--fix`` and ``--on-broken skip`` do: "drop the box", "drop the picture", "clip"; empty where
        only a person can mend it.
    """

    name: str
    severity: Severity
    title: str
    way_out: str
    repair: str = ""


ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
DROP_PICTURE, DROP_BOX = "drop the picture", "drop the box"


def table(*kinds: Kind) -> dict[str, Kind]:
    """Return kinds by their names."""
    return {kind.name: kind for kind in kinds}
