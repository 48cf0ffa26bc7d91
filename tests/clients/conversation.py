"""What every client is made to do, and what the one who called the tools could see of the answers.

A conversation is a generator: it says which tool is called next and gets what the caller sees of the answer.
Who calls is either a model behind a client (``model_server``) or a program on a client's library (``relay``).
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = [
    "TOOLS",
    "Answers",
    "Call",
    "Conversation",
    "Document",
    "Person",
    "Step",
    "approved_beside",
    "approved_by_asking",
    "as_tasks",
    "first_document",
    "trained",
]

Document: TypeAlias = dict[str, Any]
Step = Literal["tools", "plan", "refusal", "launch", "results", "cancel", "asks", "tasks"]
Said = Literal["accept", "decline", "cancel"]
Conversation: TypeAlias = "Generator[Call, object, None]"
"""Yields calls, receives what the caller sees of each answer."""

TOOLS = frozenset({"plan", "launch", "job_status", "job_logs", "cancel_job", "job_results", "list_jobs"})
"""What a client must offer its model, among others."""


@dataclass(frozen=True)
class Call:
    """A call of a tool."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Person:
    """Who approves beside the client."""

    def approves(self, subject: str) -> None:
        """Approve once what a tool's answer names."""
        raise NotImplementedError


class Answers:
    """What the user at a client says to its questions."""

    def __init__(self) -> None:
        self.next: Said = "accept"
        self.questions: list[str] = []

    def to(self, question: str) -> Document:
        """Return the reply to a question, as the protocol has it."""
        self.questions.append(question)
        if self.next == "accept":
            return {"action": "accept", "content": {"approve": True}}
        return {"action": self.next}


def approved_beside(
    data: str, person: Person, shown: list[Step], refused: str = "needs_approval"
) -> Conversation:
    """Plan, launch without and with a person's approval beside the client, read results, stop another job.

    Parameters
    ----------
    data
        The folder that is trained on.
    shown
        Grows by each step when the caller has seen what it must see of it.
    refused
        The code of the refusal: ``not_approved`` for a client that declines by itself.
    """
    plan_id = yield from _planned(data, 0)
    shown.append("plan")
    _check_refusal(first_document((yield Call("launch", {"plan_id": plan_id}))), refused, plan_id)
    shown.append("refusal")
    person.approves(f"plan:{plan_id}")
    yield from _launched(plan_id, shown)
    plan_id = yield from _planned(data, 300)
    person.approves(f"plan:{plan_id}")
    job = first_document((yield Call("launch", {"plan_id": plan_id})))["job"]
    _check_refusal(first_document((yield Call("cancel_job", {"job": job}))), refused, job)
    person.approves(f"cancel:{job}")
    yield from _stopped(job, shown)


def approved_by_asking(data: str, answers: Answers, shown: list[Step]) -> Conversation:
    """Plan, launch with each of the three answers of the client's user, read results, stop another job."""
    plan_id = yield from _planned(data, 0)
    shown.append("plan")
    answers.next = "decline"
    declined = first_document((yield Call("launch", {"plan_id": plan_id})))["error"]
    assert declined["code"] == "not_approved" and "skillbank approve" in declined["hint"], declined
    answers.next = "cancel"
    _check_refusal(first_document((yield Call("launch", {"plan_id": plan_id}))), "needs_approval", plan_id)
    shown.append("refusal")
    answers.next = "accept"
    yield from _launched(plan_id, shown)
    plan_id = yield from _planned(data, 300)
    job = first_document((yield Call("launch", {"plan_id": plan_id})))["job"]
    yield from _stopped(job, shown)
    assert len(answers.questions) == 5
    assert "toy-detector" in answers.questions[0], answers.questions
    shown.append("asks")


