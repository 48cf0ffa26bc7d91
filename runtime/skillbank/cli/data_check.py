"""``skillbank data check PLACE``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import data_copying, data_options, data_work, options, terminal
from skillbank.errors import UsageError
from skillbank.home import looks_dir

if TYPE_CHECKING:
    from skillbank.datasets.copying import Copy
    from skillbank.datasets.opening import Opened
    from skillbank.datasets.report import DataReport


def check(
    place: data_options.Place,
    form: data_options.Format = "",
    splits: data_options.Splits = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write a repaired copy to -o DIR; the data set itself stays.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Where the repaired copy goes; a new folder."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Say everything that is wrong with a data set at once; exit 1 where a job would not start.

    With --fix the exit is 0 where the copy was written and nothing is left in it that would end a job.
    """
    if fix != (output is not None):
        raise UsageError(
            "--fix and -o DIR belong together: --fix writes a repaired copy into DIR, a new folder"
        )
    opened = data_options.open_data(place, form)
    with data_options.steps() as report:
        found = data_work.check_data(opened, splits=splits, cache=looks_dir(), report=report)
    if not as_json:
        terminal.show(data_work.check_view(found, fixing=fix))
    if output is not None:
        copy = _fixed(opened, found, output, splits)
        if as_json:
            options.print_json({**found.document(), "repaired": copy.document()})
        else:
            terminal.say()
            data_copying.tell(copy, False)
    elif as_json:
        options.print_json(found.document())
    if found.blocking(skip=fix):
        raise typer.Exit(1)


def _fixed(opened: Opened, found: DataReport, folder: Path, splits: list[str] | None) -> Copy:
    with data_options.steps() as report:
        return data_work.fixed(opened, found, folder, splits=splits, cache=looks_dir(), report=report)
