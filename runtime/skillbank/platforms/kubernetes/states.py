"""What a Job and its pods mean: skillbank's states, and why a job waits or has failed, in one sentence.

Everything here reads plain documents of the API and asks nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from skillbank.jobs.record import JobState
from skillbank.platforms.base import NativeStatus
from skillbank.platforms.kubernetes.names import BRINGS, INDEX, MAIN
from skillbank.ways import Sentence, marked, option

__all__ = ["Waiting", "ended", "index_of", "main_state", "node_lost", "over", "running", "waiting"]

Document = Mapping[str, Any]

_STUCK = {
    "ErrImagePull": "its image {image} cannot be pulled (ErrImagePull): {said}",
    "ImagePullBackOff": "its image {image} cannot be pulled (ImagePullBackOff): {said}",
    "ErrImageNeverPull": "its image {image} is not on its node, and is never pulled (ErrImagePull)",
    "InvalidImageName": Sentence(
        f"'{{image}}' is no name of an image (InvalidImageName); correct it with {option('image')}"
    ),
    "ImageInspectError": "its image {image} cannot be read on the node (ErrImagePull): {said}",
    "CreateContainerConfigError": "its container cannot be made (CreateContainerConfigError): {said}",
    "CreateContainerError": "its container cannot be made (CreateContainerError): {said}",
    "RunContainerError": "its container cannot be started (RunContainerError): {said}",
    "CreatePodSandboxError": "its pod cannot be set up (CreatePodSandboxError): {said}",
}
"""Why a container waits that will most likely wait forever."""
_PROBLEMS = (
    "FailedMount",
    "FailedAttachVolume",
    "FailedCreatePodSandBox",
    "FailedCreate",
    "FailedScheduling",
)
_TAKEN = {
    "PreemptionByScheduler": "PREEMPTED by a pod of higher priority",
    "EvictionByEvictionAPI": "Evicted: somebody drained its node",
    "DeletionByTaintManager": "NodeLost: its node went away or was tainted",
    "DeletionByPodGC": "NodeLost: its node is gone",
    "TerminationByKubelet": "Evicted by its node",
}
"""Why Kubernetes took a pod away, in words that the table of failures knows."""
_CONTAINERS = ("initContainerStatuses", "containerStatuses")
_NODE_REASONS = ("Evicted", "NodeLost", "Shutdown", "NodeShutdown", "Terminated", "Preempting")
_NODE_GONE = ("Shutdown", "NodeShutdown", "Terminated")
_ADMISSION = re.compile(r"OutOf\w|UnexpectedAdmissionError|NodeAffinity|Admission")
_POLICY_CODE = re.compile(r"failed with exit code (\d+)")
_NO_PROGRAM = re.compile(r"executable file not found|no such file or directory", re.IGNORECASE)


@dataclass(frozen=True)
class Waiting:
    """Why a job does not run yet; ``stuck`` since when it most likely never will, None when it may."""

    said: str
    stuck: datetime | None = None
    at_once: bool = False
    """Whether waiting cannot help."""


class _Taken(NamedTuple):
    """How a pod was ended from outside, and that in words that the table of failures knows."""

    said: str
    evidence: str


def index_of(pod: Document) -> int:
    """Return which of a job's pods this is."""
    meta = pod["metadata"]
    return int((meta.get("annotations") or {}).get(INDEX) or (meta.get("labels") or {}).get(INDEX) or 0)


def main_state(pod: Document) -> Document:
    """Return the state of the program's container: ``waiting``, ``running``, ``terminated``, or empty."""
    for status in pod.get("status", {}).get("containerStatuses") or ():
        if status["name"] == MAIN:
            return dict(status.get("state") or {})
    return {}


def over(job: Document) -> str | None:
    """Return how a Job has ended, ``Complete`` or ``Failed``; None when it has not."""
    return next((kind for kind in ("Complete", "Failed") if _condition(job, kind)), None)


def running(pods: Sequence[Document]) -> list[Document]:
    """Return the pods whose program runs or has run."""
    return [pod for pod in pods if "running" in main_state(pod) or "terminated" in main_state(pod)]


