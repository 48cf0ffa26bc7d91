"""What a runtime holds open: skills, their index, the store of jobs and label sets."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from skillbank.approval_code import Lock
from skillbank.environment import BANKS, READER
from skillbank.errors import UsageError
from skillbank.home import database_url, outbox
from skillbank.jobs.admission import Admitted
from skillbank.jobs.record import SEARCH
from skillbank.jobs.skill_facts import SkillFacts, search_schema, unchanged_skill
from skillbank.lazy_imports import lazy_imports
from skillbank.misfits import refuse_text
from skillbank.platforms.registry import get_platform
from skillbank.team.acting import acting_as, may
from skillbank.team.person import EVERYBODY
from skillbank.trust import origin
from skillbank.trust.gate import admit

with lazy_imports():
    from skillbank.automl import charter, platform
    from skillbank.facade import banks, installed_banks
    from skillbank.jobs import label_jobs, service, store
    from skillbank.sets import store as set_store
    from skillbank.team import audit
    from skillbank.trust import loading, standing

if TYPE_CHECKING:
    from skillbank.automl.charter import Charter
    from skillbank.bank.discovery import Bank, Library
    from skillbank.bank.search import SearchIndex
    from skillbank.bank.skill import Skill
    from skillbank.jobs.record import RetryPolicy
    from skillbank.jobs.service import Jobs
    from skillbank.plan.model import Plan
    from skillbank.platforms.base import Platform
    from skillbank.sources.kept import Installed
    from skillbank.team.rights import Right
    from skillbank.trust.standing import Standing


__all__ = ["Holdings"]

_ARRIVALS = 1.0
"""Seconds between two looks for what label jobs have found."""


class Holdings:
    """Skills, jobs and label sets of one user, opened at first use; see `skillbank.runtime.Runtime`."""

    def __init__(
        self,
        banks: Sequence[str | Path] = (),
        *,
        database_url: str | None = None,
        reader: str | None = None,
    ) -> None:
        self.reader = reader or READER.value or "rules"
        if self.reader not in ("rules", "llm"):
            raise UsageError(f"The reader '{self.reader}' must be rules or llm.")
        extra = [p for p in (BANKS.value or "").split(os.pathsep) if p]
        refuse_text(banks, "banks")
        self._banks = [Path(b) for b in (*banks, *extra)]
        self.reading = threading.RLock()
        self._database_url = database_url
        # What is changed later of the approval code opens nothing in this process.
        self.lock = Lock.read()
        self._library: Library | None = None
        self._index: SearchIndex | None = None
        self._jobs: Jobs | None = None
        self._opening = threading.Lock()
        self._taken: dict[str, int] = {}
        self._looked: float | None = None
        self._arriving = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the search index and the database; using the runtime again opens them anew."""
        with self.reading:
            if self._index is not None:
                self._index.close()
            self._index = None
        with self._opening:
            if self._jobs is not None:
                self._jobs.store.close()
            self._jobs = None

    @cached_property
    def _installed(self) -> tuple[tuple[Installed, ...], tuple[str, ...]]:
        return installed_banks.installed()

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each installed bank that cannot be used."""
        return self._installed[1]

    @property
    def library(self) -> Library:
        """The banks and their skills; who only looks after jobs needs none of it."""
        with self.reading:
            if self._library is None:
                self._library = self._opened()
            return self._library

    def _opened(self) -> Library:
        return banks.opened(self._banks, self._installed[0])

    @property
    def index(self) -> SearchIndex:
        """The search index over all skills."""
        with self.reading:
            if self._index is None:
                self._index = banks.index_of(self.library.skills)
            return self._index

    @property
    def jobs(self) -> Jobs:
        """Launching and looking after jobs; opening it opens the database."""
        # Not by `reading`, which is held for as long as a plan takes: nobody else's work waits for that.
        if (opened := self._jobs) is not None:
            return opened
        with self._opening:
            if self._jobs is None:
                held = store.JobStore(self._database_url or database_url(), self._outbox(), self.lock)
                self._jobs = service.Jobs(held, platforms=self._platform, gate=self._admit)
            return self._jobs

    @property
    def sets(self) -> set_store.SetStore:
        """Label sets, in the database of the jobs; opening it opens the database.

        What label jobs have found meanwhile comes into their sets before, once in a while.
        """
        store = self.jobs.store
        if self._arriving.acquire(blocking=False):  # whoever comes meanwhile need not wait for it
            try:
                if self._looked is None or time.monotonic() - self._looked > _ARRIVALS:
                    # Into the sets of every project, whoever it is that looks.
                    with acting_as(EVERYBODY, "arrivals"):
                        label_jobs.take_in_all(
                            store, self._taken, math.inf if self._looked is None else _ARRIVALS
                        )
                    self._looked = time.monotonic()
            finally:
                self._arriving.release()
        return set_store.SetStore(store.engine)

    def permit(self, right: Right, verb: str, thing: str = "") -> None:
        """Go on only when who acts has a right; see `skillbank.team.audit.permit`.

        Raises
        ------
        ForbiddenError
        """
        if not may(right):
            audit.permit(lambda: self.jobs.store.engine, right, verb, thing)

    def _platform(self, name: str) -> Platform:
        """Return a platform by name; experiments live on one of their own."""
        if name != SEARCH:
            return get_platform(name)

        return platform.ExperimentPlatform(self.jobs, self._charter)

    def _charter(self, plan: Plan, retry: RetryPolicy) -> Charter:
        """Return what an experiment of a plan needs, as the plan holds it, with the schema that it means."""
        return charter.make_charter(plan, search_schema(plan, self.skill_of(plan)), retry)

    def skill_of(self, plan: Plan) -> Skill:
        """Return the skill that a plan was made of, unchanged since.

        Raises
        ------
        SkillNotFoundError
            When it is not here.
        StateError
            When it has changed; the sentence names the files.
        """

        def kept(digest: str) -> SkillFacts | None:
            return self.jobs.store.skill(digest, plan.plan_id)

        with self.reading:
            return unchanged_skill(plan, self.library, kept)

    def bank_of(self, skill: Skill) -> Bank:
        """Return the bank that a skill lies in, also one that this runtime was not given."""
        return origin.bank_of(skill, self.library.banks)

    def _admit(self, plan: Plan) -> Admitted:
        skill = self.skill_of(plan)
        root = self.bank_of(skill).root
        given = admit(plan, skill.digest, self._standing(skill), root, signer=loading.signer_of(skill) or "")
        return Admitted(given, SkillFacts.of(skill))

    def _standing(self, skill: Skill) -> Standing:
        return standing.standing(self.bank_of(skill))

    def _outbox(self) -> Path | None:
        """Return where plans wait for the database in the home; None where another database is used."""
        return None if self._database_url else outbox()
