"""Looking after running trials: launched once, watched epoch by epoch, stopped early, retried, told."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.automl.experiment import Trial, TrialState
from skillbank.automl.metrics import Curve, Measured, Objective, TrialReader, unseen
from skillbank.automl.trials import trial_plan
from skillbank.errors import SkillbankError, StateError
from skillbank.jobs.attendance import attend
from skillbank.jobs.record import JobRecord, JobState, RetryPolicy
from skillbank.jobs.retries import FIRST_PAUSE, FollowUp, follow_up, retry_key
from skillbank.jobs.service import Jobs
from skillbank.jobs.trials import TrialOf
from skillbank.plan.model import Plan
from skillbank.redact import redact
from skillbank.ways import Sentence, marked

if TYPE_CHECKING:
    from skillbank.automl.charter import Charter
    from skillbank.automl.search import News, Search

__all__ = ["Attendant", "best_of"]

_LAUNCHES = 3
"""Tries of a launch that is refused, before its trial counts as failed."""
_LOOK_AT_QUEUE = 1.0
"""Seconds between two looks whether a trial that waits has got its place."""


@dataclass
class _Watch:
    """What this process remembers of a running trial; all of it can be made again."""

    record: JobRecord
    reader: TrialReader
    canceling: threading.Thread | None = None


@dataclass
class _Refused:
    """A launch that was refused before there was a job."""

    times: int = 0
    again: datetime = field(default_factory=lambda: datetime.now(UTC))


class Attendant:
    """Brings each running trial forward, one look at a time; nothing here waits.

    Parameters
    ----------
    experiment
        The experiment's own job.
    first_pause
        Seconds before the first retry of a failure of the infrastructure.
    """

    def __init__(
        self,
        jobs: Jobs,
        search: Search,
        charter: Charter,
        experiment: JobRecord,
        *,
        slots: int = 1,
        trial_timeout: float | None = None,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self._jobs, self._search, self._charter, self._record = jobs, search, charter, experiment
        self._plan = charter.plan(Plan.from_document(experiment.plan))
        self._timeout, self._first_pause = trial_timeout, first_pause
        self.slots = slots
        """How many trials run side by side here."""
        self._watches: dict[int, _Watch] = {}
        self._refused: dict[int, _Refused] = {}
        self._launching: dict[int, Future[JobRecord]] = {}
        # Starting a program is mostly waiting for it; several slots are filled at the same time.
        self._launchers = ThreadPoolExecutor(max_workers=min(slots, 8), thread_name_prefix="launch")
        self.seen: set[str] = set()
        """Names of all metrics that any trial has reported."""

    def attend(self, trial: Trial) -> bool:
        """Bring a trial forward as far as it goes now; return whether anything happened."""
        if trial.number in self._launching:
            return self._launched(trial)
        if trial.job is None:
            return self._launch(trial) if trial.state is TrialState.ASKED else self._call_off(trial)
        watch = self._watch(trial, trial.job)
        if self._jobs.stale(watch.record):
            watch.record = self._jobs.refresh(trial.job)
        record = watch.record
        news = self._news(trial, watch.reader.poll())
        happened = bool(news) and self._search.write(*news)
        if record.state.terminal:
            return self._ended(trial, record, watch) or happened
        if trial.state is TrialState.RUNNING:
            self._halt(trial, record)
        if trial.state is TrialState.HALTED:
            self._cancel(record, watch)
        return happened

    def close(self) -> None:
        """Wait for the launches that are under way; their jobs are found by whoever comes next."""
        self._launchers.shutdown(wait=True, cancel_futures=True)

    def progress(self, trial: Trial) -> tuple[int | None, int | None]:
        """Return the epochs that a trial has finished and those that it has in all."""
        watch = self._watches.get(trial.number)
        return (watch.reader.epoch, watch.reader.max_epoch) if watch else (None, trial.epochs)

    # Launch

    def _key(self, trial: Trial) -> str:
        return f"{self._record.id}/{trial.number}/{trial.epochs or 0}"

    def plan_of(self, trial: Trial) -> Plan:
        """Return the plan of a trial's first attempt."""
        return trial_plan(
            self._plan,
            self._record.id,
            trial.number,
            trial.values,
            epochs=trial.epochs,
            epochs_key=self._charter.epochs_key,
            gpu_ids=trial.gpu_ids,
        )

    def _launch(self, trial: Trial) -> bool:
        refused = self._refused.setdefault(trial.number, _Refused())
        if datetime.now(UTC) < refused.again:
            return False
        onward = self._search.experiment.trials.get(-1 if trial.resume_from is None else trial.resume_from)
        self._launching[trial.number] = self._launchers.submit(
            self._jobs.launch,
            self.plan_of(trial),
            parents=self._record.parents,
            idempotency_key=self._key(trial),
            checkpoint=self._record.checkpoint,
            retry=RetryPolicy(infra=0),
            trial=TrialOf(self._record.id, trial.number, onward.job if onward else None),
        )
        return True

    def _launched(self, trial: Trial) -> bool:
        """Write down the job of a launch that is done; false while it is under way."""
        future = self._launching[trial.number]
        if not future.done():
            return False
        del self._launching[trial.number]
        try:
            record = future.result()
            if record.waits:  # it counts as launched, and against budgets, once it has a place
                refused = self._refused.setdefault(trial.number, _Refused())
                refused.again = datetime.now(UTC) + timedelta(seconds=_LOOK_AT_QUEUE)
                return False
            job = record.id
        except SkillbankError as error:
            # Something may have been recorded all the same: what became of it is told by that job.
            before = self._jobs.store.get(trial.job) if trial.job else None
            found = self._jobs.store.by_key(retry_key(before) if before else self._key(trial))
            if found is None:
                return self._launch_refused(trial, error)
            job = found.id
        attend(self._jobs.store.get(job))  # results that belong elsewhere are brought there
        return self._search.write(("launched", {"number": trial.number, "job": job}))

    def _call_off(self, trial: Trial) -> bool:
        """End a trial that was halted before it was known to run; its launcher may have died half-way."""
        found = self._jobs.store.by_key(self._key(trial))
        if found is None:
            return self._tell(trial, TrialState.FAILED, [], f"{trial.reason}, before it was launched")
        return self._search.write(("launched", {"number": trial.number, "job": found.id}))

    def _launch_refused(self, trial: Trial, error: SkillbankError) -> bool:
        """Try again a little later, a few times: a full disk or a daemon that is away may pass."""
        refused = self._refused.setdefault(trial.number, _Refused())
        refused.times += 1
        if refused.times < _LAUNCHES:
            refused.again = datetime.now(UTC) + timedelta(seconds=self._first_pause / 6 * 2**refused.times)
            return False
        return self._tell(
            trial,
            TrialState.FAILED,
            [],
            Sentence(f"could not be launched: {error.sentence.changed(redact).marked}"),
        )

    # While it runs

    def _watch(self, trial: Trial, job: str) -> _Watch:
        watch = self._watches.get(trial.number)
        if watch is None or watch.record.id != job:
            record = self._jobs.store.get(job)
            reader = TrialReader(Path(record.results_dir), record.action, self._search.objectives)
            watch = self._watches[trial.number] = _Watch(record, reader)
        return watch

    def _news(self, trial: Trial, measured: Curve) -> list[News]:
        """Return the reports of epochs that are not written down yet; another attempt may repeat some."""
        last = trial.curve[-1].epoch if trial.curve else -1
        return [
            ("reported", {"number": trial.number, "epoch": m.epoch, "values": list(m.values)})
            for m in measured
            if m.epoch > last
        ]

    def _halt(self, trial: Trial, record: JobRecord) -> None:
        """Write down that a trial is to end early, if it is; waiting in a queue is no running."""
        if trial.number in self._search.stops:
            self._search.write(
                ("halted", {"number": trial.number, "reason": "stopped early by the algorithm"})
            )
        elif self._timeout is not None and _ran(record, datetime.now(UTC)) > self._timeout:
            reason = f"timeout: it ran longer than {self._timeout:g} s"
            self._search.write(("halted", {"number": trial.number, "reason": reason, "failed": True}))

    def _cancel(self, record: JobRecord, watch: _Watch) -> None:
        if watch.canceling is None or not watch.canceling.is_alive():
            # Programs take their time to stop; the other trials must not wait for it.
            watch.canceling = threading.Thread(target=self._stop, args=(record.id,), daemon=True)
            watch.canceling.start()

    def _stop(self, job: str) -> None:
        try:
            self._jobs.cancel(job)
        except StateError:
            pass  # it has ended by itself
        except SkillbankError as error:
            self._jobs.store.note(
                job, Sentence(f"could not be stopped yet: {error.sentence.changed(redact).marked}")
            )

    # Its end

    def _ended(self, trial: Trial, record: JobRecord, watch: _Watch) -> bool:
        if record.state is JobState.ERROR and trial.state is TrialState.RUNNING:
            following = self._following(record)
            if following is not None:
                return self._again(trial, record, following)
        attend(record)
        curve = [*trial.curve]
        if not curve and record.state is JobState.COMPLETE:
            curve = watch.reader.rest(self._jobs.output(record))
        self.seen |= watch.reader.seen
        stopped = trial.state is TrialState.HALTED and record.state is JobState.CANCELED
        if trial.timed_out:
            state, reason = TrialState.FAILED, trial.reason
        elif record.state is JobState.COMPLETE:
            state, reason = TrialState.COMPLETE, ""
        elif stopped:
            state, reason = TrialState.STOPPED, trial.reason
        else:
            state, reason = TrialState.FAILED, _why(record)
        if state is not TrialState.FAILED and not curve:
            missing = unseen(self._search.objectives, watch.reader.seen)
            state, reason = (
                TrialState.FAILED,
                f"{trial.reason} before it had measured" if stopped else missing,
            )
        self._watches.pop(trial.number, None)
        return self._tell(trial, state, curve, reason)

    def _tell(self, trial: Trial, state: TrialState, curve: Curve, reason: str) -> bool:
        best = best_of(curve, self._search.objectives) if state is not TrialState.FAILED else None
        body = {
            "number": trial.number,
            "state": state.value,
            "scores": None if best is None else list(best.values),
            "epoch": None if best is None else best.epoch,
            "reason": reason,
        }
        return self._search.write(("told", body))

    def _following(self, record: JobRecord) -> FollowUp | None:
        """Say what follows a failure by the jobs' own policy; what was never started is started again."""
        if record.failure is not None and record.failure.name == "launcher_died":
            return FollowUp(Plan.from_document(record.plan), record.infra_retries, 0.0, "launcher_died")
        started = {"retry": self._charter.retry, "native_id": record.native_id or "none"}
        return follow_up(record.model_copy(update=started), self._first_pause)

    def _again(self, trial: Trial, record: JobRecord, following: FollowUp) -> bool:
        """Start the attempt that follows, when its pause is over."""
        refused = self._refused.setdefault(trial.number, _Refused())
        due = record.history[-1].at + timedelta(seconds=following.pause)
        if datetime.now(UTC) < max(due, refused.again):
            return False
        self._launching[trial.number] = self._launchers.submit(self._jobs.launch_again, record, following)
        return True


def best_of(curve: Sequence[Measured], objectives: Sequence[Objective]) -> Measured | None:
    """Return the epoch with the best first objective, the later of equals: it has seen more."""
    best: Measured | None = None
    for measured in curve:
        if best is None or not objectives[0].better(best.values[0], measured.values[0]):
            best = measured
    return best


def _ran(record: JobRecord, now: datetime) -> float:
    """Return the seconds since a job was first seen running; a queue may have kept it waiting before."""
    first = next((line.at for line in record.history if line.state is JobState.RUNNING), now)
    return (now - first).total_seconds()


def _why(record: JobRecord) -> str:
    if record.failure is not None:
        return Sentence(f"{record.failure.name}: {marked(record.failure.explanation)}")
    return "canceled" if record.state is JobState.CANCELED else str(record.state)
