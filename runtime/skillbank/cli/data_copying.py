"""What the commands share that write a data set: their options, and how it is shown what was written."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import data_work, drawing, options, terminal
from skillbank.datasets.placing import Placement
from skillbank.datasets.report import WITHOUT
from skillbank.plan.set_places import set_place
from skillbank.visible import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from skillbank.datasets.copying import Copy, SplitCount
    from skillbank.datasets.repairing import Mode

_LONGEST = 400
_MOST_CLASSES = 40


class OnBroken(StrEnum):
    """What becomes of what would end a training."""

    REFUSE = "refuse"
    SKIP = "skip"


Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="DIR", help="A new folder; nothing is ever overwritten.")
]
PicturesOption = Annotated[
    Placement,
    typer.Option(
        "--pictures",
        help="link takes no room: the same file under a second name (copied where that is not possible); "
        "none writes annotations alone.",
    ),
]
OnBrokenOption = Annotated[
    OnBroken,
    typer.Option(
        "--on-broken",
        help="What would end a training: refuse lists all of it and writes nothing, skip leaves it out and "
        "counts.",
    ),
]


def mode_of(on_broken: OnBroken) -> Mode:
    """Return how a copy is made where something is broken."""
    return data_work.Mode.SKIP if on_broken is OnBroken.SKIP else data_work.Mode.PLAIN


def said_place(place: str) -> str:
    """Return a place as it may be kept: a path from the root, and any other address as it is."""
    return place if "://" in place or set_place(place) else str(Path(place).expanduser().absolute())


def tell(copy: Copy, as_json: bool, *, by_class: bool = False) -> None:
    """Say what was written."""
    if as_json:
        options.print_json(copy.document())
    else:
        terminal.show(_view(copy, by_class))


def _view(copy: Copy, by_class: bool) -> RenderableType:
    boxed = copy.marks == "boxes"
    rows = drawing.table(
        "split", "pictures", *(("without boxes", "boxes") if boxed else (WITHOUT[copy.marks],))
    )
    for column in rows.columns[1:]:
        column.justify = "right"
    for name, count in copy.splits.items():
        numbers = (count.pictures, count.empty, count.boxes)[: 3 if boxed else 2]
        rows.add_row(name or "all", *(f"{number:,}" for number in numbers))
    parts: list[RenderableType] = [rows]
    if by_class and copy.classes and copy.marks != "areas":
        parts += [drawing.line(""), _classes(copy)]
    for sentences, style in ((copy.lost, "yellow"), (copy.notes, "dim")):
        if sentences:
            parts += [
                drawing.line(""),
                *(drawing.line(one_line(each, _LONGEST), style) for each in sentences),
            ]
    return drawing.Group(
        *parts, drawing.line(""), drawing.line(f"written {copy.folder} ({copy.format})", "bold")
    )


def _classes(copy: Copy) -> Table:
    """Show boxes, and pictures with them, by class and split; of very many classes the rarest too.

    Whole pictures that bear a class are counted themselves.
    """
    boxed = copy.marks == "boxes"
    rows = drawing.table(
        "class", *(f"{name or 'all'}: {'boxes (pictures)' if boxed else 'pictures'}" for name in copy.splits)
    )
    for column in rows.columns[1:]:
        column.justify = "right"
    counted = [each.boxes_of if boxed else each.pictures_of for each in copy.splits.values()]
    order = sorted(range(len(copy.classes)), key=lambda label: -sum(each[label] for each in counted))
    used = [label for label in order if any(each[label] for each in counted)]
    for label in _ends(used):
        if label is None:
            rows.add_row(drawing.line(f"and {len(used) - _MOST_CLASSES:,} more, down to", "dim"))
            continue
        cells = [_cell(each, label, boxed=boxed) for each in copy.splits.values()]
        rows.add_row(one_line(copy.classes[label], 60), *cells)
    return rows


def _cell(count: SplitCount, label: int, *, boxed: bool) -> str:
    pictures = count.pictures_of[label]
    return f"{count.boxes_of[label]:,} ({pictures:,})" if boxed else f"{pictures:,}"


def _ends(labels: Sequence[int]) -> list[int | None]:
    if len(labels) <= _MOST_CLASSES:
        return list(labels)
    half = _MOST_CLASSES // 2
    return [*labels[:half], None, *labels[-half:]]
