"""A client of a team's server: plans, launches, approvals, jobs and label sets from another machine.

It is made from the OpenAPI document that the server itself gives, so that it knows each of its operations. It
needs the extra ``web`` for HTTP, and nothing of skillbank's own state: neither a home nor a bank.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlsplit

from skillbank.entrance import loopback
from skillbank.environment import TOKEN
from skillbank.errors import SkillbankError, UsageError
from skillbank.installation import need
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    import httpx2

__all__ = ["Client", "ServerError", "WaitsForApprovalError"]

_DOCUMENT = "/api/openapi.json"
_WAIT = 60.0
"""Seconds that one request waits for a job; `Client.wait` repeats it."""
_ENDED = frozenset({"COMPLETE", "ERROR", "CANCELED"})


class ServerError(SkillbankError):
    """What the server has refused.

    Attributes
    ----------
    code
        As the server says it, e.g. ``not_found`` or ``forbidden``.
    status
        Of HTTP; 0 where no answer came.
    """

    def __init__(self, sentence: str, code: str, status: int) -> None:
        super().__init__(sentence)
        self.said, self.status = code, status

    @property
    def code(self) -> str:
        """The server's word for it."""
        return self.said


class WaitsForApprovalError(ServerError):
    """A launch or cancellation that a person has to approve; then the same call goes through.

    Attributes
    ----------
    question
        What a person is asked; it stands at the page and in `Client.questions`.
    page
        Where the page asks it.
    """

    def __init__(self, sentence: str, approval: Mapping[str, str], status: int) -> None:
        super().__init__(sentence, "needs_approval", status)
        self.question, self.page = approval.get("question", ""), approval.get("page", "")


@dataclass(frozen=True)
class _Operation:
    method: str
    path: str
    places: Mapping[str, str]
    """Where each parameter stands: path, query or header."""


