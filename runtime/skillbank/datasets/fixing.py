"""A repaired copy of a data set: everything mended that can be, counted, in a new folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skillbank.datasets.converting import convert
from skillbank.datasets.copying import Copy
from skillbank.datasets.formats import WRITERS
from skillbank.datasets.opening import Opened
from skillbank.datasets.progress import Progress
from skillbank.datasets.repairing import Mode
from skillbank.datasets.report import DataReport

__all__ = ["fixed", "format_of_copy"]


def fixed(
    opened: Opened,
    found: DataReport,
    folder: Path,
    *,
    splits: Sequence[str] | None = None,
    cache: Path | None = None,
    report: Progress | None = None,
) -> Copy:
    """Write a repaired copy of a data set that was checked; the data set itself stays as it is.

    Parameters
    ----------
    found
        What the check of it said.
    folder
        Must not be there yet.

    Raises
    ------
    UsageError
        When the folder cannot be new.
    DataError
        When it has faults that only a person can mend: all are listed, and nothing is written.
    """
    return convert(
        opened,
        format_of_copy(found),
        folder,
        splits=splits,
        mode=Mode.ALL,
        decode=True,
        made_by="skillbank data check --fix",
        cache=cache,
        report=report,
    )


def format_of_copy(found: DataReport) -> str:
    """Return the format of a repaired copy: its own where that can be written, else one that holds it all."""
    if found.format in {writer.name for writer in WRITERS}:
        return found.format
    return "odvg" if any(split.phrases for split in found.splits) else "coco"
