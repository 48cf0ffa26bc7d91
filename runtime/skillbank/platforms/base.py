"""What a platform is: a place that starts, watches, shows and stops jobs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from skillbank.environment import foreign
from skillbank.errors import StateError
from skillbank.jobs.record import JobState
from skillbank.plan.model import Plan, Resources
from skillbank.trust.gate import Pass

if TYPE_CHECKING:
    from skillbank.platforms.check import Check

__all__ = ["Handle", "Launch", "NativeStatus", "Platform", "Resume", "Supply", "job_dir"]


def job_dir(results_dir: Path) -> Path:
    """Return the folder inside a job's results that skillbank itself writes: bound spec, log, exit code."""
    return results_dir / "job"


class Supply(StrEnum):
    """Where a job gets a variable from that its plan names.

    ``here`` is our own environment, ``empty`` when it stands there with no value. The profile of a platform
    may set it (``platform``), or name a place that may hold it and into which nobody looks (``unseen``);
    ``no_secret`` is one that is only taken from a Secret, and none is named for it.
    """

    HERE = "here"
    PLATFORM = "platform"
    UNSEEN = "unseen"
    EMPTY = "empty"
    NO_SECRET = "no_secret"
    NOWHERE = "nowhere"


@dataclass(frozen=True)
class Resume:
    """The spec of a start that goes on from the job's own newest checkpoint, for platforms that start again.

    ``text`` is the whole spec; ``mark`` stands in it for the checkpoint's path.
    """

    text: str
    mark: str


@dataclass(frozen=True)
class Launch:
    """Everything that starting a job takes.

    ``admitted`` is what let its command pass, with the environment: ``env`` for a program on this machine,
    ``named`` for one in a container or elsewhere. ``reads`` are the files and folders of this machine that
    the command reads, by absolute path; its own results are not among them. ``gpu_ids`` counts among the GPUs
    that this process may use.

    Raises
    ------
    StateError
        When the words of ``argv`` are not the command that was admitted.
    """

    job_id: str
    argv: tuple[str, ...]
    results_dir: Path
    job_dir: Path
    admitted: Pass
    plan_id: str = ""
    reads: tuple[Path, ...] = ()
    gpu_ids: tuple[int, ...] = ()
    image: str | None = None
    resources: Resources = field(default_factory=Resources)
    network_arch: str = ""
    config_path: Path | None = None
    resume: Resume | None = None

    def __post_init__(self) -> None:
        path = None if self.config_path is None else str(self.config_path)
        if not self.admitted.covers(self.argv, path):
            raise StateError(f"job {self.job_id} would run another command than the one that was admitted")


@dataclass(frozen=True)
class Handle:
    """How a platform finds a job again, in any process and without what `submit` had in memory."""

    job_id: str
    native_id: str | None
    results_dir: Path


@dataclass(frozen=True)
class NativeStatus:
    """What the platform says about a job, in skillbank's states.

    ``found`` is false when the platform has never seen the job. ``infra`` marks an end that is the
    place's fault and not the program's. ``native_id`` lets a process adopt a job whose launcher died
    before it could note the id. ``evidence`` is what the platform itself knows of the cause of an error.
    """

    state: JobState
    message: str = ""
    exit_code: int | None = None
    found: bool = True
    infra: bool = False
    native_id: str | None = None
    evidence: str | None = None


class Platform(ABC):
    """The four verbs, and what can be known before a launch.

    Every verb takes all that it needs, so that a process which did not start a job can look after it.
    """

    name: ClassVar[str]
    poll_seconds: ClassVar[float] = 60.0
    """The longest pause between two looks at a running job."""
    here: ClassVar[bool] = False
    """Whether jobs run on the machine that launches them, and only it can look after them."""

    def submit(self, launch: Launch) -> str:
        """Start a job and return the platform's id of it; a job that was started already is found again.

        Raises
        ------
        TrustError
            When it was not admitted but only rehearsed.
        """
        launch.admitted.refuse_rehearsal()
        return self.start(launch)

    @abstractmethod
    def start(self, launch: Launch) -> str:
        """Do what `submit` says, of a launch that was admitted; called by nobody else."""

    @abstractmethod
    def status(self, handle: Handle) -> NativeStatus:
        """Say how the job stands, without waiting."""

    @abstractmethod
    def logs(self, handle: Handle, follow: bool = False) -> Iterator[str]:
        """Yield the program's output in pieces of text; ``follow`` goes on until the job ends."""

    def last_lines(self, handle: Handle, count: int) -> Iterator[str]:
        """Yield at least the last lines of the output, without those before where that is cheaper."""
        return self.logs(handle)

    @abstractmethod
    def cancel(self, handle: Handle) -> None:
        """Stop the job's real work and return when it has stopped; a job not yet started never will be."""

    @abstractmethod
    def problems(self, plan: Plan) -> list[str]:
        """Return why this platform cannot run a plan, one sentence each; nothing when it can."""

    def known_problems(self, plan: Plan) -> list[str]:
        """Return those of `problems` that lie in the plan itself; no daemon and no cluster is asked.

        Raises
        ------
        PlatformError
            When the platform's profile cannot be read.
        """
        return []

    def known_notes(self, plan: Plan) -> list[str]:
        """Return those of `problems` that another machine may not have; found in the same way."""
        return []

    def supply(self, plan: Plan, name: str) -> Supply:
        """Say where a job of a plan would get a variable from that the plan names.

        Raises
        ------
        PlatformError
            When the platform's profile cannot be read.
        """
        value = foreign(name)
        if value is None:
            return Supply.NOWHERE
        return Supply.HERE if value.strip() else Supply.EMPTY

    def way_to_supply(self, plan: Plan, names: Sequence[str]) -> str:
        """Say what somebody does so that a job gets variables that `supply` says the same of."""
        return f"export {'it' if len(names) == 1 else 'them'} where skillbank runs"

    def slots(self, plan: Plan) -> list[tuple[int, ...]]:
        """Return how many jobs of a plan may run side by side: for each the GPUs that it is given."""
        return [()]

    def submission(self, launch: Launch) -> str | None:
        """Return what a launch would hand over, as a person can read it; None for no such document."""
        return None

    def revive(self, handle: Handle) -> None:  # noqa: B027  most jobs need nobody of ours
        """Start again what must run on our side for a job to go on, if nobody does it."""

    def checkup(self) -> list[Check]:
        """Say what this machine has of what jobs on this platform need; ``skillbank doctor`` shows it."""
        return []

    def release(self, handle: Handle) -> None:  # noqa: B027  most platforms hold nothing
        """Free what is still held of a job whose end is recorded; its output can be read afterwards too."""
