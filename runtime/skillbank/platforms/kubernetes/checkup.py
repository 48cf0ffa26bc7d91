"""What ``skillbank doctor`` says about Kubernetes: the cluster, what one may do there, and what jobs need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from skillbank.errors import PlatformError
from skillbank.platforms.check import Check
from skillbank.platforms.kubernetes.api import Cluster
from skillbank.platforms.kubernetes.errors import ForbiddenError, GoneError
from skillbank.platforms.kubernetes.profile import Profile, load_profile, profile_path
from skillbank.platforms.kubernetes.refusals import access

if TYPE_CHECKING:
    from skillbank.platforms.kubernetes.states import Document

__all__ = ["kubernetes_checks"]

_OLDEST = (1, 29)
"""Failure policies that say why a pod ended, and containers that bring files back, are on from here."""
_NEEDED = (
    ("batch", "jobs", "", ("create", "get", "patch", "delete")),
    ("", "pods", "", ("list",)),
    ("", "pods", "log", ("get",)),
)
_USEFUL = (
    ("", "services", "", ("create",), "several nodes"),
    ("", "events", "", ("list",), "saying why a job waits"),
    ("", "persistentvolumeclaims", "", ("get",), "looking at claims beforehand"),
)
_CLAIMS: dict[str, Literal["ok", "missing", "failed"]] = {"Bound": "ok", "Pending": "missing"}
_ABSENT = "not there"
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""Asks for the name of a thing and not for its content: a Secret's values stay where they are."""


def kubernetes_checks() -> list[Check]:
    """Ask the cluster; when it cannot be reached, that is the only finding."""
    try:
        profile = load_profile()
    except PlatformError as error:
        return [Check("kubernetes profile", "failed", error.sentence)]
    try:
        cluster = Cluster(profile.context, profile.namespace)
        version = cluster.ask("GET", "/version")
    except PlatformError as error:
        return [Check("kubernetes", "missing", error.sentence, needed=True)]
    return [_version(cluster, version), _profile(profile), *_rights(cluster), *_things(profile, cluster)]


def _version(cluster: Cluster, version: Mapping[str, object]) -> Check:
    digits = ["".join(c for c in str(version.get(part)) if c.isdigit()) or "0" for part in ("major", "minor")]
    said = f"{version.get('gitVersion')} at {cluster.server}, context {cluster.context}"
    said += f", namespace {cluster.namespace}"
    if (int(digits[0]), int(digits[1])) < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        return Check("kubernetes", "failed", f"{said}; skillbank needs {oldest} or newer")
    return Check("kubernetes", "ok", said)


def _profile(profile: Profile) -> Check:
    where = profile_path()
    if not where.exists():
        said = f"there is none at {where}; jobs need one that says where their files are"
        return Check("kubernetes profile", "missing", said, needed=True)
    if profile.s3 is not None:
        return Check("kubernetes profile", "ok", f"{where}; files go through {profile.s3.root}")
    shared = ", ".join(f"{volume.path} is {volume.claim}" for volume in profile.volumes)
    if not shared:
        said = f"{where} names neither shared volumes nor a bucket"
        return Check("kubernetes profile", "missing", said, needed=True)
    gone = [str(volume.path) for volume in profile.volumes if not volume.path.is_dir()]
    if gone:
        said = f"{gone[0]} is not a folder of this machine; mount the claim's files there"
        return Check("kubernetes profile", "failed", said)
    return Check("kubernetes profile", "ok", f"{where}; {shared}")


def _rights(cluster: Cluster) -> Iterator[Check]:
    denied = [
        f"{verb} {resource}{'/' * bool(sub)}{sub}"
        for group, resource, sub, verbs in _NEEDED
        for verb in verbs
        if not access(cluster, group, resource, verb, sub)
    ]
    if denied:
        said = f"this user may not {', '.join(denied)} in {cluster.namespace}; ask for a role that allows it"
        yield Check("kubernetes rights", "failed", said)
    else:
        yield Check("kubernetes rights", "ok", f"all that jobs need in {cluster.namespace}")
    for group, resource, sub, verbs, purpose in _USEFUL:
        if not all(access(cluster, group, resource, verb, sub) for verb in verbs):
            said = f"this user may not {'/'.join(verbs)} {resource}, which {purpose} needs"
            yield Check("kubernetes rights", "missing", said)


def _things(profile: Profile, cluster: Cluster) -> Iterator[Check]:
    for claim in dict.fromkeys(volume.claim for volume in profile.volumes):
        yield _claim(claim, cluster)
    secrets = [*profile.secrets, *(each.secret for each in profile.secret_env.values())]
    secrets += [profile.s3.secret] if profile.s3 is not None and profile.s3.secret else []
    for kind, names in (("secret", secrets), ("image pull secret", profile.image_pull_secrets)):
        for name in dict.fromkeys(names):
            yield _secret(kind, name, cluster)
    yield _gpus(profile, cluster)


def _claim(name: str, cluster: Cluster) -> Check:
    found = _get(cluster, f"/api/v1/namespaces/{cluster.namespace}/persistentvolumeclaims/{name}")
    if isinstance(found, str):
        return Check("kubernetes claim", _CLAIMS.get(found, "failed"), f"{name} is {found}")
    phase, modes = str(found.get("status", {}).get("phase")), found.get("spec", {}).get("accessModes") or []
    if phase == "Bound" and not {"ReadWriteMany", "ReadOnlyMany"}.intersection(modes):
        said = f"{name} is Bound, {'/'.join(modes)}: pods of one node only"
        return Check("kubernetes claim", "ok", said)
    return Check("kubernetes claim", _CLAIMS.get(phase, "failed"), f"{name} is {phase}")


def _secret(kind: str, name: str, cluster: Cluster) -> Check:
    found = _get(cluster, f"/api/v1/namespaces/{cluster.namespace}/secrets/{name}", _METADATA)
    if not isinstance(found, str):
        return Check(f"kubernetes {kind}", "ok", f"{name} is there")
    return Check(f"kubernetes {kind}", "failed" if found == _ABSENT else "missing", f"{name} is {found}")


def _gpus(profile: Profile, cluster: Cluster) -> Check:
    found = _get(cluster, "/api/v1/nodes")
    if isinstance(found, str):
        return Check(
            "kubernetes gpus", "missing", f"the list of nodes is {found}; whether any has GPUs is not known"
        )
    counts = [
        int(node.get("status", {}).get("allocatable", {}).get(profile.gpu_resource, 0))
        for node in found.get("items") or ()
    ]
    total, having = sum(counts), sum(count > 0 for count in counts)
    if not total:
        said = f"none of {len(counts)} nodes has {profile.gpu_resource}; the device plugin gives it to them"
        return Check("kubernetes gpus", "missing", said)
    said = f"{total} {profile.gpu_resource} on {having} of {len(counts)} nodes, at most {max(counts)} on one"
    return Check("kubernetes gpus", "ok", said)


def _get(cluster: Cluster, path: str, accept: str = "application/json") -> Document | str:
    """Return a thing, or in words why it cannot be had."""
    try:
        return cluster.ask("GET", path, accept=accept)
    except GoneError:
        return _ABSENT
    except ForbiddenError:
        return "not to be seen by this user"
