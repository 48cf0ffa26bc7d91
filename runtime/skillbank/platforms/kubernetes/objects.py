"""What of a job lies in a cluster: its Job, its pods, its Service and what is told about them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from skillbank.errors import PlatformError
from skillbank.platforms.kubernetes.api import Cluster
from skillbank.platforms.kubernetes.errors import ConflictingError, ForbiddenError, GoneError
from skillbank.platforms.kubernetes.names import LABEL, selector

if TYPE_CHECKING:
    from skillbank.platforms.kubernetes.states import Document

__all__ = ["Objects", "Place", "begun"]

_STARTED = f"{LABEL}started"
_QUEUE = "kueue.x-k8s.io/queue-name"
"""With this label another controller lets Jobs go when it is their turn."""
_STRICT = {"fieldValidation": "Strict"}


@dataclass(frozen=True)
class Place:
    """Where a job's Job is, written down before it is made.

    ``at`` is when that was, in seconds since the epoch, ``keep`` for how many seconds after its end the Job
    stays; ``s3`` is the root of the bucket that its files go through.
    """

    server: str
    namespace: str
    name: str
    nodes: int
    keep: int
    at: float
    s3: str | None = None

    @property
    def native_id(self) -> str:
        """How a person finds it with kubectl."""
        return f"kubernetes:{self.namespace}/{self.name}"

    def document(self) -> dict[str, object]:
        """Return it as a JSON document."""
        return asdict(self)


def begun(job: Document) -> bool:
    """Say whether a Job has been let go: nothing of it ran before."""
    return (job["metadata"].get("annotations") or {}).get(_STARTED) == "true"


class Objects:
    """The objects of one job.

    Parameters
    ----------
    patience
        Seconds for which a change is tried while the server is away.
    """

    def __init__(self, cluster: Cluster, job_id: str, place: Place, patience: float) -> None:
        self._cluster, self._job_id, self._place, self._patience = cluster, job_id, place, patience
        self._core = f"/api/v1/namespaces/{place.namespace}"
        self._jobs = f"/apis/batch/v1/namespaces/{place.namespace}/jobs"

    def job(self) -> Document | None:
        """Return the Job; None when there is none."""
        try:
            found = self._cluster.ask("GET", f"{self._jobs}/{self._place.name}")
        except GoneError:
            return None
        if (found["metadata"].get("annotations") or {}).get(f"{LABEL}job-id") != self._job_id:
            raise PlatformError(
                f"the namespace {self._place.namespace} has a Job {self._place.name} that is not of job "
                f"{self._job_id}; remove it with kubectl delete job {self._place.name}"
            )
        return found

    def pods(self) -> list[Document]:
        """Return the pods."""
        query = {"labelSelector": selector(self._job_id)}
        return list(self._cluster.ask("GET", f"{self._core}/pods", query=query).get("items") or ())

    def events(self, pods: Iterable[Document]) -> list[Document]:
        """Return what is told about the Job and some of its pods; nothing where this user may not know."""
        found: list[Document] = []
        for name in (self._place.name, *(pod["metadata"]["name"] for pod in pods)):
            with contextlib.suppress(ForbiddenError):
                query = {"fieldSelector": f"involvedObject.name={name}"}
                found += self._cluster.ask("GET", f"{self._core}/events", query=query).get("items") or ()
        return found

    def create(self, document: Mapping[str, object]) -> Document:
        """Make the Job and return it."""
        try:
            return self._change("POST", self._jobs, document, _STRICT)
        except ConflictingError:
            # The name is taken: by another try of this very launch, whose answer was lost.
            if (found := self.job()) is not None:
                return found
            raise

    def create_service(self, document: Mapping[str, object]) -> None:
        """Make the Service, unless an earlier try has."""
        with contextlib.suppress(ConflictingError):
            self._change("POST", f"{self._core}/services", document, _STRICT)

    def let_go(self, document: Document) -> None:
        """Let the Job begin, or its queue do that."""
        change: dict[str, object] = {"metadata": {"annotations": {_STARTED: "true"}}}
        if _QUEUE not in document["metadata"]["labels"]:
            change["spec"] = {"suspend": False}
        self._change("PATCH", f"{self._jobs}/{self._place.name}", change)

    def delete(self) -> None:
        """Delete the Job; it goes away when its pods have, each after its grace."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"}
        with contextlib.suppress(GoneError):
            self._change("DELETE", f"{self._jobs}/{self._place.name}", options)

    def _change(
        self, method: str, path: str, body: Mapping[str, object], query: Mapping[str, str] | None = None
    ) -> Document:
        return self._cluster.ask(method, path, body, query=query, patience=self._patience)
