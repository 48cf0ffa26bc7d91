"""What clients send: a body of bounded size, and JSON that has to be as a model says."""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from skillbank.misfits import misfit
from skillbank.unique_names import RepeatedNameError, unique_names
from skillbank.visible import one_line
from skillbank.web.answers import Refusal

__all__ = ["MOST_JSON", "limited", "read_body", "too_large", "validated"]

MOST_JSON = 4 << 20

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], body: bytes) -> Model:
    """Return a body as a model."""
    _refuse_repeated(body)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        known = model.model_fields if len(problem["loc"]) == 1 else ()
        raise Refusal(400, "usage", f"{misfit(problem, known=known)}.") from None


def _refuse_repeated(body: bytes) -> None:
    """Refuse a body that says something twice; what else is wrong with it the model says."""
    try:
        json.loads(body, object_pairs_hook=unique_names)
    except RepeatedNameError as error:
        raise Refusal(400, "usage", f"{one_line(error)}.") from None
    except (ValueError, RecursionError):
        return


async def read_body(request: Request, most: int = MOST_JSON) -> bytes:
    """Return a request's body."""
    try:
        return await limited(request, most).body()
    except ClientDisconnect:
        raise Refusal(400, "usage", "The request broke off.") from None


def limited(request: Request, most: int) -> Request:
    """Return the request as one that ends when more than so many bytes come."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise too_large(most)
    came = 0

    async def receive() -> Message:
        nonlocal came
        message = await request.receive()
        came += len(message.get("body", b""))
        if came > most:
            raise too_large(most)
        return message

    return Request(request.scope, receive)


def too_large(most: int) -> Refusal:
    """Return the refusal of a body that is longer than so many bytes."""
    # What still comes is not read, so the connection cannot be used again.
    return Refusal(
        413, "too_large", f"That is larger than {most >> 20} MB; make it smaller.", {"connection": "close"}
    )
