"""Slurm's own commands, run here or on a login node, and what they answer."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from skillbank.environment import everything
from skillbank.errors import PlatformError
from skillbank.home import home
from skillbank.platforms.slurm.profile import SlurmProfile
from skillbank.platforms.slurm.states import Row

__all__ = ["ClusterLostError", "Commands", "Node"]

_FRESH = 1.0
"""Seconds for which one look at the queue serves everybody who asks."""
_LOST = re.compile(
    r"Unable to contact slurm controller|Socket timed out|Connection (refused|timed out|reset)"
    r"|Zero Bytes were transmitted|Transport endpoint|not responding|communication connection failure"
    r"|Unexpected message received|Resource temporarily unavailable|Slurmctld.* is DOWN",
    re.I,
)
_SSH_FAILED = 255
_LONGEST_SOCKET = 45
"""Characters of a folder in which ssh can keep a connection: its own name there has 58 of 104."""
_UNSEEN = re.compile(r"Invalid job id", re.I)
_DOWN = re.compile(r"down|drain|drng|fail|maint|not_responding|no_respond|unk|power|planned_down|inval", re.I)
_GPUS = re.compile(r"gpu(?::[^:(,]+)?:(\d+)")
# The values travel through an open file, never through a command line, which everybody can list.
_SUBMIT = 'exec 3<&0 </dev/null; exec "$@"'
_MISSING = 'for name; do command -v -- "$name" >/dev/null || echo "$name"; done'


class ClusterLostError(PlatformError):
    """Nobody answered, so it is not known what became of the question."""


@dataclass(frozen=True)
class Node:
    """A node of a partition, as sinfo lists it."""

    name: str
    partition: str
    state: str
    cpus: int
    gpus: int
    reason: str = ""

    @property
    def usable(self) -> bool:
        """Whether jobs can run on it, now or when it is free."""
        return not _DOWN.search(self.state) and not self.state.endswith("*")

    @property
    def said(self) -> str:
        """Why it takes no jobs, in words."""
        why = f" ({self.reason})" if self.reason else ""
        silent = " and does not answer" if self.state.endswith("*") else ""
        return f"{self.name} is {self.state.lower().rstrip('*')}{silent}{why}"


class Commands:
    """Runs the commands that a profile describes; each answer is read once and kept for a moment."""

    def __init__(self, profile: SlurmProfile) -> None:
        self._profile = profile
        self._lock = threading.Lock()
        self._queue: tuple[float, list[Row]] = (float("-inf"), [])
        self._nodes: dict[str | None, tuple[float, list[Node]]] = {}

    @property
    def where(self) -> str:
        """The machine on which the commands run, in words."""
        return self._profile.login or "this machine"

    def run(self, *argv: str, stdin: str = "", timeout: float = 60.0) -> str:
        """Run a command and return what it printed.

        Raises
        ------
        ClusterLostError
            When nobody answered in time.
        PlatformError
            When the command is not there or refuses; the sentence is its own.
        """
        done = self.call(argv, stdin, timeout)
        said = " ".join((done.stderr.strip() or done.stdout.strip()).split())
        if done.returncode == 0:
            return done.stdout
        name = self._spoken(argv)
        said = re.sub(r"\s*\*{3,}.*", "", said)  # scontrol's banner
        if (self._profile.login and done.returncode == _SSH_FAILED) or _LOST.search(said):
            raise ClusterLostError(f"{name} on {self.where} got no answer: {said or 'nothing was said'}")
        if done.returncode == 127:
            raise PlatformError(
                f"'{name}' is not on PATH of {self.where}; install Slurm's commands there, or name their "
                "folder ('bin') or a login node ('login') in the profile"
            )
        raise PlatformError(f"{name} on {self.where} refuses: {said or f'exit code {done.returncode}'}")

    def call(
        self, argv: Sequence[str], stdin: str = "", timeout: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a command and return what came of it, whatever that is."""
        command = self._command(argv)
        try:
            return subprocess.run(
                command,
                input=stdin,
                env=_environment(),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ClusterLostError(
                f"{self._spoken(argv)} on {self.where} did not answer for {timeout:g} s"
            ) from None
        except FileNotFoundError:
            return subprocess.CompletedProcess(command, 127, "", f"{command[0]}: not found")

    @staticmethod
    def _spoken(argv: Sequence[str]) -> str:
        return argv[4] if tuple(argv[:3]) == ("sh", "-c", _SUBMIT) else argv[0]

    def _command(self, argv: Sequence[str]) -> list[str]:
        folder = self._profile.bin
        place = [] if folder is None else ["env", f"PATH={folder}:/usr/local/bin:/usr/bin:/bin"]
        if self._profile.login is None:
            return [*place, *argv]
        sockets = home() / "ssh"
        sockets.mkdir(mode=0o700, exist_ok=True)
        kept: tuple[str, ...] = ("ControlMaster=auto", f"ControlPath={sockets}/%C", "ControlPersist=60")
        if len(str(sockets)) > _LONGEST_SOCKET:
            kept = ()  # each command makes a connection of its own, which is only slower
        settings = ("BatchMode=yes", "ConnectTimeout=15", *kept)
        options = [word for setting in settings for word in ("-o", setting)]
        # What the user says comes first: ssh takes the first value of an option.
        command = ["ssh", *self._profile.ssh_options, *options, "--", self._profile.login]
        return [*command, shlex.join([*place, *argv])]

    def missing(self, *names: str) -> list[str]:
        """Return which programs are not there where the commands run."""
        if self._profile.login is None and self._profile.bin is None:
            return [name for name in names if shutil.which(name) is None]
        return self.run("sh", "-c", _MISSING, "sh", *names).split()

    # Jobs

    def submit(self, script: str, values: Mapping[str, str]) -> int:
        """Submit a script with the environment that its job gets, and return the job's number."""
        stdin = "".join(f"{name}={value}\0" for name, value in values.items())
        answer = self.run(
            "sh", "-c", _SUBMIT, "sh", "sbatch", "--parsable", "--export-file=3", script, stdin=stdin
        )
        number = answer.strip().splitlines()[-1].partition(";")[0] if answer.strip() else ""
        if not number.isdecimal():
            raise ClusterLostError(f"sbatch on {self.where} did not say the number of the job")
        with self._lock:
            self._queue = (float("-inf"), [])
        return int(number)

    def queue(self, *, fresh: bool = False) -> list[Row]:
        """Return this user's jobs that Slurm still knows; one question serves all who ask meanwhile."""
        asked = time.monotonic()
        with self._lock:
            if self._queue[0] < asked - (0 if fresh else _FRESH):
                # What a look sees is as old as the look's beginning.
                begun = time.monotonic()
                said = self.run("squeue", "--noheader", "--me", "--states=all", "--format=%A|%T|%j|%N|%R")
                rows = [_row(line) for line in said.splitlines() if line.count("|") >= 4]
                self._queue = (begun, rows)
            return self._queue[1]

    def job(self, number: int) -> Row | None:
        """Return one job with its exit code, from whoever still knows it; None when nobody does."""
        done = self.call(["scontrol", "--oneliner", "show", "job", str(number)])
        said = " ".join((done.stderr or done.stdout).split())
        if done.returncode == 0 and done.stdout.strip():
            found = dict(part.partition("=")[::2] for part in done.stdout.split() if "=" in part)
            name, state, code = found.get("JobName", ""), found.get("JobState", ""), found.get("ExitCode", "")
            nodes, reason = found.get("NodeList", ""), found.get("Reason", "")
            return Row(number, name, state, "" if nodes == "(null)" else nodes, reason, _exit_code(code))
        if not _UNSEEN.search(said):
            self.run("scontrol", "ping")  # it says what is the matter, or nothing is
        return self._accounted(number)

    def _accounted(self, number: int) -> Row | None:
        """Ask the accounting, which remembers for longer and is not everywhere."""
        fields = "JobName,State,ExitCode,NodeList"
        done = self.call(
            ["sacct", "-n", "-P", "-X", "-D", "-j", str(number), f"--format={fields}", "--delimiter=|"]
        )
        lines = done.stdout.strip().splitlines() if done.returncode == 0 else []
        if not lines or lines[-1].count("|") < 3:
            return None
        name, state, code, nodes = lines[-1].split("|")[:4]
        # "CANCELLED by 1000"
        return Row(number, name, state.split()[0] if state else "", nodes, "", _exit_code(code))

    def cancel(self, numbers: Iterable[int]) -> None:
        """Ask Slurm to end jobs; those that have ended are no error."""
        for number in numbers:
            done = self.call(["scancel", str(number)])
            said = done.stderr.strip()
            if done.returncode and not re.search(r"Invalid job id|already complet", said, re.I):
                self.run("scancel", str(number))

    # The cluster

    def nodes(self, partition: str | None, *, age: float = 0.0) -> list[Node]:
        """Return the nodes of a partition, by default of the default one, at most so many seconds old."""
        known = self._nodes.get(partition)
        if known is not None and time.monotonic() - known[0] < age:
            return known[1]
        chosen = ["--partition", partition] if partition else []
        said = self.run("sinfo", "--noheader", "--Node", *chosen, "--format=%N|%P|%T|%c|%G|%E")
        found = [_node(line) for line in said.splitlines() if line.count("|") >= 5]
        if partition is None:
            found = [node for node in found if node.partition.endswith("*")] or found
        self._nodes[partition] = time.monotonic(), found
        return found

    def partitions(self) -> list[str]:
        """Return the names of all partitions; the default one ends in ``*``."""
        return self.run("sinfo", "--noheader", "--format=%P").split()

    def limit(self, partition: str | None) -> str:
        """Return the longest time of a job in a partition, as Slurm writes it."""
        chosen = ["--partition", partition] if partition else []
        lines = [line.split("|") for line in self.run("sinfo", "-h", *chosen, "-o", "%P|%l").splitlines()]
        wanted = [line[1] for line in lines if len(line) == 2 and (partition or line[0].endswith("*"))]
        return wanted[0] if wanted else "infinite"


def _environment() -> dict[str, str]:
    """Return our own environment without what would change a submission behind the profile's back."""
    bad = ("SBATCH_", "SLURM_", "SQUEUE_", "SCANCEL_", "SINFO_", "SACCT_")
    return {k: v for k, v in everything().items() if k == "SLURM_CONF" or not k.startswith(bad)} | {
        "LC_ALL": "C",
        "SLURM_TIME_FORMAT": "standard",
    }


def _row(line: str) -> Row:
    number, state, name, nodes, reason = line.split("|", 4)
    return Row(int(number), name, state, nodes, reason)


def _exit_code(text: str) -> int | None:
    """Return the code of ``CODE:SIGNAL`` as a shell would give it."""
    code, _, number = text.partition(":")
    if not code.isdecimal():
        return None
    return 128 + int(number) if code == "0" and number.isdecimal() and int(number) else int(code)


def _node(line: str) -> Node:
    name, partition, state, cpus, gres, reason = line.split("|", 5)
    gpus = sum(int(count) for count in _GPUS.findall(gres))
    return Node(name, partition, state, int(cpus.rstrip("+") or 0), gpus, "" if reason == "none" else reason)
