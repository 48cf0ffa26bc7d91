"""Where skillbank keeps its state: one folder, or a database that the environment names."""

from __future__ import annotations

from pathlib import Path

from skillbank.environment import DATABASE_URL, HOME
from skillbank.errors import PlatformError
from skillbank.redact import redact
from skillbank.ways import option

__all__ = [
    "cache_dir",
    "database_url",
    "documents_dir",
    "home",
    "looks_dir",
    "outbox",
    "pictures_dir",
    "results_root",
    "search_dir",
]


def home(*, make: bool = True) -> Path:
    """Return the folder of skillbank's own state, made on demand: ``SKILLBANK_HOME``, else ``~/.skillbank``.

    Only its owner can read it: plans and logs may name private data.

    Parameters
    ----------
    make
        Whether it is made; who only looks for something in it need not leave one behind.
    """
    named = HOME.value
    if named and "://" in named:
        raise PlatformError(
            f"SKILLBANK_HOME is {redact(named)}, an address; set it to a folder of this machine, and say "
            f"where results go with {option('results-root')}."
        )
    try:
        folder = Path(named).expanduser().absolute() if named else Path.home() / ".skillbank"
        if make:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # the latter: this user has no home
        raise PlatformError(
            f"The folder of skillbank's state, {named or '~/.skillbank'}, cannot be made ({error}); "
            "set SKILLBANK_HOME to a folder that can be written."
        ) from None
    return folder


def database_url() -> str:
    """Return the SQLAlchemy URL of jobs and plans: ``SKILLBANK_DATABASE_URL``, else SQLite in `home`."""
    return DATABASE_URL.value or f"sqlite:///{home() / 'skillbank.db'}"


def outbox() -> Path | None:
    """Return the folder where plans wait for the database in `home`; None where another one is named."""
    return None if DATABASE_URL.value else home() / "plans"


def results_root() -> Path:
    """Return the folder that holds one results folder for each job when a plan names no other."""
    return home() / "results"


def cache_dir() -> Path:
    """Return the folder of what can be made again: unpacked archives, by content."""
    return home() / "cache"


def looks_dir() -> Path:
    """Return the folder that keeps what was seen of pictures, so that each is decoded once."""
    return cache_dir() / "pictures"


def search_dir() -> Path:
    """Return the folder that keeps search indexes of large banks; made by who keeps one."""
    return home(make=False) / "cache" / "search"


def documents_dir() -> Path:
    """Return the folder that keeps what was read of large banks' documents; made by who keeps some."""
    return home(make=False) / "cache" / "documents"


def pictures_dir() -> Path:
    """Return the folder of pictures of label sets that lie nowhere else on this machine, by content."""
    return home() / "pictures"
