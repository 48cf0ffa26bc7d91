"""The keeper of one local job: a tiny process that starts the program and writes down how it ended.

Run by file path with ``python -I -S keeper.py JOB_DIR``; imports the standard library and two small modules.
The first process returns as soon as the program runs; its fork stays, in a session of its own, so that
whatever happens to the command that launched the job does not reach it.

Files in the job folder, each written whole or not at all:

``launch.json``   in: ``job_id``, ``argv``, ``cwd``; no environment, which comes through the process itself
``claim.json``    the keeper's pid and identity; linked into place exclusively, so a job has one keeper ever
``process.json``  the program's pid and identity, written by the program's own process before it becomes one
``output.log``    what the program prints
``cancel``        somebody wants the job stopped
``exit.json``     ``exit_code`` (128 + signal like a shell), ``signal``, ``canceled``
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn, NotRequired, TypedDict

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).absolute().parents[2]))

from skillbank.platforms.processes import identity
from skillbank.redact import StreamRedactor, secret_values

LAUNCH, CLAIM, PROCESS, LOG, CANCEL, EXIT = (
    "launch.json",
    "claim.json",
    "process.json",
    "output.log",
    "cancel",
    "exit.json",
)
STARTED, TAKEN = 0, 3
"""Exit codes of the first process: the program runs; the job has a keeper (or never may have one)."""


def write_json(target: Path, document: Mapping[str, object], *, exclusive: bool = False) -> bool:
    """Write a file whole or not at all, and to the disk; false when it must be new and is not."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    with temporary.open("w") as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())
    if not exclusive:
        temporary.replace(target)
        return True
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    return True


class Process(TypedDict):
    """How a process can be recognised later; ``never`` is one of a job that must not start."""

    pid: int
    identity: str
    host: str
    at: float
    never: NotRequired[bool]


class End(TypedDict):
    """How the program ended; ``signal`` is what killed it."""

    exit_code: int
    signal: int | None
    canceled: bool
    at: float


class Order(TypedDict):
    """What the keeper starts."""

    argv: list[str]
    cwd: str
    job_id: str


def myself() -> Process:
    """Return how this process can be recognised later."""
    pid = os.getpid()
    return {"pid": pid, "identity": identity(pid) or "", "host": os.uname().nodename, "at": time.time()}


def _become_program(folder: Path, launch: Order) -> NoReturn:
    """Turn this process into the job's program, the leader of its own session and group."""
    argv = launch["argv"]
    try:
        os.setsid()
        log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        write_json(folder / PROCESS, myself())
        # Ignored signals stay ignored across exec; the program must be stoppable.
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(launch["cwd"])
        os.execvpe(argv[0], argv, {**os.environ, "SKILLBANK_JOB_ID": launch["job_id"]})
    except BaseException as error:
        os.write(2, f"skillbank: cannot start {argv[0]}: {error}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def scrub(log: Path) -> None:
    """Take secrets out of the finished log: who reads it later does not know their values."""
    # latin-1 maps every byte to one character and back, so bytes that are no UTF-8 survive.
    values = [value.encode().decode("latin-1") for value in secret_values(os.environ)]
    if not values:
        return
    redactor, temporary = StreamRedactor(values), log.with_name(f".{log.name}.tmp")
    temporary.touch(mode=0o600)
    with log.open("rb") as source, temporary.open("wb") as target:
        while piece := source.read(1 << 20):
            target.write(redactor.feed(piece.decode("latin-1")).encode("latin-1"))
        target.write(redactor.close().encode("latin-1"))
    temporary.replace(log)


def _keep(folder: Path, launch: Order, ready: int) -> int:
    """Start the program, wait for its end, write it down."""
    os.setsid()
    if not write_json(folder / CLAIM, myself(), exclusive=True):
        return TAKEN
    # The end must be recorded also when everybody is told to stop.
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    program = os.fork()
    if program == 0:
        os.close(ready)
        _become_program(folder, launch)
    os.write(ready, b"1")
    os.close(ready)
    _, status = os.waitpid(program, 0)
    canceled = (folder / CANCEL).exists()
    # As in a container, what the program left running ends with it.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(program, signal.SIGKILL)
    try:
        scrub(folder / LOG)
    except OSError as error:
        print(f"the log could not be cleaned of secrets: {error}", file=sys.stderr)
    killed_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    code = 128 + killed_by if killed_by else os.WEXITSTATUS(status)
    end: End = {"exit_code": code, "signal": killed_by, "canceled": canceled, "at": time.time()}
    write_json(folder / EXIT, end)
    return STARTED


def main(folder: Path) -> int:
    """Start the job that the folder describes; return `STARTED` or `TAKEN`."""
    launch = json.loads((folder / LAUNCH).read_bytes())
    # A job that launches jobs must not hand its own mark to their keepers.
    os.environ.pop("SKILLBANK_JOB_ID", None)
    wait_end, ready = os.pipe()
    keeper = os.fork()
    if keeper == 0:
        os.close(wait_end)
        code = 1
        try:
            code = _keep(folder, launch, ready)
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(ready)
    if os.read(wait_end, 1):
        return STARTED
    return os.waitstatus_to_exitcode(os.waitpid(keeper, 0)[1])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
