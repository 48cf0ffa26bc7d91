"""The API server: what is asked of it, again while it is away, and how it may refuse.

Answers are plain JSON as the server gives it: a newer server may say more than the installed client knows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from skillbank.errors import PlatformError
from skillbank.lazy_imports import lazy_imports
from skillbank.platforms.kubernetes.errors import ApiLostError, ConflictingError, ForbiddenError, GoneError

with lazy_imports():
    from skillbank.platforms.kubernetes import connection  # with the client of Kubernetes

if TYPE_CHECKING:
    from skillbank.platforms.kubernetes.states import Document

__all__ = ["ApiLostError", "Cluster", "ConflictingError", "ForbiddenError", "GoneError"]

_CONNECT, _READ = 5.0, 30.0


class Cluster:
    """A connection to one cluster, opened when first used.

    Parameters
    ----------
    context
        Of the kubeconfig; its current one when not given.
    namespace
        Where jobs live; the context's own when not given.
    patience
        Seconds for which a request is repeated while the server is away or too busy.
    """

    def __init__(
        self, context: str | None = None, namespace: str | None = None, *, patience: float = 5.0
    ) -> None:
        self._context, self._namespace, self._patience = context, namespace, patience

    @cached_property
    def _opened(self) -> connection.Connection:
        return connection.Connection(self._context, self._namespace)

    @property
    def server(self) -> str:
        """The address of the API server."""
        return self._opened.server

    @property
    def namespace(self) -> str:
        """Where jobs live."""
        return self._namespace or self._opened.namespace

    @property
    def context(self) -> str:
        """What the way to the cluster is called."""
        return self._opened.context

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, object] | None = None,
        accept: str = "application/json",
        patience: float | None = None,
    ) -> Document:
        """Ask the server and return its document.

        What failed on the way is asked again for a while, since every request that skillbank makes may be
        made twice: things are created by name, and changed to what they then are.

        Raises
        ------
        GoneError, ConflictingError, ForbiddenError
            By what the server says.
        ApiLostError
            When it did not answer for that long.
        PlatformError
            For everything else, one sentence.
        """
        deadline = time.monotonic() + (self._patience if patience is None else patience)
        pause = 0.2
        while True:
            try:
                response = self._opened.call(method, path, body, query, accept, (_CONNECT, _READ))
                answer: Document = json.loads(response.data or b"{}")
                return answer
            except ValueError:
                raise PlatformError(
                    f"{self.server} answers with something that is no document of Kubernetes; check the "
                    f"address in the kubeconfig (context {self.context}), and proxies on the way"
                ) from None
            except ApiLostError as error:
                wait = error.retry_after or pause
                if time.monotonic() + wait > deadline:
                    raise
                time.sleep(wait)
                pause = min(pause * 2, 5.0)

    @contextmanager
    def stream(self, path: str, query: Mapping[str, object], quiet: float) -> Iterator[Iterator[bytes]]:
        """Open an answer without end and lend its pieces; ``quiet`` is how long it may say nothing.

        Raises
        ------
        ApiLostError
            When the connection breaks, also while the pieces are read.
        """
        response = self._opened.call("GET", path, None, query, "*/*", (_CONNECT, quiet))
        try:
            yield self._opened.pieces(response)
        finally:
            response.close()
            response.release_conn()
