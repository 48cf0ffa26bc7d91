"""How an experiment stands: what its events add up to, for whoever looks and without the search itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from skillbank.automl.events import Event
from skillbank.automl.metrics import Measured, Objective

if TYPE_CHECKING:
    from skillbank.automl.events import (
        Asked,
        Cleaned,
        Evaluated,
        Evaluating,
        Exhausted,
        Extended,
        Halted,
        Launched,
        Noted,
        Reported,
        Told,
    )
    from skillbank.automl.space_points import Values

__all__ = ["Evaluation", "Experiment", "Trial", "TrialState"]


class TrialState(StrEnum):
    """``STOPPED`` trials ended early and count with what they had measured; ``FAILED`` ones never count."""

    ASKED = "ASKED"
    RUNNING = "RUNNING"
    HALTED = "HALTED"
    COMPLETE = "COMPLETE"
    STOPPED = "STOPPED"
    FAILED = "FAILED"

    @property
    def over(self) -> bool:
        """Whether the trial has ended."""
        return self in (TrialState.COMPLETE, TrialState.STOPPED, TrialState.FAILED)


@dataclass
class Trial:
    """One recommendation and what has become of it.

    ``jobs`` are its attempts, the latest last; ``curve`` holds the objectives by epoch, counted from 1;
    ``scores`` those of its best epoch once it has ended. ``slot`` and ``place`` say where it runs.
    """

    number: int
    values: Values
    epochs: int | None
    resume_from: int | None
    slot: int
    place: str
    asked: datetime
    gpu_ids: tuple[int, ...] = ()
    jobs: list[str] = field(default_factory=list)
    state: TrialState = TrialState.ASKED
    started: datetime | None = None
    ended: datetime | None = None
    curve: list[Measured] = field(default_factory=list)
    scores: tuple[float, ...] | None = None
    best_epoch: int | None = None
    reason: str = ""
    timed_out: bool = False
    cleaned: bool = False

    @property
    def job(self) -> str | None:
        """The job that stands for the trial now."""
        return self.jobs[-1] if self.jobs else None

    @property
    def counts(self) -> bool:
        """Whether the trial has a result that may be promoted or returned."""
        return self.state in (TrialState.COMPLETE, TrialState.STOPPED) and self.scores is not None

    def seconds(self, now: datetime) -> float:
        """Return how long it has run, or ran."""
        return 0.0 if self.started is None else ((self.ended or now) - self.started).total_seconds()


@dataclass
class Evaluation:
    """One by the skill's own evaluate action: of the ``baseline``, the ``default`` or the ``best``."""

    what: str
    trial: int | None
    slot: int
    place: str
    job: str | None = None
    over: bool = False
    metrics: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


