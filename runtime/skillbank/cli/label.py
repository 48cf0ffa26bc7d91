"""``skillbank label PICTURE... "a description" ...``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.visible import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from skillbank.labelling.batch import Labels, Told

_SHOWN = 8
"""With more pictures than this only sums are shown."""


def label(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="PICTURE... DESCRIPTION...",
            help="Pictures and folders, then what to find: photo.jpg 'red circle' 'blue star'. A full stop "
            "with blanks around it separates several in one text, as in 'red circle . blue star'; commas "
            "do not.",
        ),
    ],
    texts: Annotated[
        list[str] | None,
        typer.Option(
            "--text",
            "-t",
            metavar="DESCRIPTION|@FILE",
            help="What to find, also as an option; @FILE reads one description a line (# begins a comment).",
        ),
    ] = None,
    model: options.DetectorModel = None,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "--out",
            "-o",
            metavar="DIR",
            help="Where labels are written: a new folder, or that of the same run.",
        ),
    ] = Path("labels"),
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            metavar="json|coco|kitti|odvg|yolo|voc|labelme|csv|pictures",
            help="What is written; may be repeated [default: json and pictures]",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", min=0.0, max=1.0, help="Least score; the engine chooses by default."),
    ] = None,
    nms: Annotated[
        float | None,
        typer.Option("--nms", min=0.0, max=1.0, help="Most overlap of two boxes of one description."),
    ] = None,
    tiles: Annotated[
        str,
        typer.Option(
            "--tiles",
            metavar="auto|WxH|off",
            help="Look at pictures piece by piece too, for small objects: auto those much larger than the "
            "model sees them.",
        ),
    ] = "off",
    every: Annotated[
        int | None,
        typer.Option("--every", min=1, metavar="N", help="Of videos: one of N frames is looked at."),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Put these labels in the place of another run's in DIR; what skillbank did not write stays.",
        ),
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Find objects by describing them: boxes and scores, labels in several formats, annotated pictures."""
    from skillbank.labelling.process import begin

    begin()
    from skillbank.labelling.batch import ANNOTATED, label_pictures
    from skillbank.labelling.words import tell_apart

    said = tell_apart(words, texts or ())
    kinds = [kind.strip() for given in formats or ("json", ANNOTATED) for kind in given.split(",")]
    with options.open_runtime(None) as runtime, _going_on(output), _progress() as told:
        labels = label_pictures(
            runtime,
            said.pictures,
            said.texts,
            model=model,
            output=output,
            kinds=kinds,
            threshold=threshold,
            nms=nms,
            tiles=tiles,
            every=every,
            replace=replace,
            told=told,
        )
    for note in (*said.notes, *labels.notes):
        terminal.warn(str(note))
    for path, message in labels.left_out:
        terminal.warn(f"{one_line(path, 300)} is {message}.")
    if as_json:
        options.print_json(labels.document())
    else:
        terminal.show(_view(labels))
    if labels.left_out:
        raise typer.Exit(1)


@contextmanager
def _going_on(output: Path) -> Iterator[None]:
    """Say what an interruption has left."""
    try:
        yield
    except KeyboardInterrupt:
        from skillbank.labelling.manifest import read_manifest

        manifest = read_manifest(output)
        if manifest is not None and manifest.state == "unfinished":
            done = len(manifest.pictures)
            said = f"{done} pictures are done and no labels are written; the same command goes on from there."
            terminal.warn(said)
        raise


@contextmanager
def _progress() -> Iterator[Told]:
    """Show a bar on a terminal's stderr; nothing in a pipe."""
    if not terminal.interactive(err=True):
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn

    from skillbank.cli.styled import bars, field

    columns = field("description"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with bars(terminal.console(err=True), *columns, transient=True) as bar:
        task = bar.add_task("loading the model", total=None)
        yield lambda done, total: bar.update(task, description="labelling", completed=done, total=total)


def _view(labels: Labels) -> RenderableType:
    """Show a few pictures one by one, and of many only what was found how often."""
    from rich.console import Group

    from skillbank.cli.styled import line, table

    parts: list[RenderableType] = []
    if len(labels.pictures) <= _SHOWN:
        for path, picture in zip(labels.paths, labels.pictures, strict=True):
            parts.append(line(str(path), "bold"))
            rows = table("description", "score", "box (x1 y1 x2 y2)")
            for finding in picture.findings:
                box = " ".join(f"{value:.0f}" for value in finding.box)
                rows.add_row(finding.phrase, f"{finding.score:.3f}", box)
            parts.append(rows if picture.findings else line("nothing found; a lower --threshold shows more"))
    else:
        found = Counter(finding.phrase for picture in labels.pictures for finding in picture.findings)
        holding = Counter(phrase for p in labels.pictures for phrase in {f.phrase for f in p.findings})
        rows = table("description", "objects", "on pictures")
        for phrase in labels.descriptions:
            rows.add_row(phrase, str(found[phrase]), f"{holding[phrase]} of {len(labels.pictures)}")
        parts.append(rows)
    parts += [line(f"written {path}", "dim") for path in labels.written]
    return Group(*parts)
