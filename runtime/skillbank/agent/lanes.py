"""How many calls of a kind one process of a server works on at once; others wait, first come first served.

A process computes one thing at a time, however many threads it has. A call that asks the store twenty times
has to get the processor back twenty times, from everybody who computes meanwhile, and may hold a row that
others wait for. So few compute at once, and what somebody waits for at a screen passes what takes long.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import TypeVar

from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    import anyio
    from anyio import lowlevel, to_thread

__all__ = ["Lane", "in_lane"]

T = TypeVar("T")


class Lane(Enum):
    """A kind of call, and how many of it are worked on at once."""

    QUICK = "quick", 4
    """Reads the store alone, and is done in hundredths of a second."""
    SETS = "sets", 2
    """Changes a label set, which one does at a time: further ones would only wait for its row."""
    COMPUTING = "computing", 2
    """Keeps the processor busy for as long as it takes: one computes while another asks the store."""
    OPEN = "open", 40
    """May wait for what lies elsewhere: files, platforms, the end of a job."""

    @property
    def at_once(self) -> int:
        """How many are worked on at once."""
        return self.value[1]


async def in_lane(lane: Lane, call: Callable[[], T], *, abandon_on_cancel: bool = False) -> T:
    """Call something in a thread as soon as it is its turn.

    Parameters
    ----------
    abandon_on_cancel
        Whether a call that is canceled does not wait for its thread, which goes on.
    """
    limiter = _limiters()[lane]
    return await to_thread.run_sync(call, limiter=limiter, abandon_on_cancel=abandon_on_cancel)


def _limiters() -> dict[Lane, anyio.CapacityLimiter]:
    """Return those of the event loop that runs."""
    found = _kept().get(None)
    if found is None:
        found = {each: anyio.CapacityLimiter(each.at_once) for each in Lane}
        _kept().set(found)
    return found


@cache
def _kept() -> lowlevel.RunVar[dict[Lane, anyio.CapacityLimiter] | None]:
    return lowlevel.RunVar("lanes")
