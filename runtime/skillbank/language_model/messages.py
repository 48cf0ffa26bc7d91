"""The messages of a conversation and the tools that are offered in it, in the words of chat completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

__all__ = ["FunctionTool", "MadeCall", "Message", "ModelMessage", "SaidMessage", "ToolFunction"]


class MadeFunction(TypedDict):
    """What a call calls; ``arguments`` is text that should be JSON and may not be."""

    name: str
    arguments: str


class MadeCall(TypedDict):
    """A call that the model made; ``extra_content`` is what the endpoint wants to see again with it."""

    id: str
    type: Literal["function"]
    function: MadeFunction
    extra_content: NotRequired[object]


class SaidMessage(TypedDict):
    """What we or a person said."""

    role: Literal["system", "user"]
    content: str


class ModelMessage(TypedDict):
    """What the model answered; ``carried`` is what the endpoint may want to see again, and no other does."""

    role: Literal["assistant"]
    content: str | None
    tool_calls: NotRequired[list[MadeCall]]
    carried: NotRequired[Mapping[str, object]]


class AnsweredMessage(TypedDict):
    """What a tool answered: a document as text."""

    role: Literal["tool"]
    tool_call_id: str
    content: str


Message: TypeAlias = SaidMessage | ModelMessage | AnsweredMessage


class ToolFunction(TypedDict):
    """A function that can be called; ``parameters`` is a JSON Schema."""

    name: str
    description: str
    parameters: dict[str, Any]
    strict: NotRequired[bool]


class FunctionTool(TypedDict):
    """A tool of a request."""

    type: Literal["function"]
    function: ToolFunction
