"""Calls of tools: what runs, who approves, what waits, and what a call that is taken back takes with it.

- ``launch`` that is taken back stops the job that it started, whether it waits for it or is still launching.
- ``job_status`` that is taken back only stops waiting; ``cancel_job`` and ``tasks/cancel`` stop jobs.
- Every other call that is taken back is no longer answered; what it was doing is done to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import anyio
import mcp_types as types
from anyio import to_thread
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from skillbank.agent.approval import Approval, approve_command, for_the_person
from skillbank.agent.catalogue import TOOLS
from skillbank.agent.failures import explain, parse_arguments
from skillbank.agent.following import JOB_STATUS, LONGEST_WAIT, StatusAnswer, StatusArguments
from skillbank.agent.lanes import Lane, in_lane
from skillbank.agent.launching import LaunchAnswer
from skillbank.agent.mcp_server.cancellations import Cancellations
from skillbank.agent.mcp_server.consent import Consent, Reply, person
from skillbank.agent.mcp_server.context import Context
from skillbank.agent.mcp_server.following import follow
from skillbank.agent.mcp_server.launching import Launching, ended
from skillbank.agent.mcp_server.rendering import listed, rendered
from skillbank.agent.mcp_server.resources import only_page
from skillbank.agent.mcp_server.tasks import Tasks, declares_tasks
from skillbank.agent.tool import ToolFailure
from skillbank.agent.tool_listing import WAIT
from skillbank.agent.toolbox import Answer, Toolbox
from skillbank.errors import SkillbankError
from skillbank.team.acting import may
from skillbank.team.rights import Right

__all__ = ["ToolCalls"]

Outcome: TypeAlias = Answer | types.InputRequiredResult


class ToolCalls:
    """Handlers of ``tools/list`` and ``tools/call``."""

    def __init__(self, box: Toolbox, cancellations: Cancellations, tasks: Tasks) -> None:
        self._box, self._cancellations, self._tasks = box, cancellations, tasks
        self._consent = Consent()
        self._listed = [listed(tool) for tool in TOOLS]
        self._lanes = {tool.name: tool.lane for tool in TOOLS}

    async def list_tools(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Return all tools; there are few."""
        only_page(params)
        return types.ListToolsResult(tools=self._listed)

    async def call_tool(self, ctx: Context, params: types.CallToolRequestParams) -> Any:
        """Call a tool and return its answer, a question to the person, or a task."""
        if params.name not in self._lanes:
            known = ", ".join(sorted(self._lanes))
            raise MCPError(
                code=types.INVALID_PARAMS, message=f"There is no tool '{params.name}'; there are {known}."
            )
        arguments = dict(params.arguments or {})
        try:
            if params.name == "launch":
                return await self._launch(ctx, params, arguments)
            if params.name == "job_status" and self._box.policy.decide("job_status", False) == "always":
                return rendered(await self._status(ctx, arguments))
            return _rendered(
                await self._approved(ctx, params, lambda: self._box.call(params.name, arguments))
            )
        except SkillbankError as error:
            return rendered(Answer(params.name, error=explain(error)))

    async def _launch(
        self, ctx: Context, params: types.CallToolRequestParams, arguments: dict[str, object]
    ) -> object:
        wait = arguments.pop(WAIT, None)
        if wait not in (True, False, None):
            failure = ToolFailure(
                code="invalid_arguments", message=f"launch: '{WAIT}' must be true or false."
            )
            return rendered(Answer("launch", error=failure))
        launching = Launching(self._box, arguments)
        with self._cancellations.running(ctx) as call:
            try:
                outcome = await self._approved(ctx, params, launching.call)
                if not wait or not isinstance(outcome, Answer) or outcome.result is None:
                    return _rendered(outcome)
                assert isinstance(outcome.result, LaunchAnswer)
                jobs, job = self._box.runtime.jobs, outcome.result.job
                if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS and declares_tasks(ctx):
                    return self._tasks.created(await to_thread.run_sync(jobs.store.get, job))
                return rendered(ended(await follow(jobs, ctx, job, attempts=True, until=self._closing)))
            except anyio.get_cancelled_exc_class():
                with anyio.CancelScope(shield=True):
                    if await call.taken_back():
                        await to_thread.run_sync(launching.take_back)
                raise

    async def _status(self, ctx: Context, arguments: dict[str, object]) -> Answer:
        seconds = _seconds(arguments)
        if not 0 < seconds <= LONGEST_WAIT:
            return await _in_thread(lambda: self._box.call("job_status", arguments))
        # The waiting is done here, where it can be canceled and can tell how far the job is.
        at_once = {**arguments, "wait_seconds": None}
        answer = await _in_thread(lambda: self._box.call("job_status", at_once))
        if isinstance(answer.result, StatusAnswer) and not answer.result.state.terminal:
            jobs = self._box.runtime.jobs
            await follow(jobs, ctx, answer.result.job, seconds=seconds, until=self._closing)
            answer = await _in_thread(lambda: self._box.call("job_status", at_once))
        return answer

    async def _approved(
        self, ctx: Context, params: types.CallToolRequestParams, call: Callable[[], Answer]
    ) -> Outcome:
        """Call a tool; when a person must approve it, ask, and call it again after a yes."""
        reply = self._consent.reply(params)
        if reply is not None and reply.said == "no":
            return _refused(params.name, reply.approval)
        if reply is not None and reply.said == "yes":
            answer = await self._after(ctx, params.name, call, reply)
        else:
            answer = await _in_thread(call, self._lanes[params.name])
        approval = answer.approval
        if approval is None or approval.page:  # a page is where a person answers, and nowhere else
            return answer
        if reply is not None and reply.said != "yes":
            return _unanswered(answer, approval)
        if not may(Right.APPROVE):  # whoever sits at this client could say yes, and it would not count
            return answer
        asked = await self._consent.ask(ctx, approval, await to_thread.run_sync(self._asks_code))
        if isinstance(asked, types.InputRequiredResult):
            return asked
        if asked is None or asked.said == "nothing":
            return _unanswered(answer, approval)
        if asked.said == "no":
            return _refused(params.name, approval)
        return await self._after(ctx, params.name, call, asked)

    async def _after(self, ctx: Context, tool: str, call: Callable[[], Answer], yes: Reply) -> Answer:
        """Call a tool after a yes."""

        def approved() -> Answer:
            # What was approved is what was shown; a call for anything else is asked about anew.
            with self._box.approving(yes.approval, person(ctx), how="elicitation", code=yes.code):
                return call()

        return await _in_thread(approved, self._lanes[tool])

    def _closing(self) -> bool:
        return self._cancellations.closing

    def _asks_code(self) -> bool:
        return self._box.runtime.jobs.store.guard.hard


