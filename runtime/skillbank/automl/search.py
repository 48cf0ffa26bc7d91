"""The search as its events tell it: the algorithm, rebuilt by replay, in step with what is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from skillbank.automl.algorithms import Outcome, Recommendation
from skillbank.automl.events import Event, EventLog
from skillbank.automl.experiment import Experiment, Trial, TrialState
from skillbank.automl.metrics import Objective
from skillbank.errors import sentence_of
from skillbank.ways import Sentence

if TYPE_CHECKING:
    from skillbank.automl.algorithms import Algorithm
    from skillbank.automl.events import Asked, Told

__all__ = ["Search"]

News = tuple[str, Mapping[str, object]]
T = TypeVar("T")


class Search:
    """An experiment and its algorithm, both at the same event.

    An algorithm is a deterministic function of the calls that were made to it, so whoever replays the events
    stands where the controller before him stood.

    Parameters
    ----------
    make
        Returns a new algorithm, given how many recommendations the user has extended the search to, if so.

    Attributes
    ----------
    experiment : Experiment
        The sum of the events.
    stops : set of int
        Trials that the algorithm wants to end early.
    broken : Sentence or None
        Why the algorithm cannot go on: it raised, or another version of it wrote these events. What has been
        found counts all the same.
    """

    def __init__(
        self,
        log: EventLog,
        job: str,
        objectives: Sequence[Objective],
        make: Callable[[int | None], Algorithm],
    ) -> None:
        self._log, self.job, self._make = log, job, make
        self.objectives = tuple(objectives)
        self.experiment = Experiment(objectives)
        self.stops: set[int] = set()
        self.broken: Sentence | None = None
        self._algorithm: Algorithm | None = None
        self._rebuild()

    @property
    def done(self) -> bool:
        """Whether the algorithm wants nothing more."""
        return self.broken is not None or bool(self._call(lambda algorithm: algorithm.done))

    def _call(self, what: Callable[[Algorithm], T]) -> T | None:
        """Call the algorithm; an error of its own must not end the experiment without a word."""
        if self.broken is not None or self._algorithm is None:
            return None
        try:
            return what(self._algorithm)
        except Exception as error:
            self.broken = _broken(error)
            return None

    def _rebuild(self) -> None:
        """Start the algorithm anew and bring it to the last event."""
        events = self._log.read(self.job)
        extensions = [event.body["recommendations"] for event in events if event.kind == "extended"]
        self.broken = None
        try:
            self._algorithm = self._make(extensions[-1] if extensions else None)
        except Exception as error:
            self.broken = _broken(error)
        self.experiment, self.stops = Experiment(self.objectives), set()
        for event in events:
            self._learn(event)

    def catch_up(self) -> bool:
        """Take in what others have written; return whether there was anything."""
        news = self._log.read(self.job, self.experiment.known)
        if any(event.kind == "extended" for event in news):
            self._rebuild()
        else:
            for event in news:
                self._learn(event)
        return bool(news)

    def write(self, *news: News) -> bool:
        """Write events and act on them; false when others have written meanwhile, and nothing was done."""
        events = self._log.append(self.job, self.experiment.known, news)
        for event in events or ():
            self._learn(event)
        return events is not None

    def ask(self, slot: int, place: str, gpu_ids: tuple[int, ...]) -> Trial | None:
        """Return the next trial, written down; None when there is none now."""
        found = self._call(lambda algorithm: algorithm.ask())
        if found is None:
            return None
        body = {
            "number": found.number,
            "values": found.values,
            "epochs": found.epochs,
            "resume_from": found.resume_from,
            "slot": slot,
            "place": place,
            "gpu_ids": list(gpu_ids),
            "note": found.note,
        }
        events = self._log.append(self.job, self.experiment.known, [("asked", body)])
        if events is None:
            # The question has moved the algorithm on, and the answer does not count.
            self._rebuild()
            return None
        self.experiment.take(events[0])
        return self.experiment.trials[found.number]

    def _learn(self, event: Event) -> None:
        self.experiment.take(event)
        body: Any = event.body  # of the event's kind
        if event.kind == "asked":
            self._call(lambda algorithm: algorithm.ask(_recommendation(body)))
        elif event.kind == "reported":
            number, epoch, value = body["number"], body["epoch"], body["values"][0]
            if self._call(lambda algorithm: algorithm.report(number, epoch, value)):
                self.stops.add(number)
        elif event.kind == "told":
            self._call(lambda algorithm: algorithm.tell(body["number"], _outcome(body)))


def _broken(error: Exception) -> Sentence:
    return Sentence(f"{type(error).__name__}: {sentence_of(error).marked}")


def _recommendation(body: Asked) -> Recommendation:
    return Recommendation(body["number"], dict(body["values"]), body["epochs"], body["resume_from"])


def _outcome(body: Told) -> Outcome:
    failed = body["state"] == TrialState.FAILED
    return Outcome(
        values=() if failed else tuple(body["scores"] or ()), failure=body["reason"] if failed else None
    )
