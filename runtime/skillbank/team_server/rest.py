"""Plans, launches, jobs and approvals by REST: the tools, each at a path, and what only people do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from skillbank.agent.approval import Approval, NeedsApprovalError
from skillbank.agent.catalogue import TOOLS
from skillbank.agent.toolbox import Answer, Toolbox
from skillbank.errors import ForbiddenError
from skillbank.jobs.questions import Question
from skillbank.redact import redact
from skillbank.team.acting import who
from skillbank.team.person import EVERYBODY
from skillbank.team.rights import Right
from skillbank.team_server import documents as said
from skillbank.visible import visible
from skillbank.ways import Voice
from skillbank.web.answers import Json, Refusal, explain, message, speak_as
from skillbank.web.operations import Asked, Operation

__all__ = ["RestDoor", "needs_approval"]

_TOOLS = {tool.name: tool for tool in TOOLS}


class RestDoor:
    """The endpoints.

    Parameters
    ----------
    box
        The tools that agents call as well: they check, ask and answer alike at every door.
    """

    def __init__(self, box: Toolbox) -> None:
        self._box = box

    def operations(self) -> list[Operation]:
        """Return what is served."""
        plan, job = "/api/plans/{plan_id}", "/api/jobs/{job}"
        find = Asked("find")
        return [
            Operation("GET", "/api/me", self.me, said.MeDocument),
            self._read("/api/skills", "search_skills", Asked("query", required=True)),
            self._read("/api/skills/{skill}/actions/{action}", "describe_action", find, Asked("variant")),
            self._sent("/api/plans", "plan", status=201),
            Operation("GET", plan, self.plan, said.PlanDocument),
            self._sent("/api/launches", "launch", status=201),
            self._read(f"{job}/status", "job_status", Asked("wait_seconds", "integer")),
            self._read(f"{job}/logs", "job_logs", Asked("cursor", "integer"), find),
            self._read(f"{job}/results", "job_results", find),
            self._sent("/api/cancellations", "cancel_job"),
            Operation("GET", "/api/questions", self.questions, said.QuestionsDocument),
            Operation(
                "POST",
                "/api/questions/{number:int}",
                self.answer,
                said.QuestionsDocument,
                takes=said.AnswerQuestion,
            ),
        ]

    # Tools

    def _read(self, path: str, tool: str, *asks: Asked) -> Operation:
        kinds = {each.name: each.kind for each in asks}

        def endpoint(request: Request) -> Response:
            asked = {name: _value(kinds, name, value) for name, value in request.query_params.items()}
            return self._call(request, tool, {**asked, **request.path_params})

        return self._operation("GET", path, tool, endpoint, asks=asks)

    def _sent(self, path: str, tool: str, status: int = 200) -> Operation:
        def endpoint(request: Request, body: BaseModel) -> Response:
            return self._call(request, tool, body.model_dump(mode="json", exclude_unset=True), status)

        return self._operation("POST", path, tool, endpoint, takes=_TOOLS[tool].arguments, status=status)

    def _operation(
        self,
        method: str,
        path: str,
        tool: str,
        endpoint: Callable[..., Response],
        *,
        asks: Sequence[Asked] = (),
        takes: type[BaseModel] | None = None,
        status: int = 200,
    ) -> Operation:
        of = _TOOLS[tool]
        endpoint.__doc__ = of.description
        return Operation(
            method, path, endpoint, of.result, takes, asks=asks, status=status, filled=False, lane=of.lane
        )

    def _call(
        self, request: Request, tool: str, arguments: Mapping[str, object], status: int = 200
    ) -> Response:
        speak_as(request, Voice.TOOLS)  # whose arguments are the fields here
        return Json(Answer(tool, result=self._box.run(tool, arguments)).document(), status)

    # What is no tool

    def me(self, request: Request) -> Response:
        """Say who one is, and what one may do."""
        person = who()
        rights = [right.value for right in Right if person.may(right)]
        document = said.MeDocument(
            name=person.name,
            project=person.project,
            rights=rights,
            agent=person.agent,
            signs_in=person != EVERYBODY,
        )
        return Json(document.document())

    def plan(self, request: Request) -> Response:
        """Return a plan that was made here, whole."""
        runtime = self._box.runtime
        runtime.permit(Right.LOOK, "look")
        found = runtime.jobs.store.get_plan(request.path_params["plan_id"])
        document = said.PlanDocument(
            plan_id=found.plan_id, sentence=runtime.sentence([found]), plan=found.model_dump(mode="json")
        )
        return Json(document.document())

    def questions(self, request: Request) -> Response:
        """List the questions that wait for a person, as a terminal would ask them."""
        self._box.runtime.permit(Right.LOOK, "look")
        asks_code = self._box.runtime.jobs.store.guard.hard
        shown = [_shown(each) for each in self._box.questions.list()]
        return Json(said.QuestionsDocument(questions=shown, asks_code=asks_code).document())

    def answer(self, request: Request, body: said.AnswerQuestion) -> Response:
        """Approve what a question asks, once, or say no."""
        number = request.path_params["number"]
        found = self._box.questions.get(number)
        self._box.runtime.permit(Right.APPROVE, "approve", found.subject)
        if found.project != who().project:
            raise ForbiddenError(
                f"question {number} is one of project {found.project}, whose people approve what it asks"
            )
        if body.question != visible(found.question):
            raise Refusal(409, "changed", "The question has changed meanwhile; read it again.")
        # Of two who answer at once one counts: whoever takes the question, before anything is approved.
        if not self._box.questions.answer(number, body.approve):
            raise Refusal(409, "changed", "Somebody else has answered this question meanwhile.")
        if body.approve:
            asked = Approval(found.subject, found.question, found.data, found.parents)
            try:
                self._box.approve(asked, f"{who().name} at the page", how="page", code=body.code)
            except BaseException:  # a wrong code: the question waits on
                self._box.questions.open_again(number)
                raise
        return self.questions(request)


def needs_approval(request: Request, error: Exception) -> Response:
    """Answer with the question that a person has to be asked; a handler of Starlette's."""
    assert isinstance(error, NeedsApprovalError)
    answer = explain(request, error)
    asked = {"subject": error.approval.subject, "question": visible(redact(error.approval.question))}
    document = {
        "error": {"code": error.code, "message": message(request, error)},
        "approval": {**asked, "page": error.approval.page},
    }
    return Json(document, answer.status_code)


def _shown(question: Question) -> said.QuestionDocument:
    return said.QuestionDocument(
        number=question.number,
        subject=question.subject,
        question=visible(question.question),
        project=question.project,
        asked_by=question.asked_by,
        asked=question.asked,
    )


def _value(kinds: Mapping[str, str], name: str, value: str) -> object:
    whole = kinds.get(name) == "integer" and value.isascii() and value.isdigit() and len(value) < 10
    return int(value) if whole else value
