"""Jobs as MCP tasks (SEP-2663): the task's id is the job's id, and the job record is all the state there is.

A task is made only of a job whose record is written, so it outlives this server and every other process. Its
status is the job's, over all attempts at it: while another attempt may follow a failure it is still working.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import mcp_types as types
from anyio import to_thread
from mcp.shared.exceptions import MCPError
from pydantic import Field

from skillbank.agent.mcp_server.context import Context
from skillbank.agent.shortening import in_tool_words
from skillbank.errors import JobNotFoundError, StateError
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.retries import follow_up, newest_attempt

if TYPE_CHECKING:
    from skillbank.jobs.service import Jobs

__all__ = ["EXTENSION", "TaskParams", "Tasks", "UpdateParams", "declares_tasks"]

EXTENSION = "io.modelcontextprotocol/tasks"
POLL_MS = 2000
Answer: TypeAlias = Callable[[JobRecord], types.CallToolResult]


class TaskParams(types.RequestParams):
    """Parameters of ``tasks/get`` and ``tasks/cancel``."""

    task_id: str


class UpdateParams(TaskParams):
    """Parameters of ``tasks/update``."""

    input_responses: dict[str, object] = Field(default_factory=dict)


def declares_tasks(ctx: Context) -> bool:
    """Say whether the client declared the extension with this request."""
    capabilities = ctx.session.client_capabilities
    return EXTENSION in ((capabilities and capabilities.extensions) or {})


class Tasks:
    """The three methods of the extension.

    Parameters
    ----------
    jobs
        Returns the jobs; called when they are needed first.
    answer
        Returns what the call that made the task would have answered at its end, given the last attempt.
    may_cancel
        False when stopping jobs is switched off here, whichever way it is asked for.
    """

    def __init__(self, jobs: Callable[[], Jobs], answer: Answer, may_cancel: bool = True) -> None:
        self._jobs, self._answer, self._may_cancel = jobs, answer, may_cancel

    def created(self, record: JobRecord) -> dict[str, object]:
        """Return the CreateTaskResult of a job that was launched."""
        return {"resultType": "task", **_task(record, record)}

    async def get(self, ctx: Context, params: TaskParams) -> dict[str, object]:
        """``tasks/get``: how the job is, and its result once it has ended."""
        _require(ctx)
        return await to_thread.run_sync(self._get, params.task_id)

    async def update(self, ctx: Context, params: UpdateParams) -> dict[str, object]:
        """``tasks/update``: acknowledged; a job asks nothing once it runs, so no response is outstanding."""
        _require(ctx)
        await to_thread.run_sync(self._record, params.task_id)
        return {}

    async def cancel(self, ctx: Context, params: TaskParams) -> dict[str, object]:
        """``tasks/cancel``: stop the job's real work and acknowledge when it has stopped."""
        _require(ctx)
        if not self._may_cancel:
            message = f"Stopping jobs is switched off here; a person runs skillbank cancel {params.task_id}."
            raise MCPError(code=types.INVALID_REQUEST, message=message)
        await to_thread.run_sync(self._cancel, params.task_id)
        return {}

    def _get(self, task: str) -> dict[str, object]:
        jobs = self._jobs()
        first = self._record(task)
        # `look` also sees to it that somebody supervises the job, should its supervisor have been killed.
        last = jobs.look(newest_attempt(first, jobs.store.by_key).id)
        wait = jobs.wait_of(last)
        document = _task(first, last, None if wait is None else wait.said)
        if document["status"] == "completed":
            result = self._answer(last)
            document["result"] = result.model_dump(by_alias=True, mode="json", exclude_none=True)
        return document

    def _cancel(self, task: str) -> None:
        jobs = self._jobs()
        last = newest_attempt(self._record(task), jobs.store.by_key)
        try:
            jobs.cancel(last.id)
        except StateError:
            return  # it has ended by itself meanwhile, and the task says how

    def _record(self, task: str) -> JobRecord:
        """Return a task's job; the whole id is asked for, beginnings and ``last`` name no task."""
        try:
            record = self._jobs().store.get(task)
        except JobNotFoundError:
            record = None
        if record is None or record.id != task:
            raise MCPError(code=types.INVALID_PARAMS, message=f"There is no task '{task}'.")
        return record


def _require(ctx: Context) -> None:
    if not declares_tasks(ctx):
        wanted = types.ClientCapabilities(extensions={EXTENSION: {}})
        raise MCPError(
            code=types.MISSING_REQUIRED_CLIENT_CAPABILITY,
            message=f"Declare the extension {EXTENSION} in the client's capabilities.",
            data={"requiredCapabilities": wanted.model_dump(by_alias=True, exclude_none=True)},
        )


def _status(last: JobRecord) -> str:
    if last.state is JobState.CANCELED:
        return "cancelled"
    if last.state is JobState.ERROR and last.settled is None and follow_up(last) is not None:
        return "working"
    # `failed` is for errors of the protocol; a job that failed is a result that says so.
    return "completed" if last.state.terminal else "working"


def _task(first: JobRecord, last: JobRecord, waits: str | None = None) -> dict[str, object]:
    line, said = last.history[-1], in_tool_words(waits or last.last_word)
    return {
        "taskId": first.id,
        "status": _status(last),
        "statusMessage": f"{last.id}: {last.state}{': ' + said if said else ''}",
        "createdAt": _iso(first.created),
        "lastUpdatedAt": _iso(max(line.at, last.settled or line.at)),
        "ttlMs": None,
        "pollIntervalMs": POLL_MS,
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
