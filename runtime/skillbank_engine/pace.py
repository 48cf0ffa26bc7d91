"""How fast a model looks at pictures: from their files to what was found on them, and nothing else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

RATE = "pictures_per_second"
"""Name of the rate among a command's numbers."""


class Pace:
    """Counts pictures and the seconds that they took, pass by pass.

    The first pass does not count where there are others: it pays for what is made once.  Drawing and writing
    are not within a pass.
    """

    def __init__(self) -> None:
        self._passes: list[tuple[int, float]] = []

    @contextmanager
    def over(self, pictures: int) -> Iterator[None]:
        """Count a pass over some pictures: opening, preparing, the model, and reading its answer."""
        begun = time.perf_counter()
        yield
        self._passes.append((pictures, time.perf_counter() - begun))

    def values(self) -> dict[str, float]:
        """Give the rate for ``status.json``; nothing where no picture was looked at."""
        counted = self._passes[1:] or self._passes
        seconds = sum(spent for _, spent in counted)
        return {RATE: round(sum(count for count, _ in counted) / seconds, 2)} if seconds > 0 else {}
