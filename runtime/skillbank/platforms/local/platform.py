"""The own machine as a platform: the container's own command, when its program is installed here."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillbank.bank.engines import own_engine
from skillbank.bank.programs import find_program
from skillbank.errors import PlatformError
from skillbank.installation import how_to_install
from skillbank.jobs.record import JobState
from skillbank.plan.model import Plan
from skillbank.platforms import keeper, plan_problems
from skillbank.platforms.base import Handle, Launch, NativeStatus, Platform, job_dir
from skillbank.platforms.local.checkup import engine_checks, gpu_checks
from skillbank.platforms.logfile import read_log
from skillbank.platforms.processes import alive, processes_with
from skillbank.platforms.slots import gpu_slots, visible_gpus
from skillbank.plugins import Group, names
from skillbank.ways import Sentence, option

if TYPE_CHECKING:
    from skillbank.platforms.check import Check

__all__ = ["LocalPlatform"]


class LocalPlatform(Platform):
    """Runs jobs as processes of this machine.

    The job folder is the truth: every process that can read it says the same about the job, and nothing is
    lost with the command that started it.

    Parameters
    ----------
    grace
        Seconds between asking a job to stop and killing it.
    """

    name = "local"
    poll_seconds = 0.5
    here = True

    def __init__(self, *, grace: float = 10.0) -> None:
        self._grace = grace

    def checkup(self) -> list[Check]:
        """Say what this machine has of what its jobs need."""
        return [*engine_checks(), *gpu_checks()]

    def problems(self, plan: Plan) -> list[str]:
        """Say when the program is not installed here, or more than one machine or its GPUs are asked for."""
        return [*self.known_problems(plan), *self.known_notes(plan)]

    def known_problems(self, plan: Plan) -> list[str]:
        """Say what a machine alone cannot do."""
        return [*plan_problems.no_command(plan), *plan_problems.several_nodes(plan, "local")]

    def known_notes(self, plan: Plan) -> list[str]:
        """Say which program or GPUs are not here."""
        program = plan.command[0] if plan.command else ""
        found = [self._not_installed(plan, program)] if program and find_program(program) is None else []
        # What a skill sets by itself also runs without a GPU; what somebody asked for is there or refused.
        if plan.gpus_asked and plan.resources.gpus > (gpus := visible_gpus()):
            found.append(
                Sentence(
                    f"the plan asks for {plan.resources.gpus} GPUs and a job on this machine may use {gpus}; "
                    + (f"use {option('gpus', gpus)}" if gpus else f"{option('gpus', '0')} runs it on the CPU")
                )
            )
        return found

    def _not_installed(self, plan: Plan, program: str) -> str:
        """Say that a program is not here, and how it comes here or where else the plan runs."""
        engine = own_engine(program)
        how = f"; {how_to_install(engine.extra)} installs it" if engine and engine.extra else ""
        if "/" in program and not program.startswith("/"):
            how = "; a path that is not whole names no program here"
        if plan.image:
            others = [name for name in names(Group.PLATFORMS) if name != self.name]
            where = f"{', '.join(others[:-1])} and {others[-1]}"
            how += f"; its image {plan.image} runs on the platforms {where}"
        return (
            f"the program '{program}' of {plan.skill.name} is not installed on this machine"
            f"{how or '; install it and put it on PATH'}"
        )

    def slots(self, plan: Plan) -> list[tuple[int, ...]]:
        """One job for each set of GPUs; one on a machine without."""
        return gpu_slots(plan, visible_gpus())

    def start(self, launch: Launch) -> str:
        """Start the job's keeper and return ``local:PID`` of the program once it runs."""
        folder = launch.job_dir
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / keeper.CLAIM).exists():
            program = find_program(launch.argv[0])
            if program is None:
                raise PlatformError(f"the program '{launch.argv[0]}' is not installed on this machine")
            document = {
                "job_id": launch.job_id,
                "argv": [program, *launch.argv[1:]],
                "cwd": str(launch.results_dir),
            }
            keeper.write_json(folder / keeper.LAUNCH, document)
            self._start_keeper(folder, launch)
        if (_read(folder / keeper.CLAIM) or {}).get("never"):
            raise PlatformError(f"job {launch.job_id} was canceled before it started")
        process = self._await_process(folder)
        return f"local:{process['pid']}" if process else "local:none"

    def _start_keeper(self, folder: Path, launch: Launch) -> None:
        command = [sys.executable, "-I", "-S", keeper.__file__, str(folder)]
        env = {**launch.admitted.env, "PYTHONUNBUFFERED": "1"}
        if launch.resources.gpus == 0:
            env["CUDA_VISIBLE_DEVICES"] = ""
        with (folder / "keeper.log").open("ab") as errors:
            done = subprocess.run(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
                check=False,
            )
        if done.returncode not in (keeper.STARTED, keeper.TAKEN):
            said = (folder / "keeper.log").read_text(errors="replace").strip().splitlines()
            reason = said[-1] if said else f"exit code {done.returncode}"
            raise PlatformError(f"job {launch.job_id} could not be started: {reason}")

    def status(self, handle: Handle) -> NativeStatus:
        """Read the job folder, and /proc for what has not ended."""
        folder = job_dir(handle.results_dir)
        claim: keeper.Process | None = _read(folder / keeper.CLAIM)
        began = handle.native_id is not None
        if claim is None and began:
            gone = f"{folder} is not on this machine, so its end is not known; cancel the job to close it"
            return NativeStatus(JobState.UNKNOWN, gone, found=False)
        if claim is None:
            return NativeStatus(JobState.UNKNOWN, "nothing was started for this job", found=False)
        if claim.get("never"):
            return NativeStatus(JobState.CANCELED, "canceled" if began else "canceled before it started")
        process: keeper.Process | None = _read(folder / keeper.PROCESS)
        # Liveness is read before the exit file: a keeper that ends in between has written it by then.
        kept = alive(claim["pid"], claim["identity"])
        running = process is not None and alive(process["pid"], process["identity"])
        if (end := _read(folder / keeper.EXIT)) is not None:
            return _ended(end)
        if kept:
            if process is None:
                return NativeStatus(JobState.RUNNING, "starting")
            message, native_id = f"running as process {process['pid']}", f"local:{process['pid']}"
            return NativeStatus(JobState.RUNNING, message, native_id=native_id)
        if claim["host"] != os.uname().nodename:
            return NativeStatus(JobState.UNKNOWN, f"runs on the machine '{claim['host']}'; ask there")
        if running and process is not None:
            return NativeStatus(
                JobState.RUNNING,
                f"process {process['pid']} runs on; its keeper was killed, so its exit code will be lost",
            )
        if (folder / keeper.CANCEL).exists():
            return NativeStatus(JobState.CANCELED, "canceled")
        what = "the program ended" if process else "the program never started"
        return NativeStatus(
            JobState.ERROR,
            f"the job's keeper was killed or the machine restarted; {what} and its exit code is lost",
            infra=True,
        )

    def logs(self, handle: Handle, follow: bool = False) -> Iterator[str]:
        """Yield the program's output; with ``follow`` until the job ends."""
        path = job_dir(handle.results_dir) / keeper.LOG
        return read_log(path, lambda: not follow or self._over(handle))

    def cancel(self, handle: Handle) -> None:
        """Ask the job's process group to stop, kill it after the grace, and wait until it is gone."""
        folder = job_dir(handle.results_dir)
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / keeper.EXIT).exists():
            return
        claim: keeper.Process | None = _read(folder / keeper.CLAIM)
        if claim is not None and claim.get("host", os.uname().nodename) != os.uname().nodename:
            raise PlatformError(f"job {handle.job_id} runs on the machine '{claim['host']}'; cancel it there")
        keeper.write_json(folder / keeper.CANCEL, {"at": time.time()})
        if keeper.write_json(folder / keeper.CLAIM, {"never": True}, exclusive=True):
            return
        process = self._await_process(folder)
        if process is not None and alive(process["pid"], process["identity"]):
            _signal_group(process["pid"], signal.SIGTERM)
            if not self._wait_over(handle, self._grace):
                _signal_group(process["pid"], signal.SIGKILL)
        # Whatever left the group still carries the job's mark.
        for pid in processes_with(f"SKILLBANK_JOB_ID={handle.job_id}"):
            if pid != os.getpid():
                _signal(pid, signal.SIGKILL)
        if not self._wait_over(handle, 10.0):
            raise PlatformError(f"job {handle.job_id} does not stop: {self.status(handle).message}")

    def _await_process(self, folder: Path) -> keeper.Process | None:
        """Return who the program is; between the keeper's claim and the program lie milliseconds."""
        deadline = time.monotonic() + 10
        process: keeper.Process | None
        while (process := _read(folder / keeper.PROCESS)) is None and time.monotonic() < deadline:
            claim: keeper.Process | None = _read(folder / keeper.CLAIM)
            if claim is None or claim.get("never") or not alive(claim["pid"], claim["identity"]):
                process = _read(folder / keeper.PROCESS)
                break
            time.sleep(0.01)
        return process

    def _over(self, handle: Handle) -> bool:
        return self.status(handle).state.terminal

    def _wait_over(self, handle: Handle, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not (over := self._over(handle)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return over


def _ended(end: keeper.End) -> NativeStatus:
    code, number = end["exit_code"], end["signal"]
    if end["canceled"]:
        return NativeStatus(JobState.CANCELED, "canceled", code)
    if code == 0:
        return NativeStatus(JobState.COMPLETE, "exit code 0", 0)
    how = f"killed by {signal.Signals(number).name}" if number else f"exit code {code}"
    return NativeStatus(JobState.ERROR, how, code)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
