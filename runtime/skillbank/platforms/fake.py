"""A platform in memory, for tests of whatever launches jobs."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.jobs.record import JobState
from skillbank.plan.model import Plan
from skillbank.platforms.base import Handle, Launch, NativeStatus, Platform

__all__ = ["FakePlatform"]


class FakePlatform(Platform):
    """Starts nothing: jobs are RUNNING until `finish` says how they ended.

    Attributes
    ----------
    launches : dict of str to Launch
        What was submitted, by job id.
    refusals : list of str
        What `problems` answers.
    """

    name = "fake"
    poll_seconds = 0.01

    def __init__(self) -> None:
        self.launches: dict[str, Launch] = {}
        self.refusals: list[str] = []
        self._states: dict[str, NativeStatus] = {}
        self._logs: dict[str, str] = {}

    def finish(self, job_id: str, exit_code: int = 0, log: str = "") -> None:
        """End a job as if its program had exited."""
        state = JobState.ERROR if exit_code else JobState.COMPLETE
        self._states[job_id] = NativeStatus(state, f"exit code {exit_code}", exit_code)
        self._logs[job_id] = log

    def problems(self, plan: Plan) -> list[str]:
        """Return `refusals`."""
        return list(self.refusals)

    def start(self, launch: Launch) -> str:
        """Remember the launch."""
        self.launches.setdefault(launch.job_id, launch)
        self._states.setdefault(launch.job_id, NativeStatus(JobState.RUNNING, "running"))
        return f"fake:{launch.job_id}"

    def status(self, handle: Handle) -> NativeStatus:
        """Say what was set."""
        unseen = NativeStatus(JobState.UNKNOWN, "nothing was started for this job", found=False)
        return self._states.get(handle.job_id, unseen)

    def logs(self, handle: Handle, follow: bool = False) -> Iterator[str]:
        """Yield what `finish` was given."""
        yield self._logs.get(handle.job_id, "")

    def cancel(self, handle: Handle) -> None:
        """End the job as canceled, unless it has ended."""
        if not self.status(handle).state.terminal:
            self._states[handle.job_id] = NativeStatus(JobState.CANCELED, "canceled")
