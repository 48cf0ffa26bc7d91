"""Experiments as a platform: four verbs over their events, so that an experiment is a job like any other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from skillbank.automl.charter import settled_charter
from skillbank.automl.events import Event, EventLog, Lease
from skillbank.automl.experiment import Experiment
from skillbank.automl.places import place_of
from skillbank.automl.succession import inherited
from skillbank.detached import detach
from skillbank.jobs.record import SEARCH, JobState, RetryPolicy
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.model import Plan
from skillbank.platforms.base import Handle, Launch, NativeStatus, Platform, Supply, job_dir
from skillbank.ways import Sentence, marked

with lazy_imports():
    from skillbank.automl import controller

if TYPE_CHECKING:
    from skillbank.automl.charter import Charter
    from skillbank.automl.events import Asked, Evaluated, Told
    from skillbank.jobs.service import Jobs

__all__ = ["ExperimentPlatform"]


class ExperimentPlatform(Platform):
    """The place where experiments live: the database.

    A dead controller is not a dead experiment: `revive` starts another one.

    Parameters
    ----------
    jobs
        What launches trials, and knows the platforms they run on.
    charter
        Returns what an experiment of a plan needs, as it was approved with the plan.
    """

    name: ClassVar[str] = SEARCH
    poll_seconds: ClassVar[float] = 1.0

    def __init__(self, jobs: Jobs, charter: Callable[[Plan, RetryPolicy], Charter]) -> None:
        self._jobs, self._charter = jobs, charter
        self._log = EventLog(jobs.store.engine)

    def problems(self, plan: Plan) -> list[str]:
        """Return what keeps the trials from running where the plan wants them."""
        return self._jobs.platform(plan.platform).problems(plan)

    def supply(self, plan: Plan, name: str) -> Supply:
        """Say where the trials get a variable from."""
        return self._jobs.platform(plan.platform).supply(plan, name)

    def way_to_supply(self, plan: Plan, names: Sequence[str]) -> str:
        """Say how the trials get variables."""
        return self._jobs.platform(plan.platform).way_to_supply(plan, names)

    def start(self, launch: Launch) -> str:
        """Note that the experiment may begin; a controller begins it."""
        record = self._jobs.store.get(launch.job_id)
        if record.resumes is not None:
            self._log.create(launch.job_id, self._log.charter(record.resumes))
            self._log.begin(launch.job_id, inherited(self._log, record.resumes, datetime.now(UTC)))
            return f"automl:{launch.job_id}"
        plan = Plan.from_document(record.plan)
        charter = settled_charter(
            self._charter(plan, record.retry), plan, launch.admitted, launch.config_path
        )
        self._log.create(launch.job_id, charter.document())
        if not self._log.read(launch.job_id):
            news: list[tuple[str, dict[str, object]]] = [("noted", {"text": note}) for note in charter.notes]
            if charter.settled:
                news.append(("settled", {"values": charter.settled}))
            self._log.append(launch.job_id, -1, [("created", {"plan_id": launch.plan_id}), *news])
        return f"automl:{launch.job_id}"

    def status(self, handle: Handle) -> NativeStatus:
        """Say how the experiment stands, by its events."""
        events = self._log.read(handle.job_id)
        if not events:
            return NativeStatus(JobState.UNKNOWN, "the experiment was never begun", found=False)
        stands = Experiment((), events)
        native = f"automl:{handle.job_id}"
        if stands.end is not None:
            body = stands.end.body
            state = JobState(body["state"])
            message, code = body["message"], 1 if state is JobState.ERROR else 0
            evidence = message if state is JobState.ERROR else None
            return NativeStatus(state, message, code, native_id=native, evidence=evidence)
        return NativeStatus(JobState.RUNNING, "searching", native_id=native)

    def logs(self, handle: Handle, follow: bool = False) -> Iterator[str]:
        """Yield the experiment's story, one line for each event, as a `Sentence` that each door says."""
        known, over = -1, False
        while True:
            for event in self._log.read(handle.job_id, known):
                known, over = event.n, over or event.kind == "ended"
                yield Sentence(f"{event.at.astimezone():%Y-%m-%d %H:%M:%S} {marked(told(event))}\n")
            if over or not follow:
                return
            time.sleep(0.5)

    def cancel(self, handle: Handle) -> None:
        """Stop all trials, and return when they have stopped; nothing of what they left is removed."""
        if not self._log.exists(handle.job_id):
            return
        if not self._log.read(handle.job_id):
            body = {"state": "CANCELED", "message": "canceled before it began", "best": None}
            self._log.append(handle.job_id, -1, [("created", {}), ("canceled", {}), ("ended", body)])
            return
        if self.status(handle).state.terminal:
            return
        self._log.add(handle.job_id, "canceled", {})
        controller.Controller(self._jobs, handle.job_id).run()

    def revive(self, handle: Handle) -> None:
        """Start a controller as a process of its own, unless one is at work or there is nothing to do."""
        events = self._log.read(handle.job_id)
        stands = Experiment((), events)
        idle = stands.paused is not None and not stands.running and not stands.canceled
        if not events or stands.end is not None or idle:
            return
        record = self._jobs.store.get(handle.job_id)
        platform = self._jobs.platform(Plan.from_document(record.plan).platform)
        lease = Lease(self._jobs.store.engine, handle.job_id, place_of(platform))
        if lease.holder() is None:
            start_controller(handle.job_id, Path(record.results_dir))


