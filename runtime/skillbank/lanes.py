"""How many calls of a kind one process works on at once; further ones wait, first come first served.

A process computes one thing at a time, whatever its threads: a call that asks the store twenty times has to get
the processor back twenty times, from all that compute meanwhile, and may hold a row that others wait for. So
few compute at once, and what somebody looks at a screen for passes what takes long.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

__all__ = ["Lane", "in_lane"]

T = TypeVar("T")


class Lane(Enum):
    """A kind of call; its value says how many a process works on at once."""

    QUICK = "quick", 4
    """Asks the store alone, and is done in hundredths of a second."""
    TURN = "turn", 1
    """Changes a label set, which one does at a time: the others had only waited for its row, with a connection."""
    COMPUTING = "computing", 2
    """Keeps the processor busy for as long as it takes: a plan."""
    OPEN = "open", 40
    """May wait for what is elsewhere: files, platforms, the end of a job."""

    @property
    def at_once(self) -> int:
        """How many of the kind are worked on at once."""
        return self.value[1]


_LIMITERS: RunVar[dict[Lane, CapacityLimiter]] = RunVar("lanes")


async def in_lane(lane: Lane, call: Callable[[], T], *, abandon_on_cancel: bool = False) -> T:
    """Call something in a thread, when it is its turn.

    Parameters
    ----------
    abandon_on_cancel
        Whether a canceled call does not wait for its thread, which goes on.
    """
    try:
        limiters = _LIMITERS.get()
    except LookupError:
        limiters = {each: CapacityLimiter(each.at_once) for each in Lane}
        _LIMITERS.set(limiters)
    return await to_thread.run_sync(call, limiter=limiters[lane], abandon_on_cancel=abandon_on_cancel)
