"""A folder of labels belongs to one model and one list of descriptions: files of two runs never mix."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skillbank_engine.errors import DataError
from skillbank_engine.results import write_text

MADE_WITH = "made-with.json"


def digest_of(path: str | Path) -> str:
    """The sha256 of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def claim(folder: Path, made_with: Mapping[str, object], files: Sequence[Path], key: str) -> None:
    """Make a folder this run's own, before anything is written to it.

    What an earlier run of the same kind left and this one will not write again is taken away, so that a run
    that starts anew in its folder leaves what a fresh one would.

    Parameters
    ----------
    folder : Path
        Where the files go.
    made_with : mapping
        What makes labels what they are: the checkpoint's digest, descriptions in their order, threshold.
    files : sequence of Path
        All that the run will write, below ``folder``.
    key : str
        What names the folder, for messages.

    Raises
    ------
    DataError
        It holds files of a run that differs, or that nobody can tell the origin of.
    """
    file = folder / MADE_WITH
    places = [path.relative_to(folder).as_posix() for path in files]
    before: dict[str, Any] = {}
    if file.is_file():
        try:
            before = json.loads(file.read_text(encoding="utf-8"))
            listed = [folder / place for place in before["files"]]
        except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
            raise DataError(f"{file} cannot be read ({error}): set another {key}") from error
        differs = [name for name in made_with if before.get(name) != made_with[name]]
        if differs:
            raise DataError(
                f"{folder} holds labels that were made with other "
                f"values of {', '.join(differs)}: set another {key}"
            )
        wanted = set(files)
        for path in listed:
            if path not in wanted and path.resolve().is_relative_to(folder.resolve()):
                path.unlink(missing_ok=True)
    else:
        there = next((path for path in files if path.exists()), None) or _first_below(files, folder)
        if there is not None:
            raise DataError(
                f"{there} is there already and no {MADE_WITH} says of which run it is: set another {key}"
            )
    folder.mkdir(parents=True, exist_ok=True)
    write_text(file, json.dumps({**made_with, "files": places}, indent=1, ensure_ascii=False) + "\n")


def _first_below(files: Sequence[Path], folder: Path) -> Path | None:
    """A file in one of the folders that are written to, other than ``folder`` itself."""
    tops = sorted({folder / path.relative_to(folder).parts[0] for path in files if path.parent != folder})
    return next((path for top in tops for path in sorted(top.rglob("*")) if path.is_file()), None)