def start_controller(experiment: str, results_dir: Path) -> None:
    """Start a controller that outlives this process; of several one takes the lease, the others go."""
    folder = job_dir(results_dir)
    folder.mkdir(parents=True, exist_ok=True)
    detach("controller", [experiment], folder / "controller.log")


def told(event: Event) -> Sentence:
    """Return an event as a line of the experiment's log."""
    said = _SAID.get(event.kind)
    number = f"recommendation {event.body['number']}" if "number" in event.body else ""
    return said(number, event.body) if said is not None else Sentence(event.kind)


def _asked(number: str, body: Asked) -> Sentence:
    epochs = f", {body['epochs']} epochs" if body["epochs"] else ""
    onward = f", going on from {body['resume_from']}" if body["resume_from"] is not None else ""
    said = f"{epochs}{onward}: {_assigned(body['values'])}"
    if body.get("note"):
        return Sentence(f"{number} ({marked(body['note'])}){said}")
    return Sentence(f"{number}{said}")


def _told(number: str, body: Told) -> Sentence:
    figures, ended = _figures(body["scores"] or ()), f"{number} {body['state'].lower()}:"
    if not body["reason"]:
        return Sentence(f"{ended} {figures}")
    return Sentence(f"{ended} {figures}{': ' if figures else ''}{marked(body['reason'])}")


def _evaluated(number: str, body: Evaluated) -> Sentence:
    metrics = ", ".join(f"{name} {value:.6g}" for name, value in body["metrics"].items())
    return Sentence(f"the {body['what']} model: {metrics or marked(body.get('note', ''))}")


def _assigned(values: Mapping[str, object]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items())


def _figures(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.6g}" for value in values)


_SAID: Mapping[str, Callable[[str, Any], Sentence]] = {
    "asked": _asked,
    "settled": lambda number, body: Sentence(f"the program takes here: {_assigned(body['values'])}"),
    "launched": lambda number, body: Sentence(f"{number} runs as job {body['job']}"),
    "reported": lambda number, body: Sentence(
        f"{number} after epoch {body['epoch']}: {_figures(body['values'])}"
    ),
    "halted": lambda number, body: Sentence(f"{number} is stopped: {marked(body['reason'])}"),
    "told": _told,
    "evaluating": lambda number, body: Sentence(f"evaluating the {body['what']} model"),
    "evaluated": _evaluated,
    "exhausted": lambda number, body: Sentence(f"nothing more is started: {marked(body['reason'])}"),
    "extended": lambda number, body: Sentence(f"extended to {body['recommendations']} recommendations"),
    "cleaned": lambda number, body: Sentence(
        f"checkpoints removed of {', '.join(map(str, body['numbers']))}"
    ),
    "ended": lambda number, body: Sentence(f"{body['state'].lower()}: {marked(body['message'])}"),
    "noted": lambda number, body: Sentence(marked(body["text"])),
}
"""What each kind of event says of the recommendation that it is about."""
