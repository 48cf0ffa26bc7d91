"""What Prometheus reads: requests, how long they took, jobs by state, and what waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from skillbank.environment import foreign
from skillbank.jobs.database import JOBS, QUESTIONS
from skillbank.jobs.queue import PLACED, WAITING
from skillbank.jobs.record import JobState
from skillbank.team.tables import SHARES

__all__ = ["CONTENT_TYPE", "FOLDER", "Metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which several processes count together; set before this module is imported."""
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600)


class Metrics:
    """The counters of a server."""

    def __init__(self, engine: Callable[[], sa.Engine]) -> None:
        mine = CollectorRegistry()
        self._requests = Counter(
            "skillbank_requests", "Requests answered.", ["method", "route", "status"], registry=mine
        )
        self._seconds = Histogram(
            "skillbank_request_seconds",
            "Until an answer has ended.",
            ["route"],
            buckets=_SECONDS,
            registry=mine,
        )
        self._detections = Counter("skillbank_detections", "Pictures that a model looked at.", registry=mine)
        self._wrong = Counter(
            "skillbank_wrong_tokens", "Tokens that opened nothing.", ["answer"], registry=mine
        )
        self._registry = mine
        self._store = _Store(engine)
        if foreign(FOLDER) is None:
            mine.register(self._store)

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if status == 200 and (route == "/detect" or route.endswith("/find")):
            self._detections.inc()

    def note_wrong_token(self, limited: bool) -> None:
        """Count a token that opened nothing; ``limited`` when its sender was told to wait."""
        self._wrong.labels("wait" if limited else "refused").inc()

    def text(self) -> bytes:
        """Return all of it in the text format, of all processes of this server."""
        if foreign(FOLDER) is None:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        together.register(self._store)
        return generate_latest(together)


_GAUGES = {
    "skillbank_jobs": ("Jobs by state.", ["state"]),
    "skillbank_questions_waiting": ("Questions that wait for a person.", []),
    "skillbank_jobs_running": ("Jobs of a project that have a place.", ["project"]),
    "skillbank_jobs_waiting": ("Jobs of a project that wait for a place.", ["project"]),
    "skillbank_quota_refusals": ("What quotas have refused to a project, in all.", ["project"]),
}


class _Store(Collector):
    """What is counted in the store, whoever's it is."""

    def __init__(self, engine: Callable[[], sa.Engine]) -> None:
        self._engine = engine

    def describe(self) -> Iterator[Metric]:
        """Say what there will be, without asking the store."""
        for name, (told, labels) in _GAUGES.items():
            yield GaugeMetricFamily(name, told, labels=labels)

    def collect(self) -> Iterator[Metric]:
        """Count."""
        gauges = {n: GaugeMetricFamily(n, told, labels=labels) for n, (told, labels) in _GAUGES.items()}
        with self._engine().connect() as db:
            by_state = sa.select(JOBS.c.state, sa.func.count()).group_by(JOBS.c.state)
            counted = {str(state): int(number) for state, number in db.execute(by_state)}
            open_ones = sa.select(sa.func.count()).where(QUESTIONS.c.answered.is_(None))
            gauges["skillbank_questions_waiting"].add_metric([], float(db.scalar(open_ones) or 0))
            for name, which in (("skillbank_jobs_running", PLACED), ("skillbank_jobs_waiting", WAITING)):
                of_project = sa.select(JOBS.c.project, sa.func.count()).where(*which)
                for project, number in db.execute(of_project.group_by(JOBS.c.project)):
                    gauges[name].add_metric([project], float(number))
            refused = sa.select(SHARES.c.project, sa.func.sum(SHARES.c.refused)).group_by(SHARES.c.project)
            for project, number in db.execute(refused):
                gauges["skillbank_quota_refusals"].add_metric([project], float(number))
        for state in JobState:
            gauges["skillbank_jobs"].add_metric([state.value], float(counted.get(state.value, 0)))
        yield from gauges.values()
