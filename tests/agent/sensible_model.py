"""A model played by rules, which uses the tools as a good one would: for whole conversations in tests.

It passes the person's words on to plan, launches each plan it gets, waits for each job, reads the results and
reports them. What only a person can say, it asks; what only a person can approve, it reports.
"""

from __future__ import annotations

import json
from typing import Any

from tests.agent.openai_rules import Request
from tests.agent.openai_server import Call, Says, Step

__all__ = ["sensible"]


def sensible(request: Request, wait_seconds: int = 60) -> Step:
    """Return what the model says next."""
    usage = (len(json.dumps(request.body)) // 4, 30)
    last = request.messages[-1]
    if last["role"] == "user":
        return Says(calls=[Call("plan", {"text": last["content"]})], usage=usage)
    answers = [json.loads(text) for text in request.answers()]
    plans = [
        a for m in request.messages if m["role"] == "tool" and (a := json.loads(m["content"])).get("plans")
    ]
    return _next(answers[-1], plans[-1]["plans"] if plans else [], _launched(request), wait_seconds, usage)


def _next(
    answer: dict[str, Any],
    plans: list[dict[str, Any]],
    launched: set[str],
    wait_seconds: int,
    usage: tuple[int, int],
) -> Step:
    if error := answer.get("error"):
        return Says(f"This needs you: {error['message']}", usage=usage)
    if questions := [q["why"] for plan in answer.get("plans", ()) for q in plan.get("questions", ())]:
        return Says("I need to know: " + " ".join(questions), usage=usage)
    waiting = [plan["plan_id"] for plan in plans if plan["plan_id"] not in launched]
    if "plans" in answer or ("metrics" in answer and "file_count" in answer and waiting):
        return Says(calls=[Call("launch", {"plan_id": waiting[0]})], usage=usage)
    if answer.get("state") in ("PENDING", "RUNNING", "UNKNOWN"):
        status = {"job": answer["job"], "wait_seconds": wait_seconds}
        return Says(calls=[Call("job_status", status)], usage=usage)
    if "file_count" not in answer:
        return Says(calls=[Call("job_results", {"job": answer["job"]})], usage=usage)
    metrics = ", ".join(f"{name} {value:.3f}" for name, value in answer.get("metrics", {}).items())
    return Says(f"{answer['job']} is {answer['state']}: {metrics or 'no metrics'}.", usage=usage)


def _launched(request: Request) -> set[str]:
    """Return the plans whose launch was answered with a job."""
    found = (json.loads(m["content"]) for m in request.messages if m["role"] == "tool")
    return {answer["plan_id"] for answer in found if "job" in answer and "plan_id" in answer}
