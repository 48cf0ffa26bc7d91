"""``skillbank compare``, of jobs or on a label set, and ``skillbank sets report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.cli.comparison_view import comparison_view
from skillbank.errors import JobNotFoundError, UsageError
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line
from skillbank.ways import command, option

with lazy_imports():
    from skillbank.cli import set_comparison

if TYPE_CHECKING:
    from skillbank.runtime import Runtime

Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE.html", help="Where the page goes [default: by the set's name]"
    ),
]
Pictures = Annotated[
    int, typer.Option("--pictures", min=0, max=100, help="How many pictures with disagreement are drawn.")
]


def compare(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="A B [C...]",
            help="Jobs that have ended ('last:train'); or a label set, and models: jobs, files, folders, or "
            "of the hub.",
        ),
    ],
    output: Output = None,
    pictures: Annotated[
        int | None,
        typer.Option("--pictures", min=0, max=100, help="Of a set: pictures with disagreement [default: 12]"),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Compare finished jobs: what they measured and on what, settings that differ, classes, size and speed.

    Where the first name is a label set, models are compared on its reviewed validation pictures, with
    intervals, as one HTML page.
    """
    with options.open_runtime(None) as runtime:
        if _is_set(runtime, names[0]):
            most = 12 if pictures is None else pictures
            set_comparison.compare_on_set(runtime, names, output, most, as_json)
            return
        for name, value in (("output", output), ("pictures", pictures)):
            if value is not None:
                raise UsageError(f"{option(name)} is of a comparison on a label set, and {names[0]} is none")
        found = runtime.compare(names)
    if as_json:
        options.print_json(found.document())
        return

    terminal.show(comparison_view(found))


def _is_set(runtime: Runtime, name: str) -> bool:
    """Say whether a name is that of a label set, or of a job.

    Raises
    ------
    UsageError
        When it is the name of both.
    JobNotFoundError
        When it is that of neither.
    """
    is_set = name in runtime.sets
    try:
        job = runtime.jobs.store.get(name).id
    except JobNotFoundError as error:
        if is_set:
            return True
        raise JobNotFoundError(
            f"{error.sentence.marked}; no label set is called so either ({command('sets')} lists them)"
        ) from None
    if is_set:
        raise UsageError(
            f"{one_line(name, 60)} is a label set, and the job {job} is meant by that too; name the job by "
            f"its whole id, or see the set's models with {command('sets report', one_line(name, 60))}"
        )
    return False


def report(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A label set.")],
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--checkpoint",
            "--model",
            metavar="FILE|DIR|JOB|NAME",
            help="A further model, or the file of one that is not found any more; may be repeated.",
        ),
    ] = None,
    output: Output = None,
    pictures: Pictures = 12,
    as_json: options.Json = False,
) -> None:
    """Say round by round what was reviewed and how good the models are, as one HTML page.

    Models are measured on the reviewed validation pictures; those that have not looked at them are asked.
    """
    with options.open_runtime(None) as runtime:
        set_comparison.report_on_set(runtime, name, also or (), output, pictures, as_json)
