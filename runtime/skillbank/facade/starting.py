"""From a plan to a job: what a person is asked before, the gate, and the launch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Unpack

from skillbank.errors import UsageError
from skillbank.platforms.registry import get_platform
from skillbank.ways import option

if TYPE_CHECKING:
    from skillbank.automl.review import Review
    from skillbank.jobs.data_digest import SeenData
    from skillbank.jobs.given import GivenApproval, How
    from skillbank.jobs.launch_terms import LaunchTerms
    from skillbank.jobs.record import JobRecord
    from skillbank.plan.model import Plan
    from skillbank.trust.standing import Standing

from skillbank.facade.arguments import ids_of, one_plan
from skillbank.facade.launch_question import launch_question
from skillbank.facade.planning import Planning
from skillbank.jobs.approval_subjects import check_terms, launch_terms, plan_subject, refuse_other_terms
from skillbank.jobs.approved_parents import beyond_plan
from skillbank.jobs.launch_terms import refuse_unused
from skillbank.jobs.record import RetryPolicy
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.automl import review
    from skillbank.jobs import chains, data_sets, seen_data

__all__ = ["Starting"]


class Starting(Planning):
    """Launches, and what is to be known before one."""

    def review(self, plan: Plan) -> Review:
        """Say what the search of a plan will do and cost; see `skillbank.automl.review.review`.

        Returns
        -------
        dict
            A document: algorithm, trials, epochs, and what they cost, as far as earlier trainings tell.

        Raises
        ------
        UsageError
            When its space or its settings do not allow the search.
        SkillNotFoundError, StateError
            When its skill is not here, or has changed since.
        """
        charter = self._charter(plan, RetryPolicy())
        charter.algorithm(plan)
        return review.review(plan, charter, self.jobs)

    def standing_of(self, plan: Plan) -> Standing:
        """Return whether anything of a plan's bank may run here, and why; see `skillbank.trust.standing`.

        Raises
        ------
        SkillNotFoundError, StateError
            As `skill_of`.
        """
        return self._standing(self.skill_of(plan))

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
        self,
        plan: Plan,
        terms: Mapping[str, str] | None = None,
        data: Sequence[SeenData] | None = None,
        parents: Sequence[str] = (),
    ) -> str:
        """Return what a person is asked before a plan starts; see `skillbank.facade.launch_question`.

        Parameters
        ----------
        terms
            What the launch asks for beyond the plan, see `skillbank.jobs.approval_subjects.launch_terms`.
        data
            As `data_of` gave it; looked at when not given.
        parents
            The jobs that stand for earlier plans of its chain, see `skillbank.jobs.approved_parents`.

        Raises
        ------
        SkillNotFoundError, StateError
            As `skill_of`.
        """
        seen = self.data_of(plan) if data is None else data
        where = get_platform(plan.platform)
        said = self.sentence([plan])
        made = data_sets.look_at(plan, whole=False).said
        return launch_question(plan, said, self.standing_of(plan), terms or {}, seen, where, made, parents)

    def data_of(self, plan: Plan, earlier: Sequence[Plan] = ()) -> tuple[SeenData, ...]:
        """Return what lies there now of the data that a plan reads; see `skillbank.jobs.seen_data`.

        Parameters
        ----------
        earlier
            Plans of the same chain that are to run before, beside those that it names and that have not run.
        """
        return seen_data.seen_data(plan, [*earlier, *chains.steps_before(self.jobs.store, plan)])

    def launch(
        self, plan: Plan, *, retries: int = 2, on_oom: str = "stop", **terms: Unpack[LaunchTerms]
    ) -> JobRecord:
        """Start a plan as a job and return without waiting; see `skillbank.jobs.service.Jobs.launch`.

        Whatever can be refused is refused before anything is recorded.

        Parameters
        ----------
        retries
            Attempts that may follow failures of the infrastructure.
        on_oom
            ``reduce-batch`` lets CUDA out of memory be followed by an attempt at half the batch; ``stop``.
        terms
            By name: ``parents`` (of a step of a chain, the jobs that ran the steps before it; those that did
            where nothing is said), ``idempotency_key``, ``checkpoint``, ``chain``, ``data``, ``resumes``,
            ``approval`` and ``report``; see `skillbank.jobs.launch_terms`. Without an approval the program
            that calls this answers for it, and the job's record says so.

        Raises
        ------
        QuestionsError, PlatformError, DataNotFoundError, DataError, ParentError, SpecError, UsageError
            When it cannot run.
        StateError
            When its skill has changed since the plan was made, or its data since it was approved.
        TrustError
            When nothing of its bank may run.
        NotApprovedError
            When an approval code is set, and the approval is not one with it; when it was given for other
            parents.
        ForbiddenError
            When who acts may not launch, or, without an approval, may not approve.
        """
        checkpoint = terms.get("checkpoint", "auto")
        self.jobs.permit(one_plan(plan).plan_id)
        given = terms.get("parents")
        if given is None:
            given = [*chains.earlier_runs(self.jobs.store, plan).values()]
        parents = ids_of(given)
        terms["parents"] = parents
        check_terms(checkpoint, retries, on_oom)
        refuse_unused(plan, terms)
        earlier = self.jobs.store.asked(terms.get("idempotency_key"))
        resumes = terms.get("resumes")
        asked = launch_terms(checkpoint=checkpoint, retries=retries, on_oom=on_oom, resumes=resumes)
        if earlier is not None and earlier.plan_id == plan.plan_id:
            refuse_other_terms(earlier, asked)
            return self.jobs.refresh(earlier.id)  # nothing starts, so nothing is asked of the skill
        batch_key = self._batch_key(plan) if on_oom == "reduce-batch" else None
        policy = RetryPolicy(infra=retries, batch_key=batch_key)
        if plan.route.name == "automl":
            # What the search space or the algorithm refuses is refused before anything is recorded.
            self._charter(plan, policy).algorithm(plan)
        if terms.get("approval") is None and not self.jobs.store.guard.hard:
            others = beyond_plan(plan, parents)
            terms["approval"] = self.approval_of(plan, "program", terms=asked, parents=others)
        return self.jobs.launch(plan, retry=policy, **terms)

    def approval_of(
        self,
        plan: Plan,
        how: How,
        by: str = "",
        terms: Mapping[str, str] | None = None,
        data: Sequence[SeenData] = (),
        code: str | None = None,
        parents: Sequence[str] = (),
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
        parents
            The jobs that stand for earlier plans of its chain, see `skillbank.jobs.approved_parents`.

        Raises
        ------
        NotApprovedError
            Where a code is set and this is not it.
        ForbiddenError
            When who acts may not approve.
        """
        subject = plan_subject(plan.plan_id, terms)
        return self.jobs.store.guard.give(subject, how, by, data, code, parents)

    def _batch_key(self, plan: Plan) -> str:
        skill = self.skill_of(plan)
        with self.reading:
            key = skill.shorthands(skill.action(plan.action, plan.variant)).get("batch_size")
        if key is None:
            raise UsageError(
                f"{plan.skill.name} does not say which key is its batch size (spec_shorthand_keys), so that "
                f"{option('on-oom', 'reduce-batch')} has nothing to reduce."
            )
        return key
