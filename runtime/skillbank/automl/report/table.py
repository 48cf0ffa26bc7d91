"""The trials as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from skillbank.visible import visible_values

if TYPE_CHECKING:
    from skillbank.automl.report.data import ReportData

__all__ = ["trials_csv"]

_FIELDS = ("number", "state", "epochs", "resume_from", "best_epoch", "seconds", "job", "reason")


def trials_csv(data: ReportData) -> str:
    """Return one line for each trial: how it ended, its scores, its values."""
    data = visible_values(data)
    metrics = [objective["metric"] for objective in data["objectives"]]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_FIELDS, *metrics, *data["parameters"]])
    for trial in data["trials"]:
        row: Mapping[str, object] = trial
        scores: Sequence[float | None] = trial["scores"] or [None] * len(metrics)
        values = [_cell(trial["values"].get(key)) for key in data["parameters"]]
        writer.writerow([*(_cell(row[name]) for name in _FIELDS), *scores, *values])
    return text.getvalue()


def _cell(value: object) -> object:
    """Return a cell; text that a spreadsheet would take for a formula is marked as text."""
    if isinstance(value, list | dict):
        return json.dumps(value)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@"):
        return f"'{value}"
    return value
