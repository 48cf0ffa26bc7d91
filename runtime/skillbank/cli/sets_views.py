"""How label sets are shown: all of them, one of them, and as a document."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from skillbank.cli import drawing
from skillbank.visible import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from skillbank.sets.model import SetSummary

__all__ = ["document", "list_view", "set_view"]


def document(stands: SetSummary) -> dict[str, object]:
    """Return how a set stands as a JSON document."""
    return asdict(stands) | {"created": stands.created.isoformat()}


def list_view(found: list[SetSummary]) -> RenderableType:
    """Return a table of sets."""
    rows = drawing.table("set", "pictures", "reviewed", "to do", "boxes", "proposed", "classes")
    for column in rows.columns[1:6]:
        column.justify = "right"
    for each in found:
        decided = each.boxes.get("accepted", 0) + each.boxes.get("edited", 0)
        counts = (each.pictures, each.reviewed, each.todo, decided, each.boxes.get("proposed", 0))
        names = ", ".join(one_line(c.name, 30) for c in each.classes[:6])
        rows.add_row(each.name, *(f"{count:,}" for count in counts), names)
    return rows


def set_view(stands: SetSummary) -> RenderableType:
    """Return how one set stands."""
    unseen = ("unseen",) if any(each.unseen for each in stands.classes) else ()
    rows = drawing.table("class", "accepted", "edited", "rejected", *unseen, "proposed", "candidates")
    for column in rows.columns[1:]:
        column.justify = "right"
    for each in stands.classes:
        nobodys = (each.unseen,) if unseen else ()
        counts = (each.accepted, each.edited, each.rejected, *nobodys, each.proposed, each.candidates)
        rows.add_row(one_line(each.name, 60), *(f"{count:,}" for count in counts))
    parts: list[RenderableType] = [
        drawing.line(
            f"{stands.name}: {stands.reviewed:,} of {stands.pictures:,} pictures are reviewed "
            f"({stands.reviewed_train:,} train, {stands.reviewed_val:,} val), {stands.todo:,} to do, "
            f"{stands.skipped:,} skipped"
            + (f", {stands.accepted:,} accepted unseen" if stands.accepted else "")
        ),
        rows,
    ]
    for person_ in stands.people:
        rate = f", {person_.reviewed / person_.seconds * 60:.1f} a minute" if person_.seconds else ""
        parts.append(
            drawing.line(f"{one_line(person_.name, 60)}: {person_.reviewed:,} pictures{rate}", "dim")
        )
    return drawing.Group(*parts)
