"""What is wrong with the files of a data set: all of it at once, by what it is."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from skillbank_engine.errors import DataError

_LOG = logging.getLogger(__name__)
_SHOWN = 3


class MaskFaults:
    """Gathers what is wrong with the pictures and masks of one split.

    Parameters
    ----------
    place : str
        The split, for the sentence.
    skip : bool
        ``engine.skip_broken``: leave out what is broken instead of ending the run.
    """

    def __init__(self, place: str, skip: bool = False) -> None:
        self._place = place
        self._skip = skip
        self._found: dict[tuple[str, str], list[str]] = {}

    def add(self, what: str, path: Path, detail: str = "", way_out: str = "") -> None:
        """Keep a fault.

        Parameters
        ----------
        what : str
            What is the matter, after a number of files, as "pictures have no mask".
        path : Path
            The file.
        detail : str
            What it is with this file.
        way_out : str
            What helps all files that have it.
        """
        self._found.setdefault((what, way_out), []).append(f"{path}{f' ({detail})' if detail else ''}")

    def note_unused(self, folder: Path, masks: Sequence[Path]) -> None:
        """Say in a line that masks are there which belong to no picture."""
        if masks:
            _LOG.warning(
                "%d masks below %s belong to no picture and are left aside, as %s",
                len(masks),
                folder,
                masks[0],
            )

    def settle(self) -> None:
        """End the run with all that was found, or say in a line what is left out.

        Raises
        ------
        DataError
            Something was found and is not to be left out.
        """
        if not self._found:
            return
        told = "; ".join(
            f"{len(files)} {what}: {', '.join(files[:_SHOWN])}"
            + (f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else "")
            + (f": {way_out}" if way_out else "")
            for (what, way_out), files in self._found.items()
        )
        if self._skip:
            _LOG.warning("%s: left out, as engine.skip_broken says: %s", self._place, told)
            return
        raise DataError(
            f"{self._place} cannot be used: {told}. Put these files right, or leave them out with "
            "engine.skip_broken=true"
        )
