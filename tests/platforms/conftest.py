"""A Docker daemon of the tests' own: they stop it, kill it, and leave nothing on the user's."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from skillbank.home import database_url
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Plan, Policy, Route, SkillRef
from tests import in_memory
from tests.gate import open_gate

MakePlan = Callable[..., Plan]
TINY = "skillbank-test:tiny"
APPLETS = ("cat", "dd", "echo", "env", "false", "id", "ls", "md5sum", "sed", "sh", "sleep", "touch", "true")


class PrivateDaemon:
    """A daemon with its own socket, images and containers.

    As on a real host, containerd is a service of its own that outlives the daemon: a dockerd that is killed
    leaves one it has started itself in an undefined state, and does not always come back.
    """

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="skbd-", dir=in_memory.for_sockets()))
        self.host = f"unix://{self.root}/docker.sock"
        self._containerd: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def network(self) -> int:
        """The process in whose network the daemon is."""
        assert self._containerd is not None
        return self._containerd.pid

    def start(self) -> None:
        if self._process is not None:  # a test that failed early has not stopped it
            return
        if self._containerd is None:
            self._containerd = self._start_containerd()
        options = {
            "host": self.host,
            "containerd": f"{self.root}/containerd.sock",
            "data-root": f"{self.root}/data",
            "exec-root": f"{self.root}/exec",
            "pidfile": f"{self.root}/pid",
            "iptables": "false",
            "shutdown-timeout": "2",
        }
        network = ["nsenter", f"--net=/proc/{self._containerd.pid}/ns/net"]
        command = [*network, program("dockerd"), *(f"--{name}={value}" for name, value in options.items())]
        self._process = self._spawn(command)
        self._wait(self._process, self._answers)

    def _start_containerd(self) -> subprocess.Popen[bytes]:
        address = self.root / "containerd.sock"
        folders = [f"--root={self.root}/containerd", f"--state={self.root}/containerd-state"]
        # In a network of its own, because the daemon would take the bridge of a daemon that is there.
        command = ["unshare", "--net", program("containerd"), f"--address={address}", *folders]
        process = self._spawn(command)
        self._wait(process, address.exists)
        return process

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.root / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def _wait(self, process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                said = (self.root / "log").read_text(errors="replace").strip().splitlines()[-3:]
                raise RuntimeError(f"{process.args!r} does not start: {said}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as door:
                door.connect(f"{self.root}/docker.sock")
            with contextlib.closing(self.client()) as client:
                return bool(client.ping())
        except (OSError, docker.errors.DockerException):
            return False

    def client(self) -> docker.APIClient:
        return docker.APIClient(base_url=self.host, version="auto", timeout=60)

    def end(self, number: int = signal.SIGTERM) -> None:
        """Stop the daemon, in order or at once; containerd stays."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(120)
            self._process = None

    def remove(self) -> None:
        self.end()
        if self._containerd is not None:
            self._containerd.terminate()
            self._containerd.wait(120)
        # Shims of containers that outlived a killed daemon hold mounts below the folder.
        for line in reversed(Path("/proc/mounts").read_text().splitlines()):
            if line.split()[1].startswith(str(self.root)):
                subprocess.run(["umount", "-l", line.split()[1]], check=False)
        shutil.rmtree(self.root, ignore_errors=True)


def program(name: str) -> str:
    """Return the path of a system program that an ordinary user's PATH may lack."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    assert path is not None, f"no {name}"
    return path


def tiny_image() -> bytes:
    """Return a root file system with a shell and a few programs, as a tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(shutil.which("busybox") or "/bin/busybox", "bin/busybox")
        for name in APPLETS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def private_daemon() -> Iterator[PrivateDaemon]:
    if shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
        pytest.skip("no dockerd; .ci/services.sh installs it")
    if os.geteuid() != 0:
        pytest.skip("a daemon of the tests' own needs root")
    if not (shutil.which("busybox") or Path("/bin/busybox").exists()):
        pytest.skip("no static busybox; .ci/services.sh installs it")
    daemon = PrivateDaemon()
    try:
        daemon.start()
        repository, tag = TINY.split(":")
        changes = ["ENV PATH=/bin"]
        with contextlib.closing(daemon.client()) as client:
            client.import_image_from_data(tiny_image(), repository=repository, tag=tag, changes=changes)
        yield daemon
    finally:
        daemon.remove()


@pytest.fixture
def daemon(
    private_daemon: PrivateDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[docker.APIClient]:
    """Return a client of the daemon that this test's jobs use."""
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOCKER_HOST", private_daemon.host)
    monkeypatch.delenv("SKILLBANK_DOCKER_NETWORK", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)
    with contextlib.closing(private_daemon.client()) as client:
        yield client
    # A new connection: the test may have stopped the daemon and started it again.
    with contextlib.closing(private_daemon.client()) as client:
        for left in client.containers(all=True):
            client.remove_container(left["Id"], force=True)


@pytest.fixture
def store(daemon: docker.APIClient) -> Iterator[JobStore]:
    with JobStore(database_url()) as opened:
        yield opened


@pytest.fixture
def jobs(store: JobStore) -> Jobs:
    return Jobs(store, open_gate)


@pytest.fixture
def docker_plan() -> MakePlan:
    """Return a maker of plans: a shell script, or a whole command, in the tiny image."""

    def make(script: str = "true", **fields: Any) -> Plan:
        defaults: dict[str, Any] = {
            "skill": SkillRef(name="tao-train-toy", version="1", digest="d", bank="b"),
            "action": "train",
            "route": Route(name="direct", reason="policy off"),
            "automl_policy": Policy(value="off", source="user"),
            "platform": "docker",
            "image": TINY,
            "command": ("sh", "-c", script),
            "spec": {"results_dir": "{results_dir}"},
        }
        return Plan(**{**defaults, **fields})

    return make
