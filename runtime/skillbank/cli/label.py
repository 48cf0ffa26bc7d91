"""``skillbank label IMAGE "a description" ...``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillbank.cli import options


def label(
    image: Annotated[Path, typer.Argument(help="A picture, or a folder of pictures.")],
    descriptions: Annotated[list[str], typer.Argument(help='What to find, e.g. "red circle" "blue star".')],
    checkpoint: Annotated[
        str, typer.Option("--checkpoint", metavar="FILE|JOB", help="A checkpoint, or a job that left one.")
    ] = "last:train",
    out: Annotated[Path, typer.Option("--out", help="Where annotated pictures go.")] = Path("labels"),
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", min=0.0, max=1.0, help="Least score; the engine chooses by default."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Find objects by describing them: boxes and scores, and pictures with the boxes drawn."""
    from skillbank.labelling import label_pictures

    with options.open_runtime(None) as runtime:
        document = label_pictures(
            runtime, image, descriptions, checkpoint=checkpoint, out=out, threshold=threshold
        )
    if as_json:
        options.print_json(document)
        return
    from skillbank.cli.present import console, labels_view

    console().print(labels_view(document))
