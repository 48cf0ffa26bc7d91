"""Commands on a terminal of their own, as a person has one, or without any, as an agent's shell has none."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.forking import Forked, python, start

__all__ = ["Said", "at_terminal", "without_terminal"]

_SECONDS = 120


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    text: str


def at_terminal(arguments: Sequence[str], environment: dict[str, str], *answers: tuple[str, str]) -> Said:
    """Run ``skillbank ARGUMENTS`` on a new terminal.

    Parameters
    ----------
    answers
        In their order: what is waited for, and the line that is typed then.
    """
    leader, follower = pty.openpty()

    process = _begun(arguments, environment, follower)
    os.close(follower)
    waiting, seen, since = list(answers), "", 0
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        ready, _, _ = select.select([leader], [], [], 0.2)
        try:
            piece = os.read(leader, 65536) if ready else b""
        except OSError:
            break
        seen += piece.decode(errors="replace")
        if waiting and waiting[0][0] in seen[since:]:
            since = len(seen)
            os.write(leader, f"{waiting.pop(0)[1]}\n".encode())
        if not piece and process.poll() is not None:
            break
    code = process.wait(_SECONDS)
    assert code is not None, seen
    os.close(leader)
    return Said(code, seen.replace("\r\n", "\n"))


def _begun(
    arguments: Sequence[str], environment: dict[str, str], terminal: int
) -> subprocess.Popen[bytes] | Forked:
    """Start ``skillbank ARGUMENTS`` in a session of its own that has the terminal."""
    forked = start("skillbank", ["skillbank", *arguments], environment, [terminal] * 3, terminal=True)
    if forked is not None:
        return forked

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    return subprocess.Popen(
        [sys.executable, "-m", "skillbank", *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment,
        preexec_fn=take_terminal,
    )


def without_terminal(arguments: Sequence[str], environment: dict[str, str], typed: str | None = None) -> Said:
    """Run ``skillbank ARGUMENTS`` with a pipe or nothing as its input, in a session without a terminal."""
    done = subprocess.run(
        [python(), "-m", "skillbank", *arguments],
        env=environment,
        text=True,
        capture_output=True,
        check=False,
        start_new_session=True,
        timeout=_SECONDS,
        **({"stdin": subprocess.DEVNULL} if typed is None else {"input": typed}),
    )
    return Said(done.returncode, done.stdout + done.stderr)
