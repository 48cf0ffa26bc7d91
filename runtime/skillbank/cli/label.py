"""``skillbank label IMAGE "a description" ...``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillbank.cli import options

if TYPE_CHECKING:
    from skillbank.runtime import Runtime

PROGRAM = "grounding_dino"


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
    with options.open_runtime(None) as runtime:
        model = _checkpoint(runtime, checkpoint)
    document = run_engine(
        ["label", "--checkpoint", str(model), "--out", str(out),
         *(["--threshold", str(threshold)] if threshold is not None else []),
         *[a for text in descriptions for a in ("--text", text)], "--", str(image)]
    )  # fmt: skip
    if as_json:
        options.print_json(document)
        return
    from skillbank.cli.present import console, labels_view

    console().print(labels_view(document))


def run_engine(arguments: list[str]) -> Any:
    """Run the embedded engine and return the JSON document that it prints.

    Raises
    ------
    PlatformError
        When the engine is not installed, or refuses; the sentence is the engine's own.
    """
    import json
    import subprocess

    from skillbank.errors import DataError, PlatformError
    from skillbank.platforms.local import find_program

    program = find_program(PROGRAM)
    if program is None:
        raise PlatformError(
            f"The program {PROGRAM} is not installed; pip install 'skillbank[engine]' brings it."
        )
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [x for x in done.stderr.splitlines() if x.strip()]
        said = next(
            (x for x in reversed(lines) if x.startswith("ERROR")), lines[-1] if lines else "it said nothing"
        )
        raise DataError(f"{PROGRAM} {arguments[0]} failed: {said.removeprefix('ERROR: ')}")
    return json.loads(done.stdout)


def _checkpoint(runtime: Runtime, given: str) -> Path:
    """Return a file as it is; a job's best model otherwise."""
    from skillbank.errors import ParentError
    from skillbank.jobs.record import JobState

    if Path(given).expanduser().is_file():
        return Path(given).expanduser()
    record = runtime.jobs.refresh(runtime.jobs.store.get(given).id)
    if record.state is not JobState.COMPLETE:
        raise ParentError(f"The job {record.id} is {record.state}; label needs one that is complete.")
    checkpoints = runtime.jobs.results(record.id).checkpoints
    chosen = next((c for c in checkpoints if c.best), next((c for c in checkpoints if c.latest), None))
    if chosen is None:
        raise ParentError(f"The job {record.id} left no checkpoint; give --checkpoint FILE or a train job.")
    return Path(record.results_dir) / chosen.path
