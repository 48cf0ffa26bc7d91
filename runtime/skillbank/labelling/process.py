"""The engine's process, which can be started before it is known which model it is for.

Importing torch takes the engine longer than a command needs to find out what it was asked for, so a command
that will need the engine begins it first and imports its own parts meanwhile.
"""

from __future__ import annotations

import atexit
import subprocess
from typing import NamedTuple

from skillbank.bank.engines import labeller
from skillbank.bank.programs import find_program
from skillbank.plan.variables import HUB_VARIABLES
from skillbank.trust.environment import program_environment

__all__ = ["begin", "take"]


class _Begun(NamedTuple):
    program: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes]


_begun: list[_Begun] = []


def begin() -> None:
    """Start the engine for the next `take`; it ends with this process where nobody takes it.

    Where it is not installed nothing happens: who takes it is told.
    """
    program = find_program(labeller().program)
    if program is not None and not _begun:
        environment = program_environment(HUB_VARIABLES)
        _begun.append(_Begun(program, environment, _start(program, environment)))


def take() -> subprocess.Popen[bytes] | None:
    """Return the engine's process, the one that was begun if it is the same; None when it is not installed.

    It waits for a line of JSON on its stdin that names the model.
    """
    program = find_program(labeller().program)
    if program is None:
        return None
    environment = program_environment(HUB_VARIABLES)
    while _begun:
        begun = _begun.pop()
        if (begun.program, begun.environment) == (program, environment) and begun.process.poll() is None:
            return begun.process
        _end(begun.process)
    return _start(program, environment)


def _start(program: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [program, "serve"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


@atexit.register
def _end_all() -> None:
    while _begun:
        _end(_begun.pop().process)
