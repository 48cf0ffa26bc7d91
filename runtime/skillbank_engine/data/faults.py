"""What is wrong with single pictures and boxes of a data set: told all at once, or left out and counted."""

import logging
from collections import Counter
from collections.abc import Iterator, Sized
from contextlib import contextmanager

from skillbank_engine.errors import DataError

_LOG = logging.getLogger(__name__)
_SHOWN = 5
_NAMES = {"picture": "pictures", "box": "boxes"}


class Faults:
    """Gathers the faults of one file's pictures and boxes.

    Parameters
    ----------
    place : str
        What they belong to, for the sentence: the annotation file.
    skip : bool
        ``engine.skip_broken``: leave out what is broken instead of ending the run.
    """

    def __init__(self, place: str, skip: bool = False) -> None:
        self.skip = skip
        self._place = place
        self._said: list[str] = []
        self._counts: Counter[str] = Counter()

    @contextmanager
    def of_a(self, what: str) -> Iterator[None]:
        """Keep the fault that ends this block, if one does.

        Parameters
        ----------
        what : str
            ``picture`` or ``box``: what is left out by it.
        """
        try:
            yield
        except DataError as error:
            self._counts[what] += 1
            if len(self._said) < _SHOWN:
                self._said.append(str(error))

    @property
    def boxes(self) -> int:
        """How many boxes are at fault so far."""
        return self._counts["box"]

    def refuse_emptied(self, boxes: Sized, before: int, place: str) -> None:
        """Refuse a picture that has lost all of its boxes: it would teach that nothing is there.

        Parameters
        ----------
        boxes : list
            Those that are sound.
        before : int
            How many boxes were at fault before those of this picture.
        place : str
            The picture, for the sentence.

        Raises
        ------
        DataError
            Boxes were left out, and none is left.
        """
        if self.skip and not boxes and self.boxes > before:
            raise DataError(f"{place} has no box left")

    def settle(self) -> None:
        """End the run with all that was found, or say in a line what is left out.

        Raises
        ------
        DataError
            Something was found and is not to be left out.
        """
        total = sum(self._counts.values())
        if not total:
            return
        more = f"; and {total - len(self._said)} more" if total > len(self._said) else ""
        told = "; ".join(self._said) + more
        if not self.skip:
            way_out = (
                "" if total == 1 else f" ({total} faults in all; engine.skip_broken=true leaves them out)"
            )
            raise DataError(f"{told}{way_out}")
        counts = " and ".join(
            f"{count} {what if count == 1 else _NAMES[what]}" for what, count in sorted(self._counts.items())
        )
        _LOG.warning("%s: %s left out, as engine.skip_broken says: %s", self._place, counts, told)