def as_tasks(data: str, person: Person, shown: list[Step]) -> Conversation:
    """Wait for a launch as a task, and stop another task."""
    plan_id = yield from _planned(data, 0)
    shown.append("plan")
    person.approves(f"plan:{plan_id}")
    task = yield Call("launch", {"plan_id": plan_id, "wait": True})
    assert isinstance(task, dict) and task["status"] in ("working", "completed"), task
    shown.append("launch")
    ended = first_document((yield Call("tasks/result")))
    assert ended["job"] == task["task"] and ended["state"] == "COMPLETE", ended
    results = first_document((yield Call("job_results", {"job": task["task"]})))
    assert results["checkpoints"], results
    shown.append("results")
    plan_id = yield from _planned(data, 300)
    person.approves(f"plan:{plan_id}")
    task = yield Call("launch", {"plan_id": plan_id, "wait": True})
    assert isinstance(task, dict) and task["status"] == "working", task
    stopped = yield Call("tasks/cancel")
    assert stopped == {"task": task["task"], "status": "cancelled"}, stopped
    shown.append("cancel")
    shown.append("tasks")


def trained(request: str, person: Person, shown: list[Step]) -> Conversation:
    """Plan one request, launch it without and with a person's approval, and follow its job to the end."""
    answer = first_document((yield Call("plan", {"text": request})))
    plan_id = str(answer["plans"][0]["plan_id"])
    shown.append("plan")
    refused = first_document((yield Call("launch", {"plan_id": plan_id})))
    assert "error" in refused, refused
    shown.append("refusal")
    person.approves(f"plan:{plan_id}")
    status = first_document((yield Call("launch", {"plan_id": plan_id})))
    shown.append("launch")
    while status["state"] not in ("COMPLETE", "ERROR", "CANCELED"):
        # Some clients give up on a call that takes a minute.
        status = first_document((yield Call("job_status", {"job": status["job"], "wait_seconds": 20})))
    assert status["state"] == "COMPLETE", status
    results = first_document((yield Call("job_results", {"job": status["job"]})))
    assert results["checkpoints"], results
    shown.append("results")


def _planned(data: str, seconds: float) -> Generator[Call, object, str]:
    told = [{"key": "train.seconds", "value_json": str(seconds)}]
    answer = first_document(
        (yield Call("plan", {"text": f"train the toy detector on {data}", "settings": told}))
    )
    return str(answer["plans"][0]["plan_id"])


def _launched(plan_id: str, shown: list[Step]) -> Generator[Call, object, None]:
    job = first_document((yield Call("launch", {"plan_id": plan_id})))["job"]
    shown.append("launch")
    status = first_document((yield Call("job_status", {"job": job, "wait_seconds": 120})))
    assert status["state"] == "COMPLETE", status
    results = first_document((yield Call("job_results", {"job": job})))
    assert results["job"] == job and results["checkpoints"], results
    shown.append("results")


def _stopped(job: str, shown: list[Step]) -> Generator[Call, object, None]:
    answer = first_document((yield Call("cancel_job", {"job": job})))
    assert answer.get("state") == "CANCELED", answer
    shown.append("cancel")


def _check_refusal(answer: Document, code: str, what: str) -> None:
    """Hold a refusal to what a model needs to go on from it: what is wanted, of whom, and for what."""
    error = answer["error"]
    assert error["code"] == code, error
    assert error["message"], error
    assert "skillbank approve" in error["hint"] and what[:12] in error["hint"], error


def first_document(seen: object) -> Document:
    """Return the tool's JSON document in what a caller sees, however its client has wrapped it.

    Raises
    ------
    AssertionError
        When none of it can be seen.
    """
    found = next(_documents(seen), None)
    assert found is not None, f"the caller sees no document of the tool: {seen!r}"
    return found


def _documents(seen: object) -> Iterator[Document]:
    """Yield the tool's documents in a client's own documents, lists and sentences."""
    if isinstance(seen, dict) and _of_tool(seen):
        yield seen
    elif isinstance(seen, dict | list):
        for part in seen.values() if isinstance(seen, dict) else seen:
            yield from _documents(part)
    elif isinstance(seen, str):
        # A client may put words before a document, or a list of parts around it.
        start = 0
        while (match := re.compile(r"[{\[]").search(seen, start)) is not None:
            start = match.end()
            with contextlib.suppress(ValueError):
                found, start = json.JSONDecoder().raw_decode(seen, match.start())
                yield from _documents(found)


def _of_tool(found: Document) -> bool:
    error = found.get("error")
    if isinstance(error, dict) and {"code", "message"} <= error.keys():
        return True
    # A client's own words may hold the arguments of the call, as its job.
    return "plans" in found or {"job", "state"} <= found.keys()