class Client:
    """A server, and who acts at it.

    Parameters
    ----------
    address
        Of the server, with its base path: ``https://ai.example.org/skillbank``.
    token
        Whose it is acts; by default that of the variable SKILLBANK_TOKEN.
    timeout
        Seconds for a request.

    Raises
    ------
    PlatformError
        When the extra ``web`` is not installed.
    UsageError
        When the token would go over plain http to another machine.
    ServerError
        When the server does not answer, or takes no such token; so do all methods.

    Notes
    -----
    ``references/team-server.md`` shows it at work::

        with Client("https://ai.example.org") as client:
            [plan] = client.plan("check the data set s3://data/cars")["plans"]
            job = client.launch(plan["plan_id"], "cars-1")["job"]
            client.wait(job)
    """

    def __init__(self, address: str, token: str | None = None, *, timeout: float = 60) -> None:
        need("web", "the client of a team's server", httpx2)
        token = (TOKEN.value or "") if token is None else token
        parts = urlsplit(address)
        if token and parts.scheme == "http" and not loopback(parts.hostname or ""):
            raise UsageError(
                f"the token would go to {one_line(parts.hostname or '', 200)} over plain http, which others "
                "on the way can read; give the server's https address, or that of a tunnel on this machine"
            )
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._http = httpx2.Client(base_url=address.rstrip("/"), headers=headers, timeout=timeout + _WAIT)
        self._failures: type[Exception] = httpx2.HTTPError
        self._operations: dict[str, _Operation] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # Every operation of the server

    @property
    def operations(self) -> frozenset[str]:
        """The ids of all operations, as the server's OpenAPI document names them."""
        return frozenset(self._known())

    def call(self, operation: str, body: Mapping[str, object] | None = None, **named: object) -> Any:
        """Call an operation by its id.

        Parameters
        ----------
        body
            Sent as JSON.
        named
            Parameters of the path, the query and the headers by name, where a header's ``-`` may be ``_``;
            None is not said.

        Returns
        -------
        Any
            The document; bytes where the server gives a picture or a page; None where it gives nothing.

        Raises
        ------
        LookupError
            When the server has no such operation, it takes no such parameter, or one of its path is not said.
        """
        found = self._known().get(operation)
        if found is None:
            raise LookupError(f"the server has no operation {one_line(operation, 100)}")
        said: dict[str, dict[str, str]] = {"path": {}, "query": {}, "header": {}}
        spelled = {name.replace("-", "_").lower(): name for name in found.places}
        for name, value in named.items():
            if (meant := spelled.get(name.replace("-", "_").lower())) is None:
                raise LookupError(f"{operation} takes no {one_line(name, 100)}")
            if value is not None:
                said[found.places[meant]][meant] = str(value)
        in_path = [name for name, place in found.places.items() if place == "path"]
        if lacking := [name for name in in_path if name not in said["path"]]:
            raise LookupError(f"{operation} needs {', '.join(lacking)}")
        path = found.path
        for name, value in said["path"].items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        return self._sent(found.method, path, body, said["query"], said["header"])

    def _known(self) -> dict[str, _Operation]:
        if not self._operations:
            for path, methods in self._sent("GET", _DOCUMENT)["paths"].items():
                for method, told in methods.items():
                    places = {each["name"]: each["in"] for each in told.get("parameters", ())}
                    self._operations[told["operationId"]] = _Operation(method.upper(), path, places)
        return self._operations

    def _sent(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        try:
            answer = self._http.request(method, path, json=body, params=query or None, headers=headers)
        except self._failures as error:
            why = one_line(error, 200) or type(error).__name__
            raise ServerError(f"{self._http.base_url} does not answer: {why}", "no_answer", 0) from None
        if not answer.is_success:
            raise _refusal(answer)
        if not answer.content:
            return None
        kind = answer.headers.get("content-type", "")
        return answer.json() if kind.startswith("application/json") else answer.content

    # What most people want of it

    def me(self) -> dict[str, object]:
        """Return who acts: name, project, rights."""
        return dict(self.call("get_me"))

    def skills(self, query: str) -> dict[str, object]:
        """Return the skills that share a word with a query, the best first."""
        return dict(self.call("get_skills", query=query))

    def action(
        self, skill: str, action: str, find: str | None = None, *, variant: str | None = None
    ) -> dict[str, Any]:
        """Describe an action of a skill, and the parameters that share a word with ``find``."""
        operation = "get_skills_skill_actions_action"
        return dict(self.call(operation, skill=skill, action=action, find=find, variant=variant))

    def plan(self, text: str | None = None, **arguments: object) -> dict[str, Any]:
        """Make plans, of words or arguments or both, as the tool ``plan`` takes them; nothing starts."""
        return dict(self.call("post_plans", {**({"text": text} if text else {}), **arguments}))

    def plan_of(self, plan_id: str) -> dict[str, object]:
        """Return a plan whole, with its sentence."""
        return dict(self.call("get_plans_plan_id", plan_id=plan_id))

    def launch(self, plan_id: str, idempotency_key: str) -> dict[str, object]:
        """Start a plan as a job; repeated with the same key it is the same job.

        Raises
        ------
        WaitsForApprovalError
            When a person has to approve it first; repeat it then.
        """
        return dict(self.call("post_launches", {"plan_id": plan_id, "idempotency_key": idempotency_key}))

    def cancel(self, job: str) -> dict[str, object]:
        """Stop a job; raises `WaitsForApprovalError` as `launch` does."""
        return dict(self.call("post_cancellations", {"job": job}))

    def questions(self) -> list[dict[str, object]]:
        """Return what waits for a person's approval, each whole as that person is to see it."""
        return list(self.call("get_questions")["questions"])

    def approve(self, question: Mapping[str, object], *, code: str | None = None) -> None:
        """Say yes to a question that was read, as `questions` gave it; for people, not for programs."""
        self._answer(question, True, code)

    def decline(self, question: Mapping[str, object]) -> None:
        """Say no to a question."""
        self._answer(question, False, None)

    def _answer(self, question: Mapping[str, object], approve: bool, code: str | None) -> None:
        body = {"approve": approve, "question": question["question"], **({"code": code} if code else {})}
        self.call("post_questions_number", body, number=question["number"])

    def jobs(self) -> list[dict[str, Any]]:
        """Return the newest jobs."""
        return list(self.call("get_jobs")["jobs"])

    def status(self, job: str, *, wait_seconds: int | None = None) -> dict[str, object]:
        """Return how a job is, after waiting for its end so long at most."""
        return dict(self.call("get_jobs_job_status", job=job, wait_seconds=wait_seconds))

    def wait(self, job: str, *, timeout: float | None = None) -> dict[str, object]:
        """Wait for the end of a job, or for so many seconds, and return how it is."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _WAIT if end is None else max(0.0, min(_WAIT, end - time.monotonic()))
            found = self.status(job, wait_seconds=int(left))
            if found["state"] in _ENDED or (end is not None and time.monotonic() >= end):
                return found
            if left < 1:
                time.sleep(left)

    def logs(self, job: str, *, cursor: int | None = None, find: str | None = None) -> dict[str, object]:
        """Return lines of a job's log: the last, those after a cursor, or those with a word."""
        return dict(self.call("get_jobs_job_logs", job=job, cursor=cursor, find=find))

    def results(self, job: str, *, find: str | None = None) -> dict[str, object]:
        """Return metrics, checkpoints and files that a job has left."""
        return dict(self.call("get_jobs_job_results", job=job, find=find))

    def sets(self) -> list[dict[str, object]]:
        """Return the label sets and how they stand."""
        return list(self.call("get_sets")["sets"])

    def set(self, name: str) -> dict[str, object]:
        """Return a label set; all else of sets is reached by `call`, see references/sets-rest.md."""
        return dict(self.call("get_sets_set", set=name))


def _refusal(answer: httpx2.Response) -> ServerError:
    if answer.is_redirect:  # it is not followed: a token goes to no other address than the one that was named
        at = one_line(answer.headers.get("location", ""), 200)
        told = f"the server sends this elsewhere, to {at}; name the address, if that is the server"
        return ServerError(told, "elsewhere", answer.status_code)
    try:
        document = answer.json()
        said = document["error"]
        code, sentence = str(said["code"]), str(said["message"])
    except (ValueError, LookupError, TypeError):
        told = f"the server answers {answer.status_code} without saying why"
        return ServerError(told, "no_sentence", answer.status_code)
    if code == "needs_approval":
        return WaitsForApprovalError(sentence, document.get("approval", {}), answer.status_code)
    return ServerError(sentence, code, answer.status_code)
