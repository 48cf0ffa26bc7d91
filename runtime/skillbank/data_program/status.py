"""``status.json``: one JSON document a line, as the programs of the family report how far they are."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from skillbank.datasets.progress import Step
from skillbank.errors import DataError, SkillbankError
from skillbank.visible import one_line
from skillbank.ways import Sentence

__all__ = ["End", "StatusLog", "carried_out"]

_LONGEST = 2000
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


@dataclass(frozen=True)
class End:
    """How an action ended: a sentence, counts, and whether that is what was wanted."""

    message: str
    kpi: Mapping[str, float]
    good: bool = True


def carried_out(
    folder: Path, begins: str, work: Callable[[StatusLog], End], said: Callable[[Sentence], str] = str
) -> int:
    """Carry out an action and return its exit status; its status log and standard error say what ends it.

    Parameters
    ----------
    folder
        The action's results folder, which is made.
    begins
        What begins, for people.
    said
        Returns a refusal in the words of the program.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be made: {error.strerror}") from None
    status = StatusLog(folder)
    status.write("STARTED", begins)
    try:
        end = work(status)
    except SkillbankError as error:
        told = one_line(said(error.sentence), _LONGEST)
        status.write("FAILURE", told)
        print(told, file=sys.stderr)
        return 1
    status.write("SUCCESS" if end.good else "FAILURE", end.message, kpi=end.kpi)
    print(end.message, file=sys.stdout if end.good else sys.stderr)
    return 0 if end.good else 1
