"""``status.json``: one JSON document a line, the way the family's container reports progress."""

import json
from datetime import datetime
from pathlib import Path
from typing import Literal

Status = Literal["STARTED", "RUNNING", "SUCCESS", "FAILURE"]


class StatusLog:
    """Appends lines to the ``status.json`` of a results folder.

    Parameters
    ----------
    folder : Path
        The action's results folder, existing.
    silent : bool
        Whether nothing is written, because another process does.
    """

    def __init__(self, folder: Path, silent: bool = False) -> None:
        self._path = folder / "status.json"
        self._silent = silent

    def write(
        self, status: Status, message: str, *, kpi: dict[str, float] | None = None, **more: object
    ) -> None:
        """Append one line.

        Parameters
        ----------
        status : str
            STARTED, RUNNING, SUCCESS or FAILURE.
        message : str
            What a reader should know; readers of the family match some of these texts word by word.
        kpi : dict, optional
            Measured numbers by name.
        **more
            Further values beside the message, as the epoch.
        """
        if self._silent:
            return
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
            line["kpi"] = {name: _finite(value) for name, value in kpi.items()}
        # One write call of one line: a reader that follows the file never sees half of it.
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, allow_nan=False, ensure_ascii=False) + "\n")


def _finite(value: float) -> float | None:
    """JSON has no NaN; a number that is none becomes null."""
    return value if value == value and abs(value) != float("inf") else None
