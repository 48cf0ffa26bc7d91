"""The toolbox: every door calls the tools here, so that all of them check, ask, answer and fail alike."""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from skillbank.agent.approval import Approval, NeedsApprovalError
from skillbank.agent.approval_policy import ApprovalPolicy
from skillbank.agent.catalogue import TOOLS
from skillbank.agent.failures import ToolCallError, explain, misunderstood, parse_arguments, refuse_empty
from skillbank.agent.model_texts import with_model_texts
from skillbank.agent.tool import Arguments, Result, Tool, ToolFailure
from skillbank.environment import APPROVE
from skillbank.errors import NotApprovedError, SkillbankError, UsageError
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.model import canonical_json
from skillbank.redact import redact, secret_values
from skillbank.team.acting import may
from skillbank.team.rights import Right
from skillbank.visible import one_line, visible_values

with lazy_imports():
    from skillbank.jobs import questions

if TYPE_CHECKING:
    from skillbank.agent.finding import DescribeAnswer, SearchAnswer
    from skillbank.agent.following import JobsAnswer, ResultsAnswer, StatusAnswer
    from skillbank.agent.label_sets import LabelSetAnswer
    from skillbank.agent.labels import LabelAnswer
    from skillbank.agent.launching import CancelAnswer, LaunchAnswer
    from skillbank.agent.logs import LogsAnswer
    from skillbank.agent.planning import PlanAnswer
    from skillbank.jobs.data_digest import SeenData
    from skillbank.jobs.given import GivenApproval, How
    from skillbank.runtime import Runtime

__all__ = ["Answer", "Approval", "ApprovalPolicy", "Toolbox"]

_LOG = logging.getLogger("skillbank.agent")


@dataclass(frozen=True)
class Answer:
    """What a call came to: a result, or an error that says what to do; never an exception.

    Attributes
    ----------
    approval
        What a person must approve before the same call can be repeated; only with the error
        ``needs_approval``.
    """

    tool: str
    result: BaseModel | None = None
    error: ToolFailure | None = None
    approval: Approval | None = None

    def document(self) -> dict[str, Any]:
        """Return what the model gets, as JSON: what is empty is left out, and nothing is hidden in it."""
        if self.result is not None:
            document = self.result.model_dump(mode="json", exclude_defaults=True)
            # What can be done next is read last.
            shown = document | {"next": document.pop("next")} if "next" in document else document
            return dict(visible_values(shown))
        assert self.error is not None
        made: dict[str, object] = {"error": self.error.model_dump(mode="json", exclude_defaults=True)}
        if self.approval is not None:
            made["approval"] = {"subject": self.approval.subject, "question": self.approval.question}
        return dict(visible_values(made))


@dataclass(frozen=True)
class Approved:
    """What was approved of a call: the data that lay there (None where nobody was asked), and how."""

    data: tuple[SeenData, ...] | None = None
    given: GivenApproval | None = None


_CALLER: ContextVar[str | None] = ContextVar("caller", default=None)


