"""Labelling pictures by description with the embedded engine, which is run as the program that it is."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillbank.errors import DataError, DataNotFoundError, ParentError, PlatformError, UsageError
from skillbank.jobs.record import JobState
from skillbank.platforms.local import find_program

if TYPE_CHECKING:
    from skillbank.runtime import Runtime

__all__ = ["PROGRAM", "label_pictures"]

PROGRAM = "grounding_dino"
_MOST_CHARACTERS = 10_000


def label_pictures(
    runtime: Runtime,
    image: Path,
    descriptions: Sequence[str],
    *,
    checkpoint: str = "last:train",
    out: Path,
    threshold: float | None = None,
) -> Any:
    """Find objects by describing them, and draw their boxes.

    Parameters
    ----------
    image
        A picture, or a folder of pictures.
    checkpoint
        A checkpoint's file, or a complete job that left one.
    out
        Folder for the annotated pictures.
    threshold
        Least score, 0 to 1; the engine chooses by default.

    Returns
    -------
    dict
        The engine's own document, ``{"images": [{"image", "annotated", "detections"}]}``; a detection has
        ``phrase``, ``score`` and ``box`` (left, top, right, bottom, in pixels).

    Raises
    ------
    UsageError, DataNotFoundError, JobNotFoundError, ParentError, PlatformError, DataError
        When there is nothing to look for, no picture, no model, no engine, or the engine refuses.
    """
    if not descriptions:
        raise UsageError("There is nothing to look for; give at least one description.")
    if not all(text.strip() for text in descriptions):
        raise UsageError("A description is empty; give words to look for.")
    if (size := sum(map(len, descriptions))) > _MOST_CHARACTERS:
        raise UsageError(f"The descriptions have {size} of at most {_MOST_CHARACTERS} characters; use fewer.")
    if threshold is not None and not 0 <= threshold <= 1:
        raise UsageError(f"The threshold {threshold} is no score; give a number from 0 to 1.")
    image = _at_home(image)
    try:
        image.stat()
    except OSError as error:
        why = error.strerror
        raise DataNotFoundError(
            f"There is no picture or folder {image} here ({why}); give its path."
        ) from None
    model = _checkpoint(runtime, checkpoint)
    options = [f"--threshold={threshold}"] if threshold is not None else []
    options += [f"--text={text}" for text in descriptions]
    return _run("label", [f"--checkpoint={model}", f"--out={out}", *options, "--", str(image)])


def _run(command: str, arguments: list[str]) -> Any:
    """Run the engine and return the JSON document that it prints; a refusal is the engine's own sentence."""
    program = find_program(PROGRAM)
    if program is None:
        raise PlatformError(
            f"The program {PROGRAM} is not installed; pip install 'skillbank[engine]' brings it."
        )
    done = subprocess.run([program, command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [x for x in done.stderr.splitlines() if x.strip()]
        said = next(
            (x for x in reversed(lines) if x.startswith("ERROR")), lines[-1] if lines else "it said nothing"
        )
        raise DataError(f"{PROGRAM} {command} failed: {said.removeprefix('ERROR: ')}")
    return json.loads(done.stdout)


def _checkpoint(runtime: Runtime, given: str) -> Path:
    """Return a file as it is; a job's best model otherwise."""
    file = _at_home(Path(given))
    with contextlib.suppress(OSError):  # a name that is too long for a file
        if file.is_file():
            return file
    record = runtime.jobs.refresh(runtime.jobs.store.get(given).id)
    if record.state is not JobState.COMPLETE:
        raise ParentError(f"The job {record.id} is {record.state}; label needs one that is complete.")
    checkpoints = runtime.jobs.results(record.id).checkpoints
    chosen = next((c for c in checkpoints if c.best), next((c for c in checkpoints if c.latest), None))
    if chosen is None:
        raise ParentError(f"The job {record.id} left no checkpoint; give --checkpoint FILE or a train job.")
    return Path(record.results_dir) / chosen.path


def _at_home(path: Path) -> Path:
    """Return a path with ``~`` filled in; of a user who does not exist it stays as it is."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path
