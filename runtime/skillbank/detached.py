"""Processes of ours that outlive whoever starts them: supervisors of jobs, controllers of searches.

Each runs a module of `skillbank.background` as its ``main``. It is started as ``python -m`` does it, or, in a
process of a server, forked by the parent of that, which has imported all that the module needs.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

__all__ = ["Fork", "detach", "detach_with"]

Fork: TypeAlias = "Callable[[str, Sequence[str], Path, int | None], bool]"
"""Starts a process with a module, arguments, log and open file, as `detach`; false where it cannot."""
# The shell is gone at once, so that nobody waits for the process and no zombie stays.
_DETACHED = '"$@" >>"$0" 2>&1 </dev/null &'
_fork: Fork | None = None


def detach_with(fork: Fork) -> None:
    """Have processes forked from now on, where that can be done."""
    global _fork
    _fork = fork


def detach(module: str, arguments: Sequence[str], log: Path, kept: int | None = None) -> None:
    """Start a process in a session of its own.

    Parameters
    ----------
    module
        A module of `skillbank.background`, by its last name; its ``main`` takes the arguments.
    log
        Where its output is added; made for its owner alone.
    kept
        An open file that goes over to it. Its number there is the last argument that it gets.
    """
    log.touch(mode=0o600)
    if _fork is not None and _fork(module, arguments, log, kept):
        return
    told = [*arguments, *([] if kept is None else [str(kept)])]
    command = [sys.executable, "-m", f"skillbank.background.{module}", *told]
    shell = ["/bin/sh", "-c", _DETACHED, str(log), *command]
    passed = () if kept is None else (kept,)
    subprocess.run(shell, check=True, start_new_session=True, pass_fds=passed)
