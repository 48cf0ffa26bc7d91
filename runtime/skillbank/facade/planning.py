"""From a request to plans that can be looked at, kept and read back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.platforms.registry import get_platform
from skillbank.team.acting import who
from skillbank.team.person import EVERYBODY

if TYPE_CHECKING:
    from skillbank.bank.skill import Skill
    from skillbank.jobs.checks import Checks
    from skillbank.plan.model import Plan
    from skillbank.plan.request import Request
    from skillbank.storage.progress import Report

from skillbank.facade.arguments import one_plan
from skillbank.facade.finding import Finding
from skillbank.jobs.outbox import put
from skillbank.jobs.skill_facts import SkillFacts
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.bank import discovery
    from skillbank.facade import compiling
    from skillbank.jobs import checks, parents
    from skillbank.plan import sentence
    from skillbank.trust import standing

__all__ = ["Planning"]


class Planning(Finding):
    """Plans: compiled, checked on this machine, kept, and read back."""

    def plan(
        self, request: str | Request | Sequence[Request], *, leave_out: Sequence[str] = ()
    ) -> list[Plan]:
        """Compile a request, or a chain of them, into plans.

        In a chain each plan takes the nearest earlier one that leaves a model as its parent.

        Parameters
        ----------
        request
            Plain words, which are read as `read` does, or what they mean.
        leave_out
            Of plain words those that were not understood and count for nothing.

        Returns
        -------
        list of Plan
            One for each step, in order; what is open stands in ``questions`` and is no error.

        Raises
        ------
        SkillNotFoundError, ActionNotFoundError, SpecError, UsageError, JobNotFoundError, PlatformError
            One sentence naming the thing and the way out. A plug-in that breaks is a `PluginError`.
        ForbiddenError
            When who acts may not plan.
        """
        return compiling.plans_of(self, request, leave_out)

    def divided(
        self, step: Request, skill: Skill, chain: Sequence[Skill], *, elsewhere: bool = False
    ) -> tuple[Request, tuple[str, ...]]:
        """Name the data of a request by the part that each source takes; see `skillbank.plan.divided`.

        Label sets are named in their state; see `skillbank.jobs.set_files`.

        Parameters
        ----------
        chain
            The skills of all steps. Where one of their models is told in words what to find, the classes of
            label sets go by their captions in each step, so that what one model says another understands.
        elsewhere
            Whether places in a bucket are looked into as well, which a plan leaves to its launch.

        Raises
        ------
        DataNotFoundError
            When a place is not there for who acts.
        """
        return compiling.divided_step(self, step, skill, chain, elsewhere=elsewhere)

    def check(
        self,
        plan: Plan,
        *,
        remote: bool = False,
        earlier: Sequence[Plan] = (),
        report: Report | None = None,
    ) -> Checks:
        """Look on this machine for what a plan names; see `skillbank.jobs.checks.check`.

        Parameters
        ----------
        remote
            Whether S3, https and the model hub are asked as well, large files read and all pictures decoded.
        earlier
            Plans of the same chain that run before: what they are to write need not be there yet.
        report
            Told how far it is.

        Returns
        -------
        Checks
            What was seen; ``problems`` end a launch.
        """
        where = get_platform(one_plan(plan).platform)
        seen = checks.check(plan, platform=where, remote=remote, earlier=earlier, report=report)
        if any(parent.job for parent in plan.parents) and (
            lacking := parents.lacking_model(plan, self.jobs.store.get)
        ):
            seen = seen.model_copy(update={"problems": (*seen.problems, lacking)})
        found = self._standing_now(plan)
        if found.state == "own":
            return seen
        sentences = (found.sentence,) if found.sentence else ()
        return seen.model_copy(update={"trust": found.state, "notes": (*sentences, *seen.notes)})

    def _standing_now(self, plan: Plan) -> standing.Standing:
        """Return what holds for the bank that a plan was just made from, changed meanwhile or not."""
        if not plan.bank_path:
            return standing.Standing(plan.skill.bank, "own")
        known = (bank for bank in self.library.banks if str(bank.root) == plan.bank_path)
        return standing.standing(next(known, None) or discovery.Bank(Path(plan.bank_path), plan.skill.bank))

    def keep(self, plan: Plan) -> str:
        """Keep a plan in the store, where it can be approved and launched by its id; return the id."""
        plan = one_plan(plan)
        with self.reading:
            held = [s for s in self.library.skills if s.digested == plan.skill.digest]
        facts = SkillFacts.of(held[0]) if held else None
        folder = self._outbox()
        if self._jobs is None and folder is not None and who() == EVERYBODY:
            put(folder, plan, facts)
            return plan.plan_id
        return self.jobs.store.save_plan(plan, facts)

    def sentence(self, plans: Sequence[Plan]) -> str:
        """Return what a plan, or all plans of a chain, will do; see `skillbank.plan.sentence`.

        Raises
        ------
        SkillNotFoundError, StateError
            As `skill_of`.
        """

        def made_of(plan: Plan) -> tuple[Skill, str]:
            with self.reading:
                held = (s for s in self.library.skills if s.digested == plan.skill.digest)
                skill = next((s for s in held if s.bank == plan.skill.bank), None)
                found = self.skill_of(plan) if skill is None else skill
                # A bank that this runtime was not given, as that of a plan which is only approved here.
                alone = skill is None and not self.library.claims.of(found.name).skills
                return found, found.name if alone else self.library.said(found)

        return sentence.sentence(plans, made_of)
