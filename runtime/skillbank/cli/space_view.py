"""How a search space looks on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from skillbank.cli import drawing

if TYPE_CHECKING:
    from rich.console import RenderableType

    from skillbank.automl.space_points import Extent, Row


class SpaceDocument(TypedDict):
    """The search space of an action."""

    skill: str
    action: str
    parameters: list[Row]
    notes: list[str]


def space_view(document: SpaceDocument) -> RenderableType:
    """Show one row for each searched parameter; those that do not count now are dim and say when they do."""
    table = drawing.table("parameter", "kind", "default", "searched", "only", padding=(0, 1))
    for row in document["parameters"]:
        rules = [*row["conditions"], *row["relations"]]
        style = None if row["counts_now"] else "dim"
        default = "" if row["default"] is None else f"{row['default']}"
        table.add_row(row["key"], row["kind"], default, _extent(row), ", ".join(rules), style=style)
    head = f"{document['skill']} {document['action']}: {len(document['parameters'])} parameters to search"
    notes = [drawing.line(f"note: {note}", "dim") for note in document["notes"]]
    return drawing.Group(drawing.line(head), table, *notes)


def _extent(row: Extent) -> str:
    if "items" in row:
        return "[" + ", ".join(_extent(item) for item in row["items"]) + "]"
    if "choices" in row:
        choices = [str(choice) for choice in row["choices"]]
        if weights := row.get("weights"):
            choices = [f"{c} ({w:g})" for c, w in zip(choices, weights, strict=True)]
        return ", ".join(choices)
    text = f"{row['low']:g} .. {row['high']:g}"
    if row.get("step"):
        text += f" by {row['step']}"
    return f"{text} log" if row["log"] else text
