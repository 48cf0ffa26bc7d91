"""A Slurm of the tests' own: munged, slurmctld and four slurmd on this host, in a private folder."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from skillbank.platforms.processes import processes_with

NODES = ("n1", "n2", "n3", "n4")
DAEMONS = ("munged", "slurmctld", "slurmd")
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_MARK = "SKILLBANK_TEST_DAEMON"
"""Says of a process of Slurm whose it is; jobs do not get it."""
_CONFIG = """
ClusterName=skillbank
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket,cred_expire=5
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool/%n
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd-%n.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
MpiDefault=none
SwitchType=switch/none
SlurmdTimeout={slurmd_timeout}
MessageTimeout=5
KillWait=2
MinJobAge={min_job_age}
GresTypes=gpu
NodeName=n[1-4] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first}-{last}] CPUs=2 RealMemory=1000
PartitionName=main Nodes=n[1-4] Default=YES MaxTime=60 PriorityTier=1
PartitionName=urgent Nodes=n[1-4] MaxTime=60 PriorityTier=10
"""


def missing() -> list[str]:
    """Return the daemons that are not installed here."""
    return [name for name in DAEMONS if shutil.which(name, path=_PATH) is None]


class PrivateSlurm:
    """A cluster with its own key, sockets, ports and state; nodes are called n1 to n4."""

    def __init__(self, *, slurmd_timeout: int = 6, min_job_age: int = 300) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="skbs-", dir="/tmp"))
        self.config = self.root / "slurm.conf"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._settings = {"slurmd_timeout": slurmd_timeout, "min_job_age": min_job_age}

    def start(self) -> None:
        ports = free_ports(5)
        self.root.chmod(0o755)
        for name in ("state", "spool"):
            (self.root / name).mkdir()
        key = self.root / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        names = {"host": os.uname().nodename, "user": getpass.getuser(), "root": self.root}
        ends = {"port": ports[0], "first": ports[1], "last": ports[4]}
        self.config.write_text(_CONFIG.format(**names, **ends, **self._settings))
        files = {"key-file": key, "socket": self.root / "munge.socket", "pid-file": self.root / "munge.pid"}
        files |= {"log-file": self.root / "munged.log", "seed-file": self.root / "munge.seed"}
        options = [f"--{name}={path}" for name, path in files.items()]
        self._spawn("munged", "munged", "--foreground", "--force", *options)
        self.until((self.root / "munge.socket").exists, "munged")
        self.start_controller()
        for node in NODES:
            self.start_node(node)
        self.until(lambda: self.say("sinfo", "-h", "-o", "%t %D").split() == ["idle", "4"], "the nodes")

    def start_controller(self) -> None:
        self._spawn("slurmctld", "slurmctld", "-D", "-i")
        self.until(lambda: "is UP" in self.say("scontrol", "ping"), "slurmctld")

    def start_node(self, node: str) -> None:
        self._spawn(node, "slurmd", "-D", "-N", node)

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """End ``slurmctld`` or a node's slurmd, by default as a power cut would."""
        process = self._processes.pop(name)
        process.send_signal(number)
        process.wait(120)

    def kill_node(self, node: str) -> None:
        """End a node with all that runs on it, its own helpers first: nobody is left to tell of it."""
        self.kill(node)
        for mark in (f"{_MARK}={self.root}/{node}", f"SLURMD_NODENAME={node}"):
            for pid in processes_with(mark):
                if f"SLURM_CONF={self.config}".encode() in environ(pid):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

    def until_saved(self) -> None:
        """Wait until the controller has written down what is so now; it does every few seconds."""
        state, now = self.root / "state/job_state", time.time()
        self.until(lambda: state.exists() and state.stat().st_mtime > now, "the state")

    def say(self, *argv: str) -> str:
        """Run one of Slurm's commands; what it prints, or nothing when it fails."""
        env = {**os.environ, "SLURM_CONF": str(self.config), "PATH": _PATH}
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=60).stdout

    def until(self, ready: Callable[[], bool], what: str, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            dead = [name for name, process in self._processes.items() if process.poll() is not None]
            if dead or time.monotonic() > deadline:
                logs = [(self.root / f"{name}.out").read_text(errors="replace")[-500:] for name in dead]
                raise RuntimeError(f"{what} not ready; ended: {dead} {logs}")
            time.sleep(0.05)

    def clear(self) -> None:
        """End all jobs and bring all nodes back."""
        if "slurmctld" not in self._processes:
            self.start_controller()
        for node in NODES:
            if node not in self._processes:
                self.start_node(node)
        self.say("scancel", "--user", getpass.getuser())
        self.say("scontrol", "update", "NodeName=n[1-4]", "State=RESUME")
        self.until(lambda: self.say("sinfo", "-h", "-o", "%t %D").split()[:2] == ["idle", "4"], "the nodes")

    def remove(self) -> None:
        """End everything, also what a killed daemon has left."""
        if "slurmctld" in self._processes:
            self.say("scancel", "--user", getpass.getuser())
        for name in ("slurmctld", *NODES, "munged"):
            if name in self._processes:
                self._processes[name].terminate()
        for process in self._processes.values():
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        for pid in processes_with(f"SLURM_CONF={self.config}"):
            if pid != os.getpid():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.root, ignore_errors=True)

    def _spawn(self, name: str, program: str, *argv: str) -> None:
        path = shutil.which(program, path=_PATH)
        assert path is not None, f"no {program}"
        mark = {_MARK: f"{self.root}/{name}"}
        env = {**os.environ, "SLURM_CONF": str(self.config), "PATH": _PATH, **mark}
        with (self.root / f"{name}.out").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [path, *argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                start_new_session=True,
            )


def environ(pid: int) -> list[bytes]:
    """Return the environment of a process, as it began."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def free_ports(count: int) -> list[int]:
    """Return ports in a row that nobody listens on, below those that the system gives out by itself."""
    first = 17000 + os.getpid() * 7 % 3000
    while True:
        row = [first + i for i in range(count)]
        if all(_free(port) for port in row):
            return row
        first += count


def _free(port: int) -> bool:
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) != 0


@contextmanager
def private_slurm(*, slurmd_timeout: int = 6, min_job_age: int = 300) -> Iterator[PrivateSlurm]:
    """Run a cluster while the context lasts."""
    cluster = PrivateSlurm(slurmd_timeout=slurmd_timeout, min_job_age=min_job_age)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()
