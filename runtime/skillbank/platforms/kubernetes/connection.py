"""The client of Kubernetes: its login, one request, and what a refusal or a break means.

Settings: ``KUBECONFIG`` as for every client of Kubernetes, else ``~/.kube/config``, else the service account
of the pod that this runs in; the profile names the context.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import HTTPError

from skillbank.environment import foreign
from skillbank.errors import PlatformError, did_you_mean
from skillbank.installation import how_to_install
from skillbank.platforms.kubernetes.errors import ApiLostError, ConflictingError, ForbiddenError, GoneError
from skillbank.redact import redact
from skillbank.ways import command

try:
    from kubernetes import client, config
    from kubernetes.client.exceptions import ApiException
except ImportError:
    raise PlatformError(
        f"the package kubernetes is not installed; {how_to_install('kubernetes')} installs it"
    ) from None

if TYPE_CHECKING:
    from urllib3 import HTTPResponse

    from skillbank.platforms.kubernetes.states import Document

__all__ = ["Connection"]

_BUSY = frozenset({429, 500, 502, 503, 504})
_IN_CLUSTER = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class Connection:
    """A login to the API server of one cluster.

    Raises
    ------
    PlatformError
        When there is no kubeconfig, or it cannot be used.
    """

    def __init__(self, context: str | None, namespace: str | None) -> None:
        settings = client.Configuration()
        settings.retries = False  # `Cluster.ask` repeats, because it knows what may be repeated
        own, self.context = _configure(settings, context)
        self.namespace = namespace or own
        self.server = str(settings.host)
        self._api = client.ApiClient(settings)

    def call(
        self,
        method: str,
        path: str,
        body: object,
        query: Mapping[str, object] | None,
        accept: str,
        timeout: tuple[float, float],
    ) -> Any:
        """Ask once, and return the client's own answer.

        Raises
        ------
        GoneError, ConflictingError, ForbiddenError, ApiLostError, PlatformError
            As `skillbank.platforms.kubernetes.api.Cluster.ask`, which asks again.
        """
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Accept": accept, "Content-Type": kind}
        pairs = [(name, str(value)) for name, value in (query or {}).items() if value is not None]
        try:
            # The token is asked for each time: it may be short-lived.
            self._api.update_params_for_auth(headers, pairs, ["BearerToken"])
            return self._api.rest_client.request(
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
        except config.ConfigException as error:
            raise PlatformError(f"the login to {self.server} fails: {redact(str(error))[:300]}") from None

    def pieces(self, response: HTTPResponse) -> Iterator[bytes]:
        """Yield an answer as it comes."""
        read: Callable[[], bytes] = lambda: response.read1(1 << 16)  # noqa: E731
        try:
            while piece := read():
                yield piece
        except (HTTPError, OSError) as error:
            raise ApiLostError(f"the connection to the Kubernetes API at {self.server} broke") from error

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


def _configure(settings: client.Configuration, wanted: str | None) -> tuple[str, str]:
    named = foreign("KUBECONFIG")
    files = named or str(Path.home() / ".kube/config")
    if not named and not Path(files).exists() and (_IN_CLUSTER / "token").exists():
        config.load_incluster_config(client_configuration=settings)
        return (_IN_CLUSTER / "namespace").read_text().strip() or "default", "the pod's service account"
    there = [file for file in files.split(os.pathsep) if file and Path(file).exists()]
    if not there:
        raise PlatformError(f"there is no kubeconfig at {files}; get one, or set KUBECONFIG to where it is")
    try:
        contexts, current = config.list_kube_config_contexts(files)
        chosen = current if wanted is None else _context(contexts, wanted, files)
        config.load_kube_config(files, context=chosen["name"], client_configuration=settings)
    except (config.ConfigException, OSError, TypeError, KeyError, ValueError) as error:
        said = redact(" ".join(str(error).split()))[:300]
        raise PlatformError(f"the kubeconfig {files} cannot be used: {said}") from None
    return str(chosen["context"].get("namespace") or "default"), str(chosen["name"])


def _message(error: ApiException) -> str:
    """Return what the server said, without secrets and on one line."""
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


def _context(contexts: Sequence[Document], name: str, files: str) -> Document:
    """Return the context of a name."""
    names = [each["name"] for each in contexts]
    if name not in names:
        raise PlatformError(
            f"the kubeconfig {files} has no context '{name}'{did_you_mean(name, names)}; it has: "
            f"{', '.join(names) or 'none'}"
        )
    return contexts[names.index(name)]
