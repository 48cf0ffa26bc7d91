"""From a request to plans that can be looked at, kept and read back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.environment import IMAGE
from skillbank.errors import ActionNotFoundError, JobNotFoundError
from skillbank.plan.set_places import set_place
from skillbank.platforms import chosen_platform, get_platform
from skillbank.team.acting import who
from skillbank.team.person import EVERYBODY
from skillbank.team.rights import Right

if TYPE_CHECKING:
    from skillbank.bank.skill import Skill
    from skillbank.jobs.checks import Checks
    from skillbank.plan.draft import Parent
    from skillbank.plan.model import Plan
    from skillbank.plan.request import Request
    from skillbank.storage.progress import Report
    from skillbank.trust.standing import Standing

from skillbank.facade.finding import Finding

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
        from skillbank.plan.allowed import refuse_hidden_places_of
        from skillbank.plan.draft import Parent
        from skillbank.plan.naming import resolve
        from skillbank.plan.planner import compile_plan
        from skillbank.plan.request import Request
        from skillbank.trust.origin import origin_of

        self.permit(Right.PLAN, "plan")
        if isinstance(request, str):
            reading = self.read(request)
            chain: Sequence[Request] = (reading.leaving_out(leave_out) if leave_out else reading).requests
        else:
            chain = [request] if isinstance(request, Request) else request
        plans: list[Plan] = []
        platforms = [chosen_platform(step.platform) for step in chain]
        with self.reading:
            skills = [self.library.find(step.skill).skill for step in chain]
        for step, platform in zip(chain, platforms, strict=True):
            with self.reading:
                note = self.library.find(step.skill).note
                if note and note not in step.notes:
                    step = step.model_copy(update={"notes": (*step.notes, note)})
                skill = self.library.current(step.skill)
                step = resolve(step, skill, partial(self._job_named, skill=skill))
                step, said = self.divided(step, skill, skills)
                step = step.model_copy(update={"notes": (*step.notes, *said)})
            if step.parent is None:
                parent = Parent.before(plans, skill.name, skill.bank, step.action)
            else:
                parent, note = self._parent(step.parent, skill)
                step = step.model_copy(update={"notes": (*step.notes, note)}) if note else step
            if step.image is None and (image := IMAGE.value):
                step = step.model_copy(update={"image": image, "image_source": IMAGE.name})
            with self.reading:
                origin = origin_of(skill, self.bank_of(skill))
                plans.append(compile_plan(skill, step, platform, parent, origin))
                refuse_hidden_places_of(plans[-1])
        return plans

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
        from skillbank.datasets.parts import may_be_there
        from skillbank.plan.allowed import refuse_hidden_places_of_request
        from skillbank.plan.datasets import bindings
        from skillbank.plan.divided import divided, local_place

        refuse_hidden_places_of_request(step)

        def splits_at(uri: str, form: str) -> Sequence[str]:
            place = local_place(uri)
            if may_be_there(place) if place is not None else elsewhere:
                return _splits_at(uri, form, elsewhere)
            return ()

        try:
            action = skill.action(step.action, step.variant)
        except ActionNotFoundError:
            return step, ()  # the planner says it
        rows = bindings(skill, action, skill.template(action)[0])[0]
        said: tuple[str, ...] = ()
        if any(set_place(location.uri) for location in step.data):
            from skillbank.jobs.set_files import with_sets
            from skillbank.plan.described import reads_words

            words = any(reads_words(each) for each in chain)
            step, said = with_sets(step, {row.source for row in rows}, lambda: self.sets, prompts=words)
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

    def keep(self, plan: Plan) -> str:
        """Keep a plan in the store, where it can be approved and launched by its id; return the id."""
        from skillbank.jobs.skill_facts import SkillFacts

        with self.reading:
            held = [s for s in self.library.skills if s.digested == plan.skill.digest]
        facts = SkillFacts.of(held[0]) if held else None
        folder = self._outbox()
        if self._jobs is None and folder is not None and who() == EVERYBODY:
            from skillbank.jobs.outbox import put

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


def _splits_at(uri: str, form: str, elsewhere: bool) -> Sequence[str]:
    from skillbank.jobs.data_elsewhere import splits_at  # slow to import, and seldom needed

    return splits_at(uri, form, elsewhere=elsewhere)
