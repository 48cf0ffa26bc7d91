"""Who answers for whom at the least cost: scipy's solver, without the rest of `scipy.optimize`.

That package imports seven hundred modules for a function that is one compiled file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_loader
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Solver = Callable[[NDArray[np.floating]], tuple[NDArray[np.intp], NDArray[np.intp]]]

__all__ = ["assigned"]

_SOLVER = "_lsap"


def assigned(cost: NDArray[np.floating]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pair rows with columns so that the sum of their costs is least.

    Parameters
    ----------
    cost : ndarray
        ``(R, C)``, finite.

    Returns
    -------
    tuple of ndarray
        ``min(R, C)`` rows, ascending, and the column of each.
    """
    rows, columns = _solver()(cost)
    return rows, columns


@cache
def _solver() -> Solver:
    found = find_spec("scipy")  # imports nothing
    for folder in (found.submodule_search_locations if found is not None else None) or ():
        for ending in EXTENSION_SUFFIXES:
            path = Path(folder) / "optimize" / f"{_SOLVER}{ending}"
            if path.is_file():
                loader = ExtensionFileLoader(f"skillbank_engine.{_SOLVER}", str(path))
                spec = spec_from_loader(loader.name, loader)
                if spec is not None:
                    module = module_from_spec(spec)
                    loader.exec_module(module)
                    solver: Solver = module.linear_sum_assignment
                    return solver
    from scipy.optimize import linear_sum_assignment  # another version, built otherwise

    other: Solver = linear_sum_assignment
    return other
