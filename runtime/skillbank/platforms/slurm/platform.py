"""Jobs on a Slurm cluster: the four verbs over sbatch, squeue, scontrol and scancel, here or through ssh.

Files in the job folder, which lies on storage that the nodes share:

``slurm_job.sh``   the script, rendered from the profile's template
``output.log``     what the program prints, of all its starts
``slurm_job``      the number of the job that works on this folder, made by the script when it starts
``exit.json``      how the program ended by itself: for when Slurm has forgotten the job
``cancel``         the job is to stop; a script that starts later sees it and goes

A job in Slurm has the name of the job in skillbank, so it is found again also when the answer to its
submission was lost. Each is a job of its own, no array: the trials of a search are told one at a time, each
with a spec, a start and an end of its own, and an array could be neither extended nor found by exact name.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.errors import PlatformError
from skillbank.jobs.record import JobState
from skillbank.plan.hardware import NODE_ENV
from skillbank.plan.model import Plan
from skillbank.platforms import keeper
from skillbank.platforms.base import Handle, Launch, NativeStatus, Platform, Supply, job_dir
from skillbank.platforms.container import container_home
from skillbank.platforms.logfile import read_log
from skillbank.platforms.slurm import checkup
from skillbank.platforms.slurm.commands import ClusterLostError, Commands
from skillbank.platforms.slurm.profile import SlurmProfile, load_profile
from skillbank.platforms.slurm.refusals import of_places, of_plan, refusals, unseen, usable_slots
from skillbank.platforms.slurm.script import LOG, RESUME_SPEC, SCRIPT, Container, render
from skillbank.platforms.slurm.states import Row, ended, explain, noticed, state_of

if TYPE_CHECKING:
    from skillbank.platforms.check import Check

__all__ = ["SlurmPlatform"]

_CANCEL, _CLAIM, _EXIT = "cancel", "slurm_job", "exit.json"
_END = 1 << 16
"""Bytes of an output in which the last word of a node is looked for."""


class SlurmPlatform(Platform):
    """Runs jobs on the cluster that the profile describes.

    Parameters
    ----------
    patience
        Seconds for which a submission whose answer was lost is looked for.
    """

    name = "slurm"
    poll_seconds = 4.0

    def __init__(self, *, patience: float = 30.0) -> None:
        self._patience = patience
        self._known: tuple[SlurmProfile, Commands] | None = None

    @property
    def profile(self) -> SlurmProfile:
        """The cluster's profile, read when it is first needed."""
        return self._cluster()[0]

    @property
    def commands(self) -> Commands:
        """Slurm's commands."""
        return self._cluster()[1]

    def _cluster(self) -> tuple[SlurmProfile, Commands]:
        if self._known is None:
            profile = load_profile()
            self._known = profile, Commands(profile)
        return self._known

    def checkup(self) -> list[Check]:
        """Say what this machine has of what its jobs need."""
        return checkup.slurm_checks()

    def problems(self, plan: Plan) -> list[str]:
        """Ask the cluster for what the plan needs: partition, nodes, GPUs, a program, shared folders."""
        try:
            return list(refusals(plan, self.profile, self.commands))
        except PlatformError as error:
            return [error.sentence]

    def known_problems(self, plan: Plan) -> list[str]:
        """Return what the profile alone says against the plan."""
        return list(of_plan(plan, self.profile))

    def known_notes(self, plan: Plan) -> list[str]:
        """Return what the nodes would not find where it lies here."""
        return list(of_places(plan, self.profile))

    def supply(self, plan: Plan, name: str) -> Supply:
        """Count what the profile sets as well: as ``env``, or by a command of ``setup`` that names it."""
        profile = self.profile
        if plan.resources.nodes > 1 and name in NODE_ENV:
            return Supply.PLATFORM
        named = re.search(rf"(?m)^[^#\n]*\b{re.escape(name)}\b", profile.setup)
        return Supply.PLATFORM if name in profile.env or named else super().supply(plan, name)

    def slots(self, plan: Plan) -> list[tuple[int, ...]]:
        """As many jobs as the usable nodes take, and a few that wait, so that no node waits for us."""
        return [()] * (self.profile.parallel or usable_slots(plan, self.profile, self.commands))

    # Submission

    def start(self, launch: Launch) -> str:
        """Render the job's script, submit it, and return ``slurm:NUMBER``; a job that is there is adopted."""
        folder = launch.job_dir
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / SCRIPT).exists() and (found := self._find(launch.job_id)) is not None:
            return found.native_id
        if lost := "; ".join(unseen(launch.reads, self.profile)):
            raise PlatformError(lost)
        self._write(launch)
        self._refuse_canceled(launch)
        try:
            return f"slurm:{self.commands.submit(str(folder / SCRIPT), launch.admitted.named)}"
        except ClusterLostError as error:
            if (found := self._find_again(launch.job_id)) is not None:
                return found.native_id
            raise PlatformError(
                f"{error.sentence.marked}; no job of the name {launch.job_id} is known there, "
                "and one that still comes ends at once; run it again"
            ) from error

    def submission(self, launch: Launch) -> str:
        """Return the script that sbatch would be given."""
        return render(launch, self.profile, self._container(launch.image))

    def _write(self, launch: Launch) -> None:
        folder, kind = launch.job_dir, self._container(launch.image)
        script = render(launch, self.profile, kind)
        if kind is not None:
            container_home(launch.results_dir).mkdir(parents=True, exist_ok=True)
        if launch.resume is not None:
            (folder / RESUME_SPEC).write_text(launch.resume.text, encoding="utf-8")
        (folder / SCRIPT).write_text(script, encoding="utf-8")
        # Slurm appends to it; what a program prints is its user's alone.
        (folder / LOG).touch(mode=0o600)

    def _container(self, image: str | None) -> Container | None:
        """Choose what runs the image: what the profile says, else what is there, else the bare command."""
        said = self.profile.container
        if image is None or said == "none":
            return None
        if said != "auto":
            return said
        if "--container-image" in self.commands.call(["srun", "--help"]).stdout:
            return "pyxis"
        return None if self.commands.missing("apptainer") else "apptainer"

    @staticmethod
    def _refuse_canceled(launch: Launch) -> None:
        if (launch.job_dir / _CANCEL).exists():
            raise PlatformError(f"job {launch.job_id} was canceled before it started")

    def _named(self, job_id: str) -> list[Row]:
        return [row for row in self.commands.queue(fresh=True) if row.name == job_id]

    def _find(self, job_id: str) -> Row | None:
        """Return the one job of a name."""
        rows = self._named(job_id)
        if len(rows) > 1:
            numbers = ", ".join(str(row.number) for row in rows)
            raise PlatformError(
                f"Slurm has several jobs of the name {job_id} ({numbers}), of which one does the work; "
                "scancel the others"
            )
        return rows[0] if rows else None

    def _find_again(self, job_id: str) -> Row | None:
        """Look for a job for a while: what was asked for may still arrive."""
        deadline, looks = time.monotonic() + self._patience, 0
        while True:
            try:
                if (found := self._find(job_id)) is not None:
                    return found
                looks += 1
            except ClusterLostError:
                looks = 0
            if time.monotonic() > deadline or looks >= 5:
                return None
            time.sleep(1.0)

    # Status

    def status(self, handle: Handle) -> NativeStatus:
        """Ask Slurm; of a job that it has forgotten, the job's own folder."""
        folder, number = job_dir(handle.results_dir), _number(handle.native_id)
        rows = [row for row in self.commands.queue() if row.name == handle.job_id]
        if number is None:
            number = _claim(folder)
        rows = [row for row in rows if number in (None, row.number)]
        if len(rows) > 1:
            return NativeStatus(JobState.UNKNOWN, "Slurm has several jobs of this name; scancel all but one")
        row = self._recent(handle.job_id, rows[0] if rows else None, number)
        if row is None:
            return self._forgotten(handle, folder)
        return self._ended(row, folder) if row.ended else self._going(row, folder)

    def _recent(self, job_id: str, row: Row | None, number: int | None) -> Row | None:
        """Return what Slurm says of a job that its queue holds no more, or only as one that has ended."""
        if row is not None and not row.ended:
            return row
        number = row.number if row is not None else number
        seen = self.commands.job(number) if number is not None else None
        return seen if seen is not None and seen.name == job_id else row

    def _going(self, row: Row, folder: Path) -> NativeStatus:
        """Say how a job is that has not ended."""
        state = state_of(row.state)
        if state is JobState.PENDING:
            end = _read_exit(folder)
            if end is not None and (end["exit_code"] == 0 or "launch" in row.reason):
                # A killed controller has forgotten that it had started the job, and holds it back now.
                return self._by_itself(end, folder, row.native_id)
            said = self._waiting(row)
        elif state is JobState.UNKNOWN:
            said = f"Slurm says {row.state}, which is not known here"
        elif row.state == "COMPLETING":
            said = f"ending on {row.nodes}"
        else:
            doing = "suspended" if row.state in ("SUSPENDED", "STOPPED") else "running"
            said = f"{doing} as job {row.number} on {row.nodes}"
        return NativeStatus(state, said, native_id=row.native_id)

    def _waiting(self, row: Row) -> str:
        said = f"job {row.number} waits: {explain(row.reason)}"
        if any(word in row.reason for word in ("ReqNodeNotAvail", "DOWN", "Down", "Limit", "Resources")):
            nodes = self.commands.nodes(self.profile.partition, age=10)
            lost = [node for node in nodes if not node.usable]
            said += "".join(f"; {node.said}" for node in lost[:4])
            said += f"; and {len(lost) - 4} more" if len(lost) > 4 else ""
        return said

    def _ended(self, row: Row, folder: Path) -> NativeStatus:
        canceled, began = (folder / _CANCEL).exists(), _claim(folder) is not None
        if canceled and (row.state != "COMPLETED" or not began):
            return NativeStatus(JobState.CANCELED, "canceled", row.exit_code, native_id=row.native_id)
        if row.state == "FAILED" and not began:
            said = (
                f"{row.nodes or 'the node'} could not begin the job: most likely {folder} is not on storage "
                "that it shares, or the template is wrong"
            )
            return NativeStatus(JobState.ERROR, said, row.exit_code, native_id=row.native_id, evidence=said)
        return ended(row)

    def _forgotten(self, handle: Handle, folder: Path) -> NativeStatus:
        """Say what the job's own folder tells, when Slurm tells nothing."""
        claimed, native_id = _claim(folder), handle.native_id
        if (end := _read_exit(folder)) is not None:
            return self._by_itself(end, folder, native_id or f"slurm:{end['job']}")
        if (folder / _CANCEL).exists():
            return NativeStatus(JobState.CANCELED, "canceled", native_id=native_id)
        if claimed is None and native_id is None:
            return NativeStatus(JobState.UNKNOWN, "nothing was submitted for this job", found=False)
        if claimed is None:
            said = "Slurm has forgotten the job, which never began: somebody canceled it there"
            return NativeStatus(JobState.ERROR, said, native_id=native_id, evidence=said)
        number = _number(native_id) or claimed
        if (state := noticed(_end_of_output(folder), number)) is not None:
            return ended(Row(number, handle.job_id, state))
        said = "Slurm has forgotten the job, which did not come to its end by itself"
        return NativeStatus(JobState.ERROR, said, infra=True, native_id=native_id or f"slurm:{claimed}")

    @staticmethod
    def _by_itself(end: dict[str, int], folder: Path, native_id: str) -> NativeStatus:
        code = int(end["exit_code"])
        if (folder / _CANCEL).exists() and code:
            return NativeStatus(JobState.CANCELED, "canceled", code, native_id=native_id)
        state = JobState.ERROR if code else JobState.COMPLETE
        return NativeStatus(state, f"exit code {code}", code, native_id=native_id)

    # Output and end

    def logs(self, handle: Handle, follow: bool = False) -> Iterator[str]:
        """Yield what the program printed, of all its starts; ``follow`` until the job ends."""

        def over() -> bool:
            return not follow or self.status(handle).state.terminal

        return read_log(job_dir(handle.results_dir) / LOG, over, pause=0.5)

    def cancel(self, handle: Handle) -> None:
        """Note the wish, which also stops what starts later, and have Slurm end all jobs of the name."""
        folder = job_dir(handle.results_dir)
        folder.mkdir(parents=True, exist_ok=True)
        number = _number(handle.native_id)
        try:
            row = self.commands.job(number) if number is not None else None
        except PlatformError:
            (folder / _CANCEL).touch()
            raise
        if row is not None and row.name == handle.job_id and row.ended:
            return
        (folder / _CANCEL).touch()
        deadline, pause = time.monotonic() + self.profile.grace, 0.1
        while left := [row for row in self._named(handle.job_id) if not row.ended]:
            if pause == 0.1 or pause >= 1.0:  # once more from time to time: one may have arrived since
                self.commands.cancel(row.number for row in left)
            if time.monotonic() > deadline:
                numbers = ", ".join(str(row.number) for row in left)
                raise PlatformError(
                    f"Slurm has not ended job {numbers} after {self.profile.grace:g} s; look at it with "
                    "scontrol show job"
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)

    def release(self, handle: Handle) -> None:
        """Take the secrets that we know out of a finished output, and from Slurm what it still holds back."""
        self.commands.cancel(row.number for row in self.commands.queue() if _held(row, handle.job_id))
        log = job_dir(handle.results_dir) / LOG
        if log.exists():
            keeper.scrub(log)


def _end_of_output(folder: Path) -> str:
    try:
        with (folder / LOG).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _END))
            return log.read().decode(errors="replace")
    except OSError:
        return ""


def _held(row: Row, job_id: str) -> bool:
    return row.name == job_id and state_of(row.state) is JobState.PENDING


def _number(native_id: str | None) -> int | None:
    text = (native_id or "").removeprefix("slurm:")
    return int(text) if text.isdecimal() else None


def _claim(folder: Path) -> int | None:
    try:
        text = (folder / _CLAIM).read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def _read_exit(folder: Path) -> dict[str, int] | None:
    try:
        document: dict[str, int] = json.loads((folder / _EXIT).read_bytes())
    except (OSError, ValueError):
        return None
    return document
