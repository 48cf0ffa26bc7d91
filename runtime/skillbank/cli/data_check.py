"""``skillbank data check PLACE``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillbank.cli import data_options, options, terminal
from skillbank.errors import UsageError


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
    """Say everything that is wrong with a data set at once; exit 1 where a job would not start."""
    from skillbank.datasets.checking import check_data
    from skillbank.home import cache_dir

    if fix != (output is not None):
        raise UsageError(
            "--fix and -o DIR belong together: --fix writes a repaired copy into DIR, a new folder"
        )
    opened = data_options.open_data(place, form)
    with data_options.steps() as report:
        found = check_data(opened, splits=splits, cache=cache_dir(), report=report)
    if as_json:
        options.print_json(found.document())
    else:
        from skillbank.cli.data_view import check_view

        terminal.show(check_view(found))
    if found.has_errors:
        raise typer.Exit(1)
