"""``skillbank team backup`` and ``skillbank team restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument

from skillbank.cli import options, terminal
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.jobs import backup as backups
    from skillbank.jobs import restore as restoring

__all__ = ["backup", "restore"]


def backup(
    folder: Annotated[Path, Argument(metavar="FOLDER", help="A new folder.")], as_json: options.Json = False
) -> None:
    """Write the whole store into a new folder, while servers work with it."""
    with options.open_runtime(None) as runtime:
        about = backups.backup(runtime.jobs.store.engine, folder)
    if as_json:
        options.print_json({"folder": str(folder), **about.model_dump(mode="json")})
    else:
        terminal.say(
            f"written {folder}: {about.rows:,} rows and {about.files:,} files, sha256 {about.sha256}"
        )


def restore(
    folder: Annotated[Path, Argument(metavar="FOLDER", help="What skillbank team backup has written.")],
    as_json: options.Json = False,
) -> None:
    """Fill an empty store and home with a backup; one that is in use is refused."""
    with options.open_runtime(None) as runtime:
        about = restoring.restore(runtime.jobs.store.engine, folder)
    if as_json:
        options.print_json({"folder": str(folder), **about.model_dump(mode="json")})
    else:
        terminal.say(
            f"restored {about.rows:,} rows and {about.files:,} files of {about.made:%Y-%m-%d %H:%M} UTC"
        )
