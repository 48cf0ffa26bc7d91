"""The API server: how it is reached, what is asked of it, what its refusals mean.

Answers are plain JSON as the server gives it: a newer server may say more than the installed client knows.

Settings: ``KUBECONFIG`` as for every client of Kubernetes, else ``~/.kube/config``, else the service account
of the pod that this runs in; the profile names the context.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillbank.environment import foreign
from skillbank.errors import PlatformError, did_you_mean
from skillbank.installation import how_to_install
from skillbank.redact import redact
from skillbank.ways import command

if TYPE_CHECKING:
    from kubernetes import client
    from kubernetes.client.exceptions import ApiException
    from urllib3.response import BaseHTTPResponse

    from skillbank.platforms.kubernetes.states import Document

__all__ = ["ApiLostError", "Cluster", "ConflictingError", "ForbiddenError", "GoneError"]

_CONNECT, _READ = 5.0, 30.0
_BUSY = frozenset({429, 500, 502, 503, 504})
_IN_CLUSTER = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class ApiLostError(PlatformError):
    """The API server did not answer: whether it did what was asked is not known.

    ``retry_after`` is how many seconds it asks for before the next try.
    """

    retry_after: float | None = None


class GoneError(PlatformError):
    """What was asked for is not there."""


class ConflictingError(PlatformError):
    """Something of this name is there already, or has changed meanwhile."""


class ForbiddenError(PlatformError):
    """What was asked is not allowed to this user."""


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
    def _loaded(self) -> tuple[client.ApiClient, str, str]:
        """The client, the namespace of the context, and what the context is called."""
        try:
            from kubernetes import client
        except ImportError:
            raise PlatformError(
                f"the package kubernetes is not installed; {how_to_install('kubernetes')} installs it"
            ) from None
        settings = client.Configuration()
        settings.retries = False  # `ask` repeats, because it knows what may be repeated
        namespace, context = self._configure(settings)
        return client.ApiClient(settings), namespace, context

    def _configure(self, settings: client.Configuration) -> tuple[str, str]:
        from kubernetes import config

        named = foreign("KUBECONFIG")
        files = named or str(Path.home() / ".kube/config")
        if not named and not Path(files).exists() and (_IN_CLUSTER / "token").exists():
            config.load_incluster_config(client_configuration=settings)
            return (_IN_CLUSTER / "namespace").read_text().strip() or "default", "the pod's service account"
        there = [file for file in files.split(os.pathsep) if file and Path(file).exists()]
        if not there:
            raise PlatformError(
                f"there is no kubeconfig at {files}; get one, or set KUBECONFIG to where it is"
            )
        try:
            contexts, current = config.list_kube_config_contexts(files)
            chosen = current if self._context is None else _context(contexts, self._context, files)
            config.load_kube_config(files, context=chosen["name"], client_configuration=settings)
        except (config.ConfigException, OSError, TypeError, KeyError, ValueError) as error:
            said = redact(" ".join(str(error).split()))[:300]
            raise PlatformError(f"the kubeconfig {files} cannot be used: {said}") from None
        return str(chosen["context"].get("namespace") or "default"), str(chosen["name"])

    @property
    def server(self) -> str:
        """The address of the API server."""
        return str(self._loaded[0].configuration.host)

    @property
    def namespace(self) -> str:
        """Where jobs live."""
        return self._namespace or self._loaded[1]

    @property
    def context(self) -> str:
        """What the way to the cluster is called."""
        return self._loaded[2]

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, object] | None = None,
        accept: str = "application/json",
        patience: float | None = None,
    ) -> dict[str, Any]:
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
                response = self._call(method, path, body, query, accept, (_CONNECT, _READ))
                answer: dict[str, object] = json.loads(response.data or b"{}")
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
        response = self._call("GET", path, None, query, "*/*", (_CONNECT, quiet))
        try:
            yield _pieces(response, self.server)
        finally:
            response.close()
            response.release_conn()

    def _call(
        self,
        method: str,
        path: str,
        body: object,
        query: Mapping[str, object] | None,
        accept: str,
        timeout: tuple[float, float],
    ) -> Any:
        from kubernetes.client.exceptions import ApiException
        from kubernetes.config import ConfigException
        from urllib3.exceptions import HTTPError

        api = self._loaded[0]
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Accept": accept, "Content-Type": kind}
        pairs = [(name, str(value)) for name, value in (query or {}).items() if value is not None]
        try:
            # The token is asked for each time: it may be short-lived.
            api.update_params_for_auth(headers, pairs, ["BearerToken"])
            return api.rest_client.request(
                method,
                f"{self.server}{path}",
                query_params=pairs,
                headers=headers,
                body=body,
                _preload_content=method != "GET" or accept != "*/*",
                _request_timeout=timeout,
            )
        except ApiException as error:
            raise self._refusal(error) from None
        except (HTTPError, OSError) as error:
            raise ApiLostError(self._lost(error)) from None
        except ConfigException as error:
            raise PlatformError(f"the login to {self.server} fails: {redact(str(error))[:300]}") from None

    def _refusal(self, error: ApiException) -> PlatformError:
        code = int(error.status or 0)
        said = _message(error)
        if code == 0:
            return self._tls(said)
        if code in _BUSY:
            lost = ApiLostError(f"the Kubernetes API at {self.server} is in trouble ({code}: {said})")
            after = (error.headers or {}).get("Retry-After", "")
            lost.retry_after = min(float(after), 30.0) if after.isdigit() else None
            return lost
        if code == 404:
            return GoneError(f"the Kubernetes API says: {said}")
        if code == 409:
            return ConflictingError(f"the Kubernetes API says: {said}")
        if code == 401:
            return PlatformError(
                f"the Kubernetes API at {self.server} does not accept this login (context {self.context}); "
                "log in again, or name another context in the profile"
            )
        if code == 403 and "exceeded quota" in said:
            return PlatformError(f"the namespace {self.namespace} has no quota left for this: {said}")
        if code == 403:
            return ForbiddenError(
                f"the Kubernetes API refuses: {said}; "
                f"{command('doctor', '', '--platform kubernetes')} lists what is needed"
            )
        return PlatformError(f"the Kubernetes API refuses ({code}): {said}")

    def _lost(self, error: BaseException) -> str:
        text = f"{error} {error.__cause__ or ''} {error.__context__ or ''}"
        if "CERTIFICATE_VERIFY_FAILED" in text or "certificate verify failed" in text:
            return str(self._tls(text))
        if re.search(r"Name or service not known|name resolution|NameResolution", text):
            why = "its name is not known here"
        elif "refused" in text:
            why = "nobody listens there"
        elif "timed out" in text:
            why = "it does not answer in time"
        else:
            why = "the connection breaks"
        return (
            f"the Kubernetes API at {self.server} cannot be reached: {why}; check the network, or name "
            "another context in the profile"
        )

    def _tls(self, said: str) -> PlatformError:
        return PlatformError(
            f"the certificate of the Kubernetes API at {self.server} cannot be trusted with what the "
            f"kubeconfig says; get a new kubeconfig ({redact(' '.join(said.split()))[:160]})"
        )


def _message(error: ApiException) -> str:
    """Return what the server said, without secrets and on one line."""
    from urllib3.exceptions import HTTPError

    body = error.body
    if body is None and getattr(error, "http_resp", None) is not None:
        with suppress(HTTPError, OSError):  # the code says enough where the connection breaks
            body = error.http_resp.data
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or error.reason or "")
    try:
        document = json.loads(text)
        text = str(document.get("message") or text) if isinstance(document, dict) else text
    except ValueError:
        pass
    return redact(" ".join(text.split()))[:400].rstrip(" .")


def _pieces(response: BaseHTTPResponse, server: str) -> Iterator[bytes]:
    from urllib3.exceptions import HTTPError

    read: Callable[[], bytes] = lambda: response.read1(1 << 16)  # noqa: E731
    try:
        while piece := read():
            yield piece
    except (HTTPError, OSError) as error:
        raise ApiLostError(f"the connection to the Kubernetes API at {server} broke") from error


def _context(contexts: Sequence[Document], name: str, files: str) -> Document:
    """Return the context of a name.

    Raises
    ------
    PlatformError
        When the kubeconfig has none.
    """
    names = [each["name"] for each in contexts]
    if name not in names:
        raise PlatformError(
            f"the kubeconfig {files} has no context '{name}'{did_you_mean(name, names)}; it has: "
            f"{', '.join(names) or 'none'}"
        )
    return contexts[names.index(name)]
