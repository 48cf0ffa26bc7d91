"""Approval of what a command is about to launch: by option, by an approval that waits, or at the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skillbank.jobs.data_digest import SeenData
    from skillbank.jobs.given import GivenApproval
    from skillbank.plan.model import Plan
    from skillbank.runtime import Runtime

__all__ = ["Approved", "approve"]


@dataclass(frozen=True)
class Approved:
    """What was approved of a plan: the data that lay there, and how it was approved.

    Attributes
    ----------
    number
        Of the approval that had waited for this; None where somebody was asked just now.
    """

    data: tuple[SeenData, ...]
    given: GivenApproval
    number: int | None = None

    def back(self, runtime: Runtime) -> None:
        """Let an approval that had waited wait on, unless a job was started with it."""
        from skillbank.jobs.approval_subjects import read_plan_subject

        plan_id, _ = read_plan_subject(self.given.subject)
        jobs = runtime.jobs.store.list(plan_id=plan_id)
        if self.number is not None and not any(job.approval == self.given for job in jobs):
            runtime.jobs.store.approvals.give_back(self.number, self.given.subject)


def approve(
    runtime: Runtime,
    plans: list[Plan],
    yes: bool,
    as_json: bool,
    launch: dict[str, Any],
    parents: Mapping[str, tuple[str, ...]] | None = None,
) -> dict[str, Approved]:
    """Nothing starts without a yes: by option, by an approval given before, or on the terminal.

    Where an approval code is set no option is one.

    Parameters
    ----------
    parents
        The jobs that each plan is to go on from, by the plan's id; see `skillbank.jobs.approved_parents`.

    Returns
    -------
    dict
        By the plan's id.

    Raises
    ------
    NotApprovedError
        When there is no yes.
    StateError
        When data has changed since an approval was given, and nobody can be asked again.
    """
    from skillbank.cli.consent import ask, can_ask, refuse_broken
    from skillbank.cli.person import person
    from skillbank.errors import NotApprovedError, StateError
    from skillbank.jobs.approval_subjects import approve_argument, launch_terms, plan_subject
    from skillbank.jobs.approved_parents import other_parents
    from skillbank.jobs.seen_data import change, refuse_changed

    terms = launch_terms(**launch)
    data = {plan.plan_id: runtime.data_of(plan, plans[:n]) for n, plan in enumerate(plans)}
    before = {plan.plan_id: (parents or {}).get(plan.plan_id, ()) for plan in plans}
    questions = {
        plan.plan_id: runtime.question(plan, terms, data[plan.plan_id], before[plan.plan_id])
        for plan in plans
    }
    guard, approvals = runtime.jobs.store.guard, runtime.jobs.store.approvals
    refuse_broken(guard)
    if yes and not guard.hard:
        return {
            name: Approved(
                seen, guard.give(plan_subject(name, terms), "flag", person(), seen, parents=before[name])
            )
            for name, seen in data.items()
        }
    asks = can_ask(guard, as_json)
    missing: list[str] = []
    found: dict[str, Approved] = {}
    try:
        for plan in plans:
            runtime.keep(plan)
            subject, now = plan_subject(plan.plan_id, terms), data[plan.plan_id]
            number = approvals.use(subject)
            said = ""
            if number is not None:
                had, given = approvals.data(number) or (), approvals.given(number)
                assert given is not None  # without it none counts
                said = change(had, now) or other_parents(given.parents, before[plan.plan_id])
                if not said:
                    found[plan.plan_id] = Approved(had if given.seal else now, given, number)
                    continue
                # What was approved is there no more, so that approval is worth nothing.
                if not asks:
                    refuse_changed(plan, had, now, "it was approved")
                    raise StateError(
                        f"Plan {plan.plan_id[:12]} was approved with other parents ({said}); nothing was "
                        "started."
                    )
                said = f"Changed since it was approved: {said}\n"
            if not asks:
                missing.append(approve_argument(plan.plan_id, terms))
                continue
            question = f"{said}{questions[plan.plan_id]}\nStart it?"
            answer = ask(guard, question, subject, now, parents=before[plan.plan_id])
            if answer is None:
                raise NotApprovedError(f"Plan {plan.plan_id[:12]} was not approved; nothing was started.")
            found[plan.plan_id] = Approved(now, answer)
        if missing:
            ways = " and ".join(f"'skillbank approve {plan}'" for plan in missing)
            named = f"plan {' or '.join(plan.partition(':')[0] for plan in missing)}"
            scripts = ", with the approval code" if guard.hard else " (--yes is for scripts, and recorded)"
            raise NotApprovedError(
                f"Nobody approved {named}; a person does that in a terminal of theirs with {ways}{scripts}."
            )
    except BaseException:
        for each in found.values():  # a chain starts as a whole: what was approved of it stays so
            each.back(runtime)
        raise
    return found
