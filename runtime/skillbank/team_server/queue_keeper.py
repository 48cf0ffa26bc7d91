"""What a server process does for the queue: gives places, starts what got one, sees ends, weighs results.

All processes of a server do the same; the store lets each place be given once. Nothing is remembered here
that another process would need, so any of them may be killed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from skillbank.errors import SkillbankError, sentence_of
from skillbank.jobs.database import JOBS
from skillbank.jobs.queue import PLACED
from skillbank.jobs.service import Jobs
from skillbank.platforms.processes import describe_self
from skillbank.stored import asking
from skillbank.team.acting import acting_as
from skillbank.team.person import EVERYBODY

__all__ = ["QueueKeeper"]

_PAUSE = 0.5
_LOOK_SECONDS = 15.0
"""Between two looks of this process at a job that has a place, while others wait."""
_STARTS = 4
"""Jobs of a project that one process starts at the same time: most of a start is waiting for data."""
_MOST_STARTS = 32
"""Jobs of all projects that it does: whose data come slowly keeps no other project's jobs from starting."""
_UNSTARTED_SECONDS = 5.0
"""Between two looks for starts that nobody goes on with."""
_LOG = logging.getLogger("skillbank.server")
_ATTENDING_SECONDS = 5.0
_WEIGHED = 20
_WEIGHING_SECONDS = 5.0


class QueueKeeper:
    """Works in a thread from `start` to `stop`.

    Parameters
    ----------
    jobs
        Gives the jobs; asked in the thread.
    pause
        Seconds between two looks at the queue.
    """

    def __init__(self, jobs: Callable[[], Jobs], *, pause: float = _PAUSE) -> None:
        self._open, self._pause = jobs, pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queue", daemon=True)
        self._starts: dict[str, tuple[str, threading.Thread]] = {}
        self._sought = self._attended = 0.0
        self._looked: dict[str, float] = {}
        self._told: dict[str, str] = {}
        self._weighed, self._weighing = 0, 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Give no more places; a start that this process leaves undone is begun again by another one."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(self._pause):
            try:
                with acting_as(EVERYBODY, "queue"):
                    self.turn(self._open())
            except (SkillbankError, sa.exc.SQLAlchemyError, OSError):
                continue  # a store that is away comes back; nothing was begun that another turn does not find
            except Exception:  # whatever it is: without this thread nothing that waits would ever start
                _LOG.exception("a turn of the queue broke off; the next one follows")

    def turn(self, jobs: Jobs) -> None:
        """Do once what there is to do; what is started is started in threads."""
        self._attend(jobs)
        self._weigh(jobs)
        self._starts = {job: start for job, start in self._starts.items() if start[1].is_alive()}
        self._go_on(jobs)
        if jobs.store.queue.empty():
            self._looked.clear()
            return
        self._look(jobs)
        while not self._over.is_set() and len(self._starts) < _MOST_STARTS:
            starting = Counter(project for project, _ in self._starts.values())
            job = jobs.store.queue.take([each for each, count in starting.items() if count >= _STARTS])
            if job is None:
                return
            self._start(jobs, job, jobs.store.get(job).project)

    def _start(self, jobs: Jobs, job: str, project: str) -> None:
        # Nobody waits for these at the end of the process: data may take hours to come.
        start = threading.Thread(target=self._begin, args=(jobs, job), name=f"start {job}", daemon=True)
        start.start()
        self._starts[job] = project, start

    @staticmethod
    def _begin(jobs: Jobs, job: str) -> None:
        with acting_as(EVERYBODY, "queue"), suppress(SkillbankError, sa.exc.SQLAlchemyError, OSError):
            jobs.start_taken(job)

    def _attend(self, jobs: Jobs) -> None:
        """Let whoever waits know that places are given."""
        if time.monotonic() - self._attended >= _ATTENDING_SECONDS:
            self._attended = time.monotonic()
            jobs.store.queue.attend()

    def _go_on(self, jobs: Jobs) -> None:
        """Go on with starts that broke off: where a platform was out of reach, or with their process."""
        if time.monotonic() - self._sought < _UNSTARTED_SECONDS:
            return
        self._sought = time.monotonic()
        for job, project, launcher in jobs.store.queue.unstarted():
            with self._apart(job):
                if launcher != describe_self():
                    jobs.refresh(job)
                elif job not in self._starts and not self._over.is_set():
                    self._start(jobs, job, project)

    def _look(self, jobs: Jobs) -> None:
        """Look at the job with a place that nobody here has looked at for the longest: it may have ended."""
        with asking(jobs.store.engine) as db:
            placed = list(db.scalars(sa.select(JOBS.c.id).where(*PLACED)))
        now = time.monotonic()
        self._looked = {job: self._looked.get(job, 0.0) for job in placed}
        due = min(placed, key=lambda job: self._looked[job], default=None)
        if due is not None and now - self._looked[due] > _LOOK_SECONDS:
            self._looked[due] = now
            with self._apart(due):
                jobs.look(due)

    def _weigh(self, jobs: Jobs) -> None:
        """Count what the results of ended jobs hold, some at a time."""
        if time.monotonic() - self._weighing < _WEIGHING_SECONDS:
            return
        self._weighing = time.monotonic()
        found = jobs.store.unweighed(self._weighed, _WEIGHED)
        for number, job in found:
            self._weighed = number
            with self._apart(job):
                jobs.store.weigh(jobs.store.get(job))
        if len(found) < _WEIGHED:
            self._weighed = 0

    @contextmanager
    def _apart(self, job: str) -> Iterator[None]:
        """Let what is wrong with one job, as a record that cannot be read, be no other job's trouble."""
        try:
            yield
        except (SkillbankError, OSError, ValueError) as error:
            said = str(sentence_of(error))
            if self._told.get(job) != said:
                self._told[job] = said
                _LOG.warning("the queue passes job %s by: %s", job, said)
