"""What the commands on data sets do, imported when they do it: ``--help`` needs no numpy and no formats."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = [
    "CELL", "MARK", "Amount", "Mode", "check_data", "check_view", "convert", "fixed", "page", "pictured",
    "sheets", "split", "survey", "writer_of",
]  # fmt: skip

if TYPE_CHECKING:
    from skillbank.cli.data_view import check_view
    from skillbank.datasets.checking import check_data
    from skillbank.datasets.converting import convert
    from skillbank.datasets.copying import writer_of
    from skillbank.datasets.fixing import fixed
    from skillbank.datasets.html import MARK, page
    from skillbank.datasets.repairing import Mode
    from skillbank.datasets.sheets import CELL, sheets
    from skillbank.datasets.showing import pictured, survey
    from skillbank.datasets.splitting import Amount, split
else:
    _ROOMS = {
        "check_view": "cli.data_view",
        "check_data": "datasets.checking",
        "convert": "datasets.converting",
        "writer_of": "datasets.copying",
        "fixed": "datasets.fixing",
        "MARK": "datasets.html",
        "page": "datasets.html",
        "Mode": "datasets.repairing",
        "CELL": "datasets.sheets",
        "sheets": "datasets.sheets",
        "pictured": "datasets.showing",
        "survey": "datasets.showing",
        "Amount": "datasets.splitting",
        "split": "datasets.splitting",
    }

    def __getattr__(name: str) -> object:
        """Import what is asked for at its first use."""
        if name not in _ROOMS:
            raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
        return getattr(import_module(f"skillbank.{_ROOMS[name]}"), name)
