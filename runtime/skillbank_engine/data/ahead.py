"""Things made in threads ahead of who takes them: pictures read, and what was drawn on them written."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from skillbank_engine.threads import available_cpus

Key = TypeVar("Key")
Made = TypeVar("Made")

_MOST_THREADS = 16
"""Each may hold a picture in its full size."""


def ahead(make: Callable[[Key], Made], keys: Iterable[Key], most: int = 0) -> Iterator[Made]:
    """Make things in threads, some ahead of who takes them.

    Parameters
    ----------
    make : callable
        Makes one, as an opened picture; called in several threads.  What it raises comes where its thing was
        to come.
    keys : iterable
        What is made, in this order; gone through by who takes the things, as far ahead as they are made.
    most : int
        How many are made ahead at least, as those of the next batch; all threads have work in any case.

    Yields
    ------
    Made
        In the order of their keys.
    """
    threads = min(available_cpus(), _MOST_THREADS)
    pool = ThreadPoolExecutor(threads)
    coming: deque[Future[Made]] = deque()
    try:
        for key in keys:
            coming.append(pool.submit(make, key))
            if len(coming) > max(threads, most):
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
