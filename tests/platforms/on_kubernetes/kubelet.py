"""The tests' kubelet: runs what pods say as processes of this machine, each in a root of its own.

A container gets a private copy of this machine's file system to write in (an overlay), sees of the folders
that stand for other machines only what is mounted into it, and has its own host name, ``/etc/hosts`` and
``/dev/shm``.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.platforms.on_kubernetes.store import Key, Object, now

if TYPE_CHECKING:
    from tests.platforms.on_kubernetes.cluster import Cluster

__all__ = ["Log", "PodRunner", "can_run", "expand"]

_REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")
_UNITS = {"": 1, "k": 1000, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def can_run() -> bool:
    """Say whether containers can be made here: that takes root and overlays."""
    script = "d=$(mktemp -d); mount -t tmpfs t $d && mkdir $d/u $d/w $d/r && "
    script += "mount -t overlay o -o lowerdir=/,upperdir=$d/u,workdir=$d/w $d/r"
    command = ["unshare", "--mount", "--uts", "--propagation", "private", "/bin/sh", "-c", script]
    return os.geteuid() == 0 and not subprocess.run(command, capture_output=True, check=False).returncode


def expand(text: str, values: Mapping[str, str]) -> str:
    """Expand ``$(NAME)`` as Kubernetes does; ``$$`` stands for a dollar, unknown names stay as they are."""

    def value(match: re.Match[str]) -> str:
        return "$" if match[1] is None else values.get(match[1], match[0])

    return _REFERENCE.sub(value, text)


def amount(quantity: str) -> int:
    """Return a quantity as a number."""
    match = re.fullmatch(r"(\d+)(m|[kMGT]i?|Ki)?", str(quantity))
    assert match is not None, quantity
    return int(match[1]) // 1000 if match[2] == "m" else int(match[1]) * _UNITS[match[2] or ""]


class Log:
    """What a container prints: lines with the time at which each was written."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.lines: list[tuple[str, bytes]] = []
        self.first = 0
        self.ended = False

    def add(self, line: bytes) -> None:
        at = datetime.now(UTC)
        fraction = f"{at.microsecond:06d}000".rstrip("0")
        with self.changed:
            self.lines.append((f"{at:%Y-%m-%dT%H:%M:%S}{'.' * bool(fraction)}{fraction}Z", line))
            self.changed.notify_all()

    def end(self) -> None:
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def rotate(self) -> None:
        """Put what was said so far into a file that the kubelet does not show any more."""
        with self.changed:
            self.first = len(self.lines)


