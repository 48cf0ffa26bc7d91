"""Where results go, and files that are either complete or not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from skillbank_engine.errors import EngineError

if TYPE_CHECKING:
    from skillbank_engine.config.blocks import SpecBase


def results_folder(spec: SpecBase, action: str) -> Path:
    """Make and give the folder of an action: ``<action>.results_dir``, else ``<results_dir>/<action>``.

    Raises
    ------
    EngineError
        Neither is set, or the folder cannot be made.
    """
    own = getattr(spec, action).results_dir
    if not own and not spec.results_dir:
        raise EngineError(f"There is nowhere to put results: set results_dir or {action}.results_dir")
    folder = Path(own) if own else Path(spec.results_dir) / action
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(
            f"The results folder {folder} cannot be made ({error.strerror}): set another"
        ) from error
    return folder


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file completely before it takes its name.

    Yields
    ------
    Path
        A temporary file beside ``path``; it becomes ``path`` when the block ends without an error.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files that only their owner can read; results are meant to be shared like any file.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def point_link(link: Path, target: Path) -> None:
    """Let a relative link point at a file beside it, in one step."""
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target.name)
    temporary.replace(link)


def write_experiment(folder: Path, spec: SpecBase) -> None:
    """Write the spec as it was really used to ``experiment.yaml``."""
    text = yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    write_text(folder / "experiment.yaml", text)