def node_lost(pod: Document) -> str | None:
    """Say that the node of a running pod does not report any more; None when it does."""
    status, meta = pod.get("status", {}), pod["metadata"]
    said = f"the node {pod.get('spec', {}).get('nodeName')} of pod {meta['name']} is lost or cut off"
    if status.get("phase") == "Unknown" or status.get("reason") == "NodeLost":
        return said
    ready = any(each["name"] == MAIN and each.get("ready") for each in status.get("containerStatuses") or ())
    unready = [
        c for c in status.get("conditions") or () if c.get("type") == "Ready" and c.get("status") == "False"
    ]
    # Its container was ready when last heard of, and the pod is not: the cluster has given up on the node.
    return said if ready and unready and not meta.get("deletionTimestamp") else None


def ended(job: Document, pods: Sequence[Document]) -> NativeStatus:
    """Say how an ended Job ended, by what it says itself and what is left of its pods."""
    if (broken := _files_broken(pods)) is not None:
        return NativeStatus(JobState.ERROR, broken, infra=True)
    if over(job) == "Complete":
        return NativeStatus(JobState.COMPLETE, "exit code 0", 0)
    condition = _condition(job, "Failed") or {}
    if condition.get("reason") == "DeadlineExceeded":
        limit = job["spec"].get("activeDeadlineSeconds")
        said = f"DeadlineExceeded: the job ran longer than its limit of {limit} seconds"
        return NativeStatus(JobState.ERROR, said, evidence=said)
    found = [verdict for pod in _by_end(pods) if (verdict := _pod_verdict(pod)) is not None]
    # Of several pods the first one to fail is the cause; those that were stopped because of it come after it.
    if found:
        return next((v for v in found if v.exit_code not in (137, 143) or v.evidence), found[0])
    return _by_policy(str(condition.get("reason", "")), str(condition.get("message", "")))


def waiting(job: Document, pods: Sequence[Document], events: Iterable[Document]) -> Waiting:
    """Say why pods of a job do not run yet."""
    said = sorted(events, key=_event_time)
    wanted = int(job["spec"].get("completions") or 1)
    for pod in sorted(pods, key=index_of):
        of_pod = [e for e in said if e.get("involvedObject", {}).get("uid") == pod["metadata"].get("uid")]
        found = _pod_waiting(pod, of_pod)
        if found is not None:
            start = f"pod {index_of(pod)} of {wanted} waits: " if wanted > 1 else "waits: "
            return Waiting(start + found.said, found.stuck, found.at_once)
    if not pods:
        refused = [e for e in said if e.get("reason") == "FailedCreate"]
        if refused:
            return Waiting(f"waits: no pod can be made (FailedCreate): {_words(refused[-1].get('message'))}")
        return Waiting("waits for its pods")
    return Waiting("waits: its containers are being made")


def _pod_waiting(pod: Document, events: Sequence[Document]) -> Waiting | None:
    """Say why one pod does not run yet; None when nothing is the matter with it."""
    status = pod.get("status", {})
    containers = [each for kind in _CONTAINERS for each in status.get(kind) or ()]
    for each in containers:
        waits = each.get("state", {}).get("waiting") or {}
        if (reason := str(waits.get("reason", ""))) in _STUCK:
            said = _stuck(reason, _words(waits.get("message")), str(each.get("image") or "?"), events)
            return Waiting(said, _since(pod, events), reason == "InvalidImageName")
    if (left := _condition(pod, "PodScheduled", "False")) is not None:
        return Waiting(f"no node takes it ({left.get('reason') or 'Pending'}): {_words(left.get('message'))}")
    problems = [e for e in events if e.get("reason") in _PROBLEMS]
    if problems and not main_state(pod).get("running"):
        return Waiting(f"{problems[-1]['reason']}: {_words(problems[-1].get('message'))}")
    return None


def _stuck(reason: str, message: str, image: str, events: Sequence[Document]) -> Sentence:
    """Say why a container most likely waits forever.

    What the registry answered stands in an event; the state says only that it is tried again.
    """
    told = [_words(e.get("message")) for e in events if e.get("reason") == "Failed"]
    pulls = [words for words in told if words.startswith("Failed to pull")]
    detail = pulls[-1] if pulls and "Pull" in reason else message
    return Sentence(marked(_STUCK[reason]).format(image=image, said=detail or "no reason is given"))


