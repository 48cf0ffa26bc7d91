"""Pictures read while the model computes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Key = TypeVar("Key")
Made = TypeVar("Made")


def ahead(make: Callable[[Key], Made], keys: Iterable[Key]) -> Iterator[Made]:
    """Make things in a thread, one ahead of who takes them.

    Parameters
    ----------
    make : callable
        Makes one, as a batch of opened pictures; what it raises comes where its thing was to come.
    keys : iterable
        What is made, in this order.

    Yields
    ------
    Made
        While it is worked with, the next one is being made.
    """
    with ThreadPoolExecutor(1) as thread:
        coming: deque[Future[Made]] = deque()
        for key in keys:
            coming.append(thread.submit(make, key))
            if len(coming) > 1:
                yield coming.popleft().result()
        for last in coming:
            yield last.result()