def _seconds(arguments: Mapping[str, object]) -> int:
    """Return how long is to be waited, however it is written; 0 where the tool has to say what is wrong."""
    try:
        checked = parse_arguments(JOB_STATUS, arguments)
    except SkillbankError:
        return 0
    assert isinstance(checked, StatusArguments)
    return checked.wait_seconds or 0


async def _in_thread(call: Callable[[], Answer], lane: Lane = Lane.OPEN) -> Answer:
    """Call a tool without keeping the server; a canceled call does not wait for its thread."""
    return await in_lane(lane, call, abandon_on_cancel=True)


def _rendered(outcome: Outcome) -> types.CallToolResult | types.InputRequiredResult:
    return rendered(outcome) if isinstance(outcome, Answer) else outcome


def _refused(tool: str, approval: Approval) -> Answer:
    """Say that the client answered no: some do by themselves, so whether a person did is not known here."""
    said = "The client answered no to the question for approval; nothing was started or stopped."
    hint = (
        "Tell the user, and do not ask again unless they want it. If the client asked nobody, they can "
        f"approve this in a terminal of their own with '{approve_command(approval.subject)}'; do not run it."
    )
    return Answer(tool, error=ToolFailure(code="not_approved", message=said, hint=hint))


def _unanswered(answer: Answer, approval: Approval) -> Answer:
    """Say what a person is told where the client cannot ask, or nobody answered."""
    assert answer.error is not None
    hint = f"Nobody answered at this client. {for_the_person(approval)}"
    return Answer(answer.tool, error=answer.error.model_copy(update={"hint": hint}), approval=approval)
