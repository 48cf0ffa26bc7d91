"""Running what was asked for: the chain, what is shown of it, its approval, its jobs to their end."""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from skillbank.cli import options, terminal
from skillbank.cli.approving import approve
from skillbank.cli.comparison_view import measures_view
from skillbank.cli.going_on import goes_on, way_on
from skillbank.cli.plan_view import say_plan
from skillbank.cli.present import record_document, results_view
from skillbank.cli.progress import supervise, transfers
from skillbank.cli.trust import ask_for
from skillbank.errors import NotFoundError, QuestionsError, StateError, UsageError
from skillbank.jobs.approved_parents import meant_parents
from skillbank.jobs.chains import Step, first_attempt, steps
from skillbank.jobs.comparing import of_a_chain
from skillbank.jobs.record import JobRecord, JobState
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.open_points import open_points
from skillbank.plan.reader.leaving_out import words_in_question

with lazy_imports():
    from skillbank.cli import searching

if TYPE_CHECKING:
    from skillbank.cli.approving import Approved
    from skillbank.cli.request_options import Asked
    from skillbank.jobs.checks import Checks
    from skillbank.plan.model import Plan
    from skillbank.runtime import Runtime

__all__ = ["Terms", "ask_trust", "run_request"]


class Terms(TypedDict, total=False):
    """The terms of each launch of a chain, see `skillbank.facade.starting.Starting.launch`.

    What nobody said is left out: it is the usual, or of a chain that goes on what was said of it then.
    """

    checkpoint: str
    retries: int
    on_oom: str


def run_request(
    runtime: Runtime,
    asked: Asked,
    launch: Terms,
    *,
    resume: str | None,
    yes: bool,
    detach: bool,
    as_json: bool,
) -> bool:
    """Run what was asked for, or go on with a chain, and report it.

    Parameters
    ----------
    launch
        The terms of each launch that were said.
    resume
        A job whose chain is to go on, on the terms that it was launched on where others are not said.

    Returns
    -------
    bool
        Whether nobody waits for more: the last step is complete, or was detached.
    """
    chain, notes = _chain(runtime, asked, resume, as_json)
    new = [step.plan for step in chain if step.job is None]
    _refuse_questions(new)
    _refuse_options(new, launch.get("checkpoint", "auto"), detach)
    if resume is not None:
        launch = {**_terms_then(runtime, resume), **launch}
    ask_trust(runtime, new, as_json)
    with transfers(as_json) as report:
        seen = [runtime.jobs.preflight(each, new[:i], report) for i, each in enumerate(new)]
    _tell(runtime, [step for step in chain if step.job is None], seen, notes, as_json)
    before = {step.plan.plan_id: step.job.id for step in chain if step.job is not None}
    parents = {plan.plan_id: meant_parents(plan, before) for plan in new}
    resumes = {step.plan.plan_id: step.resumes.id for step in chain if step.resumes is not None}
    approved = approve(runtime, new, yes, as_json, launch, parents, resumes)
    finished = _Run(runtime, approved, launch, detach, as_json).whole(chain)
    _report(runtime, finished, as_json, detach)
    return detach or finished[-1].state is JobState.COMPLETE


def _chain(runtime: Runtime, asked: Asked, resume: str | None, as_json: bool) -> tuple[list[Step], list[str]]:
    """Return the steps that were asked for, or those of the chain to go on with, and notes."""
    if resume is None:
        requests, notes = asked.requests(runtime, elsewhere=True)
        plans = runtime.plan(requests)
        if words := _words_to_leave_out(plans, as_json):
            requests, notes = asked.leaving_out(words).requests(runtime, elsewhere=True)
            plans = runtime.plan(requests)
        return [Step(plan, None) for plan in plans], notes
    if asked.named:
        said, again = ", ".join(asked.named), ""
        with suppress(NotFoundError, StateError):  # there is nothing to resume, and so nothing to ask anew
            plans = [step.plan for step in _steps(runtime, resume)]
            again = f" with it: skillbank run {shlex.quote(runtime.sentence(plans))} ..."
        raise UsageError(
            f"--resume JOB goes on with what was asked then; leave out {said}, or ask anew{again}."
        )
    return _steps(runtime, resume), []


def _steps(runtime: Runtime, resume: str) -> list[Step]:
    return steps(runtime.jobs.store, resume, runtime.jobs.refresh)


def _terms_then(runtime: Runtime, job: str) -> Terms:
    """Return the terms that a job was launched on by somebody."""
    first = first_attempt(runtime.jobs.store, job)
    on_oom = "stop" if first.retry.batch_key is None else "reduce-batch"
    return {"checkpoint": first.checkpoint, "retries": first.retry.infra, "on_oom": on_oom}


def _words_to_leave_out(plans: list[Plan], as_json: bool) -> list[str]:
    """Ask whether words count for nothing that were not understood, where a plan asks about nothing else."""
    questions = [question for plan in plans for question in plan.questions]
    words = list(dict.fromkeys(word for question in questions for word in words_in_question(question)))
    if as_json or not terminal.answering() or not all(map(words_in_question, questions)) or not words:
        return []
    quoted = ", ".join(f"'{word}'" for word in words)
    return words if terminal.ask(f"I did not understand {quoted}. Go on without?") else []


