"""Approval of what a command is about to launch: by option, by an approval that waits, or at the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from skillbank.cli.consent import ask, can_ask, refuse_broken
from skillbank.cli.person import person
from skillbank.errors import NotApprovedError, StateError
from skillbank.jobs.approval_subjects import approve_argument, launch_terms, plan_subject, read_plan_subject
from skillbank.jobs.approved_parents import other_parents
from skillbank.jobs.seen_data import change, refuse_changed

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
        plan_id, _ = read_plan_subject(self.given.subject)
        jobs = runtime.jobs.store.list(plan_id=plan_id)
        if self.number is not None and not any(job.approval == self.given for job in jobs):
            runtime.jobs.store.approvals.give_back(self.number, self.given.subject)


@dataclass(frozen=True)
class _Launch:
    """What is to be approved: a plan on its terms, the data that lies there, the jobs it goes on from."""

    plan: Plan
    subject: str
    data: tuple[SeenData, ...]
    parents: tuple[str, ...]
    question: str

    def changed_since(self, had: tuple[SeenData, ...], given: GivenApproval) -> str:
        """Say what is another now than when this was approved; empty when nothing is."""
        return change(had, self.data) or other_parents(given.parents, self.parents)

    def refuse(self, had: tuple[SeenData, ...], changed: str) -> NoReturn:
        """Raise `StateError` for what was approved otherwise, where nobody can be asked again."""
        refuse_changed(self.plan, had, self.data, "it was approved")
        raise StateError(
            f"Plan {self.plan.plan_id[:12]} was approved with other parents ({changed}); nothing was started."
        )


def approve(
    runtime: Runtime,
    plans: list[Plan],
    yes: bool,
    as_json: bool,
    launch: Mapping[str, object],
    parents: Mapping[str, tuple[str, ...]] | None = None,
    resumes: Mapping[str, str] | None = None,
) -> dict[str, Approved]:
    """Nothing starts without a yes: by option, by an approval given before, or on the terminal.

    Where an approval code is set no option is one.

    Parameters
    ----------
    parents
        The jobs that each plan is to go on from, by the plan's id; see `skillbank.jobs.approved_parents`.
    resumes
        The job that broke off at a plan and whose last checkpoint is gone on from, by the plan's id.

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
    launches = _launches(runtime, plans, launch, parents or {}, resumes or {})
    guard = runtime.jobs.store.guard
    refuse_broken(guard)
    if yes and not guard.hard:
        return {
            name: Approved(
                each.data, guard.give(each.subject, "flag", person(), each.data, parents=each.parents)
            )
            for name, each in launches.items()
        }
    asks = can_ask(guard, as_json)
    found: dict[str, Approved] = {}
    try:
        for name, each in launches.items():
            runtime.keep(each.plan)
            if (approved := _approved(runtime, each, asks)) is not None:
                found[name] = approved
        if missing := [each.subject for name, each in launches.items() if name not in found]:
            raise _nobody([approve_argument(*read_plan_subject(each)) for each in missing], guard.hard)
    except BaseException:
        for given in found.values():  # a chain starts as a whole: what was approved of it stays so
            given.back(runtime)
        raise
    return found


def _launches(
    runtime: Runtime,
    plans: Sequence[Plan],
    launch: Mapping[str, object],
    parents: Mapping[str, tuple[str, ...]],
    resumes: Mapping[str, str],
) -> dict[str, _Launch]:
    """Return what is to be approved, by the plan's id; see `approve`."""
    found: dict[str, _Launch] = {}
    for plan in plans:
        name, data = plan.plan_id, runtime.data_of(plan, [each.plan for each in found.values()])
        goes_on = parents.get(name, ())
        terms = launch_terms(**launch, resumes=resumes.get(name))
        question = runtime.question(plan, terms, data, goes_on)
        found[name] = _Launch(plan, plan_subject(name, terms), data, goes_on, question)
    return found


def _approved(runtime: Runtime, launch: _Launch, asks: bool) -> Approved | None:
    """Return the approval that waited for a launch, else what somebody answers now.

    Returns
    -------
    Approved or None
        None where nothing waited and nobody can be asked.
    """
    changed, number = "", runtime.jobs.store.approvals.use(launch.subject)
    if number is not None:
        had, given = _given(runtime, number)
        changed = launch.changed_since(had, given)
        if not changed:
            return Approved(had if given.seal else launch.data, given, number)
        # What was approved is there no more, so that approval is worth nothing.
        if not asks:
            launch.refuse(had, changed)
        changed = f"Changed since it was approved: {changed}\n"
    if not asks:
        return None
    guard = runtime.jobs.store.guard
    question = f"{changed}{launch.question}\nStart it?"
    answer = ask(guard, question, launch.subject, launch.data, parents=launch.parents)
    if answer is None:
        raise NotApprovedError(f"Plan {launch.plan.plan_id[:12]} was not approved; nothing was started.")
    return Approved(launch.data, answer)


def _given(runtime: Runtime, number: int) -> tuple[tuple[SeenData, ...], GivenApproval]:
    """Return what lay there when something was approved, and how it was."""
    approvals = runtime.jobs.store.approvals
    had, given = approvals.data(number) or (), approvals.given(number)
    assert given is not None  # without it none counts
    return had, given


def _nobody(missing: Sequence[str], hard: bool) -> NotApprovedError:
    """Return the refusal of launches that nobody approved; ``hard`` where an approval code is set."""
    ways = " and ".join(f"'skillbank approve {plan}'" for plan in missing)
    named = f"plan {' or '.join(plan.partition(':')[0] for plan in missing)}"
    scripts = ", with the approval code" if hard else " (--yes is for scripts, and recorded)"
    return NotApprovedError(
        f"Nobody approved {named}; a person does that in a terminal of theirs with {ways}{scripts}."
    )
