"""Environment values on their way into a container: a file in memory that no inspection shows.

What is given to a container as its environment stands in ``docker inspect`` for everybody who may ask the
daemon. So the values that a plan names go through a file instead: on a file system in memory where there is
one, readable by the user alone, bound into the container, and read by the shell that starts the program. It
stays until the job's end is recorded, because whoever shows the log needs it to take the values out.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shlex
import time
from collections.abc import Mapping
from pathlib import Path

from skillbank.errors import PlatformError
from skillbank.home import home
from skillbank.whole_files import write_whole

__all__ = ["INSIDE", "forgotten", "read", "remove", "secret_file", "wrap", "write"]

INSIDE = "/run/skillbank/env"
"""Where the container finds the file."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LAUNCH = 600
"""Seconds that a launch takes at most between writing the file and starting the container."""
_START = f'set -a; . {INSIDE} || exit 125; set +a; exec "$@"'


def secret_file(job_id: str) -> Path:
    """Return the path of a job's file; those of another home, whose daemon may be another, lie elsewhere."""
    own, memory = home(), Path("/dev/shm")
    name = f"skillbank-{os.getuid()}-{hashlib.sha256(os.fsencode(own.resolve())).hexdigest()[:16]}"
    return (memory / name if memory.is_dir() else own / "run") / f"{job_id}.env"


def write(job_id: str, values: Mapping[str, str]) -> Path:
    """Write the values for a shell to read; the file appears whole and is the user's alone."""
    path = secret_file(job_id)
    if bad := [name for name in values if not _NAME.fullmatch(name)]:
        raise PlatformError(f"'{bad[0]}' is no name of an environment variable; correct the skill")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # /dev/shm is everybody's: a folder that somebody else made first would show him the values.
    info = path.parent.lstat()
    if info.st_uid != os.getuid() or path.parent.is_symlink() or info.st_mode & 0o077:
        raise PlatformError(f"{path.parent} is not this user's own private folder; remove it")
    lines = (f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    write_whole(path, "".join(lines), private=True)
    return path


def read(job_id: str) -> dict[str, str]:
    """Return what a job's file holds, by name; nothing when it is gone."""
    try:
        text = secret_file(job_id).read_text()
    except OSError:
        return {}
    return {name: value for name, _, value in (word.partition("=") for word in shlex.split(text))}


def forgotten() -> list[str]:
    """Return the jobs whose files are so old that their launch is over."""
    paths = secret_file("any").parent.glob("*.env")
    return [path.stem for path in paths if time.time() - path.stat().st_mtime > _LAUNCH]


def remove(job_id: str) -> None:
    """Delete a job's file."""
    with contextlib.suppress(FileNotFoundError):
        secret_file(job_id).unlink()


def wrap(argv: tuple[str, ...]) -> list[str]:
    """Return the command that reads the file and then becomes the program."""
    return ["/bin/sh", "-c", _START, "skillbank", *argv]
