"""Evaluations by the skill's own evaluate action: of what a search starts from, and of what it has found."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.automl.experiment import Evaluation, Trial
from skillbank.automl.trials import evaluation_plan
from skillbank.errors import SkillbankError
from skillbank.jobs.attendance import attend
from skillbank.jobs.metrics import read_status
from skillbank.jobs.record import JobRecord, JobState, RetryPolicy
from skillbank.jobs.service import Jobs
from skillbank.jobs.trials import TrialOf
from skillbank.plan.model import Plan
from skillbank.redact import redact
from skillbank.ways import Sentence, marked

if TYPE_CHECKING:
    from skillbank.automl.charter import Charter
    from skillbank.automl.search import Search
    from skillbank.automl.settings import AutoMLSettings

__all__ = ["Evaluations"]

_ATTEMPTS = 3


class Evaluations:
    """Starts evaluations and takes in what they say.

    The ``baseline`` is the pretrained model, when one was given, before the first trial; else the ``default``
    configuration's model is evaluated once it is there. The ``best`` model is evaluated at the end.
    """

    def __init__(
        self, jobs: Jobs, search: Search, charter: Charter, experiment: JobRecord, settings: AutoMLSettings
    ) -> None:
        self._jobs, self._search, self._charter = jobs, search, charter
        self._record, self._settings = experiment, settings
        self._canceling: dict[str, threading.Thread] = {}

    def begin(self, place: str, free: list[int]) -> bool:
        """Start an evaluation that is due while the search goes on; return whether there was one."""
        stands = self._search.experiment
        if not free or not self._settings.baseline:
            return False
        if self._charter.baseline is not None:
            return "baseline" not in stands.evaluations and self._begin("baseline", None, place, free[0])
        if self._charter.evaluation is None or self._settings.is_multi_fidelity:
            return False
        default = stands.trials.get(0)
        due = default is not None and default.counts and "default" not in stands.evaluations
        return due and self._begin("default", default, place, free[0])

    def begin_final(self, place: str) -> bool:
        """Start what is to be evaluated when all trials have ended; false when nothing is left to do."""
        stands = self._search.experiment
        if self._charter.evaluation is None:
            return False
        if self._settings.baseline and self._charter.baseline is None and "default" not in stands.evaluations:
            default = self._longest_default()
            if default is not None and self._begin("default", default, place, 0):
                return True
        best = stands.best
        if not self._settings.final_evaluation or best is None or "best" in stands.evaluations:
            return False
        known = stands.evaluations.get("default")
        if known is not None and known.trial == best.number and known.over:
            same = {"what": "best", "trial": best.number, "job": known.job, "metrics": dict(known.metrics)}
            self._search.write(("evaluated", {**same, "note": known.note}))
            return True
        return self._begin("best", best, place, 0)

    def _longest_default(self) -> Trial | None:
        """Return the trial of the default configuration that was trained for the longest."""
        trials = self._search.experiment.trials
        first = trials.get(0)
        same = [t for t in trials.values() if first and t.counts and dict(t.values) == dict(first.values)]
        return max(same, key=lambda t: (t.epochs or 0, -t.number), default=None)

    def _begin(self, what: str, trial: Trial | None, place: str, slot: int) -> bool:
        number = trial.number if trial is not None else None
        return self._search.write(
            ("evaluating", {"what": what, "trial": number, "place": place, "slot": slot})
        )

    def attend(self, place: str) -> bool:
        """Bring the open evaluations of a place forward; return whether anything happened."""
        happened = False
        for evaluation in list(self._search.experiment.evaluations.values()):
            if not evaluation.over and evaluation.place == place:
                happened |= self._attend(evaluation)
        return happened

    def _attend(self, evaluation: Evaluation) -> bool:
        try:
            record = self._attempt(evaluation)
        except SkillbankError as error:
            return self._over(
                evaluation, None, Sentence(f"not evaluated: {error.sentence.changed(redact).marked}")
            )
        if record is None:
            return self._over(evaluation, None, "not evaluated: canceled")
        if not record.state.terminal:
            if self._search.experiment.canceled:
                self._cancel(record.id)
            return False
        if record.state is JobState.COMPLETE:
            return self._over(evaluation, record, "")
        why = record.failure.explanation if record.failure else str(record.state)
        return self._over(evaluation, record, Sentence(f"not evaluated: {marked(why)}"))

    def _attempt(self, evaluation: Evaluation) -> JobRecord | None:
        """Return the job of the attempt that counts; it is launched if it is not there yet."""
        for n in range(_ATTEMPTS):
            key = f"{self._record.id}/{evaluation.what}/{n}"
            found = self._jobs.store.by_key(key)
            if found is None:
                if self._search.experiment.canceled:
                    return None
                found = self._jobs.launch(
                    self._plan(evaluation),
                    idempotency_key=key,
                    retry=RetryPolicy(infra=0),
                    trial=TrialOf(self._record.id, evaluation.trial),
                )
            record = self._jobs.refresh(found.id)
            if record.state.terminal:
                attend(record)  # results that belong elsewhere are brought there
            failed = record.state is JobState.ERROR and record.failure is not None
            if not (failed and record.failure is not None and record.failure.kind == "INFRA"):
                return record
        return record

    def _plan(self, evaluation: Evaluation) -> Plan:
        if evaluation.trial is None:
            assert self._charter.baseline is not None
            return self._charter.baseline
        trial = self._search.experiment.trials[evaluation.trial]
        assert self._charter.evaluation is not None
        assert trial.job is not None
        record = self._jobs.store.get(trial.job)
        return evaluation_plan(self._charter.evaluation, Plan.from_document(record.plan), record.id)

    def _over(self, evaluation: Evaluation, record: JobRecord | None, note: str) -> bool:
        metrics = {}
        if record is not None and record.state is JobState.COMPLETE:
            metrics = read_status(Path(record.results_dir), record.action).progress.metrics
        body = {"what": evaluation.what, "trial": evaluation.trial, "metrics": metrics, "note": note}
        return self._search.write(("evaluated", {**body, "job": record.id if record else None}))

    def _cancel(self, job: str) -> None:
        def work() -> None:
            with suppress(SkillbankError):
                self._jobs.cancel(job)

        if job not in self._canceling or not self._canceling[job].is_alive():
            self._canceling[job] = threading.Thread(target=work, daemon=True)
            self._canceling[job].start()