class _Process:
    """One container's process."""

    def __init__(self, cluster: Cluster, pod: Object, container: Object, log: Log, files: Path) -> None:
        env = cluster.environment(pod, container)
        command = [expand(part, env) for part in (*container["command"], *(container.get("args") or ()))]
        self.log = log
        limit = (container.get("resources", {}).get("limits") or {}).get("memory")
        self.limit = amount(limit) if limit else None
        self.oom = False
        self.started = now()
        script = _script(cluster, pod, container, env, command, files)
        self._process = subprocess.Popen(
            ["unshare", "--mount", "--uts", "--propagation", "private", "/bin/sh", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self.log.add(line)

    def poll(self) -> int | None:
        """Return the exit code, 128 + signal as a runtime gives it; None while it runs."""
        if (
            self.limit is not None
            and self._process.returncode is None
            and _resident(self._process.pid) > self.limit
        ):
            self.oom = True
            self.signal(signal.SIGKILL)
        code = self._process.poll()
        return None if code is None else (128 - code if code < 0 else code)

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)

    def close(self) -> None:
        """Take away what it left behind, and wait for its last words."""
        self.signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join(5)
        self.log.end()


class PodRunner(threading.Thread):
    """Looks after one pod that has been given to a node."""

    def __init__(self, cluster: Cluster, key: Key) -> None:
        super().__init__(daemon=True, name=f"pod {key.name}")
        self.cluster, self.key = cluster, key
        self.files = Path(cluster.root, "pods", key.name)
        self.logs: dict[str, Log] = {}
        self._processes: dict[str, _Process] = {}
        self._done: dict[str, Object] = {}
        self.silent = False

    def run(self) -> None:
        self.files.mkdir(parents=True)
        try:
            self._live()
        finally:
            for process in self._processes.values():
                process.close()
            shutil.rmtree(self.files, ignore_errors=True)

    @property
    def pod(self) -> Object:
        found = self.cluster.store.find(self.key)
        return (
            found
            if found is not None
            else {"metadata": {"deletionTimestamp": "gone"}, "spec": {}, "status": {}}
        )

    @property
    def _leaving(self) -> bool:
        return bool(self.pod["metadata"].get("deletionTimestamp")) or self.cluster.closing

    def _live(self) -> None:
        pod = self.pod
        spec = pod["spec"]
        self.cluster.give_address(self.key, pod)
        first = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") != "Always"]
        beside = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
        started = True
        for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
            if not self._ready_to_start(container):
                started = False
                break
            if not self._start(pod, container):
                break
            if container in beside and not self._begun(container):
                started = False
                break
            if container in first:
                while self._processes[container["name"]].poll() is None and not self._leaving:
                    time.sleep(0.02)
                if self._finish(container["name"]) != 0:
                    started = False
                    break
        self._report("Running" if started else "Pending")
        mains = [c["name"] for c in spec["containers"]]
        while started and not self._leaving and any(self._alive(name) for name in mains):
            time.sleep(0.02)
        self._stop_containers(mains)
        self._stop_containers([c["name"] for c in beside])
        codes = [self._done[name]["exitCode"] for name in mains if name in self._done]
        well = started and len(codes) == len(mains) and not any(codes)
        self._report("Succeeded" if well else "Failed")
        while not self._leaving:
            time.sleep(0.05)
        self._end()

    def _end(self) -> None:
        """Tell the server that nothing of a deleted pod is left here."""
        while not self.cluster.closing and (found := self.cluster.store.find(self.key)) is not None:
            if not found["metadata"].get("finalizers") and not self.silent:
                self.cluster.store.remove(self.key)
            time.sleep(0.05)

    def _ready_to_start(self, container: Object) -> bool:
        """Pull the image and look for what is referred to, as often as it takes."""
        tried = 0
        while not self._leaving:
            image, name = container["image"], container["name"]
            if re.search(r"[A-Z\s]", image.partition(":")[0]):
                self._wait(
                    name,
                    "InvalidImageName",
                    f'couldn\'t parse image name "{image}": invalid reference format',
                )
            elif image not in self.cluster.images:
                said = (
                    f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": not found'
                )
                if tried % 4 == 0:
                    self.cluster.event(
                        self.pod, "Warning", "Failed", f'Failed to pull image "{image}": {said}'
                    )
                    self.cluster.event(self.pod, "Warning", "Failed", "Error: ErrImagePull")
                    self._wait(name, "ErrImagePull", said)
                else:
                    self.cluster.event(self.pod, "Warning", "Failed", "Error: ImagePullBackOff")
                    self._wait(name, "ImagePullBackOff", f'Back-off pulling image "{image}"')
                tried += 1
            elif missing := self.cluster.missing_reference(self.pod, container):
                self.cluster.event(self.pod, "Warning", "Failed", f"Error: {missing}")
                self._wait(name, "CreateContainerConfigError", missing)
            elif missing := self.cluster.missing_volume(self.pod):
                self.cluster.event(self.pod, "Warning", "FailedMount", missing)
                self._wait(name, "ContainerCreating", "")
            else:
                return True
            time.sleep(0.1)
        return False

    def _begun(self, container: Object) -> bool:
        """Ask the startup probe of a container, again and again, before what comes after it may start."""
        probe = (container.get("startupProbe") or {}).get("exec")
        while probe is not None and self._alive(container["name"]) and not self._leaving:
            inside = ["nsenter", "-t", str(self._processes[container["name"]].pid), "-m", "-r", "--"]
            if not subprocess.run([*inside, *probe["command"]], capture_output=True, check=False).returncode:
                return True
            time.sleep(0.1)
        return probe is None

    def _start(self, pod: Object, container: Object) -> bool:
        name = container["name"]
        self.logs[name] = Log()
        program = container["command"][0]
        if shutil.which(program, path=self.cluster.image_env["PATH"]) is None:
            message = (
                f'failed to create containerd task: exec: "{program}": executable file not found in $PATH'
            )
            self._done[name] = _terminated(128, "StartError", now(), message)
            self.logs[name].end()
            return False
        self._processes[name] = _Process(self.cluster, pod, container, self.logs[name], self.files)
        self._report("Pending")
        return True

    def _alive(self, name: str) -> bool:
        if name in self._done or name not in self._processes:
            return False
        return self._processes[name].poll() is None

    def _stop_containers(self, names: list[str]) -> None:
        """Ask containers to stop, kill them after the pod's grace, and note how they ended."""
        meta = self.pod["metadata"]
        grace = meta.get(
            "deletionGracePeriodSeconds", self.pod["spec"].get("terminationGracePeriodSeconds", 0)
        )
        for name in names:
            if self._alive(name):
                self._processes[name].signal(signal.SIGTERM)
        deadline = time.monotonic() + (0 if self.cluster.closing else float(grace))
        while any(self._alive(name) for name in names) and time.monotonic() < deadline:
            time.sleep(0.02)
        for name in names:
            if self._alive(name):
                self._processes[name].signal(signal.SIGKILL)
            if name in self._processes and name not in self._done:
                self._finish(name)

    def _finish(self, name: str) -> int:
        process = self._processes[name]
        while (code := process.poll()) is None:
            process.signal(signal.SIGKILL)
            time.sleep(0.01)
        process.close()
        reason = "OOMKilled" if process.oom else "Error" if code else "Completed"
        containers = (
            *(self.pod["spec"].get("initContainers") or ()),
            *(self.pod["spec"].get("containers") or ()),
        )
        policy = next((c.get("terminationMessagePolicy") for c in containers if c["name"] == name), "File")
        last = b"".join(line for _, line in process.log.lines[-80:])[-2048:].decode(errors="replace")
        message = last if code and policy == "FallbackToLogsOnError" else ""
        self._done[name] = _terminated(code, reason, process.started, message)
        return code

    def _wait(self, name: str, reason: str, message: str) -> None:
        self._report("Pending", {name: {"reason": reason, "message": message}})

    def _report(self, phase: str, waiting: Mapping[str, Object] | None = None) -> None:
        if self.silent:
            return

        def write(pod: Object) -> None:
            status = pod["status"]
            status["phase"] = phase
            for kind, containers in (
                ("initContainerStatuses", pod["spec"].get("initContainers") or ()),
                ("containerStatuses", pod["spec"]["containers"]),
            ):
                found = [self._status(container, waiting or {}) for container in containers]
                if found:
                    status[kind] = found
            ready = phase == "Running" and all(each["ready"] for each in status["containerStatuses"])
            for kind, value in (("Initialized", True), ("Ready", ready), ("ContainersReady", ready)):
                set_condition(status, kind, value)

        self.cluster.store.update(self.key, write)

    def _status(self, container: Object, waiting: Mapping[str, Object]) -> Object:
        name = container["name"]
        state: Object = {"waiting": waiting.get(name, {"reason": "PodInitializing"})}
        if name in self._done:
            state = {"terminated": self._done[name]}
        elif name in self._processes:
            state = {"running": {"startedAt": self._processes[name].started}}
        return {
            "name": name,
            "image": container["image"],
            "imageID": "",
            "ready": "running" in state,
            "restartCount": 0,
            "started": "running" in state,
            "state": state,
            "lastState": {},
        }


def set_condition(status: Object, kind: str, value: bool, reason: str = "", message: str = "") -> None:
    """Set a condition; its time changes with its value."""
    rows = status.setdefault("conditions", [])
    row = next((row for row in rows if row["type"] == kind), None)
    if row is None:
        rows.append(row := {"type": kind})
    text = "True" if value else "False"
    if row.get("status") != text or row.get("message", "") != message:
        row |= {"status": text, "lastTransitionTime": now(), "lastProbeTime": None}
        row |= {"reason": reason, "message": message} if reason else {}


def _terminated(code: int, reason: str, started: str, message: str = "") -> Object:
    return {
        "exitCode": code,
        "reason": reason,
        "startedAt": started,
        "finishedAt": now(),
        "containerID": "containerd://0",
        **({"message": message} if message else {}),
    }


def _script(
    cluster: Cluster, pod: Object, container: Object, env: Mapping[str, str], command: list[str], files: Path
) -> str:
    """Return the shell that makes a container's root and becomes its program."""
    base = files / container["name"]
    base.mkdir()
    root = base / "r"
    quote: Callable[[object], str] = lambda path: shlex.quote(str(path))  # noqa: E731
    lines = ["set -e", f"mount -t tmpfs tmpfs {quote(base)}", f"cd {quote(base)}", "mkdir u w r"]
    lines.append("mount -t overlay overlay -o lowerdir=/,upperdir=u,workdir=w r")
    lines += [f"mount --rbind /{name} r/{name}" for name in ("proc", "dev")]
    for hidden in cluster.hidden:
        lines.append(f"mkdir -p {quote(f'{root}{hidden}')}; mount -t tmpfs tmpfs {quote(f'{root}{hidden}')}")
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    mounts = container.get("volumeMounts") or ()
    for mount in sorted(mounts, key=lambda mount: str(mount["mountPath"])):
        volume, target = volumes[mount["name"]], quote(f"{root}{mount['mountPath']}")
        memory = (volume.get("emptyDir") or {}).get("medium") == "Memory"
        if memory:
            size = amount(volume["emptyDir"].get("sizeLimit", "64Mi"))
            lines.append(f"mkdir -p {target}; mount -t tmpfs -o size={size},mode=1777 tmpfs {target}")
            continue
        source = Path(cluster.volume(files, volume), mount.get("subPath") or "")
        if not source.exists():
            source.mkdir(parents=True)
        where = target if source.is_dir() else quote(Path(f"{root}{mount['mountPath']}").parent)
        lines.append(f"mkdir -p {where}")
        if not source.is_dir():
            lines.append(f"touch {target}")
        lines.append(f"mount --bind {quote(source)} {target}")
        if mount.get("readOnly"):
            lines.append(f"mount -o remount,bind,ro {target}")
    lines.append(f"mount --bind {quote(cluster.hosts)} {quote(root / 'etc/hosts')}")
    lines.append(f"hostname {quote(pod['spec'].get('hostname') or pod['metadata']['name'])}")
    variables = " ".join(quote(f"{name}={value}") for name, value in env.items())
    program = " ".join(map(quote, command))
    inside = f"cd {quote(container.get('workingDir') or '/')} && exec env -i {variables} {program}"
    security = {**(pod["spec"].get("securityContext") or {}), **(container.get("securityContext") or {})}
    user, group = security.get("runAsUser") or 0, security.get("runAsGroup") or 0
    lines.append(f"exec chroot --userspec={user}:{group} r /bin/sh -c {quote(inside)}")
    return "\n".join(lines)


def _resident(pid: int) -> int:
    """Return the bytes of memory that a process and its children have."""
    total = 0
    with contextlib.suppress(OSError, ValueError):
        total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            total += _resident(int(child))
    return total
