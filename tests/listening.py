"""A server on this machine whose clients may go at any time, as programs do that end."""

from __future__ import annotations

import sys
from http.server import ThreadingHTTPServer
from typing import Any

__all__ = ["Listening"]


class Listening(ThreadingHTTPServer):
    """Answers each request in a thread, and says nothing of a connection that was cut off."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, unless the client has gone."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