class Experiment:
    """The sum of an experiment's events.

    Parameters
    ----------
    objectives
        The metrics, the first of which ranks.
    events
        What is known so far; `take` adds more.
    """

    def __init__(self, objectives: Sequence[Objective], events: Iterable[Event] = ()) -> None:
        self.objectives = tuple(objectives)
        self.events: list[Event] = []
        self.trials: dict[int, Trial] = {}
        self.evaluations: dict[str, Evaluation] = {}
        self.notes: list[str] = []
        self.begun: datetime | None = None
        self.paused: datetime | None = None
        self.paused_seconds = 0.0
        self.extended: int | None = None
        self.no_more: str | None = None
        """Why nothing new is asked: a budget, the user's patience; None while the search goes on."""
        self.failure: str | None = None
        """Why the whole is a failure, whatever single trials have brought."""
        self.canceled = False
        self.end: Event | None = None
        for event in events:
            self.take(event)

    @property
    def known(self) -> int:
        """The number of the last event; -1 for none."""
        return self.events[-1].n if self.events else -1

    def take(self, event: Event) -> None:
        """Add the next event."""
        if event.n != self.known + 1:
            raise ValueError(f"event {event.n} does not follow {self.known}")
        self.events.append(event)
        handler = getattr(self, f"_{event.kind}", None)
        if handler is not None:
            handler(event, event.body)

    # Events

    def _asked(self, event: Event, body: Asked) -> None:
        self.begun = self.begun or event.at
        self.trials[body["number"]] = Trial(
            number=body["number"],
            values=body["values"],
            epochs=body["epochs"],
            resume_from=body["resume_from"],
            slot=body["slot"],
            place=body["place"],
            asked=event.at,
            gpu_ids=tuple(body.get("gpu_ids") or ()),
        )

    def _launched(self, event: Event, body: Launched) -> None:
        trial = self.trials[body["number"]]
        trial.jobs.append(body["job"])
        trial.started = trial.started or event.at
        if trial.state is TrialState.ASKED:
            trial.state = TrialState.RUNNING

    def _reported(self, event: Event, body: Reported) -> None:
        self.trials[body["number"]].curve.append(Measured(body["epoch"], tuple(body["values"])))

    def _halted(self, event: Event, body: Halted) -> None:
        trial = self.trials[body["number"]]
        trial.state, trial.reason = TrialState.HALTED, body["reason"]
        trial.timed_out = bool(body.get("failed"))

    def _told(self, event: Event, body: Told) -> None:
        trial = self.trials[body["number"]]
        trial.state, trial.ended = TrialState(body["state"]), event.at
        trial.scores = None if body["scores"] is None else tuple(body["scores"])
        trial.best_epoch = body.get("epoch")
        trial.reason = body["reason"]

    def _cleaned(self, event: Event, body: Cleaned) -> None:
        for number in body["numbers"]:
            self.trials[number].cleaned = True

    def _evaluating(self, event: Event, body: Evaluating) -> None:
        self.begun = self.begun or event.at
        self.evaluations[body["what"]] = Evaluation(body["what"], body["trial"], body["slot"], body["place"])

    def _evaluated(self, event: Event, body: Evaluated) -> None:
        evaluation = self.evaluations.setdefault(
            body["what"], Evaluation(body["what"], body.get("trial"), -1, "")
        )
        evaluation.over, evaluation.job = True, body.get("job")
        evaluation.metrics, evaluation.note = body["metrics"], body.get("note", "")

    def _noted(self, event: Event, body: Noted) -> None:
        self.notes.append(body["text"])

    def _paused(self, event: Event, body: Mapping[str, object]) -> None:
        self.paused = self.paused or event.at

    def _resumed(self, event: Event, body: Mapping[str, object]) -> None:
        if self.paused is not None:
            self.paused_seconds += (event.at - self.paused).total_seconds()
        self.paused = None

    def _extended(self, event: Event, body: Extended) -> None:
        self.extended = body["recommendations"]

    def _exhausted(self, event: Event, body: Exhausted) -> None:
        self.no_more = body["reason"]
        self.failure = body["reason"] if body.get("failed") else None

    def _canceled(self, event: Event, body: Mapping[str, object]) -> None:
        self.canceled = True

    def _ended(self, event: Event, body: Mapping[str, object]) -> None:
        self.end = event

    # What they add up to

    @property
    def running(self) -> list[Trial]:
        """Trials that have been asked for and have not ended, in order."""
        return [trial for trial in self.trials.values() if not trial.state.over]

    @property
    def done(self) -> list[Trial]:
        """Trials that have ended, in the order of their numbers."""
        return [trial for trial in self.trials.values() if trial.state.over]

    @property
    def best(self) -> Trial | None:
        """The trial with the best first objective; the earlier one of equals."""
        best: Trial | None = None
        for trial in sorted(self.trials.values(), key=lambda t: t.number):
            if not trial.counts:
                continue
            if best is None or self.objectives[0].better(_first(trial), _first(best)):
                best = trial
        return best

    @property
    def pareto(self) -> list[Trial]:
        """Trials that no other one beats in one objective without being worse in another."""
        counted = [trial for trial in self.trials.values() if trial.counts]
        return [t for t in counted if not any(self._dominates(o, t) for o in counted if o is not t)]

    def _dominates(self, a: Trial, b: Trial) -> bool:
        pairs = list(zip(self.objectives, a.scores or (), b.scores or (), strict=True))
        return any(o.better(x, y) for o, x, y in pairs) and not any(o.better(y, x) for o, x, y in pairs)

    @property
    def state(self) -> str:
        """How the experiment as a whole stands, in the words of a job."""
        if self.end is not None:
            return str(self.end.body["state"])
        return "PAUSED" if self.paused else "RUNNING" if self.events else "PENDING"

    def spent(self, now: datetime) -> float:
        """Return the seconds since the first trial, without pauses."""
        if self.begun is None:
            return 0.0
        until = self.end.at if self.end is not None else now
        pause = (until - self.paused).total_seconds() if self.paused else 0.0
        return (until - self.begun).total_seconds() - self.paused_seconds - pause

    def trial_seconds(self, now: datetime) -> float:
        """Return how long all trials together have run."""
        return sum(trial.seconds(now) for trial in self.trials.values())


def _first(trial: Trial) -> float:
    assert trial.scores is not None
    return trial.scores[0]
