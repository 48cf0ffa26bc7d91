"""Where a program of this machine is: the one of this installation before any other."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from skillbank.bank.engines import EngineFacts, own_engine

__all__ = ["absent_packages", "find_program"]


def find_program(name: str) -> str | None:
    """Return the path of a program: the one installed with this skillbank, else the one on PATH.

    The one beside this Python is of the same version; PATH may lead to another environment's. A path that
    is not whole names no program: it would be another one in each folder that skillbank is called in.
    """
    if "/" in name and not name.startswith("/"):
        return None
    here = str(Path(sys.executable).parent)
    found = shutil.which(name, path=here)
    # A program of our own wheel is installed also without the extra that brings its packages.
    if found is None or absent_packages(own_engine(name)):
        found = shutil.which(name)
        if found is None or str(Path(found).parent) == here:
            return None
    return str(Path(found).absolute())


def absent_packages(engine: EngineFacts | None) -> list[str]:
    """Return the packages of a program of skillbank's own bank that are not installed here."""
    return [] if engine is None else [each for each in engine.packages if find_spec(each) is None]
