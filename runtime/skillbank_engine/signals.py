"""Stopping politely: a signal is remembered and acted on between two steps, never inside one."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from skillbank_engine.errors import InterruptedRunError


class StopRequest:
    """Remembers that somebody asked the run to stop.

    Parameters
    ----------
    patient : bool
        Whether further signals change nothing, for a process whose launcher ends it when its time is up.

    Attributes
    ----------
    number : int
        The signal that came, 0 for none.
    """

    def __init__(self, patient: bool = False) -> None:
        self.number = 0
        self._patient = patient

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal; unless patient, a second one ends the program at once."""
        if self.number and not self._patient:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.number = self.number or number


def interrupted(number: int) -> InterruptedRunError:
    """The error that a stopped run ends with."""
    name = signal.Signals(number).name
    return InterruptedRunError(f"The run was stopped by {name}: start the same command again to go on")


@contextmanager
def stop_on_signals(patient: bool = False) -> Iterator[StopRequest]:
    """Catch SIGTERM and SIGINT for the length of a block; see :class:`StopRequest`."""
    request = StopRequest(patient)
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, request.receive) for number in numbers}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
