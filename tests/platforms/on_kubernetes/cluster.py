"""The tests' cluster: nodes, a scheduler, the Job controller, garbage collection; its kubelet is real.

What it does is written from the documentation of Kubernetes 1.31 and newer, for what jobs need of it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tests.platforms.on_kubernetes.fields import default_pod
from tests.platforms.on_kubernetes.kubelet import PodRunner, amount, expand, set_condition
from tests.platforms.on_kubernetes.store import ApiError, Key, Object, Store, now

__all__ = ["INDEX", "JOBS", "Cluster"]

JOBS, INDEX = "jobs.batch", "batch.kubernetes.io/job-completion-index"
_TRACKING = "batch.kubernetes.io/job-tracking"


class Cluster:
    """Everything behind the API server.

    Attributes
    ----------
    claims : dict of str to Path
        Folders of this machine that are the volumes of claims.
    hidden : list of Path
        Folders that pods do not see, because they stand for the machine that launches.
    images : set of str
        What the registry has; all of them are this machine's own file system.
    """

    def __init__(self, namespace: str = "vision") -> None:
        self.store, self.namespace = Store(), namespace
        self.root = Path(tempfile.mkdtemp(prefix="skbk-", dir="/tmp"))
        self.hosts = self.root / "hosts"
        self.hosts.write_text("127.0.0.1 localhost\n")
        self.claims: dict[str, Path] = {}
        self.hidden: list[Path] = []
        self.images = {"engine:1", "courier:1"}
        python = str(Path(sys.executable).parent)  # an image finds its own Python first
        self.image_env = {"PATH": os.pathsep.join((python, os.environ["PATH"])), "LANG": "C.UTF-8"}
        self.runners: dict[str, PodRunner] = {}
        self.closing = False
        self._counted: dict[str, set[str]] = {}
        self._addresses = 0
        self._hosts_lock = threading.Lock()
        self._thread = threading.Thread(target=self._control, daemon=True)

    def start(self) -> None:
        self.put(
            "namespaces", "", {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": self.namespace}}
        )
        self._thread.start()

    def close(self) -> None:
        self.closing = True
        for runner in list(self.runners.values()):
            runner.join(20)
        self._thread.join(10)
        shutil.rmtree(self.root, ignore_errors=True)

    # What an administrator does

    def put(self, resource: str, namespace: str, document: Object) -> Object:
        return self.store.create(Key(resource, namespace, document["metadata"]["name"]), document)

    def add_node(
        self, name: str, gpus: int = 0, labels: dict[str, str] | None = None, taint: str = ""
    ) -> None:
        taints = [{"key": taint, "effect": "NoSchedule"}] if taint else []
        resources = {"cpu": "64", "memory": "256Gi", "pods": "110", "nvidia.com/gpu": str(gpus)}
        conditions = [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": ""}]
        self.put(
            "nodes",
            "",
            {
                "kind": "Node",
                "apiVersion": "v1",
                "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
                "spec": {"taints": taints},
                "status": {"allocatable": resources, "capacity": resources, "conditions": conditions},
            },
        )

    def add_claim(self, name: str, folder: Path, phase: str = "Bound") -> None:
        self.claims[name] = folder
        self.put(
            "persistentvolumeclaims",
            self.namespace,
            {
                "kind": "PersistentVolumeClaim",
                "apiVersion": "v1",
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}},
                "status": {"phase": phase},
            },
        )

    def add_secret(self, name: str, **values: str) -> None:
        self.put(
            "secrets",
            self.namespace,
            {
                "kind": "Secret",
                "apiVersion": "v1",
                "metadata": {"name": name, "namespace": self.namespace},
                "stringData": values,
                "type": "Opaque",
            },
        )

    def evict(self, name: str) -> None:
        """Take a pod away for a drain of its node."""

        def mark(pod: Object) -> None:
            message = "Eviction API: evicting"
            set_condition(pod["status"], "DisruptionTarget", True, "EvictionByEvictionAPI", message)

        self.store.update(self._pod(name), mark)
        self.delete_pod(self._pod(name))

    def lose_node(self, name: str) -> None:
        """Cut a node off: nothing more is heard of it, and its pods are not ready."""
        for pod in self.store.list("pods"):
            if pod["spec"].get("nodeName") == name:
                self.runners[pod["metadata"]["name"]].silent = True
                self.store.update(self._pod(pod["metadata"]["name"]), _unready)

    def collect_node(self, name: str) -> None:
        """Give a lost node up: its pods are marked and forgotten."""
        for pod in self.store.list("pods"):
            if pod["spec"].get("nodeName") == name:
                key = self._pod(pod["metadata"]["name"])
                self.store.update(key, _collected)
                self.delete_pod(key, 0)
                self.runners[key.name].silent = False

    def pods(self) -> list[Object]:
        return self.store.list("pods")

    # What the controllers do

    def _control(self) -> None:
        while not self.closing:
            with contextlib.suppress(ApiError):
                self._schedule()
                for job in self.store.list(JOBS):
                    self._job(job)
                self._collect()
            with self.store.changed:
                self.store.changed.wait(0.1)

    def _schedule(self) -> None:
        for pod in self.store.list("pods"):
            key = self._pod(pod["metadata"]["name"])
            if pod["spec"].get("nodeName") or pod["metadata"].get("deletionTimestamp"):
                continue
            node, why = self._node_for(pod)
            if node is None:

                def refuse(found: Object, why: str = why) -> None:
                    set_condition(found["status"], "PodScheduled", False, "Unschedulable", why)

                self.store.update(key, refuse)
                self.event(pod, "Warning", "FailedScheduling", why)
                continue

            def bind(found: Object, node: str = node) -> None:
                found["spec"]["nodeName"] = node
                set_condition(found["status"], "PodScheduled", True)

            self.store.update(key, bind)
            self.event(
                pod, "Normal", "Scheduled", f"Successfully assigned {key.namespace}/{key.name} to {node}"
            )
            self.runners[key.name] = runner = PodRunner(self, key)
            runner.start()

    def _node_for(self, pod: Object) -> tuple[str | None, str]:
        nodes = self.store.list("nodes")
        short: dict[str, int] = {}
        for node in nodes:
            why = self._unfit(pod, node)
            if not why:
                return node["metadata"]["name"], ""
            short[why] = short.get(why, 0) + 1
        told = ", ".join(f"{count} {why}" for why, count in short.items())
        return None, f"0/{len(nodes)} nodes are available: {told or 'no nodes'}."

    def _unfit(self, pod: Object, node: Object) -> str:
        spec = pod["spec"]
        for taint in node["spec"].get("taints") or ():
            if not any(t.get("key") in (None, taint["key"]) for t in spec.get("tolerations") or ()):
                return f"node(s) had untolerated taint {{{taint['key']}: }}"
        labels = node["metadata"]["labels"]
        if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
            return "node(s) didn't match Pod's node affinity/selector"
        others = [
            each
            for each in self.store.list("pods")
            if each["spec"].get("nodeName") == node["metadata"]["name"]
            and each["status"].get("phase") not in ("Succeeded", "Failed")
        ]
        for name, there in node["status"]["allocatable"].items():
            used = sum(_requests(each, name) for each in others)
            if _requests(pod, name) > amount(there) - used:
                return f"Insufficient {name}"
        return ""

    def _job(self, job: Object) -> None:
        key = Key(JOBS, job["metadata"]["namespace"], job["metadata"]["name"])
        uid, spec, status = job["metadata"]["uid"], job["spec"], job["status"]
        mine = [p for p in self.store.list("pods", key.namespace) if _owner(p) == uid]
        counted = self._counted.setdefault(uid, set())
        if job["metadata"].get("deletionTimestamp"):
            self._release(mine)
            for pod in mine:
                self.delete_pod(self._pod(pod["metadata"]["name"]))
            if not mine:
                self.store.update(key, lambda j: j["metadata"].update(finalizers=[]))
            return
        if _condition(status, "Complete") or _condition(status, "Failed"):
            self._release(mine)
            ttl, end = spec.get("ttlSecondsAfterFinished"), _finished_at(status)
            if ttl is not None and time.time() - end > ttl:
                self.delete(key, "Foreground")
            return
        ended = [p for p in mine if p["status"].get("phase") in ("Succeeded", "Failed")]
        failed = [
            p for p in ended if p["status"]["phase"] == "Failed" and not (spec["suspend"] and _leaving(p))
        ]
        good = [p for p in ended if p["status"]["phase"] == "Succeeded"]
        alive = [p for p in mine if p not in ended]
        counted |= {p["metadata"]["uid"] for p in ended}
        target = _condition(status, "FailureTarget")
        if target is None and failed:
            target = self._verdict(spec, failed)
        began, deadline = status.get("startTime"), spec.get("activeDeadlineSeconds")
        if target is None and began and deadline and _age(began) > deadline:
            target = {
                "reason": "DeadlineExceeded",
                "message": "Job was active longer than specified deadline",
            }

        def write(found: Object) -> None:
            now_ = found["status"]
            now_["active"], now_["failed"], now_["succeeded"] = len(alive), len(failed), len(good)
            now_["ready"] = sum(_condition(p["status"], "Ready") is not None for p in alive)
            if target is not None:
                set_condition(now_, "FailureTarget", True, target["reason"], target["message"])
                if not alive:
                    set_condition(now_, "Failed", True, target["reason"], target["message"])
            elif len(good) >= spec["completions"]:
                set_condition(now_, "SuccessCriteriaMet", True, "CompletionsReached")
                set_condition(
                    now_, "Complete", True, "CompletionsReached", "Reached expected number of succeeded pods"
                )
                now_["completionTime"] = now()
            if found["spec"]["suspend"]:
                set_condition(now_, "Suspended", True, "JobSuspended", "Job suspended")
                now_.pop("startTime", None)
            else:
                if _condition(now_, "Suspended"):
                    set_condition(now_, "Suspended", False, "JobResumed", "Job resumed")
                now_.setdefault("startTime", now())

        self.store.update(key, write)
        self._release(ended)
        if target is not None or spec["suspend"]:
            for pod in alive:
                self.delete_pod(self._pod(pod["metadata"]["name"]))
        elif len(good) < spec["completions"]:
            there = {_index(p) for p in (*alive, *good)}
            for index in range(spec["completions"]):
                if index not in there and len(alive) < spec["parallelism"]:
                    self._make_pod(job, index)

    def _verdict(self, spec: Object, failed: list[Object]) -> Object | None:
        """Say whether failed pods end the Job: by its failure policy, else by its limit of retries."""
        rules = (spec.get("podFailurePolicy") or {}).get("rules") or ()
        for pod in failed:
            name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
            for number, rule in enumerate(rules):
                said = f"matching {rule['action']} rule at index {number}"
                wanted = [c["type"] for c in rule.get("onPodConditions") or ()]
                hit = next((kind for kind in wanted if _condition(pod["status"], kind)), None)
                if hit and rule["action"] == "FailJob":
                    return {"reason": "PodFailurePolicy", "message": f"Pod {name} has condition {hit} {said}"}
                codes = rule.get("onExitCodes") or {}
                for each in pod["status"].get("containerStatuses") or ():
                    code = (each["state"].get("terminated") or {}).get("exitCode", 0)
                    inside = code in codes.get("values", ())
                    if (
                        code
                        and codes.get("containerName") == each["name"]
                        and inside == (codes["operator"] == "In")
                    ):
                        message = (
                            f"Container {each['name']} for pod {name} failed with exit code {code} {said}"
                        )
                        return {"reason": "PodFailurePolicy", "message": message}
        if len(failed) > spec["backoffLimit"]:
            return {
                "reason": "BackoffLimitExceeded",
                "message": "Job has reached the specified backoff limit",
            }
        return None

    def _make_pod(self, job: Object, index: int) -> None:
        name, indexed = job["metadata"]["name"], job["spec"]["completionMode"] == "Indexed"
        template = job["spec"]["template"]
        pod_name = f"{name}-{index}-{uuid.uuid4().hex[:5]}" if indexed else f"{name}-{uuid.uuid4().hex[:5]}"
        meta = {key: dict(template["metadata"].get(key) or {}) for key in ("labels", "annotations")}
        if indexed:
            meta["annotations"][INDEX] = meta["labels"][INDEX] = str(index)
        spec = {**template["spec"]}
        if indexed:
            spec["hostname"] = f"{name}-{index}"
            for container in spec["containers"]:
                variable = {"name": "JOB_COMPLETION_INDEX", "value": str(index)}
                container["env"] = [*(container.get("env") or ()), variable]
        default_pod(spec)
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": job["metadata"]["uid"]}
        self.put(
            "pods",
            job["metadata"]["namespace"],
            {
                "kind": "Pod",
                "apiVersion": "v1",
                "metadata": {
                    "name": pod_name,
                    "namespace": job["metadata"]["namespace"],
                    "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
                    "finalizers": [_TRACKING],
                    **meta,
                },
                "spec": spec,
                "status": {"phase": "Pending", "qosClass": "Burstable"},
            },
        )
        self.event(job, "Normal", "SuccessfulCreate", f"Created pod: {pod_name}")

    def _release(self, pods: Iterable[Object]) -> None:
        """Take the mark of the Job controller from pods that it has counted."""
        for pod in pods:
            self.store.update(
                self._pod(pod["metadata"]["name"]), lambda p: p["metadata"].update(finalizers=[])
            )

    def _collect(self) -> None:
        """Remove what belongs to Jobs that are gone."""
        owners = {job["metadata"]["uid"] for job in self.store.list(JOBS)}
        for resource in ("pods", "services"):
            for found in self.store.list(resource):
                if (owner := _owner(found)) is not None and owner not in owners:
                    key = Key(resource, found["metadata"]["namespace"], found["metadata"]["name"])
                    if resource == "pods":
                        self._release([found])
                        self.delete_pod(key)
                    else:
                        self.store.remove(key)

    def delete(self, key: Key, policy: str) -> Object:
        """Delete a Job as the policy says; without one its pods stay behind, as with the real API."""
        found = self.store.get(key)
        if policy == "Foreground":

            def mark(job: Object) -> None:
                job["metadata"].setdefault("deletionTimestamp", now())
                job["metadata"]["finalizers"] = ["foregroundDeletion"]

            self.store.update(key, mark)
        else:
            if policy == "Orphan":
                for pod in self.store.list("pods", key.namespace):
                    if _owner(pod) == found["metadata"]["uid"]:
                        free = self._pod(pod["metadata"]["name"])
                        self.store.update(
                            free, lambda p: p["metadata"].update(ownerReferences=[], finalizers=[])
                        )
            self.store.remove(key)
        return found

    def delete_pod(self, key: Key, grace: int | None = None) -> None:
        def mark(pod: Object) -> None:
            if not pod["metadata"].get("deletionTimestamp"):
                seconds = pod["spec"]["terminationGracePeriodSeconds"] if grace is None else grace
                pod["metadata"]["deletionTimestamp"] = now()
                pod["metadata"]["deletionGracePeriodSeconds"] = seconds

        with self.store.changed:
            found = self.store.find(key)
            if found is None:
                return
            if not found["spec"].get("nodeName"):
                self._release([found])
                self.store.remove(key)
                return
            self.store.update(key, mark)

    # What the kubelet asks

    def give_address(self, key: Key, pod: Object) -> None:
        """Give a pod an address, and its name to everybody: the Service is headless."""
        with self._hosts_lock:
            self._addresses += 1
            address = f"127.77.{self._addresses // 250}.{self._addresses % 250 + 1}"
            names = [pod["spec"].get("hostname") or key.name]
            if (domain := pod["spec"].get("subdomain")) is not None:
                service = self.store.find(Key("services", key.namespace, domain))
                if service is not None and service["spec"].get("clusterIP") == "None":
                    names.append(f"{names[0]}.{domain}")
            with self.hosts.open("a") as hosts:
                hosts.write(f"{address} {' '.join(names)}\n")
        self.store.update(
            key, lambda p: p["status"].update(podIP=address, hostIP="127.0.0.1", startTime=now())
        )

    def environment(self, pod: Object, container: Object) -> dict[str, str]:
        found = {**self.image_env, "HOSTNAME": pod["spec"].get("hostname") or pod["metadata"]["name"]}
        for source in container.get("envFrom") or ():
            found |= self._secret(source["secretRef"]["name"])
        for variable in container.get("env") or ():
            origin = variable.get("valueFrom") or {}
            if "secretKeyRef" in origin:
                reference = origin["secretKeyRef"]
                found[variable["name"]] = self._secret(reference["name"])[reference["key"]]
            elif "fieldRef" in origin:
                path = origin["fieldRef"]["fieldPath"]
                match = re.fullmatch(r"metadata\.(annotations|labels)\['(.*)'\]", path)
                assert match is not None, path
                found[variable["name"]] = pod["metadata"][match[1]].get(match[2], "")
            else:
                found[variable["name"]] = expand(variable.get("value", ""), found)
        return found

    def _secret(self, name: str) -> dict[str, str]:
        found = self.store.find(Key("secrets", self.namespace, name))
        return dict(found["stringData"]) if found is not None else {}

    def missing_reference(self, pod: Object, container: Object) -> str | None:
        names = [source["secretRef"]["name"] for source in container.get("envFrom") or ()]
        keys = [v["valueFrom"]["secretKeyRef"] for v in container.get("env") or () if _refers(v)]
        for name in [*names, *(key["name"] for key in keys)]:
            if self.store.find(Key("secrets", pod["metadata"]["namespace"], name)) is None:
                return f'secret "{name}" not found'
        for key in keys:
            if key["key"] not in self._secret(key["name"]):
                return (
                    f"couldn't find key {key['key']} in Secret {pod['metadata']['namespace']}/{key['name']}"
                )
        return None

    def missing_volume(self, pod: Object) -> str | None:
        for volume in pod["spec"].get("volumes") or ():
            claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if claim is not None and claim not in self.claims:
                return f'MountVolume.SetUp failed for volume "{volume["name"]}": claim "{claim}" not found'
        return None

    def volume(self, files: Path, volume: Object) -> Path:
        if "persistentVolumeClaim" in volume:
            return self.claims[volume["persistentVolumeClaim"]["claimName"]]
        folder = files / f"empty-{volume['name']}"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
        return folder

    def event(self, about: Object, kind: str, reason: str, message: str) -> None:
        """Record an event; the same one again is counted."""
        meta = about["metadata"]
        same = uuid.uuid5(uuid.NAMESPACE_OID, f"{meta.get('uid')}{reason}{message}")
        name = f"{meta['name']}.{same.hex[:16]}"
        key = Key("events", meta["namespace"], name)
        known = self.store.update(key, lambda e: e.update(lastTimestamp=now(), count=e["count"] + 1))
        if known is None:
            reference = {"kind": about["kind"], "namespace": meta["namespace"], "name": meta["name"]}
            document = {
                "kind": "Event",
                "apiVersion": "v1",
                "metadata": {"name": name, "namespace": meta["namespace"]},
                "involvedObject": {**reference, "uid": meta.get("uid")},
                "type": kind,
                "reason": reason,
                "message": message,
                "firstTimestamp": now(),
                "lastTimestamp": now(),
                "count": 1,
                "source": {"component": "test"},
            }
            with contextlib.suppress(ApiError):
                self.store.create(key, document)

    def _pod(self, name: str) -> Key:
        return Key("pods", self.namespace, name)


def _unready(pod: Object) -> None:
    set_condition(pod["status"], "Ready", False)


def _collected(pod: Object) -> None:
    pod["status"]["phase"] = "Failed"
    set_condition(pod["status"], "DisruptionTarget", True, "DeletionByPodGC", "PodGC: node no longer exists")


def _condition(status: Object, kind: str) -> Object | None:
    rows = status.get("conditions") or ()
    return next((r for r in rows if r["type"] == kind and r["status"] == "True"), None)


def _owner(found: Object) -> str | None:
    owners = found["metadata"].get("ownerReferences") or ()
    return next((owner["uid"] for owner in owners if owner["kind"] == "Job"), None)


def _leaving(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def _index(pod: Object) -> int:
    return int((pod["metadata"].get("annotations") or {}).get(INDEX, 0))


def _refers(variable: Object) -> bool:
    return "secretKeyRef" in (variable.get("valueFrom") or {})


def _requests(pod: Object, name: str) -> int:
    if name == "pods":
        return 1
    requests = [c.get("resources", {}).get("requests") or {} for c in pod["spec"]["containers"]]
    return sum(amount(each[name]) for each in requests if name in each)


def _age(text: str) -> float:
    return time.time() - datetime.fromisoformat(text).astimezone(UTC).timestamp()


def _finished_at(status: Object) -> float:
    row = _condition(status, "Complete") or _condition(status, "Failed") or {}
    return time.time() - _age(row["lastTransitionTime"])
