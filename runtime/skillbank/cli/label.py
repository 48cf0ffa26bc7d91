"""``skillbank label PICTURE... "a description" ...``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import detector_options, drawing, label_refusals, options, terminal
from skillbank.cli.label_progress import answer, progress
from skillbank.labelling.formats import FORMATS
from skillbank.labelling.words import tell_apart
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.cli import label_into
    from skillbank.labelling import batch, set_result
    from skillbank.labelling import manifest as manifests

if TYPE_CHECKING:
    from rich.console import RenderableType

    from skillbank.labelling.batch import Labels

_SHOWN = 8
"""With more pictures than this only sums are shown."""


def label(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PICTURE... DESCRIPTION...",
            help="Pictures and folders, then what to find: photo.jpg 'red circle' 'blue star'. A full stop "
            "with blanks around it separates several in one text, as in 'red circle . blue star'; commas "
            "do not. With --into classes with their captions: 'exit = red exit sign | green exit sign | not "
            "poster'; without pictures those of the set are labelled.",
        ),
    ] = None,
    texts: Annotated[
        list[str] | None,
        typer.Option(
            "--text",
            "-t",
            metavar="DESCRIPTION|@FILE",
            help="What to find, also as an option; @FILE reads one description a line (# begins a comment).",
        ),
    ] = None,
    model: detector_options.Model = None,
    into: Annotated[
        str | None,
        typer.Option(
            "--into",
            metavar="SET",
            help="Keep what is found in a label set, to be reviewed; the same command does what is missing.",
        ),
    ] = None,
    classes: Annotated[
        Path | None,
        typer.Option(
            "--classes", metavar="FILE.yaml", help="Classes of the set: NAME: caption | caption, one a line."
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            "--only", metavar="unreviewed", help="Leave out the pictures of the set that were reviewed."
        ),
    ] = None,
    detach: Annotated[
        bool,
        typer.Option("--detach", help="Let a job look at the pictures of the set; do not wait for its end."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "--out",
            "-o",
            metavar="DIR",
            help="Where labels are written: a new folder, or that of the same run [default: labels]",
        ),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            metavar="|".join((*FORMATS, "pictures")),
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
    across: Annotated[
        float | None,
        typer.Option(
            "--nms-across",
            min=0.0,
            max=1.0,
            help="Most overlap of boxes of different descriptions: above it they are names of one object, "
            "and the surest counts [default: 0.7; 1 keeps every name]",
        ),
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
    precision: detector_options.Precision = None,
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
    """Find objects by describing them: boxes and scores, labels in several formats, annotated pictures.

    With --into they are kept in a label set, where people review them.
    """
    bounds = {"threshold": threshold, "nms": nms, "across": across}
    if into is not None:
        label_refusals.refuse_folders(output, formats, replace)
        said = tell_apart(words or (), texts or (), classes=True)

        asked = set_result.Asked(**bounds, tiles=tiles, precision=precision)
        label_into.label(into, said, classes, only, model, asked, every, detach, as_json)
        return
    label_refusals.refuse_sets(words or (), classes, only, detach)
    said = tell_apart(words or (), texts or ())
    label_refusals.refuse_classes(said.texts, texts or ())

    folder = output or Path("labels")
    kinds = [kind.strip() for given in formats or ("json", batch.ANNOTATED) for kind in given.split(",")]
    with options.open_runtime(None) as runtime, _going_on(folder), progress() as told:
        labels = batch.label_pictures(
            runtime,
            said.pictures,
            said.texts,
            model=model,
            output=folder,
            kinds=kinds,
            **bounds,
            tiles=tiles,
            precision=precision,
            every=every,
            replace=replace,
            told=told,
        )
    answer(labels, (*said.notes, *labels.notes), _view, as_json)


@contextmanager
def _going_on(output: Path) -> Iterator[None]:
    """Say what an interruption has left."""
    try:
        yield
    except KeyboardInterrupt:
        manifest = manifests.read_manifest(output)
        if manifest is not None and manifest.state == "unfinished":
            done = len(manifest.pictures)
            said = f"{done} pictures are done and no labels are written; the same command goes on from there."
            terminal.warn(said)
        raise


def _view(labels: Labels) -> RenderableType:
    """Show a few pictures one by one, and of many only what was found how often."""
    parts: list[RenderableType] = []
    if len(labels.pictures) <= _SHOWN:
        for path, picture in zip(labels.paths, labels.pictures, strict=True):
            parts.append(drawing.line(str(path), "bold"))
            rows = drawing.table("description", "score", "box (x1 y1 x2 y2)")
            for finding in picture.findings:
                box = " ".join(f"{value:.0f}" for value in finding.box)
                rows.add_row(finding.phrase, f"{finding.score:.3f}", box)
            parts.append(
                rows if picture.findings else drawing.line("nothing found; a lower --threshold shows more")
            )
    else:
        found = Counter(finding.phrase for picture in labels.pictures for finding in picture.findings)
        holding = Counter(phrase for p in labels.pictures for phrase in {f.phrase for f in p.findings})
        rows = drawing.table("description", "objects", "on pictures")
        for phrase in labels.descriptions:
            rows.add_row(phrase, str(found[phrase]), f"{holding[phrase]} of {len(labels.pictures)}")
        parts.append(rows)
    if labels.names_left_out:
        parts.append(drawing.line(f"{labels.names_left_out}; --nms-across 1 keeps every name", "dim"))
    parts += [drawing.line(f"written {path}", "dim") for path in labels.written]
    return drawing.Group(*parts)
