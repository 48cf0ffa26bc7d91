"""Where a program of this machine is: the one of this installation before any other."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

__all__ = ["find_program"]

_NEEDS = {"grounding_dino": ("torch", "transformers", "scipy", "PIL", "faster_coco_eval")}
"""Packages that a program of our own wheel needs: the program is installed also without its extra."""


def find_program(name: str) -> str | None:
    """Return the path of a program: the one installed with this skillbank, else the one on PATH.

    The one beside this Python is of the same version; PATH may lead to another environment's. A path that
    is not whole names no program: it would be another one in each folder that skillbank is called in.
    """
    if "/" in name and not name.startswith("/"):
        return None
    here = str(Path(sys.executable).parent)
    found = shutil.which(name, path=here)
    if found is None or not all(map(find_spec, _NEEDS.get(name, ()))):
        found = shutil.which(name)
        if found is None or str(Path(found).parent) == here:
            return None
    return str(Path(found).absolute())
