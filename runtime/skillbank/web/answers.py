"""What the server says besides pages: JSON documents, and errors as one sentence."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from skillbank.bank.foreign import FromSkill
from skillbank.errors import ForbiddenError, NotFoundError, QuotaError, SkillbankError, UsageError
from skillbank.redact import redact
from skillbank.visible import json_text, visible
from skillbank.ways import Voice

__all__ = ["Json", "Refusal", "explain", "message", "refuse", "speak_as"]

_STATUS = ((NotFoundError, 404), (UsageError, 400), (ForbiddenError, 403), (QuotaError, 403))


class Json(JSONResponse):
    """A JSON document in which what cannot be seen is an escape of JSON's: nothing hides, nothing is lost."""

    def render(self, content: object) -> bytes:
        """Return the document as it is sent."""
        return json_text(content, compact=True, nan=False).encode()


class Refusal(Exception):  # noqa: N818
    """A request that is not served: the status, a name for programs, a sentence for people."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None):
        super().__init__(message)
        self.status, self.code, self.headers = status, code, dict(headers or {})

    def response(self) -> Response:
        """Return it as an answer."""
        document = {"error": {"code": self.code, "message": visible(str(self))}}
        return Json(document, self.status, headers=self.headers)


def refuse(request: Request, error: Exception) -> Response:
    """Answer a `Refusal`; a handler of Starlette's."""
    assert isinstance(error, Refusal)
    return error.response()


def speak_as(request: Request, voice: Voice) -> None:
    """Say whose words the refusal of a request is written in; the command line's where nothing is said."""
    request.state.voice = voice


def message(request: Request, error: SkillbankError) -> str:
    """Return what a refusal says, as it is sent."""
    return visible(redact(error.sentence.said(getattr(request.state, "voice", Voice.COMMAND_LINE))))


def explain(request: Request, error: Exception) -> Response:
    """Answer a deliberate error of ours; a handler of Starlette's."""
    assert isinstance(error, SkillbankError)
    status = next((found for kind, found in _STATUS if isinstance(error, kind)), 409)
    document: dict[str, object] = {"code": error.code, "message": message(request, error)}
    if error.skill_says:
        words = FromSkill.of(error.skill, redact(" · ".join(error.skill_says)))
        document["from_skill"] = words.model_dump() if words else None
    return Json({"error": document}, status)
