"""``status.json``: one JSON document a line, as the programs of the family report how far they are."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from skillbank.datasets.progress import Step

__all__ = ["StatusLog"]

_SECONDS = 1.0
"""At most so often it is said how far a piece of work is; its beginning and end always are."""


class StatusLog:
    """Appends lines to the ``status.json`` of an action's folder, and says the same on standard output."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "status.json"
        self._piece, self._said = "", 0.0

    def write(
        self,
        status: Literal["STARTED", "RUNNING", "SUCCESS", "FAILURE"],
        message: str,
        *,
        kpi: Mapping[str, float] | None = None,
        **more: object,
    ) -> None:
        """Append one line; ``kpi`` are counts by name, ``more`` stands beside the message."""
        now = datetime.now().astimezone()
        line: dict[str, object] = {
            "date": now.strftime("%m/%d/%Y"),
            "time": now.strftime("%H:%M:%S"),
            "status": status,
            "verbosity": "ERROR" if status == "FAILURE" else "INFO",
            "message": message,
            **more,
        }
        if kpi is not None:
            line["kpi"] = dict(kpi)
        # One write call of one line: a reader that follows the file never sees half of it.
        with self._path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(json.dumps(line, allow_nan=False, ensure_ascii=False) + "\n")

    def step(self, step: Step) -> None:
        """Say how far a piece of work is: `skillbank.datasets.progress.Progress`."""
        now = time.monotonic()
        if step.name == self._piece and now - self._said < _SECONDS and step.done != step.total:
            return
        self._piece, self._said = step.name, now
        of = "" if step.total is None else f" of {step.total:,}"
        counters: dict[str, Any] = {
            "step": step.done,
            **({} if step.total is None else {"max_step": step.total}),
        }
        self.write("RUNNING", f"{step.name}: {step.done:,}{of}", **counters)
