"""The output of a job's pods, put together so that nothing is lost or said twice when a connection breaks.

Every line comes with the time at which it was written. After a break the server is asked for what came since
the last line, which it can only do to the second, so the lines that are known already are passed over.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from skillbank.errors import PlatformError
from skillbank.platforms.kubernetes.api import Cluster
from skillbank.platforms.kubernetes.errors import ApiLostError, GoneError
from skillbank.platforms.kubernetes.names import MAIN
from skillbank.platforms.kubernetes.states import index_of, main_state

if TYPE_CHECKING:
    from skillbank.platforms.kubernetes.states import Document

__all__ = ["Position", "pod_logs"]

_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z ")
_QUIET = 30.0
_PAUSE = 0.5
Pods = Callable[[], "Sequence[Document]"]


class Position:
    """How far a pod's output has been read.

    Lines of a connection are given to `take`; those that an earlier connection gave are passed over.
    """

    def __init__(self) -> None:
        self._last: tuple[bytes, bytes] | None = None
        self._count = 0
        self._behind, self._skipped = False, 0

    @property
    def since(self) -> str | None:
        """The second from which a new connection must go on; None from the beginning."""
        return None if self._last is None else f"{self._last[0].decode()}Z"

    def connect(self) -> None:
        """A new connection begins: it repeats what was said since `since`."""
        self._behind, self._skipped = self._last is not None, 0

    def take(self, line: bytes) -> bytes | None:
        """Return a line without its time, or None when it is known already."""
        match = _STAMP.match(line)
        if match is None:  # the rest of a very long line
            return None if self._behind else line
        # Trailing zeros of the fraction are left out by the server.
        stamp, text = (match[1], (match[2] or b"").ljust(9, b"0")), line[match.end() :]
        if self._behind and self._last is not None:
            if stamp < self._last:
                return None
            if stamp == self._last and self._skipped < self._count:
                self._skipped += 1
                return None
            self._behind = False
        self._count = self._count + 1 if stamp == self._last else 1
        self._last = stamp
        return text


def pod_logs(
    cluster: Cluster,
    namespace: str,
    pods: Pods,
    count: int,
    *,
    follow: bool,
    over: Callable[[], bool],
    patience: float,
) -> Iterator[str]:
    """Yield the output of a job's pods; of several each line begins with the pod's index.

    Parameters
    ----------
    pods
        Returns the job's pods as they are now.
    over
        Says whether the job has ended, so that no further pod will come.
    patience
        Seconds for which a server that is away is waited for.
    """
    readers = [_Reader(cluster, namespace, pods, index, follow, over, patience) for index in range(count)]
    if count == 1:
        for line in readers[0].lines():
            yield line.decode("utf-8", "replace")
    elif follow:
        yield from _together(readers)
    else:
        for reader in readers:
            yield from map(reader.marked, reader.lines())


def _together(readers: Sequence[_Reader]) -> Iterator[str]:
    lines: queue.Queue[str | BaseException | None] = queue.Queue(1000)

    def work(reader: _Reader) -> None:
        try:
            for line in reader.lines():
                lines.put(reader.marked(line))
        except BaseException as error:
            lines.put(error)
        lines.put(None)

    for reader in readers:
        threading.Thread(target=work, args=(reader,), daemon=True).start()
    left = len(readers)
    while left:
        got = lines.get()
        if got is None:
            left -= 1
        elif isinstance(got, BaseException):
            raise got
        else:
            yield got


class _Reader:
    """Reads the output of the pod of one index."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        pods: Pods,
        index: int,
        follow: bool,
        over: Callable[[], bool],
        patience: float,
    ) -> None:
        self._cluster, self._namespace, self._pods, self._index = cluster, namespace, pods, index
        self._follow, self._over, self._patience = follow, over, patience

    def marked(self, line: bytes) -> str:
        """Return a line with the pod's index before it."""
        text = line.decode("utf-8", "replace")
        return f"[{self._index}] {text}" if text.endswith("\n") else f"[{self._index}] {text}\n"

    def lines(self) -> Iterator[bytes]:
        """Yield the lines; with ``follow`` until the program has ended."""
        position, lost_since = Position(), None
        while True:
            try:
                # Asked before reading, so that the last words of a program that ends meanwhile are read.
                over = self._over() or not self._follow
                if (started := self._started()) is not None:
                    name, ended = started
                    for line in self._connection(name, position):
                        lost_since = None
                        yield line
                    over = ended or not self._follow
                if over:
                    return
                lost_since = None
            except GoneError:
                return
            except ApiLostError:
                lost_since = lost_since or time.monotonic()
                if time.monotonic() - lost_since > self._patience:
                    raise
            time.sleep(_PAUSE)

    def _started(self) -> tuple[str, bool] | None:
        """Return the pod whose program has started, and whether that has ended; None before it starts."""
        pod = next((pod for pod in self._pods() if index_of(pod) == self._index), None)
        if pod is None or not (state := main_state(pod)).keys() & {"running", "terminated"}:
            return None
        return pod["metadata"]["name"], "terminated" in state

    def _connection(self, pod: str, position: Position) -> Iterator[bytes]:
        path = f"/api/v1/namespaces/{self._namespace}/pods/{pod}/log"
        query = {
            "container": MAIN,
            "timestamps": "true",
            "follow": "true" if self._follow else None,
            "sinceTime": position.since,
        }
        position.connect()
        rest = b""
        try:
            with self._cluster.stream(path, query, _QUIET) as pieces:
                for piece in pieces:
                    *whole, rest = (rest + piece).split(b"\n")
                    for line in whole:
                        if (text := position.take(line + b"\n")) is not None:
                            yield text
        except (ApiLostError, GoneError):
            raise  # the beginning of a line is said again by the next connection
        except PlatformError:
            return  # its container is not ready to say anything
        if rest and (text := position.take(rest)) is not None:
            yield text
