"""One launch by a call: how its job is found, and stopped when the call is taken back."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping

from skillbank.agent.launching import LaunchAnswer, job_key
from skillbank.agent.toolbox import Answer, Toolbox
from skillbank.errors import SkillbankError, StateError
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.retries import newest_attempt
from skillbank.redact import redact

__all__ = ["Launching", "ended"]


class Launching:
    """A call of ``launch``.

    The job is known by its idempotency key (one is made when none is given), so that it is found even while
    its data is still being brought. Only a job that this very call starts is stopped by it: a repeated launch
    looks on at the job of another call.
    """

    def __init__(self, box: Toolbox, arguments: Mapping[str, object]) -> None:
        self._box = box
        self._arguments = dict(arguments)
        if self._arguments.get("idempotency_key") is None:
            self._arguments["idempotency_key"] = secrets.token_hex(16)
        self._wanted, self._foreign = True, False

    def call(self) -> Answer:
        """Call the tool; in a thread, which goes on when its call is canceled."""
        self._foreign = self._job() is not None
        answer = self._box.call("launch", self._arguments)
        self._foreign |= isinstance(answer.result, LaunchAnswer) and answer.result.repeated
        if not self._wanted:
            self._stop()
        return answer

    def take_back(self) -> None:
        """Stop the job of this call, also when it is only about to start."""
        self._wanted = False
        self._stop()

    def _stop(self) -> None:
        record = None if self._foreign else self._job()
        if record is not None:
            jobs = self._box.runtime.jobs
            with contextlib.suppress(StateError):  # it has ended by itself
                jobs.cancel(newest_attempt(record, jobs.store.by_key).id)

    def _job(self) -> JobRecord | None:
        key = self._arguments["idempotency_key"]
        try:
            return self._box.runtime.jobs.store.asked(job_key(key)) if isinstance(key, str) else None
        except SkillbankError:
            return None


def ended(record: JobRecord) -> Answer:
    """Return what a launch that waited answers at the end of its job."""
    following = ["job_results"] if record.state is JobState.COMPLETE else ["job_status", "job_logs"]
    answer = LaunchAnswer(
        job=record.id,
        plan_id=record.plan_id,
        action=record.action,
        state=record.state,
        results=record.results,
        next=following if record.state.terminal else ["job_status with wait_seconds"],
    )
    return Answer("launch", result=LaunchAnswer.model_validate_json(redact(answer.model_dump_json())))
