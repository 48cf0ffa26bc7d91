"""What every client is made to do, and what the one who called the tools could see of the answers.

A conversation is a generator: it says which tool is called next and gets what the caller sees of the answer. Who
calls is either a model behind a client (``model_server``) or a small program on a client's library (``relay``).
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = ["TOOLS", "Call", "Conversation", "Document", "Step", "first_document", "train_and_cancel"]

Document: TypeAlias = dict[str, Any]
Step = Literal["tools", "plan", "refusal", "launch", "results", "cancel"]
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


def train_and_cancel(data: str, person: Person, shown: list[Step]) -> Conversation:
    """Plan, launch without and with a person's approval, read results, stop another job.

    Parameters
    ----------
    data
        The folder that is trained on.
    shown
        Grows by each step when the caller has seen what it must see of it.
    """
    plan_id = yield from _planned(data, 0)
    shown.append("plan")
    refused = first_document((yield Call("launch", {"plan_id": plan_id})))
    _check_refusal(refused, plan_id)
    shown.append("refusal")
    person.approves(f"plan:{plan_id}")
    job = first_document((yield Call("launch", {"plan_id": plan_id})))["job"]
    shown.append("launch")
    status = first_document((yield Call("job_status", {"job": job, "wait_seconds": 120})))
    assert status["state"] == "COMPLETE", status
    results = first_document((yield Call("job_results", {"job": job})))
    assert results["job"] == job and ".pth" in json.dumps(results), results
    shown.append("results")
    yield from _stopped(data, person)
    shown.append("cancel")


def _planned(data: str, seconds: float) -> Generator[Call, object, str]:
    told = [{"key": "train.seconds", "value_json": str(seconds)}]
    answer = first_document(
        (yield Call("plan", {"text": f"train the toy detector on {data}", "settings": told}))
    )
    return str(answer["plans"][0]["plan_id"])


def _stopped(data: str, person: Person) -> Generator[Call, object, None]:
    plan_id = yield from _planned(data, 300)
    person.approves(f"plan:{plan_id}")
    job = first_document((yield Call("launch", {"plan_id": plan_id})))["job"]
    refused = first_document((yield Call("cancel_job", {"job": job})))
    assert refused["error"]["code"] == "needs_approval", refused
    person.approves(f"cancel:{job}")
    answer = first_document((yield Call("cancel_job", {"job": job})))
    assert "error" not in answer, answer
    status = first_document((yield Call("job_status", {"job": job, "wait_seconds": 60})))
    assert status["state"] == "CANCELED", status


def _check_refusal(answer: Document, plan_id: str) -> None:
    """Hold a refused launch to what a model needs to go on from it."""
    error = answer["error"]
    assert error["code"] == "needs_approval", error
    assert error["message"], error
    assert plan_id[:12] in json.dumps(answer), "what is to be approved is named"
    assert "approve" in error["hint"], error


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
