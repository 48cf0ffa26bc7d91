"""The memory of the tests' API server: objects with versions, watches, deletion in its two steps."""

from __future__ import annotations

import copy
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

__all__ = ["ApiError", "Key", "Object", "Store", "matches", "now"]

Object = dict[str, Any]


class ApiError(Exception):
    """A refusal, as the server writes it into a Status."""

    def __init__(self, code: int, reason: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.extra = code, reason, message, extra

    def status(self) -> Object:
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
            **self.extra,
        }


@dataclass(frozen=True)
class Key:
    resource: str
    namespace: str
    name: str


def now() -> str:
    """Return the time as metav1.Time writes it: to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def matches(found: Object, labels: str | None, fields: str | None) -> bool:
    """Say whether an object fits selectors as a client writes them."""
    for part in filter(None, (labels or "").split(",")):
        name, equal, value = part.replace("==", "=").partition("=")
        there = (found["metadata"].get("labels") or {}).get(name.strip().lstrip("!"))
        if name.endswith("!"):
            if (found["metadata"].get("labels") or {}).get(name.rstrip("!")) == value:
                return False
        elif (equal and there != value) or (not equal and (there is None) != name.startswith("!")):
            return False
    for part in filter(None, (fields or "").split(",")):
        path, _, value = part.replace("==", "=").partition("=")
        node: Any = found
        for step in path.rstrip("!").split("."):
            node = (node or {}).get(step)
        if (str(node or "") == value) == path.endswith("!"):
            return False
    return True


class Store:
    """Objects by resource, namespace and name. Every change has a version, and watchers see it once."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self._objects: dict[Key, Object] = {}
        self._history: list[tuple[int, str, Key, Object]] = []
        self._version, self._forgotten = 1, 0

    @property
    def version(self) -> str:
        return str(self._version)

    def _note(self, kind: str, key: Key, found: Object) -> None:
        self._version += 1
        found["metadata"]["resourceVersion"] = str(self._version)
        self._history.append((self._version, kind, key, copy.deepcopy(found)))
        self.changed.notify_all()

    def create(self, key: Key, document: Object) -> Object:
        with self.changed:
            if key in self._objects:
                raise ApiError(
                    409, "AlreadyExists", f'{key.resource} "{key.name}" already exists', details=details(key)
                )
            found = copy.deepcopy(document)
            found["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": now()}
            if "generation" not in found["metadata"] and key.resource in ("jobs.batch", "pods"):
                found["metadata"]["generation"] = 1
            self._objects[key] = found
            self._note("ADDED", key, found)
            return copy.deepcopy(found)

    def get(self, key: Key) -> Object:
        with self.changed:
            if key not in self._objects:
                raise ApiError(
                    404, "NotFound", f'{key.resource} "{key.name}" not found', details=details(key)
                )
            return copy.deepcopy(self._objects[key])

    def find(self, key: Key) -> Object | None:
        with self.changed:
            return copy.deepcopy(self._objects.get(key))

    def list(self, resource: str, namespace: str | None = None) -> list[Object]:
        with self.changed:
            return [
                copy.deepcopy(found)
                for key, found in sorted(self._objects.items(), key=lambda item: item[0].name)
                if key.resource == resource and namespace in (None, key.namespace)
            ]

    def update(self, key: Key, change: Callable[[Object], None]) -> Object | None:
        """Change an object in place; nothing happens when nothing changes, or when it is gone."""
        with self.changed:
            found = self._objects.get(key)
            if found is None:
                return None
            before = copy.deepcopy(found)
            change(found)
            if found != before:
                if found.get("spec") != before.get("spec"):
                    found["metadata"]["generation"] = found["metadata"].get("generation", 1) + 1
                self._note("MODIFIED", key, found)
            meta = found["metadata"]
            # A pod leaves when its kubelet says so.
            if key.resource != "pods" and meta.get("deletionTimestamp") and not meta.get("finalizers"):
                self.remove(key)
            return copy.deepcopy(found)

    def remove(self, key: Key) -> None:
        """Take an object away for good."""
        with self.changed:
            found = self._objects.pop(key, None)
            if found is not None:
                self._note("DELETED", key, found)

    def forget(self) -> None:
        """Compact the history, as etcd does: whoever watches from before now gets 410 Gone."""
        with self.changed:
            self._forgotten = self._version
            self._history.clear()
            self.changed.notify_all()

    def watch(
        self,
        resource: str,
        namespace: str | None,
        since: str | None,
        seconds: float,
        stop: Callable[[], bool],
    ) -> Iterator[tuple[str, Object]]:
        """Yield changes after a version until the time is over; ('', {}) now and then when none come."""
        deadline = time.monotonic() + seconds
        if since in (None, "", "0"):
            with self.changed:
                seen, there = self._version, self.list(resource, namespace)
            for found in there:
                yield "ADDED", found
        else:
            seen = int(str(since))
        while time.monotonic() < deadline and not stop():
            with self.changed:
                if seen < self._forgotten:
                    error = ApiError(410, "Expired", f"too old resource version: {seen} ({self._forgotten})")
                    news = [(seen, "ERROR", Key(resource, namespace or "", ""), error.status())]
                else:
                    news = [each for each in self._history if each[0] > seen]
                if not news:
                    self.changed.wait(0.2)
            for version, kind, key, found in news:
                seen = version
                if key.resource == resource and namespace in (None, "", key.namespace):
                    yield kind, found
                if kind == "ERROR":
                    return
            yield "", {}


def details(key: Key) -> Object:
    resource, _, group = key.resource.partition(".")
    return {"name": key.name, "kind": resource, **({"group": group} if group else {})}
