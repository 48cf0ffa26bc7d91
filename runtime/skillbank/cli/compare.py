"""``skillbank compare``, of jobs or on a label set, and ``skillbank sets report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.cli.label_progress import progress
from skillbank.errors import JobNotFoundError, UsageError
from skillbank.visible import one_line
from skillbank.ways import command, option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from skillbank.labelling.loop.comparison import Compared
    from skillbank.runtime import Runtime
    from skillbank.sets.accuracy import Estimate

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
            _compare_on_set(runtime, names, output, 12 if pictures is None else pictures, as_json)
            return
        for name, value in (("output", output), ("pictures", pictures)):
            if value is not None:
                raise UsageError(f"{option(name)} is of a comparison on a label set, and {names[0]} is none")
        found = runtime.compare(names)
    if as_json:
        options.print_json(found.document())
        return
    from skillbank.cli.comparison_view import comparison_view

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


def _compare_on_set(
    runtime: Runtime, names: list[str], output: Path | None, pictures: int, as_json: bool
) -> None:
    from skillbank.labelling.loop.comparison import compare as compared

    name, *models = names
    path = _path(output, f"{name}-compared")
    with progress() as told:
        found = compared(runtime, runtime.sets.open(name), models, most=pictures, told=told)
    _tell(found, path, as_json)


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
    from skillbank.labelling.loop.comparison import report as reported

    path = _path(output, f"{name}-report")
    with options.open_runtime(None) as runtime, progress() as told:
        found = reported(runtime, runtime.sets.open(name), also=also or (), most=pictures, told=told)
    _tell(found, path, as_json)


def _path(output: Path | None, name: str) -> Path:
    from skillbank.cli.pages import plain, refuse_others
    from skillbank.labelling.loop.page import MARK

    path = output or Path(f"{plain(name) or 'report'}.html")
    refuse_others(path, MARK)
    return path


def _tell(found: Compared, path: Path, as_json: bool) -> None:
    from skillbank.cli.pages import write_page
    from skillbank.jobs.set_files import lies
    from skillbank.labelling.loop.page import page

    write_page(path, page(found, lies))
    if as_json:
        options.print_json(found.document() | {"written": str(path)})
        return
    for note in found.notes:
        terminal.warn(note)
    if found.rounds is not None:
        terminal.show(_rounds(found))
    if found.models:
        terminal.show(_models(found))
    for before, after, (mean, _) in found.differences():
        sure = "" if mean.low > 0 or mean.high < 0 else ", which may be chance"
        terminal.say(
            f"from {one_line(before.name, 60)} to {one_line(after.name, 60)}: mAP50 {mean.value:+.3f} "
            f"({mean.low:+.3f} to {mean.high:+.3f}{sure})"
        )
    terminal.say(f"written {one_line(path, 300)}")


def _rounds(found: Compared) -> RenderableType:
    from skillbank.cli.styled import table

    rows = table("round", "reviewed", "accepted", "edited", "added", "rejected", "s a picture", "actions")
    for column in rows.columns[1:]:
        column.justify = "right"
    for each in found.rounds or ():
        total = each.total
        counts = each.reviewed, total.accepted, total.edited, total.added, total.rejected
        means = each.seconds_a_picture, each.actions_a_picture
        title = "before a model" if each.run is None else f"run {each.run}, {one_line(each.model, 60)}"
        shares = ("-" if mean is None else f"{mean:.1f}" for mean in means)
        rows.add_row(title, *(f"{count:,}" for count in counts), *shares)
    return rows


def _models(found: Compared) -> RenderableType:
    from skillbank.cli.styled import table

    rows = table("model", "mAP50", "mAP", f"on {found.pictures:,} pictures, {found.objects:,} objects")
    for each in found.models:
        seen = each.accuracy
        rows.add_row(one_line(each.name, 60), _said(seen.map50), _said(seen.map), "")
    return rows


def _said(value: Estimate | None) -> str:
    return "-" if value is None else f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"
