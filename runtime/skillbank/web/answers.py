"""What the server says besides pages: JSON documents, and errors as one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from skillbank.errors import NotFoundError, SkillbankError, UsageError
from skillbank.redact import redact

__all__ = ["Refusal", "explain", "refuse"]


class Refusal(Exception):  # noqa: N818
    """A request that is not served: the status, a name for programs, a sentence for people."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None):
        super().__init__(message)
        self.status, self.code, self.headers = status, code, dict(headers or {})

    def response(self) -> JSONResponse:
        """Return it as an answer."""
        document = {"error": {"code": self.code, "message": str(self)}}
        return JSONResponse(document, self.status, headers=self.headers)


def refuse(request: Request, error: Exception) -> JSONResponse:
    """Answer a `Refusal`; a handler of Starlette's."""
    assert isinstance(error, Refusal)
    return error.response()


def explain(request: Request, error: Exception) -> JSONResponse:
    """Answer a deliberate error of ours; a handler of Starlette's."""
    assert isinstance(error, SkillbankError)
    status = 404 if isinstance(error, NotFoundError) else 400 if isinstance(error, UsageError) else 409
    document: dict[str, Any] = {"code": error.code, "message": redact(str(error))}
    return JSONResponse({"error": document}, status)
