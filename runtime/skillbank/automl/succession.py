"""An experiment that has ended goes on as another one, which takes over its trials.

The end of a job is final, so the first one stays as it is, with its report and its best model. Its successor
begins with the same history, and searches on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from skillbank.automl.charter import Charter, objectives_of, settings_of
from skillbank.automl.events import Event, EventLog
from skillbank.automl.experiment import Experiment
from skillbank.automl.limits import exhausted
from skillbank.automl.search import Search
from skillbank.errors import StateError, UsageError
from skillbank.jobs.record import JobRecord
from skillbank.jobs.service import Jobs
from skillbank.plan.model import Plan
from skillbank.ways import Sentence, command, marked

__all__ = ["inherited", "successor_plan"]

_NOT_TAKEN = ("created", "exhausted", "canceled", "paused", "resumed", "extended", "cleaned", "ended")


def successor_plan(jobs: Jobs, record: JobRecord, recommendations: int) -> Plan:
    """Return the plan of the search that goes on from an ended one to so many recommendations in all.

    Raises
    ------
    UsageError
        When that is not more than there were, or the algorithm cannot go on from there.
    StateError
        When the experiment has not ended, nothing of it can be used, or it would end at once for the reason
        for which it has ended.
    """
    log = EventLog(jobs.store.engine)
    plan = Plan.from_document(record.plan)
    events = log.read(record.id)
    stands = Experiment(objectives_of(plan), events)
    if stands.end is None:
        raise StateError(f"experiment {record.id} has not ended; extend it as it is")
    again = Sentence(f"start a new one with {command('run')}")
    if stands.best is None:
        raise StateError(f"experiment {record.id} has no trial that succeeded; {marked(again)}")
    settings = settings_of(plan)
    if recommendations <= len(stands.trials):
        raise UsageError(
            f"experiment {record.id} has {len(stands.trials)} recommendations; extend it to more than that."
        )
    if settings.is_multi_fidelity and settings.keep == "best":
        raise UsageError(
            f"experiment {record.id} kept only the best checkpoints (automl.keep=best), so "
            f"{settings.algorithm} has none to go on from; {marked(again)}."
        )
    longer = plan.model_copy(
        update={"automl": {**(plan.automl or {}), "max_recommendations": recommendations}}
    )
    taken = list(_taken(record.id, events))
    limit = exhausted(Experiment(stands.objectives, taken), settings, plan, datetime.now(UTC))
    if limit is not None:
        raise StateError(
            f"experiment {record.id} would end again at once: {marked(limit.reason)}; {marked(again)}"
        )
    charter = Charter.model_validate(log.charter(record.id))
    tried = Search(_Past(taken), record.id, stands.objectives, lambda _: charter.algorithm(longer))
    if tried.broken is not None:
        raise UsageError(
            f"{settings.algorithm} cannot be extended from here ({tried.broken.marked}); {marked(again)}."
        )
    return longer


def inherited(log: EventLog, predecessor: str, now: datetime) -> list[Event]:
    """Return the events with which the successor of an ended experiment begins."""
    return list(_taken(predecessor, log.read(predecessor), now))


def _taken(predecessor: str, events: list[Event], now: datetime | None = None) -> Iterator[Event]:
    """Yield what a successor takes over, numbered anew; the time between the two counts as a pause."""
    end = events[-1].at
    told = [(e.at, e.kind, e.body) for e in events if e.kind not in _NOT_TAKEN and not _is_final(e)]
    bodies: list[tuple[datetime, str, Mapping[str, object]]] = [(events[0].at, "created", {}), *told]
    begun = now or datetime.now(UTC)
    note = {"text": f"goes on from {predecessor} with its trials"}
    bodies += [(end, "paused", {}), (begun, "resumed", {}), (begun, "noted", note)]
    for n, (at, kind, body) in enumerate(bodies):
        yield Event(n, at, kind, body)


def _is_final(event: Event) -> bool:
    """Whether an event belongs to the evaluation at the end, which a successor makes itself."""
    return event.kind in ("evaluating", "evaluated") and event.body["what"] == "best"


class _Past(EventLog):
    """Events that are written nowhere."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    def read(self, experiment: str, after: int = -1) -> list[Event]:
        return [event for event in self._events if event.n > after]
