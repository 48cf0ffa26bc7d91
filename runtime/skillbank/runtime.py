"""The one facade: every door (command line, agents, Python) calls this object and gets the same plans."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillbank.approval_code import Lock
from skillbank.bank.discovery import Bank, Library
from skillbank.bank.mentions import named_in
from skillbank.bank.names import shown
from skillbank.bank.search import Hit, SearchIndex
from skillbank.bank.vouching import vouch_with
from skillbank.errors import ActionNotFoundError, JobNotFoundError, UsageError
from skillbank.plan.datasets import bindings
from skillbank.plan.divided import divided
from skillbank.plan.draft import Parent
from skillbank.plan.model import Plan
from skillbank.plan.naming import resolve
from skillbank.plan.planner import compile_plan
from skillbank.plan.reader.reading import Reading, read_text
from skillbank.plan.request import Request
from skillbank.plan.set_places import set_place
from skillbank.platforms import chosen_platform, get_platform
from skillbank.sources.kept import fetched_from, installed_banks
from skillbank.trust.loading import signer_of, vouched_files
from skillbank.trust.origin import ask_signers, ask_sources, bank_of, origin_of
from skillbank.visible import one_line

if TYPE_CHECKING:
    from skillbank.automl.charter import Charter
    from skillbank.bank.skill import Skill
    from skillbank.jobs.admission import Admitted
    from skillbank.jobs.checks import Checks
    from skillbank.jobs.data_digest import SeenData
    from skillbank.jobs.given import GivenApproval, How
    from skillbank.jobs.record import JobRecord, RetryPolicy
    from skillbank.jobs.service import Jobs
    from skillbank.jobs.skill_facts import SkillFacts
    from skillbank.platforms.base import Platform
    from skillbank.sets.store import SetStore
    from skillbank.storage.progress import Report
    from skillbank.trust.standing import Standing

_ARRIVALS = 1.0
"""Seconds between two looks for what label jobs have found."""


class Runtime:
    """Skills, plans and jobs of one user, for any number of threads.

    Skills are read when they are needed and kept; whoever reads them without the methods of this class
    (``runtime.library``) does so ``with runtime.reading``, as these methods do.

    Parameters
    ----------
    banks
        Folders of skills, beside the bank that comes with skillbank and the installed ones.
    database_url
        SQLAlchemy URL of the job store; by default SKILLBANK_DATABASE_URL or a file in the home.
    reader
        Who reads plain language: ``rules`` or ``llm``; by default SKILLBANK_READER, else the rules.

    Attributes
    ----------
    notes
        A sentence for each installed bank that cannot be used.

    Examples
    --------
    >>> with Runtime() as runtime:
    ...     [plan] = runtime.plan("train Grounding DINO on s3://bucket/data, no HPO")
    >>> plan.route.name
    'direct'
    """

    def __init__(
        self,
        banks: Sequence[str | Path] = (),
        *,
        database_url: str | None = None,
        reader: str | None = None,
    ) -> None:
        self.reader = reader or os.environ.get("SKILLBANK_READER") or "rules"
        if self.reader not in ("rules", "llm"):
            raise UsageError(f"The reader '{self.reader}' must be rules or llm.")
        extra = [p for p in os.environ.get("SKILLBANK_BANKS", "").split(os.pathsep) if p]
        vouch_with(vouched_files)
        ask_signers(signer_of)
        ask_sources(fetched_from)
        installed, self.notes = installed_banks()
        self.library = Library(
            [Path(b) for b in (*banks, *extra)],
            named=[(bank.name, bank.folder) for bank in installed],
            ahead=[bank.folder for bank in installed if bank.entry.before_own],
        )
        self.reading = threading.RLock()
        self._database_url = database_url
        # What is changed later of the approval code opens nothing in this process.
        self.lock = Lock.read()
        self._index: SearchIndex | None = None
        self._jobs: Jobs | None = None
        self._taken: dict[str, int] = {}
        self._looked: float | None = None
        self._arriving = threading.Lock()

    def __enter__(self) -> Runtime:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the search index and the database; using the runtime again opens them anew."""
        with self.reading:
            if self._index is not None:
                self._index.close()
            if self._jobs is not None:
                self._jobs.store.close()
            self._index = self._jobs = None

    @property
    def index(self) -> SearchIndex:
        """The search index over all skills."""
        with self.reading:
            if self._index is None:
                self._index = SearchIndex(self.library.skills)
            return self._index

    @property
    def jobs(self) -> Jobs:
        """Launching and looking after jobs; opening it opens the database."""
        with self.reading:
            if self._jobs is None:
                from skillbank.home import database_url
                from skillbank.jobs.service import Jobs
                from skillbank.jobs.store import JobStore

                store = JobStore(self._database_url or database_url(), self._outbox(), self.lock)
                self._jobs = Jobs(store, platforms=self._platform, gate=self._admit)
            return self._jobs

    @property
    def sets(self) -> SetStore:
        """Label sets, in the database of the jobs; opening it opens the database.

        What label jobs have found meanwhile comes into their sets before, once in a while.
        """
        from skillbank.jobs.label_jobs import take_in_all
        from skillbank.sets.store import SetStore

        store = self.jobs.store
        if self._arriving.acquire(blocking=False):  # whoever comes meanwhile need not wait for it
            try:
                if self._looked is None or time.monotonic() - self._looked > _ARRIVALS:
                    take_in_all(store, self._taken, math.inf if self._looked is None else _ARRIVALS)
                    self._looked = time.monotonic()
            finally:
                self._arriving.release()
        return SetStore(store.engine)

    def _platform(self, name: str) -> Platform:
        """Return a platform by name; experiments live on one of their own."""
        from skillbank.jobs.record import SEARCH

        if name != SEARCH:
            return get_platform(name)
        from skillbank.automl.platform import ExperimentPlatform

        return ExperimentPlatform(self.jobs, self._charter)

    def _charter(self, plan: Plan, retry: RetryPolicy) -> Charter:
        """Return what an experiment of a plan needs, as the plan holds it, with the schema that it means."""
        from skillbank.automl.charter import make_charter
        from skillbank.jobs.skill_facts import search_schema

        return make_charter(plan, search_schema(plan, self.skill_of(plan)), retry)

    def review(self, plan: Plan) -> dict[str, Any]:
        """Say what the search of a plan will do and cost; see `skillbank.automl.review.review`.

        Raises
        ------
        UsageError
            When its space or its settings do not allow the search.
        SkillNotFoundError, StateError
            When its skill is not here, or has changed since.
        """
        from skillbank.automl.review import review
        from skillbank.jobs.record import RetryPolicy

        charter = self._charter(plan, RetryPolicy())
        charter.algorithm(plan)
        return review(plan, charter, self.jobs)

    def search(self, query: str, limit: int = 10) -> list[Hit]:
        """Return the skills that share a word with a query, the best first; empty when none does.

        The skill that the query names comes before all others, and is a strong hit. What is weak
        (``not hit.strong``) shares words with the query and may have nothing to do with it.
        """
        with self.reading:
            hits = self.index.search(query, limit)
            best = max((hit.score for hit in hits), default=1.0)
            named = {s.root: Hit(s, best, 1, 1) for s in named_in(query, self.library)}
            found = [*named.values(), *(hit for hit in hits if hit.skill.root not in named)]
            # What its own bank no longer wants used comes last, whatever words it shares.
            return sorted(found, key=lambda hit: bool(hit.skill.frontmatter.lifecycle.deprecated))[:limit]

    def search_note(self, query: str) -> str:
        """Return what was read into a query and what else claims the name in it; empty where nothing was."""
        with self.reading:
            read = [
                f"'{one_line(said, 40)}' was read as '{shown(word)}'"
                for said, word in self.index.corrections(query).items()
            ]
            named = self.library.claims.of(query)
            return "; ".join([*([] if named.skills else read), *filter(None, [named.note])])

    def read(self, text: str, skill: str | None = None) -> Reading:
        """Read a plain-language request; see `skillbank.plan.reader.reading.read_text`.

        Parameters
        ----------
        skill
            The skill that is meant, whatever the words call it.

        With the reader ``llm`` a language model reads it, see `skillbank.agent.reading.read_with_model`.
        """

        def by_rules() -> Reading:
            with self.reading:
                meant = self.library.get(skill) if skill is not None else None
                return read_text(
                    text,
                    self.library,
                    self.index,
                    job_skill=self._job_skill,
                    skill=meant,
                    set_names=self._set_names,
                )

        if self.reader == "rules":
            return by_rules()
        from skillbank.agent.reading import read_with_model

        return read_with_model(text, self, by_rules, skill)

    def _set_names(self) -> tuple[str, ...]:
        return self.sets.names()

    def _job_skill(self, job: str) -> str | None:
        try:
            ran = self.jobs.store.get(job)
        except JobNotFoundError:
            return None
        bank = ran.plan.get("skill", {}).get("bank")
        return f"{bank}:{ran.skill}" if bank else ran.skill

    def plan(self, request: str | Request | Sequence[Request]) -> list[Plan]:
        """Compile a request, or a chain of them, into plans.

        In a chain each plan takes the nearest earlier one that leaves a model as its parent.

        Raises
        ------
        SkillNotFoundError, ActionNotFoundError, SpecError, UsageError, JobNotFoundError, PlatformError
            One sentence naming the thing and the way out.
        """
        if isinstance(request, str):
            chain: Sequence[Request] = self.read(request).requests
        else:
            chain = [request] if isinstance(request, Request) else request
        plans: list[Plan] = []
        platforms = [chosen_platform(step.platform) for step in chain]
        for step, platform in zip(chain, platforms, strict=True):
            with self.reading:
                note = self.library.find(step.skill).note
                if note and note not in step.notes:
                    step = step.model_copy(update={"notes": (*step.notes, note)})
                skill = self.library.current(step.skill)
                step = resolve(step, skill, partial(self._job_named, skill=skill))
                step, said = self.divided(step, skill)
                step = step.model_copy(update={"notes": (*step.notes, *said)})
            if step.parent is None:
                parent = Parent.before(plans, skill.name, skill.bank, step.action)
            else:
                parent, note = self._parent(step.parent, skill)
                step = step.model_copy(update={"notes": (*step.notes, note)}) if note else step
            if step.image is None and (image := os.environ.get("SKILLBANK_IMAGE")):
                step = step.model_copy(update={"image": image, "image_source": "SKILLBANK_IMAGE"})
            with self.reading:
                origin = origin_of(skill, bank_of(skill, self.library.banks))
                plans.append(compile_plan(skill, step, platform, parent, origin))
        return plans

    def divided(
        self, step: Request, skill: Skill, *, elsewhere: bool = False
    ) -> tuple[Request, tuple[str, ...]]:
        """Name the data of a request by the part that each source takes; see `skillbank.plan.divided`.

        Label sets are named in their state; see `skillbank.jobs.set_files`.

        Parameters
        ----------
        elsewhere
            Whether places in a bucket are looked into as well, which a plan leaves to its launch.
        """

        def splits_at(uri: str, form: str) -> Sequence[str]:
            from skillbank.jobs.data_elsewhere import splits_at  # slow to import, and seldom needed

            return splits_at(uri, form, elsewhere=elsewhere)

        try:
            action = skill.action(step.action, step.variant)
        except ActionNotFoundError:
            return step, ()  # the planner says it
        rows = bindings(skill, action, skill.template(action)[0])[0]
        said: tuple[str, ...] = ()
        if any(set_place(location.uri) for location in step.data):
            from skillbank.jobs.set_files import with_sets

            step, said = with_sets(step, {row.source for row in rows}, lambda: self.sets)
        step, more = divided(step, rows, splits_at)
        return step, (*said, *more)

    def _parent(self, job: str, skill: Skill) -> tuple[Parent, str]:
        from skillbank.jobs.parents import other_maker, planned_parent

        store = self.jobs.store
        record = store.get(job, skill=skill.name, bank=skill.bank)
        return planned_parent(record, store.get), other_maker(record, skill)

    def _job_named(self, text: str, *, skill: Skill) -> str | None:
        try:
            return self.jobs.store.get(text, skill=skill.name, bank=skill.bank).id
        except JobNotFoundError:
            if text.startswith("last:"):  # nothing else is called so
                raise
            return None

    def check(
        self,
        plan: Plan,
        *,
        remote: bool = False,
        earlier: Sequence[Plan] = (),
        report: Report | None = None,
    ) -> Checks:
        """Look on this machine for what a plan names; see `skillbank.jobs.checks.check`."""
        from skillbank.jobs.checks import check
        from skillbank.jobs.parents import lacking_model

        where = get_platform(plan.platform)
        seen = check(plan, platform=where, remote=remote, earlier=earlier, report=report)
        if any(parent.job for parent in plan.parents) and (
            lacking := lacking_model(plan, self.jobs.store.get)
        ):
            seen = seen.model_copy(update={"problems": (*seen.problems, lacking)})
        found = self._standing_now(plan)
        if found.state == "own":
            return seen
        sentences = (found.sentence,) if found.sentence else ()
        return seen.model_copy(update={"trust": found.state, "notes": (*sentences, *seen.notes)})

    def _standing_now(self, plan: Plan) -> Standing:
        """Return what holds for the bank that a plan was just made from, changed meanwhile or not."""
        from skillbank.bank.discovery import Bank
        from skillbank.trust.standing import Standing, standing

        if not plan.bank_path:
            return Standing(plan.skill.bank, "own")
        known = (bank for bank in self.library.banks if str(bank.root) == plan.bank_path)
        return standing(next(known, None) or Bank(Path(plan.bank_path), plan.skill.bank))

    def trust_of(self, skill: Skill, *, signer: bool = True) -> dict[str, str]:
        """Return how the bank of a skill stands and who signed the skill, as a document; for showing only.

        Parameters
        ----------
        signer
            Whether the skill's signature is looked at, which takes time for many skills.
        """
        from skillbank.trust.origin import signer_of
        from skillbank.trust.standing import glance

        who = signer_of(skill) if signer else None
        state = glance(bank_of(skill, self.library.banks)).state
        return {"state": state} | ({"signer": one_line(who)} if who else {})

    def keep(self, plan: Plan) -> str:
        """Keep a plan in the store, where it can be approved and launched by its id; return the id."""
        from skillbank.jobs.skill_facts import SkillFacts

        with self.reading:
            held = [s for s in self.library.skills if s.digested == plan.skill.digest]
        facts = SkillFacts.of(held[0]) if held else None
        folder = self._outbox()
        if self._jobs is None and folder is not None:
            from skillbank.jobs.outbox import put

            put(folder, plan, facts)
            return plan.plan_id
        if facts is not None:
            self.jobs.store.save_skill(facts)
        return self.jobs.store.save_plan(plan)

    def _outbox(self) -> Path | None:
        """Return where plans wait for the database in the home; None where another database is used."""
        from skillbank.home import outbox

        return None if self._database_url else outbox()

    def skill_of(self, plan: Plan) -> Skill:
        """Return the skill that a plan was made of, unchanged since.

        Raises
        ------
        SkillNotFoundError
            When it is not here.
        StateError
            When it has changed; the sentence names the files.
        """
        from skillbank.jobs.skill_facts import unchanged_skill

        def kept(digest: str) -> SkillFacts | None:
            return self.jobs.store.skill(digest, plan.plan_id)

        with self.reading:
            return unchanged_skill(plan, self.library, kept)

    def sentence(self, plans: Sequence[Plan]) -> str:
        """Return what a plan, or all plans of a chain, will do; see `skillbank.plan.sentence`.

        Raises
        ------
        SkillNotFoundError, StateError
            As `skill_of`.
        """
        from skillbank.plan.sentence import sentence

        def made_of(plan: Plan) -> tuple[Skill, str]:
            with self.reading:
                held = (s for s in self.library.skills if s.digested == plan.skill.digest)
                skill = next((s for s in held if s.bank == plan.skill.bank), None)
                found = self.skill_of(plan) if skill is None else skill
                # A bank that this runtime was not given, as that of a plan which is only approved here.
                alone = skill is None and not self.library.claims.of(found.name).skills
                return found, found.name if alone else self.library.said(found)

        return sentence(plans, made_of)

    def standing_of(self, plan: Plan) -> Standing:
        """Return whether anything of a plan's bank may run here, and why; see `skillbank.trust.standing`.

        Raises
        ------
        SkillNotFoundError, StateError
            As `skill_of`.
        """
        return self._standing(self.skill_of(plan))

    def _standing(self, skill: Skill) -> Standing:
        from skillbank.trust.standing import standing

        return standing(self.bank_of(skill))

    def bank_of(self, skill: Skill) -> Bank:
        """Return the bank that a skill lies in, also one that this runtime was not given."""
        return bank_of(skill, self.library.banks)

    def refuse_at_gate(self, plans: Sequence[Plan]) -> None:
        """Raise what the gate would say to one of these plans, before anybody is asked about it.

        Raises
        ------
        QuestionsError, TrustError
            See `skillbank.trust.gate.admit`.
        SkillNotFoundError, StateError
            As `skill_of`.
        """
        for plan in plans:
            self._admit(plan)

    def question(
        self, plan: Plan, terms: Mapping[str, str] | None = None, data: Sequence[SeenData] | None = None
    ) -> str:
        """Return what a person is asked before a plan starts; see `skillbank.launch_question`.

        Parameters
        ----------
        data
            As `data_of` gave it; looked at when not given.
        """
        from skillbank.jobs.data_sets import look_at
        from skillbank.launch_question import launch_question

        seen = self.data_of(plan) if data is None else data
        where = get_platform(plan.platform)
        said = self.sentence([plan])
        made = look_at(plan, whole=False).said
        return launch_question(plan, said, self.standing_of(plan), terms or {}, seen, where, made)

    def data_of(self, plan: Plan, earlier: Sequence[Plan] = ()) -> tuple[SeenData, ...]:
        """Return what lies there now of the data that a plan reads; see `skillbank.jobs.seen_data`.

        Parameters
        ----------
        earlier
            Plans of the same chain that are to run before, beside those that it names and that have not run.
        """
        from skillbank.jobs.chains import steps_before
        from skillbank.jobs.seen_data import seen_data

        return seen_data(plan, [*earlier, *steps_before(self.jobs.store, plan)])

    def _admit(self, plan: Plan) -> Admitted:
        from skillbank.jobs.admission import Admitted
        from skillbank.jobs.skill_facts import SkillFacts
        from skillbank.trust.gate import admit

        skill = self.skill_of(plan)
        root = self.bank_of(skill).root
        given = admit(plan, skill.digest, self._standing(skill), root, signer=signer_of(skill) or "")
        return Admitted(given, SkillFacts.of(skill))

    def launch(
        self,
        plan: Plan,
        *,
        parents: Sequence[str] = (),
        idempotency_key: str | None = None,
        checkpoint: str = "auto",
        retries: int = 2,
        on_oom: str = "stop",
        chain: Sequence[str] = (),
        data: Sequence[SeenData] | None = None,
        approval: GivenApproval | None = None,
        report: Report | None = None,
    ) -> JobRecord:
        """Start a plan as a job; see `skillbank.jobs.service.Jobs.launch`.

        Parameters
        ----------
        retries
            Attempts that may follow failures of the infrastructure.
        on_oom
            ``reduce-batch`` lets CUDA out of memory be followed by an attempt at half the batch; ``stop``.
        data
            What lay there when somebody approved this, as `data_of` gave it; the launch is held to it.
        approval
            How it was approved, as `approval_of` gave it; without one the program that calls this answers
            for it, and the job's record says so.
        """
        from skillbank.jobs.approval_subjects import check_terms
        from skillbank.jobs.record import RetryPolicy

        check_terms(checkpoint, retries, on_oom)
        earlier = self.jobs.store.by_key(idempotency_key)
        if earlier is not None and earlier.plan_id == plan.plan_id:
            return self.jobs.refresh(earlier.id)  # nothing starts, so nothing is asked of the skill
        batch_key = self._batch_key(plan) if on_oom == "reduce-batch" else None
        policy = RetryPolicy(infra=retries, batch_key=batch_key)
        if plan.route.name == "automl":
            # What the search space or the algorithm refuses is refused before anything is recorded.
            self._charter(plan, policy).algorithm(plan)
        if approval is None and not self.jobs.store.guard.hard:
            approval = self.approval_of(plan, "program")
        return self.jobs.launch(
            plan,
            parents=parents,
            idempotency_key=idempotency_key,
            checkpoint=checkpoint,
            retry=policy,
            chain=chain,
            data=data,
            approval=approval,
            report=report,
        )

    def approval_of(
        self,
        plan: Plan,
        how: How,
        by: str = "",
        terms: Mapping[str, str] | None = None,
        data: Sequence[SeenData] = (),
        code: str | None = None,
    ) -> GivenApproval:
        """Return an approval of one launch of a plan, for `launch`.

        Parameters
        ----------
        how, by
            How it was given, and by whom.
        terms
            What the launch asks for beyond the plan, see `skillbank.jobs.approval_subjects.launch_terms`.
        data
            As `data_of` gave it; the launch takes the same.
        code
            The approval code, where one is set.

        Raises
        ------
        NotApprovedError
            Where a code is set and this is not it.
        """
        from skillbank.jobs.approval_subjects import plan_subject

        subject = plan_subject(plan.plan_id, terms)
        return self.jobs.store.guard.give(subject, how, by, data, code)

    def _batch_key(self, plan: Plan) -> str:
        skill = self.skill_of(plan)
        with self.reading:
            key = skill.shorthands(skill.action(plan.action, plan.variant)).get("batch_size")
        if key is None:
            raise UsageError(
                f"{plan.skill.name} does not say which key is its batch size (spec_shorthand_keys), so that "
                "--on-oom reduce-batch has nothing to reduce."
            )
        return key
