"""What a person may do to an experiment besides cancelling it: find, pause, resume, extend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from skillbank.automl.charter import Charter, objectives_of, settings_of
from skillbank.automl.events import EventLog
from skillbank.automl.experiment import Experiment
from skillbank.automl.search import Search
from skillbank.errors import NotFoundError, StateError, UsageError
from skillbank.jobs.data_digest import SeenData
from skillbank.jobs.given import GivenApproval
from skillbank.jobs.record import SEARCH, JobRecord
from skillbank.jobs.service import Jobs
from skillbank.plan.model import Plan
from skillbank.team import audit
from skillbank.ways import command, option

__all__ = ["extend", "find", "loaded", "paused", "resumed", "succeed", "summaries"]


def loaded(jobs: Jobs, record: JobRecord) -> Experiment:
    """Return an experiment as its events tell it."""
    events = EventLog(jobs.store.engine).read(record.id)
    return Experiment(objectives_of(Plan.from_document(record.plan)), events)


def find(jobs: Jobs, name: str) -> JobRecord:
    """Return an experiment by its id, a part of it, or ``last``."""
    if name == "last":
        newest = jobs.store.list(platform=SEARCH, limit=1)
        if not newest:
            raise NotFoundError(f"there is no experiment yet; start one with {command('run')}")
        return newest[0]
    record = jobs.store.get(name)
    if not record.searches:
        owner = f"; it is a trial of {record.experiment}" if record.experiment else ""
        raise NotFoundError(
            f"job {record.id} is not an experiment{owner}; {command('experiments')} lists them"
        )
    return record


def paused(jobs: Jobs, record: JobRecord) -> None:
    """Start no further trials; what runs, runs on. Pausing twice changes nothing."""
    log, stands = _open(jobs, record, "pause")
    if stands.paused is None:
        _tell(jobs, record, "pause")
        log.add(record.id, "paused", {})


def resumed(jobs: Jobs, record: JobRecord) -> None:
    """Go on after a pause; without one nothing changes."""
    log, stands = _open(jobs, record, "resume")
    if stands.paused is not None:
        _tell(jobs, record, "resume")
        log.add(record.id, "resumed", {})


def extend(jobs: Jobs, record: JobRecord, recommendations: int) -> None:
    """Let a search go on to so many recommendations in all.

    Raises
    ------
    UsageError
        When that is not more than before, or the algorithm cannot be extended from where it is.
    """
    log, stands = _open(jobs, record, "extend")
    plan = Plan.from_document(record.plan)
    before = stands.extended or settings_of(plan).max_recommendations
    if recommendations <= before:
        raise UsageError(f"experiment {record.id} has {before} recommendations; extend it to more than that.")
    charter = Charter.model_validate(log.charter(record.id))
    longer = partial(charter.algorithm, plan, recommendations)
    # Replayed with the longer budget before it is written down: not every algorithm can be extended.
    tried = Search(log, record.id, objectives_of(plan), lambda _: longer())
    if tried.broken is not None:
        name = settings_of(plan).algorithm
        raise UsageError(f"{name} cannot be extended from here ({tried.broken}); start a new search.")
    _tell(jobs, record, "extend")
    log.add(record.id, "extended", {"recommendations": recommendations})


def succeed(
    jobs: Jobs,
    record: JobRecord,
    plan: Plan,
    data: Sequence[SeenData] | None = None,
    approval: GivenApproval | None = None,
) -> JobRecord:
    """Launch the experiment that goes on from an ended one (see `skillbank.automl.succession`).

    Parameters
    ----------
    data
        What lay there when somebody approved this; the launch is held to it.
    approval
        How it was approved.
    """
    key = f"{record.id}/until/{settings_of(plan).max_recommendations}"
    n = 0
    while True:
        # Asked again, it is the same successor, unless whoever launched that one was killed on the way.
        found = jobs.launch(
            plan,
            parents=record.parents,
            checkpoint=record.checkpoint,
            retry=record.retry,
            succeeds=record.id,
            data=data,
            approval=approval,
            idempotency_key=f"{key}/{n}",
        )
        if found.failure is None or found.failure.name != "launcher_died":
            return found
        n += 1


def _open(jobs: Jobs, record: JobRecord, verb: str) -> tuple[EventLog, Experiment]:
    jobs.permit(record.id, verb)
    log = EventLog(jobs.store.engine)
    stands = Experiment((), log.read(record.id))
    if stands.end is not None or stands.canceled or record.state.terminal:
        raise StateError(
            f"experiment {record.id} has ended; {option('extend')} N goes on with its trials, and "
            f"{option('parent', record.id)} from its model"
        )
    return log, stands


def _tell(jobs: Jobs, record: JobRecord, verb: str) -> None:
    """Write into the audit log what is about to happen to an experiment."""
    with jobs.store.engine.begin() as db:
        audit.record(db, verb, record.id, project=record.project, plan_id=record.plan_id)


@dataclass(frozen=True)
class Summary:
    """How an experiment stands; ``best`` is the number of its best trial."""

    experiment: str
    skill: str
    created: str
    algorithm: str
    state: str
    recommendations: int
    ended: int
    running: int
    metric: str
    best: int | None
    score: float | None


def summaries(jobs: Jobs, limit: int) -> list[Summary]:
    """Return how the newest experiments stand; a look at one that runs sees to it that it goes on."""
    log = EventLog(jobs.store.engine)
    found: list[Summary] = []
    for record in jobs.store.list(platform=SEARCH, limit=limit):
        seen = jobs.look(record.id)
        plan = Plan.from_document(seen.plan)
        stands = Experiment(objectives_of(plan), log.read(seen.id))
        settings, best = settings_of(plan), stands.best
        found.append(
            Summary(
                experiment=seen.id,
                skill=seen.skill,
                created=seen.created.isoformat(),
                algorithm=settings.algorithm,
                state=seen.state.value if seen.state.terminal else stands.state,
                recommendations=stands.extended or settings.max_recommendations,
                ended=len(stands.done),
                running=len(stands.running),
                metric=stands.objectives[0].metric,
                best=best.number if best is not None else None,
                score=best.scores[0] if best is not None and best.scores else None,
            )
        )
    return found
