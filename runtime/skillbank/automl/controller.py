"""The controller of an experiment: fills the slots, looks after what runs, and brings the search to its end.

Everything it decides is an event before it is done, so it may be killed at any point: whoever comes next
replays the events, adopts what runs, and goes on. `skillbank.background.controller` is one as a process of
its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from skillbank.automl.attendant import Attendant
from skillbank.automl.charter import Charter, objectives_of, settings_of
from skillbank.automl.evaluations import Evaluations
from skillbank.automl.events import LEASE_SECONDS, EventLog, Lease
from skillbank.automl.experiment import Experiment, Trial, TrialState
from skillbank.automl.limits import Limit, exhausted
from skillbank.automl.outcome import clean_up, publish, write_results
from skillbank.automl.places import place_of, slots_of
from skillbank.automl.search import Search
from skillbank.errors import PlatformError, SkillbankError
from skillbank.jobs.record import JobRecord
from skillbank.jobs.retries import FIRST_PAUSE
from skillbank.jobs.service import Jobs
from skillbank.plan.model import Plan
from skillbank.redact import redact
from skillbank.ways import Sentence, marked

__all__ = ["Controller"]

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
_LOST_SECONDS = 1800.0
"""After this long without a word, the trials of another machine count as failed."""
_PATIENCE = 600.0
"""Seconds for which a database that does not answer is waited for."""


class Controller:
    """Runs an experiment, or looks on while another process does.

    Parameters
    ----------
    experiment
        Id of the experiment's job.
    on_change
        Called with the experiment and the attendant of its trials after each look at which anything happened,
        and about once a second.
    first_pause
        Seconds before the first retry of a failure of the infrastructure.
    """

    def __init__(
        self,
        jobs: Jobs,
        experiment: str,
        *,
        on_change: Callable[[Experiment, Attendant], None] | None = None,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self._jobs, self._on_change = jobs, on_change or (lambda *_: None)
        self._record = jobs.store.get(experiment)
        self._plan = Plan.from_document(self._record.plan)
        self._log = EventLog(jobs.store.engine)
        self._charter = Charter.model_validate(self._log.charter(self._record.id))
        self._settings = settings_of(self._plan)
        self._search = Search(
            self._log,
            self._record.id,
            objectives_of(self._plan),
            partial(self._charter.algorithm, self._plan),
        )
        platform = jobs.platform(self._plan.platform)
        self._place = place_of(platform)
        self._lease = Lease(jobs.store.engine, self._record.id, self._place)
        self._slots = slots_of(platform, self._plan, self._settings.parallel)
        self._poll_seconds = min(platform.poll_seconds / 2, _LONGEST_PAUSE)
        self._attendant = Attendant(
            jobs,
            self._search,
            self._charter,
            self._record,
            slots=len(self._slots),
            trial_timeout=self._settings.trial_timeout,
            first_pause=first_pause,
        )
        self._evaluations = Evaluations(jobs, self._search, self._charter, self._record, self._settings)
        self._lost = threading.Event()

    @property
    def experiment(self) -> Experiment:
        """The experiment as this controller knows it."""
        return self._search.experiment

    def run(self) -> JobRecord:
        """Bring the experiment to its end, and return its job as it stands then.

        A pause ends the work too: what runs is finished, nothing new is started, and the controller goes.
        """
        try:
            return self._run()
        finally:
            self._attendant.close()

    def _run(self) -> JobRecord:
        trouble: float | None = None
        while not self._over():
            try:
                if self._lease.acquire():
                    with self._beating():
                        self._lead()
                else:
                    self._look_on()
                trouble = None
            except PlatformError:
                # A database or a daemon that is away comes back, or does not.
                trouble = trouble or time.monotonic()
                if time.monotonic() - trouble > _PATIENCE:
                    raise
                time.sleep(_LONGEST_PAUSE)
        if self.experiment.end is not None:
            publish(self._record, self.experiment)
        return self._jobs.refresh(self._record.id)

    def _over(self) -> bool:
        """Whether there is nothing to do now: the end has come, or a pause and nothing runs."""
        stands = self.experiment
        return stands.end is not None or (
            stands.paused is not None and not stands.canceled and not self._busy()
        )

    def _busy(self) -> bool:
        return bool(self.experiment.running) or any(not e.over for e in self.experiment.evaluations.values())

    @contextmanager
    def _beating(self) -> Iterator[None]:
        """Hold the lease, and say so from time to time, until the work is done."""
        over = threading.Event()
        self._lost.clear()

        def beat() -> None:
            while not over.wait(LEASE_SECONDS / 6):
                with suppress(SkillbankError):
                    if not self._lease.beat():
                        self._lost.set()

        thread = threading.Thread(target=beat, name=f"lease of {self._record.id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            with suppress(SkillbankError):
                self._lease.release()

    def _lead(self) -> None:
        pause, shown = _FIRST_PAUSE, 0.0
        publish(self._record, self.experiment)
        while not self._lost.is_set():
            happened = self._tick()
            if happened or time.monotonic() - shown > 1.0:
                self._on_change(self.experiment, self._attendant)
                shown = time.monotonic()
            if self._over():
                return
            pause = _FIRST_PAUSE if happened else min(pause * 2, self._poll_seconds)
            time.sleep(pause)

    def _look_on(self) -> None:
        """Follow what another controller does, until it ends or its lease is free."""
        while not self._over() and self._lease.holder() is not None:
            self._search.catch_up()
            self._on_change(self.experiment, self._attendant)
            time.sleep(0.5)
        self._search.catch_up()

    def _tick(self) -> bool:
        """Look at everything once; return whether anything happened."""
        happened = self._search.catch_up()
        stands = self.experiment
        if stands.end is not None:
            return True
        for trial in stands.running:
            happened |= self._attendant.attend(trial) if self._mine(trial) else self._give_up(trial)
        happened |= self._evaluations.attend(self._place)
        if stands.canceled:
            return self._cancel() or happened
        happened |= self._watch_limits()
        if stands.paused is None:
            happened |= self._fill()
            if not self._busy() and (self._search.done or stands.no_more):
                happened |= self._finish()
        if happened:
            publish(self._record, self.experiment)
            self._clean_up(over=False)
        return happened

    def _clean_up(self, *, over: bool) -> None:
        settings = self._settings
        clean_up(self._jobs, self._search, settings.keep, resumable=settings.is_multi_fidelity, over=over)

    def _mine(self, trial: Trial) -> bool:
        return trial.place == self._place

    def _give_up(self, trial: Trial) -> bool:
        """End a trial of a machine that is not heard of any more; a canceled experiment waits less long."""
        heard = self._lease.silent_since(trial.place) or trial.asked
        wait = LEASE_SECONDS if self.experiment.canceled else _LOST_SECONDS
        if datetime.now(UTC) - heard < timedelta(seconds=wait):
            return False
        reason = f"lost: nothing was heard of {trial.place} for {wait / 60:.0f} min"
        body = {"number": trial.number, "state": TrialState.FAILED.value, "scores": None, "reason": reason}
        return self._search.write(("told", body))

    def _watch_limits(self) -> bool:
        """Write down that a budget is spent, and halt what runs if it is one that must not be exceeded."""
        stands = self.experiment
        if stands.no_more is not None:
            return False
        found = exhausted(stands, self._settings, self._plan, datetime.now(UTC))
        if found is None and self._search.broken is not None:
            broken = self._search.broken.changed(redact)
            found = Limit(Sentence(f"the algorithm cannot go on: {broken.marked}"))
        if found is None:
            return False
        halts = [
            ("halted", {"number": trial.number, "reason": found.reason})
            for trial in stands.running
            if found.hard and trial.state in (TrialState.ASKED, TrialState.RUNNING)
        ]
        return self._search.write(("exhausted", {"reason": found.reason, "failed": found.failed}), *halts)

    def _fill(self) -> bool:
        """Start trials while there are free slots and the algorithm has one to start."""
        happened = self._evaluations.begin(self._place, self._free())
        while self.experiment.no_more is None and (free := self._free()):
            slot = free[0]
            trial = self._search.ask(slot, self._place, self._slots[slot])
            if trial is None:
                break
            self._attendant.attend(trial)
            happened = True
        return happened

    def _free(self) -> list[int]:
        stands = self.experiment
        taken = {t.slot for t in stands.running if self._mine(t)}
        taken |= {e.slot for e in stands.evaluations.values() if not e.over and e.place == self._place}
        return [i for i in range(len(self._slots)) if i not in taken]

    def _cancel(self) -> bool:
        """Halt what still runs; when nothing does, the end has come."""
        halts = [
            ("halted", {"number": trial.number, "reason": "the experiment was canceled"})
            for trial in self.experiment.running
            if trial.state in (TrialState.ASKED, TrialState.RUNNING)
        ]
        if halts:
            return self._search.write(*halts)
        if self._busy():
            return False
        return self._end("CANCELED", "canceled")

    def _finish(self) -> bool:
        """Evaluate what was found, then end."""
        if self._evaluations.begin_final(self._place):
            return True
        stands = self.experiment
        best = stands.best
        if best is None:
            reasons = [trial.reason for trial in stands.done if trial.reason]
            said = stands.no_more or "no trial succeeded"
            if reasons and reasons[-1] != said:
                said = Sentence(f"{marked(said)}: {marked(reasons[-1])}")
            return self._end("ERROR", stands.failure or said)
        counted = sum(trial.counts for trial in stands.trials.values())
        scores = ", ".join(
            f"{o.metric} {v:.4g}" for o, v in zip(stands.objectives, best.scores or (), strict=True)
        )
        said = f"recommendation {best.number} of {counted} is the best: {scores}"
        if stands.no_more:
            said = Sentence(f"{said}; {marked(stands.no_more)}")
        return self._end("COMPLETE", said)

    def _end(self, state: str, message: str) -> bool:
        """Leave the results in order, then write down the end: whoever sees it finds them."""
        best = self.experiment.best
        if best is not None and best.job is not None:
            self._jobs.store.update(self._record.id, product=best.job)
        self._clean_up(over=True)
        said = Sentence(message).changed(redact)
        body = {"state": state, "message": said, "best": best.number if best else None}
        try:
            write_results(self._jobs, self._record, self.experiment, body)
        except OSError as error:
            self._jobs.store.note(self._record.id, f"the report could not be written: {redact(str(error))}")
        return self._search.write(("ended", body))