def _refuse_options(new: list[Plan], checkpoint: str, detach: bool) -> None:
    if checkpoint != "auto" and not any(each.parents for each in new):
        raise UsageError(f"--checkpoint {checkpoint} chooses a parent's model, and no parent was named.")
    if detach and len(new) > 1:
        raise UsageError(
            "--detach starts one action; run a chain in the foreground, or its actions one by one."
        )


def _tell(runtime: Runtime, new: list[Step], seen: list[Checks], notes: list[str], as_json: bool) -> None:
    """Show what is about to start, and how a search would go about it; beside JSON the notes alone."""
    again = [goes_on(runtime, step) for step in new]
    if as_json:
        for note in (*notes, *(note for those in again for note in those)):
            terminal.say(f"note: {note}", err=True)
        return
    if len(new) > 1:
        terminal.say(f"{runtime.sentence([step.plan for step in new])}\n")
    for step, checks, told in zip(new, seen, again, strict=True):
        each = step.plan
        say_plan(each, runtime.sentence([each]), [*notes, *told], checks)
        if each.route.name == "automl":
            terminal.show(searching.review_view(runtime.review(each)))


@dataclass
class _Run:
    """The steps of a chain on their way, one after another."""

    runtime: Runtime
    approved: dict[str, Approved]
    launch: Terms
    detach: bool
    as_json: bool
    records: dict[str, JobRecord] = field(default_factory=dict)

    def whole(self, chain: list[Step]) -> list[JobRecord]:
        """Run the steps up to the first that fails; what nothing was started with goes back to approvals."""
        ids = [step.plan.plan_id for step in chain] if len(chain) > 1 else []
        try:
            if ids:
                for step in chain:
                    self.runtime.keep(step.plan)
            for step in chain:
                record = self._followed(step.job or self._started(step, ids))
                self.records[step.plan.plan_id] = record
                if not self.detach and record.state is not JobState.COMPLETE:
                    break
        finally:
            for plan_id, each in self.approved.items():
                if plan_id not in self.records:
                    each.back(self.runtime)
        return list(self.records.values())

    def _started(self, step: Step, chain: list[str]) -> JobRecord:
        plan, each = step.plan, self.approved[step.plan.plan_id]
        parents = [self.records[ref.plan].id for ref in plan.parents if ref.plan in self.records]
        with transfers(self.as_json) as report:
            record = self.runtime.launch(
                plan,
                parents=parents,
                chain=chain,
                resumes=None if step.resumes is None else step.resumes.id,
                data=each.data,
                approval=each.given,
                report=report,
                **self.launch,
            )
        self.records[plan.plan_id] = record
        return record

    def _followed(self, record: JobRecord) -> JobRecord:
        """Return a job when nothing follows any more, or, detached, once somebody looks after it."""
        if self.detach:
            return self.runtime.jobs.look(record.id)
        if record.settled is not None:
            return record
        try:
            return self._attended(record)
        except KeyboardInterrupt:
            # The job goes on without this command, and so must what follows its end.
            self.runtime.jobs.look(record.id)
            terminal.say(err=True)
            terminal.say(f"{record.id} goes on; 'skillbank cancel {record.id}' stops it", err=True)
            raise

    def _attended(self, record: JobRecord) -> JobRecord:
        """Look after a job to its end: a search by its controller, all else and what ended elsewhere here."""
        if record.searches:
            record = searching.conduct(self.runtime, record, quiet=self.as_json)
        if not record.searches or (record.results_uri and record.state.terminal):
            record = supervise(self.runtime, record, quiet=self.as_json)
        return record


def _refuse_questions(plans: list[Plan]) -> None:
    questions = [question for plan in plans for question in plan.questions]
    if questions:
        raise QuestionsError(f"The plan has open questions. {open_points(questions).marked}")


def ask_trust(runtime: Runtime, plans: list[Plan], as_json: bool) -> None:
    """Let nothing of a bank run, and look for nothing that it names, before somebody trusts it."""
    ask_for(runtime, [runtime.bank_of(runtime.skill_of(plan)) for plan in plans], as_json)
    runtime.refuse_at_gate(plans)


def _report(runtime: Runtime, records: list[JobRecord], as_json: bool, detach: bool) -> None:
    comparison = of_a_chain(runtime.jobs, records) if len(records) > 1 else None
    if as_json:
        documents = [record_document(runtime, r) for r in records]
        both = {} if comparison is None else {"comparison": comparison.document()}
        options.print_json(documents[0] if len(documents) == 1 else {"jobs": documents, **both})
        return
    for record in records:
        if detach:
            terminal.say(f"started {record.id}; 'skillbank status {record.id} --watch' follows it")
        else:
            found, way = runtime.jobs.results(record.id), way_on(runtime, record)
            terminal.show(results_view(record, found, way=way))
    if comparison is not None:
        terminal.show(measures_view(comparison))
