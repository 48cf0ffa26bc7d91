"""What clients send: a body of bounded size, and JSON that has to be as a model says."""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from skillbank.misfits import misfit
from skillbank.unique_names import RepeatedNameError, unique_names
from skillbank.visible import one_line, texts_in
from skillbank.web.answers import Refusal

__all__ = ["MOST_JSON", "limited", "read_body", "too_large", "validated"]

MOST_JSON = 4 << 20
_DROPPED = 16
"""Of a body that is too large, so many times what is taken is waited for, before the connection is closed."""

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], body: bytes) -> Model:
    """Return a body as a model: JSON has its own types, and none is made of another.

    A text is no number, and ``"yes"`` is not true: what the OpenAPI document refuses is not a yes here.
    """
    _refuse_unclear(body)
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        known = model.model_fields if len(problem["loc"]) == 1 else ()
        raise Refusal(400, "usage", f"{misfit(problem, known=known)}.") from None


def _refuse_unclear(body: bytes) -> None:
    """Refuse what is said twice, or is no text; what else is wrong with a body the model says."""
    try:
        said = json.loads(body, object_pairs_hook=unique_names)
        if any("\0" in text for text in texts_in(said)):  # which not every database takes
            raise Refusal(400, "usage", "The body holds NUL, which is no text; leave it out.")
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
    said = request.headers.get("content-length", "")
    declared = int(said) if said.isdigit() else 0
    if declared > most and "expect" in request.headers:  # it waits for a word of ours before it sends
        raise too_large(most)
    came = 0

    async def receive() -> Message:
        nonlocal came
        message = await request.receive()
        came += len(message.get("body", b""))
        if max(came, declared) > most:
            await _drop(request, message, most * _DROPPED)
            raise too_large(most)
        return message

    return Request(request.scope, receive)


async def _drop(request: Request, message: Message, most: int) -> None:
    """Take what still comes of a body, and keep none of it.

    A connection that is closed with bytes unread is reset, and with it goes the answer that says why.
    """
    while message["type"] == "http.request" and message.get("more_body") and most > 0:
        message = await request.receive()
        most -= len(message.get("body", b""))


def too_large(most: int) -> Refusal:
    """Return the refusal of a body that is longer than so many bytes."""
    # What may still come is not read, so the connection cannot be used again.
    return Refusal(
        413, "too_large", f"That is larger than {most >> 20} MB; make it smaller.", {"connection": "close"}
    )
