"""Which running calls were taken back by their client, and which only ended with their connection.

A client takes a call back with ``notifications/cancelled`` or, over HTTP from revision 2026-07-28 on, by
closing the response's stream. A call also ends when the client goes away or the server stops: that is no wish
to stop the work, which can be found again by its id.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from mcp.server.context import CallNext, HandlerResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from skillbank.agent.mcp_server.context import Context

__all__ = ["Cancellations", "RunningCall"]

_GRACE = 0.5
"""Seconds in which the notification that ended a call arrives; it is handled in the same turn of the loop."""


class Cancellations:
    """Middleware that notes which calls are taken back.

    Attributes
    ----------
    closing
        Set before an HTTP server stops: the streams that close from then on are not closed by their clients.
    """

    def __init__(self) -> None:
        self.closing = False
        self._running: dict[tuple[str, str], RunningCall] = {}

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Note a ``notifications/cancelled`` and pass everything on."""
        if ctx.method == "notifications/cancelled":
            call = self._running.get(_key(ctx, (ctx.params or {}).get("requestId")))
            if call is not None:
                call.noted.set()
        return await call_next(ctx)

    @contextmanager
    def running(self, ctx: Context) -> Iterator[RunningCall]:
        """Watch over a call while it runs."""
        key, call = _key(ctx, ctx.request_id), RunningCall(self, ctx)
        self._running[key] = call
        try:
            yield call
        finally:
            if self._running.get(key) is call:
                del self._running[key]


class RunningCall:
    """A call while it runs."""

    def __init__(self, among: Cancellations, ctx: Context) -> None:
        self._among = among
        self._by_stream = ctx.request is not None and ctx.protocol_version in MODERN_PROTOCOL_VERSIONS
        self.noted = anyio.Event()

    async def taken_back(self) -> bool:
        """Say of a call that has just been canceled whether its client wanted that; ask it shielded."""
        if self._by_stream:
            return not self._among.closing
        with anyio.move_on_after(_GRACE):
            await self.noted.wait()
        return self.noted.is_set()


def _key(ctx: Context, request_id: object) -> tuple[str, str]:
    """Tell calls apart; the ids of two HTTP sessions may be the same.

    Where a server keeps no sessions, nobody can say whose call an id means: no notification finds one.
    """
    if ctx.request is None:
        return "", str(request_id)
    headers = getattr(ctx.request, "headers", None) or {}
    return headers.get("mcp-session-id") or f"none-{id(ctx.request)}", str(request_id)
