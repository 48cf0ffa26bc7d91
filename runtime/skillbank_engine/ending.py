"""How a program's own process ends: all is said and written, and nothing is taken apart.

Python takes every module, class and function apart before a process ends, and libraries what they hold; of
thousands of modules that is a tenth of the time that it has taken to import them, and leaves nothing behind.
"""

import atexit
import os
import sys
from collections.abc import Callable, Sequence

__all__ = ["ended"]


def ended(main: Callable[[Sequence[str]], int]) -> int:
    """Run a program whose end is the end of this process.

    Threads are waited for, and what other modules do at the end is done, as ever.

    Parameters
    ----------
    main : callable
        Takes the arguments of the process and gives the exit code.

    Returns
    -------
    int
        The exit code, for `sys.exit`; this process may not end with another.
    """
    codes: list[int] = []
    # What is registered first is called last.
    atexit.register(_leave, codes)
    codes.append(main(sys.argv[1:]))
    return codes[0]


def _leave(codes: Sequence[int]) -> None:
    """End here, if the program has come to its end; Python tells of whatever else has happened."""
    if not codes:
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return  # nobody listens any more, which Python has an exit code for
    os._exit(codes[0])
