"""What a server does with a document before it keeps it: strict decoding, validation, defaults.

Written from the API's documentation, and apart from what skillbank itself checks with: documents go through
the client's own models and back, and whatever does not come back was not understood.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from kubernetes import client

from tests.platforms.on_kubernetes.store import ApiError, Object

__all__ = ["decode", "default_job", "default_pod", "validate"]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_QUANTITY = re.compile(r"[+]?\d+(\.\d+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")
_KINDS = {"jobs.batch": "Job", "pods": "Pod", "services": "Service", "secrets": "Secret"}
_API = client.ApiClient()


class _Body:
    def __init__(self, document: Object) -> None:
        self.data = json.dumps(document)


def decode(resource: str, document: Object, strictly: bool) -> None:
    """Refuse a document of another kind or with wrong types; unknown fields are refused or dropped.

    Raises
    ------
    ApiError
        400, in the words of the real server.
    """
    kind = _KINDS.get(resource, "")
    if document.get("kind") != kind:
        raise ApiError(400, "BadRequest", f"the object provided is unrecognized (must be of type {kind})")
    try:
        understood = _API.sanitize_for_serialization(_API.deserialize(_Body(document), f"V1{kind}"))
    except (ValueError, TypeError, AttributeError) as error:
        message = f'{kind} in version "v1" cannot be handled as a {kind}: json: cannot unmarshal: {error}'
        raise ApiError(400, "BadRequest", message) from None
    for path, why in _lost(document, understood):
        if why == "type":
            message = f'{kind} in version "v1" cannot be handled as a {kind}: json: cannot unmarshal {path}'
            raise ApiError(400, "BadRequest", message)
        if strictly:
            message = f'{kind} in version "v1" cannot be handled as a {kind}: strict decoding error: '
            raise ApiError(400, "BadRequest", f'{message}unknown field "{path}"')


def _lost(given: Any, understood: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(given, dict) and isinstance(understood, dict):
        for key, value in given.items():
            place = f"{path}.{key}" if path else key
            if key not in understood:
                if value is not None and value not in ({}, []):
                    yield place, "unknown"
            else:
                yield from _lost(value, understood[key], place)
    elif isinstance(given, list) and isinstance(understood, list) and len(given) == len(understood):
        for i, (one, other) in enumerate(zip(given, understood, strict=True)):
            yield from _lost(one, other, f"{path}[{i}]")
    elif type(given) is not type(understood) or given != understood:
        yield path, "type"


def validate(resource: str, document: Object) -> None:
    """Refuse what the API's validation refuses, as far as jobs can run into it.

    Raises
    ------
    ApiError
        422, naming every field.
    """
    problems = [*_meta(resource, document["metadata"])]
    if resource == "jobs.batch":
        problems += _job(document)
    elif resource == "services":
        problems += _service(document)
    if problems:
        name, kind = document["metadata"].get("name", ""), _KINDS[resource]
        causes = [{"reason": "FieldValueInvalid", "field": p.split(":")[0], "message": p} for p in problems]
        said = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        full = f"{kind}.batch" if kind == "Job" else kind
        raise ApiError(
            422, "Invalid", f'{full} "{name}" is invalid: {said}', details={"name": name, "causes": causes}
        )


def _meta(resource: str, meta: Object) -> Iterator[str]:
    name = meta.get("name", "")
    pattern = _SERVICE if resource == "services" else _SUBDOMAIN
    if not pattern.fullmatch(name):
        yield f'metadata.name: Invalid value: "{name}": a DNS label or subdomain is wanted'
    for key, value in (meta.get("labels") or {}).items():
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            yield f'metadata.labels: Invalid value: "{key}={value}"'
    for key in meta.get("annotations") or {}:
        if not _KEY.fullmatch(key.lower()):
            yield f'metadata.annotations: Invalid value: "{key}"'


def _job(job: Object) -> Iterator[str]:
    name, spec = job["metadata"]["name"], job["spec"]
    longest = len(name)
    if spec.get("completionMode") == "Indexed":
        if spec.get("completions") is None:
            yield "spec.completions: Required value: when completion mode is Indexed"
        longest += 1 + len(str(int(spec.get("completions") or 1) - 1))
    if longest > 63:
        yield f'metadata.name: Invalid value: "{name}": will not able to create pod with invalid DNS label'
    for key in ("backoffLimit", "parallelism", "completions", "ttlSecondsAfterFinished"):
        if (spec.get(key) or 0) < 0:
            yield f"spec.{key}: Invalid value: {spec[key]}: must be greater than or equal to 0"
    if spec.get("activeDeadlineSeconds") is not None and spec["activeDeadlineSeconds"] < 1:
        yield "spec.activeDeadlineSeconds: Invalid value: must be greater than 0"
    template = spec.get("template") or {}
    yield from (
        f"spec.template.{p}" for p in _meta("template", {"name": "x", **template.get("metadata", {})})
    )
    pod = template.get("spec") or {}
    if pod.get("restartPolicy") not in ("Never", "OnFailure"):
        yield f'spec.template.spec.restartPolicy: Unsupported value: "{pod.get("restartPolicy")}"'
    if spec.get("podFailurePolicy") and pod.get("restartPolicy") != "Never":
        yield "spec.template.spec.restartPolicy: Invalid value: only Never with a failure policy"
    yield from _pod(pod)


def _pod(pod: Object) -> Iterator[str]:
    volumes = [volume["name"] for volume in pod.get("volumes") or ()]
    for name in volumes:
        if not _LABEL.fullmatch(name) or volumes.count(name) > 1:
            yield f'spec.template.spec.volumes: Invalid value: "{name}"'
    if (domain := pod.get("subdomain")) is not None and not _LABEL.fullmatch(domain):
        yield f'spec.template.spec.subdomain: Invalid value: "{domain}"'
    if not pod.get("containers"):
        yield "spec.template.spec.containers: Required value"
    for container in (*(pod.get("initContainers") or ()), *(pod.get("containers") or ())):
        place = f"spec.template.spec.containers[{container.get('name')}]"
        if not _LABEL.fullmatch(container.get("name") or ""):
            yield f"{place}.name: Required value"
        if not (container.get("image") or "").strip():
            yield f"{place}.image: Required value"
        mounted = [mount["mountPath"] for mount in container.get("volumeMounts") or ()]
        for mount in container.get("volumeMounts") or ():
            if mount["name"] not in volumes:
                yield f'{place}.volumeMounts.name: Not found: "{mount["name"]}"'
            if mounted.count(mount["mountPath"]) > 1:
                yield f'{place}.volumeMounts.mountPath: Invalid value: "{mount["mountPath"]}": must be unique'
            below = mount.get("subPath") or ""
            if below.startswith("/") or ".." in below.split("/"):
                yield f'{place}.volumeMounts.subPath: Invalid value: "{below}"'
        for variable in container.get("env") or ():
            if not re.fullmatch(r"[-._a-zA-Z][-._a-zA-Z0-9]*", variable.get("name") or ""):
                yield f'{place}.env.name: Invalid value: "{variable.get("name")}"'
            if variable.get("value") and variable.get("valueFrom"):
                yield f"{place}.env.valueFrom: Invalid value: may not be specified when `value` is not empty"
        resources = container.get("resources") or {}
        for kind in ("limits", "requests"):
            for key, value in (resources.get(kind) or {}).items():
                if not _QUANTITY.fullmatch(str(value)):
                    yield f'{place}.resources.{kind}.{key}: Invalid value: "{value}"'
        for key, value in (resources.get("requests") or {}).items():
            if "/" in key and (resources.get("limits") or {}).get(key) != value:
                yield f"{place}.resources.requests: Invalid value: {key} must be equal to its limit"


def _service(service: Object) -> Iterator[str]:
    for port in service["spec"].get("ports") or ():
        if not 0 < int(port.get("port", 0)) < 65536:
            yield f"spec.ports.port: Invalid value: {port.get('port')}"
    for owner in service["metadata"].get("ownerReferences") or ():
        if not owner.get("uid"):
            yield "metadata.ownerReferences.uid: Invalid value: must not be empty"


def default_job(job: Object) -> None:
    """Fill in what the server fills in."""
    spec, uid = job["spec"], job["metadata"]["uid"]
    for key, value in {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "manualSelector": False,
        "podReplacementPolicy": "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed",
    }.items():
        spec.setdefault(key, value)
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            pattern.setdefault("status", "True")
    labels = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": job["metadata"]["name"],
    }
    old = {"controller-uid": uid, "job-name": job["metadata"]["name"]}
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    template = spec["template"].setdefault("metadata", {})
    template["labels"] = {**(template.get("labels") or {}), **labels, **old}
    default_pod(spec["template"]["spec"])
    job.setdefault("status", {})


def default_pod(spec: Object) -> None:
    """Fill in what the server fills in."""
    for key, value in {
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {},
    }.items():
        spec.setdefault(key, value)
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        image = container["image"].rpartition("/")[2]
        latest = ":" not in image or image.endswith(":latest")
        container.setdefault("imagePullPolicy", "Always" if latest and "@" not in image else "IfNotPresent")
        container.setdefault("resources", {})
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
