"""The four protocols in which clients speak to a model: what a request holds, and how an answer is written.

Each reads the tools that are offered and the answers of tools so far, oldest first, and writes one answer, a
text or one call of a tool, in one piece or as the events of a stream.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

__all__ = ["DIALECTS", "Answer", "Dialect", "Heard"]

Document: TypeAlias = dict[str, Any]
Event: TypeAlias = tuple[str | None, Document | str]
"""The name of an event of a stream, if it has one, and its data."""


@dataclass(frozen=True)
class Heard:
    """What a request tells a model."""

    tools: Sequence[str]
    results: Sequence[object]
    """What the model sees of each answer of a tool in the conversation."""
    streams: bool


@dataclass(frozen=True)
class Answer:
    """What a model says: a call of a tool, or a text."""

    number: int
    text: str = ""
    tool: str | None = None
    arguments: str = "{}"

    @property
    def id(self) -> str:
        """The call's own id."""
        return f"call_{self.number}"


class Dialect(Protocol):
    """A protocol."""

    def hears(self, path: str, body: Document) -> Heard: ...
    def document(self, answer: Answer) -> Document: ...
    def events(self, answer: Answer) -> Iterator[Event]: ...


class ChatCompletions:
    """OpenAI's older protocol, which most endpoints speak."""

    def hears(self, path: str, body: Document) -> Heard:
        tools = [tool["function"]["name"] for tool in body.get("tools") or ()]
        results = [m["content"] for m in body["messages"] if m["role"] == "tool"]
        return Heard(tools, results, bool(body.get("stream")))

    def document(self, answer: Answer) -> Document:
        message: Document = {"role": "assistant", "content": answer.text or None}
        if answer.tool is not None:
            message["tool_calls"] = [self._call(answer)]
        finish = "stop" if answer.tool is None else "tool_calls"
        choice = {"index": 0, "message": message, "finish_reason": finish}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._usage()}

    def events(self, answer: Answer) -> Iterator[Event]:
        delta: Document = {"role": "assistant", "content": answer.text or None}
        if answer.tool is not None:
            delta["tool_calls"] = [{"index": 0, **self._call(answer)}]
        finish = "stop" if answer.tool is None else "tool_calls"
        head = self._head("chat.completion.chunk")
        yield None, {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        yield None, {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
        yield None, {**head, "choices": [], "usage": self._usage()}
        yield None, "[DONE]"

    @staticmethod
    def _head(kind: str) -> Document:
        return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "scripted"}

    @staticmethod
    def _usage() -> Document:
        return {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}

    @staticmethod
    def _call(answer: Answer) -> Document:
        function = {"name": answer.tool, "arguments": answer.arguments}
        return {"id": answer.id, "type": "function", "function": function}


class Responses:
    """OpenAI's newer protocol."""

    def hears(self, path: str, body: Document) -> Heard:
        found = body["input"]
        items = found if isinstance(found, list) else []
        results = [item["output"] for item in items if item.get("type") == "function_call_output"]
        return Heard([*self._names(body.get("tools") or ())], results, bool(body.get("stream")))

    @classmethod
    def _names(cls, tools: Sequence[Document], space: str = "") -> Iterator[str]:
        for tool in tools:
            if tool.get("type") == "namespace":
                yield from cls._names(tool["tools"], f"{tool['name']}/")
            elif "name" in tool:
                yield space + tool["name"]

    def document(self, answer: Answer) -> Document:
        return self._response("completed", [self._item(answer)])

    def events(self, answer: Answer) -> Iterator[Event]:
        item = self._item(answer)
        told: list[Document] = [
            {"type": "response.created", "response": self._response("in_progress", [])},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": self._response("completed", [item])},
        ]
        for number, event in enumerate(told):
            yield event["type"], {**event, "sequence_number": number}

    @staticmethod
    def _item(answer: Answer) -> Document:
        if answer.tool is None:
            said = {"type": "output_text", "text": answer.text, "annotations": []}
            common = {"type": "message", "role": "assistant", "status": "completed"}
            return {**common, "id": f"msg_{answer.number}", "content": [said]}
        space, _, name = answer.tool.rpartition("/")
        call = {"id": f"fc_{answer.number}", "call_id": answer.id, "name": name, "status": "completed"}
        placed = {"namespace": space} if space else {}
        return {"type": "function_call", "arguments": answer.arguments, **call, **placed}

    @staticmethod
    def _response(status: str, output: list[Document]) -> Document:
        usage = {
            "input_tokens": 10,
            "output_tokens": 5,
            "total_tokens": 15,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }
        common = {"id": "resp_1", "object": "response", "created_at": 1, "model": "scripted"}
        chosen = {"parallel_tool_calls": False, "tool_choice": "auto", "tools": []}
        return {**common, **chosen, "status": status, "output": output, "usage": usage}


class Messages:
    """Anthropic's protocol."""

    def hears(self, path: str, body: Document) -> Heard:
        parts = [p for m in body["messages"] if isinstance(m["content"], list) for p in m["content"]]
        results = [part.get("content", "") for part in parts if part.get("type") == "tool_result"]
        tools = [tool["name"] for tool in body.get("tools") or ()]
        return Heard(tools, results, bool(body.get("stream")))

    def document(self, answer: Answer) -> Document:
        return {**self._head(answer), "content": [self._block(answer, json.loads(answer.arguments))]}

    def events(self, answer: Answer) -> Iterator[Event]:
        start = {**self._head(answer), "content": [], "stop_reason": None}
        if answer.tool is None:
            first, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": answer.text}
        else:
            first = self._block(answer, {})
            delta = {"type": "input_json_delta", "partial_json": answer.arguments}
        stop = {"stop_reason": self._head(answer)["stop_reason"], "stop_sequence": None}
        told: list[Document] = [
            {"type": "message_start", "message": start},
            {"type": "content_block_start", "index": 0, "content_block": first},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 5}},
            {"type": "message_stop"},
        ]
        yield from ((event["type"], event) for event in told)

    @staticmethod
    def _head(answer: Answer) -> Document:
        stop = "end_turn" if answer.tool is None else "tool_use"
        head = {"id": f"msg_{answer.number}", "type": "message", "role": "assistant", "model": "scripted"}
        usage = {"input_tokens": 10, "output_tokens": 5}
        return {**head, "stop_reason": stop, "stop_sequence": None, "usage": usage}

    @staticmethod
    def _block(answer: Answer, given: Document) -> Document:
        if answer.tool is None:
            return {"type": "text", "text": answer.text}
        return {
            "type": "tool_use",
            "id": answer.id.replace("call", "toolu"),
            "name": answer.tool,
            "input": given,
        }


class GenerateContent:
    """Google's protocol."""

    def hears(self, path: str, body: Document) -> Heard:
        declared = [d for tool in body.get("tools") or () for d in tool.get("functionDeclarations", ())]
        parts = [part for content in body["contents"] for part in content.get("parts", ())]
        results = [p["functionResponse"]["response"] for p in parts if "functionResponse" in p]
        return Heard([d["name"] for d in declared], results, "streamGenerateContent" in path)

    def document(self, answer: Answer) -> Document:
        if answer.tool is None:
            part: Document = {"text": answer.text}
        else:
            part = {"functionCall": {"name": answer.tool, "args": json.loads(answer.arguments)}}
        content = {"role": "model", "parts": [part]}
        usage = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}
        candidate = {"content": content, "finishReason": "STOP", "index": 0}
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "scripted"}

    def events(self, answer: Answer) -> Iterator[Event]:
        yield None, self.document(answer)


DIALECTS: tuple[tuple[str, Dialect], ...] = (
    ("/chat/completions", ChatCompletions()),
    ("/responses", Responses()),
    ("/messages", Messages()),
    ("enerateContent", GenerateContent()),
)
"""By what a request's path holds."""
