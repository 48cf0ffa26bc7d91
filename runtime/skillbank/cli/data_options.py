"""Options that the commands on data sets share, and how far their work is, shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import drawing, terminal
from skillbank.cli.progress import transfers
from skillbank.errors import DataError, DataNotFoundError
from skillbank.home import cache_dir
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.set_places import set_place
from skillbank.runtime import Runtime
from skillbank.storage.data_place import open_data_place
from skillbank.visible import one_line

with lazy_imports():
    from skillbank.datasets import opening
    from skillbank.jobs import set_files

if TYPE_CHECKING:
    from skillbank.datasets.opening import Opened
    from skillbank.datasets.progress import Progress, Step
    from skillbank.plan.set_places import SetPlace

Place = Annotated[
    str,
    typer.Argument(
        metavar="PLACE",
        help="A folder, an archive, an annotation file, a part of a data set (D/val), or set:NAME; a path or s3://.",
    ),
]
Format = Annotated[
    str, typer.Option("--format", "-f", metavar="NAME", help="How to read it, where it is not recognised.")
]
Splits = Annotated[
    list[str] | None,
    typer.Option("--split", metavar="NAME", help="Only this split (train, val, test); may be repeated."),
]


def open_data(place: str, form: str) -> Opened:
    """Open the data set that a command names, with a bar for what has to be brought."""
    if (found := set_place(place)) is not None and not found.digest:
        return _open_set(found)
    with transfers() as report:
        return open_data_place(place, cache_dir(), form=form, report=report)


def _open_set(place: SetPlace) -> opening.Opened:
    """Open the reviewed pictures of a label set, or those of one of its splits."""
    with Runtime() as runtime:
        data, tree = runtime.sets.open(place.name).data_set(lies=set_files.lies)
    if not any(True for split in data.splits for _ in split.pictures()):
        raise DataError(
            f"the label set {place.name} has no reviewed picture; review some with skillbank review "
            f"{place.name}, or write all with skillbank sets export {place.name} --unreviewed -o NEW"
        )
    split = data.split(place.rest.strip("/")) if place.rest else None
    if place.rest and split is None:
        raise DataNotFoundError(
            f"the label set {place.name} has no reviewed pictures in {one_line(place.rest.strip('/'), 40)}; "
            "its splits are train and val"
        )
    return opening.Opened(tree, data, split)


@contextmanager
def steps() -> Iterator[Progress | None]:
    """Yield what draws a bar for each piece of work on a terminal; None, and silence, in a pipe."""
    if not terminal.interactive(err=True):
        yield None
        return

    columns = (
        drawing.field("description"),
        drawing.BarColumn(bar_width=30),
        drawing.MofNCompleteColumn(),
        drawing.TimeRemainingColumn(),
    )
    with drawing.bars(terminal.console(err=True), *columns, transient=True) as bar:
        tasks = {}

        def report(step: Step) -> None:
            if step.name not in tasks:
                tasks[step.name] = bar.add_task(step.name, total=step.total)
            bar.update(tasks[step.name], total=step.total, completed=step.done)

        yield report
