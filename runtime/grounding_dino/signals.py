"""Stopping politely: a signal is remembered and acted on between two steps, never inside one."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from grounding_dino.errors import InterruptedRunError


class StopRequest:
    """Remembers that somebody asked the run to stop."""

    def __init__(self) -> None:
        self._signal: int | None = None

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal; the second one ends the program at once."""
        if self._signal is not None:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self._signal = number

    def check(self) -> None:
        """Stop here if a stop was asked for.

        Raises
        ------
        InterruptedRunError
            A signal has come.
        """
        if self._signal is not None:
            name = signal.Signals(self._signal).name
            raise InterruptedRunError(f"The run was stopped by {name}: start the same command again to go on")


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Catch SIGTERM and SIGINT for the length of a block."""
    request = StopRequest()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, request.receive) for number in numbers}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
