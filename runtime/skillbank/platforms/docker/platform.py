"""Docker as a platform: the skill's own command in the skill's own image, on a daemon of this machine.

A container carries the job's id as its name and in its labels, so any process finds it again. The name is
also the lock: of two creations one fails, and a lost answer is settled by looking for the name. Creating and
starting are two steps, so that between them everything can still be called off.

Files in the job folder: ``cancel`` (somebody wants the job stopped; written before anything else is done) and
``output.log`` (the output, without secrets, written when the job's end has been recorded). The container is
then removed; ``SKILLBANK_DOCKER_KEEP`` keeps the failed ones or all.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import APIError, NotFound

from skillbank.errors import PlatformError, sentence_of
from skillbank.jobs.record import JobState
from skillbank.plan.model import Plan
from skillbank.platforms import container, secret_file
from skillbank.platforms.base import Handle, Launch, NativeStatus, Platform, job_dir
from skillbank.platforms.docker.checkup import docker_checks
from skillbank.platforms.docker.daemon import Daemon, DaemonLostError, digest_of
from skillbank.platforms.docker.ends import ended
from skillbank.platforms.docker.output import last_lines, output
from skillbank.platforms.docker.refusals import known_refusals, refusals
from skillbank.platforms.logfile import saved_log
from skillbank.platforms.slots import gpu_slots, visible_gpus
from skillbank.redact import redact_stream, secret_values
from skillbank.whole_files import replacing

if TYPE_CHECKING:
    from skillbank.platforms.check import Check
    from skillbank.platforms.docker.daemon import Container, DaemonFacts

__all__ = ["DockerPlatform"]

_CANCEL, _LOG = "cancel", "output.log"
_LONG_PULLS = 3
"""How often a pull may break off that went on for longer than a daemon needs to come back."""
_RUNNING = {"running": JobState.RUNNING, "paused": JobState.RUNNING, "restarting": JobState.PENDING}


class DockerPlatform(Platform):
    """Runs jobs as containers of the daemon that ``DOCKER_HOST`` names, or of this machine's.

    Parameters
    ----------
    grace
        Seconds between asking a job to stop and killing it.
    patience
        Seconds for which a launch waits for a daemon that went away in the middle of it.
    """

    name = "docker"
    poll_seconds = 2.0
    here = True

    def __init__(self, *, grace: float = 10.0, patience: float = 30.0) -> None:
        self._daemon = Daemon()
        self._grace, self._patience = grace, patience
        self._info: DaemonFacts | None = None

    def slots(self, plan: Plan) -> list[tuple[int, ...]]:
        """One job for each set of GPUs that containers may use; one without."""
        pool = container.gpu_pool()
        return gpu_slots(plan, visible_gpus() if pool is None else len(pool))

    def checkup(self) -> list[Check]:
        """Say what this machine has of what its jobs need."""
        return docker_checks()

    def problems(self, plan: Plan) -> list[str]:
        """Ask the daemon for all that the plan needs: image, GPUs, limits, and what may be mounted."""
        if self._daemon.remote:
            return [
                f"DOCKER_HOST is {self._daemon.host}, another machine, where the data and results of this "
                "one cannot be mounted; run skillbank there, or unset DOCKER_HOST"
            ]
        try:
            info = self._info = self._daemon.info()
            found = list(refusals(plan, self._daemon, info))
        except PlatformError as error:
            return [error.sentence]
        return found

    def known_problems(self, plan: Plan) -> list[str]:
        """Return what no daemon has to be asked for."""
        return list(known_refusals(plan))

    def start(self, launch: Launch) -> str:
        """Create the job's container, start it, and return ``docker:ID``; one that is there is adopted."""
        if launch.image is None:
            raise PlatformError(f"job {launch.job_id} names no container image")
        container.container_home(launch.results_dir).mkdir(parents=True, exist_ok=True)
        found = self._find(launch.job_id)
        if found is None:
            self._refuse_canceled(launch.job_id, launch.job_dir)
            found = self._create(launch, self._digest(launch.image))
        self._refuse_canceled(launch.job_id, launch.job_dir)
        if found["State"]["Status"] == "created":
            self._start(launch, found["Id"])
        with contextlib.suppress(PlatformError, OSError):
            self._sweep()
        return _native_id(found)

    def _digest(self, image: str) -> str:
        """Return what names an image for good, once it is here; a pull may be begun again."""
        deadline, long = time.monotonic() + self._patience, 0
        while True:
            began = time.monotonic()
            try:
                return digest_of(self._daemon.ensure_image(image))
            except DaemonLostError:
                now = time.monotonic()
                if now - began > self._patience:
                    # It leaves the daemon its time to come back all the same, unless each of them ends so.
                    long += 1
                    deadline = now + self._patience if long < _LONG_PULLS else began
                if now > deadline:
                    raise
            time.sleep(0.3)

    def _create(self, launch: Launch, digest: str) -> Container:
        info = self._info = self._info or self._daemon.info()
        deadline = time.monotonic() + self._patience
        while True:
            try:
                with self._daemon.speaking(launch.image or "") as api:
                    arguments = container.arguments(launch, api, info, digest)
                    created = api.create_container(**arguments)
                return {"Id": created["Id"], "State": {"Status": "created"}}
            except APIError as error:
                # The name is taken: by another try of this very launch, whose answer was lost.
                if error.status_code == 409 and (found := self._find(launch.job_id)) is not None:
                    return found
                said = self._daemon.sentence(error.explanation or sentence_of(error), launch.image or "")
                raise PlatformError(said) from error
            except DaemonLostError:
                if (found := self._find_again(launch.job_id, deadline)) is not None:
                    return found
                if time.monotonic() > deadline:
                    raise

    def _start(self, launch: Launch, container_id: str) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                with self._daemon.speaking(launch.image or "") as api:
                    api.start(container_id)
                return
            except DaemonLostError:
                found = self._find_again(launch.job_id, deadline)
                if found is not None and found["State"]["Status"] != "created":
                    return  # it was started, and must not be a second time
                if time.monotonic() > deadline:
                    raise
            except (APIError, PlatformError) as error:
                with contextlib.suppress(PlatformError):
                    self._remove(container_id)
                self._refuse_canceled(launch.job_id, launch.job_dir)
                if isinstance(error, PlatformError):
                    raise
                said = self._daemon.sentence(error.explanation or sentence_of(error), launch.image or "")
                raise PlatformError(said) from error

    def _find_again(self, job_id: str, deadline: float) -> Container | None:
        """Look for a container when the daemon is back; give up with the daemon's own error after a while."""
        while True:
            time.sleep(0.3)
            try:
                return self._find(job_id)
            except DaemonLostError:
                if time.monotonic() > deadline:
                    raise

    def _refuse_canceled(self, job_id: str, folder: Path) -> None:
        if (folder / _CANCEL).exists():
            with contextlib.suppress(PlatformError):
                if (found := self._find(job_id)) is not None and found["State"]["Status"] == "created":
                    self._remove(found["Id"])
            raise PlatformError(f"job {job_id} was canceled before it started")

    def _find(self, job_id: str) -> Container | None:
        """Inspect a job's container; None when there is none."""
        with self._daemon.speaking() as api:
            try:
                found: Container = api.inspect_container(job_id)
            except NotFound:
                return None
        if _label(found, "job") != job_id:
            raise PlatformError(
                f"a container named {job_id} is there that skillbank did not make; remove it with docker rm"
            )
        return found

    def _remove(self, container_id: str) -> None:
        # 404 and 409: it is gone, or is going.
        with contextlib.suppress(APIError), self._daemon.speaking() as api:
            api.remove_container(container_id, force=True, v=True)

    def status(self, handle: Handle) -> NativeStatus:
        """Ask the daemon; a container that is made and not started counts as not found."""
        canceled = (job_dir(handle.results_dir) / _CANCEL).exists()
        found = self._find(handle.job_id)
        if found is None:
            if canceled:
                return NativeStatus(JobState.CANCELED, "canceled")
            if handle.native_id is None:
                return NativeStatus(JobState.UNKNOWN, "nothing was started for this job", found=False)
            message = "its container was removed, so its end is not known; cancel the job to close it"
            return NativeStatus(JobState.UNKNOWN, message, found=False)
        state = found["State"]
        if state["Status"] == "created":
            if canceled:
                return NativeStatus(JobState.CANCELED, "canceled before it started")
            return NativeStatus(JobState.PENDING, "its container waits for its start", found=False)
        native_id = _native_id(found)
        if state["Status"] in _RUNNING:
            image, digest = _label(found, "image"), _label(found, "digest")
            message = f"{state['Status']} in container {found['Id'][:12]} of {image} ({digest})"
            return NativeStatus(_RUNNING[state["Status"]], message, native_id=native_id)
        if state["Status"] != "exited":
            return NativeStatus(JobState.UNKNOWN, f"the container is {state['Status']}", native_id=native_id)
        if canceled:
            return NativeStatus(JobState.CANCELED, "canceled", state["ExitCode"], native_id=native_id)
        return ended(found, native_id, self._daemon)

    def logs(self, handle: Handle, follow: bool = False) -> Iterator[str]:
        """Yield the program's output without the secrets that it was given; ``follow`` until the job ends."""
        saved = job_dir(handle.results_dir) / _LOG
        found = None
        while not saved.exists() and (found := self._begun(handle)) is None:
            begins = handle.native_id is None and not self.status(handle).state.terminal
            if not follow or not begins:  # a container that was bound and is gone does not come back
                return
            time.sleep(0.2)
        patience = self._patience
        there = None if found is None else output(self._daemon, found["Id"], follow=follow, patience=patience)
        yield from self._clean(handle, saved_log(saved) if there is None else there)

    def last_lines(self, handle: Handle, count: int) -> Iterator[str]:
        """Yield the last lines of the output; of a long one the daemon sends no more."""
        found = None if (job_dir(handle.results_dir) / _LOG).exists() else self._begun(handle)
        if found is None:
            return self.logs(handle)
        return self._clean(handle, last_lines(self._daemon, found["Id"], count))

    @staticmethod
    def _clean(handle: Handle, pieces: Iterator[str]) -> Iterator[str]:
        return redact_stream(pieces, secret_values(secret_file.read(handle.job_id)))

    def _begun(self, handle: Handle) -> Container | None:
        found = self._find(handle.job_id)
        return None if found is None or found["State"]["Status"] == "created" else found

    def cancel(self, handle: Handle) -> None:
        """Note that the job is to stop, then stop its container, or remove it when it never started."""
        folder = job_dir(handle.results_dir)
        folder.mkdir(parents=True, exist_ok=True)
        found = self._find_or_note(handle, folder)
        if found is None:
            secret_file.remove(handle.job_id)
            return
        if found["State"]["Status"] == "created":
            self._remove(found["Id"])
            secret_file.remove(handle.job_id)
            return
        with contextlib.suppress(NotFound), self._daemon.speaking() as api:
            api.stop(found["Id"], timeout=round(self._grace))

    def _find_or_note(self, handle: Handle, folder: Path) -> Container | None:
        """Write down the wish to stop, unless the job has ended by itself, and return its container."""
        note = folder / _CANCEL
        try:
            found = self._find(handle.job_id)
            if found is not None and found["State"]["Status"] == "exited":
                return found
        except PlatformError:
            note.touch()
            raise
        note.touch()
        # Looked for once more: what is created from now on sees the note and stops by itself.
        return self._find(handle.job_id)

    def release(self, handle: Handle) -> None:
        """Save the output of an ended job in its folder and remove the container, if it is not to be kept."""
        found = self._begun(handle)
        if found is not None and found["State"]["Status"] == "exited":
            self._save_log(handle)
            keep, failed = _label(found, "keep"), found["State"]["ExitCode"] != 0
            if keep == "never" or (keep == "failed" and not failed):
                self._remove(found["Id"])
        secret_file.remove(handle.job_id)

    def _save_log(self, handle: Handle) -> None:
        saved = job_dir(handle.results_dir) / _LOG
        if saved.exists():
            return
        with replacing(saved, private=True) as log, log.open("w", encoding="utf-8", newline="") as file:
            file.writelines(redact_stream(self.logs(handle)))

    def _sweep(self) -> None:
        """Remove the secrets of jobs that have ended and whose last client was killed before it did so."""
        for job_id in secret_file.forgotten():
            found = self._find(job_id)
            if found is not None and found["State"]["Status"] == "exited":
                self._save_log(Handle(job_id, None, Path(_label(found, "results"))))
            if found is None or found["State"]["Status"] == "exited":
                secret_file.remove(job_id)


def _label(found: Container, name: str) -> str:
    return str((found["Config"].get("Labels") or {}).get(f"{container.LABEL}{name}", ""))


def _native_id(found: Container) -> str:
    return f"docker:{found['Id'][:12]}"
