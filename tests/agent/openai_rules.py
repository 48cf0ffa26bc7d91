"""What the chat-completions service refuses: the rules that `tests.agent.openai_server` holds requests to."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = ["Feature", "Request", "Wrong", "broken_rule", "loose"]

Feature: TypeAlias = Literal["stream", "stream_options", "strict"]
"""What some compatible endpoints do not know."""
Wrong: TypeAlias = tuple[int, str, str | None]
"""Status, message and code of a refusal."""


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def protocol(self) -> str:
        """What the address says: ``chat/completions`` or ``responses``."""
        return self.path.partition("/v1/")[2]

    @property
    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body["messages"]
        return found

    def answers(self) -> list[str]:
        """Return what the tools answered to the last calls, in the order of the messages."""
        last = itertools.takewhile(lambda m: m["role"] == "tool", reversed(self.messages))
        return [message["content"] for message in last][::-1]


def broken_rule(request: Request, key: str | None, model: str, without: frozenset[Feature]) -> Wrong | None:
    """Return the refusal of a request that breaks a rule; None for a good one."""
    return (
        _key(request, key)
        or _model(request, model)
        or _unknown(request.body, without)
        or _conversation(request.body.get("messages", ()))
        or _schemas(request.body)
    )


def _key(request: Request, key: str | None) -> Wrong | None:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if key is None or given == key:
        return None
    return 401, f"Incorrect API key provided: {given}.", "invalid_api_key"


def _model(request: Request, model: str) -> Wrong | None:
    if request.path != "/v1/chat/completions":
        return 404, f"Invalid URL (POST {request.path})", None
    if request.body.get("model") == model:
        return None
    said = f"The model `{request.body.get('model')}` does not exist or you do not have access to it."
    return 404, said, "model_not_found"


def _unknown(body: Mapping[str, Any], without: frozenset[Feature]) -> Wrong | None:
    if "stream" in without and body.get("stream"):
        return 400, "Unsupported value: 'stream' must be false for this model.", "unsupported_value"
    if "stream_options" in without and "stream_options" in body:
        return 400, "Unrecognized request argument supplied: stream_options", None
    if "strict" in without and any("strict" in tool["function"] for tool in body.get("tools", ())):
        return 400, "Extra inputs are not permitted: tools[0].function.strict", None
    return None


def _conversation(messages: list[dict[str, Any]]) -> Wrong | None:
    waiting: list[str] = []
    for message in messages:
        role, call = message["role"], message.get("tool_call_id")
        if role == "tool":
            if call not in waiting:
                return 400, f"No preceding message has a tool call '{call}' that waits for an answer.", None
            waiting.remove(call)
            continue
        if waiting:
            break
        waiting = [call["id"] for call in message.get("tool_calls") or ()]
        if len(set(waiting)) != len(waiting):
            return 400, "Two calls of one message have the same id.", None
        if role != "assistant" and not message.get("content"):
            return 400, f"Invalid content of a message with role '{role}'.", None
    if waiting:
        said = "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        return 400, f"{said}'tool_call_id'. Missing: {', '.join(waiting)}", None
    return None


def _schemas(body: Mapping[str, Any]) -> Wrong | None:
    strict = [t["function"] for t in body.get("tools", ()) if t["function"].get("strict")]
    schemas = [(f"function '{f['name']}'", f["parameters"]) for f in strict]
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema" and form["json_schema"].get("strict"):
        schemas.append(("response_format", form["json_schema"]["schema"]))
    for name, schema in schemas:
        if wrong := loose(schema):
            return 400, f"Invalid schema for {name}: {wrong}", None
    return None


_NOT_STRICT = ("allOf", "not", "oneOf", "dependentRequired", "patternProperties", "if", "then", "else")


def loose(schema: Any, where: str = "()") -> str | None:
    """Say what strict mode would refuse in a JSON Schema; None when it is accepted."""
    if not isinstance(schema, dict):
        return None
    for word in _NOT_STRICT:
        if word in schema:
            return f"In context={where}, '{word}' is not permitted."
    properties = schema.get("properties", {})
    if schema.get("type") == "object" or properties:
        if schema.get("additionalProperties") is not False:
            return f"In context={where}, 'additionalProperties' is required to be supplied and to be false."
        if set(schema.get("required", ())) != set(properties):
            return f"In context={where}, 'required' is required to include every key in properties."
    parts = [*properties.items(), *schema.get("$defs", {}).items(), ("items", schema.get("items"))]
    parts += [(str(i), part) for i, part in enumerate(schema.get("anyOf", ()))]
    return next((wrong for name, part in parts if (wrong := loose(part, f"{where}.{name}"))), None)
