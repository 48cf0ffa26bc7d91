"""What a container prints: all of it, its last lines, or as it comes, also over a restart of the daemon."""

from __future__ import annotations

import codecs
import contextlib
import time
from collections.abc import Iterator
from datetime import datetime

from docker.errors import NotFound

from skillbank.platforms.docker.daemon import Daemon, DaemonLostError
from skillbank.platforms.docker.ends import began

__all__ = ["last_lines", "output"]

_PAUSE = 0.3
_GOING = ("running", "paused", "restarting")


def output(daemon: Daemon, container_id: str, *, follow: bool, patience: float) -> Iterator[str]:
    """Yield what a container has printed; ``follow`` goes on until it has ended.

    A daemon that stops closes the stream as an end would. So it is asked whether the container has ended, and
    what was given already is passed over when it goes on.

    Parameters
    ----------
    patience
        Seconds for which a daemon that went away is waited for.

    Raises
    ------
    DaemonLostError
        When it does not come back.
    """
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    given, over = 0, False
    while not over:
        # Asked first: what it printed last is read after it was seen to have ended.
        over = not follow or _ended(daemon, container_id, patience)
        since = None if over else _began(daemon)
        known, whole = given, False
        with contextlib.suppress(NotFound, *_lost(follow)), daemon.speaking() as api:
            for piece in api.logs(container_id, stream=True, follow=follow):
                news = piece[known:]
                known -= len(piece) - len(news)
                given += len(news)
                yield decode(news)
            whole = True
        if whole and since is not None and since == _began(daemon):
            # The daemon was there all the time, so that was the end: a long output is not read once more. The
            # container is said to have ended a moment later.
            if not _ended(daemon, container_id, patience):
                time.sleep(_PAUSE)
            over = _ended(daemon, container_id, patience)
    yield decode(b"", True)


def _began(daemon: Daemon) -> datetime | None:
    """Return since when the daemon runs; None where it cannot say so now."""
    with contextlib.suppress(DaemonLostError):
        return began(daemon)
    return None


def _lost(follow: bool) -> tuple[type[Exception], ...]:
    """Return what is no end to who follows: `_ended` waits for the daemon, or says that it is away."""
    return (DaemonLostError,) if follow else ()


def _ended(daemon: Daemon, container_id: str, patience: float) -> bool:
    """Say whether a container has ended or is gone; a daemon that is away is waited for."""
    deadline = time.monotonic() + patience
    while True:
        try:
            with daemon.speaking() as api:
                return api.inspect_container(container_id)["State"]["Status"] not in _GOING
        except NotFound:
            return True
        except DaemonLostError:
            if time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE)


def last_lines(daemon: Daemon, container_id: str, count: int) -> Iterator[str]:
    """Yield the last lines that a container has printed; the daemon need not send all before them."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    with contextlib.suppress(NotFound), daemon.speaking() as api:
        for piece in api.logs(container_id, stream=True, follow=False, tail=count):
            yield decode(piece)
    yield decode(b"", True)