class Toolbox:
    """The tools over one runtime, for any number of threads.

    Parameters
    ----------
    approvals
        What is approved or refused beforehand; by default what SKILLBANK_APPROVE says.
    page
        Address at which a person finds the questions that calls have raised; without one they stand nowhere,
        and a terminal asks.

    Examples
    --------
    >>> from skillbank import Runtime
    >>> with Runtime() as runtime:
    ...     answer = Toolbox(runtime).call("search_skills", {"query": "open-vocabulary detection"})
    >>> answer.document()["skills"][0]["name"].startswith("tao-train-")
    True
    """

    def __init__(self, runtime: Runtime, *, approvals: ApprovalPolicy | None = None, page: str = "") -> None:
        self.runtime, self._page = runtime, page
        self.policy = ApprovalPolicy.from_environment() if approvals is None else approvals
        self._decided: tuple[How, str] = ("setting", APPROVE.name) if approvals is None else ("program", "")
        self._tools = {tool.name: tool for tool in TOOLS}
        self._locks: dict[str, tuple[threading.Lock, int]] = {}
        self._locks_lock = threading.Lock()

    def call(self, name: str, arguments: Mapping[str, object] | str) -> Answer:
        """Call a tool the way a model does.

        Parameters
        ----------
        arguments
            By name, or the JSON text of them as a model wrote it.

        Returns
        -------
        Answer
            Also when the tool does not exist, the arguments cannot be read, or the tool refuses.
        """
        try:
            return Answer(name, result=self.run(name, arguments))
        except NeedsApprovalError as error:
            return Answer(name, error=explain(error), approval=error.approval)
        except SkillbankError as error:
            return Answer(name, error=explain(error))
        except Exception as error:
            _LOG.exception("tool %s failed", name)
            return Answer(name, error=misunderstood(name, error))

    def run(self, name: str, arguments: Mapping[str, object] | str) -> Result:
        """Call a tool and return its result, redacted.

        Raises
        ------
        SkillbankError
            When the tool refuses; `ToolCallError` when the call itself is wrong, `NeedsApprovalError` when a
            person must approve it first.
        """
        tool = self._tools.get(name)
        if tool is None:
            raise ToolCallError.unknown(name, list(self._tools))
        checked = parse_arguments(tool, arguments)
        refuse_empty(tool, checked)
        if tool.approval:  # asks by itself, for exactly what it is about to do
            return cast(Result, _redacted(tool.run(self, checked)))
        with self.approved(name, _call_approval(tool, checked)):
            return cast(Result, _redacted(tool.run(self, checked)))

    def approve(
        self,
        approval: Approval,
        by: str,
        caller: str | None = None,
        *,
        how: How = "program",
        code: str | None = None,
    ) -> None:
        """Write down that a person said yes; the next call that this was asked for uses it up.

        Parameters
        ----------
        by
            Who said so and where, e.g. ``terminal``.
        caller
            Whose call alone, see `calling`; by default anybody's.
        how
            How they said so; by default a program that uses this answers for it.
        code
            What they gave as the approval code, where one is set.

        Raises
        ------
        WrongCodeError, NotApprovedError
            Where a code is set and that is not it.
        """
        if not by.strip():
            raise UsageError("An approval needs to say who gave it.")
        store = self.runtime.jobs.store
        project = store.project_of(approval.subject)
        given = store.guard.give(
            approval.subject, how, redact(by), approval.data, code, approval.parents, project
        )
        store.approvals.grant(given, caller, approval.data)

    @contextmanager
    def calling(self, caller: str) -> Iterator[None]:
        """Make this thread's calls in the block those of a caller, which approvals can be kept for."""
        token = _CALLER.set(caller)
        try:
            yield
        finally:
            _CALLER.reset(token)

    @contextmanager
    def approving(
        self, approval: Approval, by: str, *, how: How = "program", code: str | None = None
    ) -> Iterator[None]:
        """Repeat, in the block, a call that a person was asked about and said yes to.

        The yes is for one call, and no other process, thread or client that wants the same can use it up. A
        call that fails leaves it, as `approved` says, to whoever repeats that call; one that needs no
        approval any more, or another, leaves nothing.
        """
        caller = secrets.token_hex(16)
        self.approve(approval, by, caller, how=how, code=code)
        try:
            with self.calling(caller):
                yield
        finally:
            self.runtime.jobs.store.approvals.withdraw(approval.subject, caller)

    # For the tools themselves

    @contextmanager
    def approved(
        self,
        name: str,
        approval: Approval,
        *,
        before: Callable[[], None] = lambda: None,
        unchanged: Callable[[Sequence[SeenData]], None] = lambda _: None,
        came_about: Callable[[], bool] = lambda: False,
        starts: bool = False,
        key: str | None = None,
    ) -> Iterator[Approved]:
        """Do something that may need a person's approval, and use the approval up.

        The block is given what was approved, and how. Where an approval code is set, a policy of ``always``
        approves nothing for a tool that asks by itself.

        Parameters
        ----------
        before
            Called before a person is asked: raises when it could not be done anyway.
        unchanged
            Called with the data that was approved: raises when it has changed, and the approval is void.
        came_about
            Called when it raises: an approval of what did not come about can be used again.
        starts
            Whether a job is started with it, which then uses up an approval with the code.
        key
            By which what is done is done once: repeated after a crash it goes on with the same approval.

        Raises
        ------
        NotApprovedError
            When the policy refuses, or, as `NeedsApprovalError`, when a person must be asked.
        """
        asks = self._tools[name].approval
        decision = self.policy.decide(name, asks)
        if decision == "never":
            raise NotApprovedError(f"{name} is switched off here; no approval can be given for it.")
        if decision == "always" and not asks:
            yield Approved()
            return
        approvals, guard = self.runtime.jobs.store.approvals, self.runtime.jobs.store.guard
        if guard.broken:
            raise NotApprovedError(f"Nothing can be approved: {guard.broken}.")
        # What whoever runs the door has decided beforehand is their yes, and no agent's of a team.
        if self.policy.decide(name, asks, guard.hard) == "always" and may(Right.APPROVE):
            yield Approved(given=guard.give(approval.subject, *self._decided, parents=approval.parents))
            return
        number = approvals.use(approval.subject, _CALLER.get(), key)
        if number is None:
            before()
            approval = self._asked(name, approval)
            raise NeedsApprovalError(f"A person must approve this first: {approval.title}", approval)
        if self._page:
            self.questions.settle(approval.subject)
        data, given = approvals.data(number), approvals.given(number)
        unchanged(data or ())
        try:
            if not starts:
                guard.spend(given, name)
            yield Approved(data, given)
        except BaseException:
            if not came_about():
                approvals.give_back(number, approval.subject)
            raise

    @property
    def questions(self) -> questions.Questions:
        """The questions that wait at the page."""
        return questions.Questions(self.runtime.jobs.store.engine)

    def _asked(self, name: str, approval: Approval) -> Approval:
        """Let the question stand at the page, where there is one; a no that was said there is told once."""
        if not self._page:
            return approval
        if by := self.questions.refused(approval.subject):
            raise NotApprovedError(f"{one_line(by, 60)} said no to this {name} at the page.")
        self.questions.ask(approval.subject, approval.question, approval.data, approval.parents)
        return replace(approval, page=self._page)

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Keep other threads that want the same out until this one is done."""
        with self._locks_lock:
            lock, users = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._locks_lock:
                lock, users = self._locks.pop(key)
                if users > 1:
                    self._locks[key] = lock, users - 1

    # The tools as Python callables: typed results, and errors as exceptions

    def search_skills(self, **arguments: object) -> SearchAnswer:
        """Find skills by words."""
        return cast("SearchAnswer", self.run("search_skills", arguments))

    def describe_action(self, **arguments: object) -> DescribeAnswer:
        """Say what an action needs; ``find`` searches its parameters."""
        return cast("DescribeAnswer", self.run("describe_action", arguments))

    def plan(self, **arguments: object) -> PlanAnswer:
        """Compile a request into plans and keep them in the store."""
        return cast("PlanAnswer", self.run("plan", arguments))

    def launch(self, **arguments: object) -> LaunchAnswer:
        """Start a plan of the store."""
        return cast("LaunchAnswer", self.run("launch", arguments))

    def job_status(self, **arguments: object) -> StatusAnswer:
        """Say how a job is, or wait for its end."""
        return cast("StatusAnswer", self.run("job_status", arguments))

    def job_logs(self, **arguments: object) -> LogsAnswer:
        """Return a page of what a job printed."""
        return cast("LogsAnswer", self.run("job_logs", arguments))

    def cancel_job(self, **arguments: object) -> CancelAnswer:
        """Stop a job's work."""
        return cast("CancelAnswer", self.run("cancel_job", arguments))

    def job_results(self, **arguments: object) -> ResultsAnswer:
        """Return what a job left."""
        return cast("ResultsAnswer", self.run("job_results", arguments))

    def list_jobs(self, **arguments: object) -> JobsAnswer:
        """List jobs, the newest first."""
        return cast("JobsAnswer", self.run("list_jobs", arguments))

    def label_image(self, **arguments: object) -> LabelAnswer:
        """Find objects in pictures by describing them; with ``into``, keep them in a label set."""
        return cast("LabelAnswer", self.run("label_image", arguments))

    def label_set(self, **arguments: object) -> LabelSetAnswer:
        """Say how label sets stand; ``export`` writes one as a data set."""
        return cast("LabelSetAnswer", self.run("label_set", arguments))


def _call_approval(tool: Tool, arguments: Arguments) -> Approval:
    """Return what is asked, by policy, for a tool that does not ask by itself: exactly these arguments."""
    content = canonical_json(arguments.model_dump(mode="json"))
    digest = hashlib.sha256(content).hexdigest()
    shown = one_line(content.decode(errors="replace"), 300)
    return Approval(f"call:{tool.name}:{digest}", f"Call {tool.name} with {shown}?")


def _redacted(value: object) -> object:
    """Return a result without secrets, in whichever text of it they stand."""
    secrets = secret_values()
    return with_model_texts(value, lambda text: redact(text, secrets)) if secrets else value