def _pod_verdict(pod: Document) -> NativeStatus | None:
    """Return what one pod says about the end of its job; None when it says nothing."""
    if (taken := _taken_away(pod)) is not None:
        return NativeStatus(JobState.ERROR, taken.said, evidence=taken.evidence)
    dead = main_state(pod).get("terminated")
    if dead is None or dead.get("exitCode") == 0:
        return None
    code = int(dead.get("exitCode") or 0)
    of = f" of pod {index_of(pod)}" if INDEX in (pod["metadata"].get("annotations") or {}) else ""
    if dead.get("reason") == "OOMKilled":
        said = f"out of memory: the container{of} needed more than {_memory(pod)} (OOMKilled)"
        return NativeStatus(JobState.ERROR, said, code, evidence=said)
    words = _words(dead.get("message"))
    if dead.get("reason") in ("StartError", "ContainerCannotRun"):
        # The shell's codes for a program that is not there, and one that cannot be started.
        code = 127 if _NO_PROGRAM.search(words) else 126
        return NativeStatus(JobState.ERROR, f"the program{of} could not be started: {words}", code)
    return NativeStatus(JobState.ERROR, f"exit code {code}{of}", code)


def _taken_away(pod: Document) -> _Taken | None:
    """Say by whom a pod was ended from outside: the cluster or its node; None when it was not."""
    status, name = pod.get("status", {}), pod["metadata"]["name"]
    taken = _condition(pod, "DisruptionTarget")
    if taken is not None:
        why = _TAKEN.get(str(taken.get("reason")), f"Evicted ({taken.get('reason')})")
        said = f"pod {name} was taken away: {why}; {_words(taken.get('message'))}".rstrip("; ")
        return _Taken(said, said)
    reason, message = str(status.get("reason") or ""), _words(status.get("message"))
    if reason not in _NODE_REASONS and not _ADMISSION.match(reason):
        return None
    said = f"pod {name} was ended by its node ({reason}): {message}"
    return _Taken(said, f"{'NodeLost' if reason in _NODE_GONE else 'Evicted'}: {said}")


def _memory(pod: Document) -> str:
    """Say how much memory the program's container may use."""
    resources = next(c for c in pod["spec"]["containers"] if c["name"] == MAIN).get("resources", {})
    limit = (resources.get("limits") or {}).get("memory")
    return f"its limit of {limit}" if limit else "what its node has"


def _files_broken(pods: Sequence[Document]) -> str | None:
    """Say that files did not get into a pod, or results not out of it; None when they did."""
    for pod in pods:
        for each in pod.get("status", {}).get("initContainerStatuses") or ():
            dead = (each.get("state") or {}).get("terminated") or {}
            if dead.get("exitCode"):
                what = (
                    "results could not be brought" if each["name"] == BRINGS else "files could not be fetched"
                )
                said = _words(dead.get("message")) or f"exit code {dead['exitCode']}"
                return f"{what} by way of the bucket: {said}"
    return None


def _by_policy(reason: str, message: str) -> NativeStatus:
    """Read what the failure policy wrote into the Job: its pods are gone."""
    if match := _POLICY_CODE.search(message):
        return NativeStatus(JobState.ERROR, f"exit code {match[1]}", int(match[1]))
    if "DisruptionTarget" in message:
        said = f"its pod was taken away: Evicted; {_words(message)}"
        return NativeStatus(JobState.ERROR, said, evidence=said)
    said = f"its pods were removed from outside before they ended ({reason or 'Failed'}: {_words(message)})"
    return NativeStatus(JobState.ERROR, said, infra=True)


def _by_end(pods: Sequence[Document]) -> list[Document]:
    def end(pod: Document) -> tuple[bool, str, int]:
        dead = main_state(pod).get("terminated") or {}
        return dead.get("finishedAt") is None, str(dead.get("finishedAt")), index_of(pod)

    return sorted(pods, key=end)


def _condition(thing: Document, kind: str, status: str = "True") -> Document | None:
    """Return what is said of a Job or pod by a condition that has a status; None where it has another."""
    for condition in thing.get("status", {}).get("conditions") or ():
        if condition.get("type") == kind and condition.get("status") == status:
            return dict(condition)
    return None


def _since(pod: Document, events: Sequence[Document]) -> datetime:
    """Return since when a pod's start fails: its first warning, else when it was made."""
    first = [e.get("firstTimestamp") or e.get("eventTime") for e in events if e.get("type") == "Warning"]
    texts = sorted(filter(None, first)) or [pod["metadata"].get("creationTimestamp")]
    return datetime.fromisoformat(texts[0]) if texts[0] else datetime.now(UTC)


def _event_time(event: Document) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp") or "")


def _words(text: object) -> str:
    return " ".join(str(text or "").split())[:300].rstrip(" .")
