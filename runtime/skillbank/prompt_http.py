"""HTTP connections that are closed when the other side does not get on with its request.

A head that never ends, and a body that trickles, cost whoever sends them nothing and hold a connection each,
before any token was shown.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["PromptHTTP"]

_LOOK = 5.0
"""Seconds between two looks at a connection."""
_HEAD_LOOKS, _BODY_LOOKS = 3, 6
"""After so many looks a head must be there, and of a body `_LEAST` bytes more."""
_LEAST = 16 << 10


class PromptHTTP(H11Protocol):
    """uvicorn's protocol, which by itself waits for a request for as long as somebody likes."""

    _came, _counted, _looks = 0, 0, 0
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to look at the connection."""
        super().connection_made(transport)
        self._watch = self.loop.call_later(_LOOK, self._look)

    def data_received(self, data: bytes) -> None:
        """Count what comes."""
        self._came += len(data)
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        theirs, ours = self.conn.their_state, self.conn.our_state
        head, body = theirs is h11.IDLE and ours is h11.IDLE, theirs is h11.SEND_BODY
        self._looks = self._looks + 1 if head or body else 0
        if (head and self._looks >= _HEAD_LOOKS) or (body and self._trickles()):
            self.transport.close()
            return
        self._watch = self.loop.call_later(_LOOK, self._look)

    def _trickles(self) -> bool:
        if self._looks % _BODY_LOOKS:
            return False
        came, self._counted = self._came - self._counted, self._came
        return came < _LEAST
