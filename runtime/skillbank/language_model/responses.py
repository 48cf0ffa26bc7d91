"""The Responses protocol: a conversation to a request, and its answer to a reply.

Nothing is kept at the endpoint: each request holds the whole conversation, with the thoughts that the
endpoint gave in a form that it can read again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import openai

from skillbank.language_model.completions import whole_document
from skillbank.language_model.lenient import count, mappings, text_of
from skillbank.language_model.messages import FunctionTool, Message, ModelMessage
from skillbank.language_model.reply import Reply, ToolCall, Usage
from skillbank.language_model.thinking import parted

if TYPE_CHECKING:
    from openai.types.responses import ResponseStreamEvent

__all__ = ["FEATURES", "NAME", "ask"]

NAME = "the Responses API"
FEATURES = ("include", "strict", "store", "stream")
"""What is used unless the endpoint says that it does not know it."""
_OUTPUT = "output"
_ENDS = ("response.completed", "response.incomplete", "response.failed")


def ask(
    client: openai.OpenAI,
    model: str,
    messages: Sequence[Message],
    tools: Sequence[FunctionTool],
    lacks: Collection[str],
) -> Reply:
    """Ask once; ``messages`` and ``tools`` are those of chat completions, ``lacks`` as for them."""
    system = [message["content"] for message in messages if message["role"] == "system"]
    request: dict[str, Any] = {"model": model, "input": list(_items(messages))}
    if system:
        request["instructions"] = "\n\n".join(system)
    if tools:
        usual = {} if "strict" in lacks else {"strict": False}
        request["tools"] = [{**usual, "type": "function", **tool["function"]} for tool in tools]
    if "store" not in lacks:
        request["store"] = False
    if "include" not in lacks:
        request["include"] = ["reasoning.encrypted_content"]
    if "stream" in lacks:
        answered = client.responses.with_raw_response.create(**request)
        document = answered.parse().to_dict(warnings=False)
        if problem := document.get("error"):
            raise openai.APIError(str(problem), answered.http_request, body=problem)
        return _assembled(document)
    with client.responses.create(**request, stream=True) as stream:
        if (document := whole_document(stream)) is not None:
            return _assembled(document)
        return _assembled(_streamed(stream))


def _items(messages: Sequence[Message]) -> Iterator[dict[str, object]]:
    """Yield the conversation as input; an answer's parts in the order in which they came."""
    for message in messages:
        if message["role"] == "user":
            yield {"role": "user", "content": message["content"]}
        elif message["role"] == "tool":
            yield {
                "type": "function_call_output",
                "call_id": message["tool_call_id"],
                "output": message["content"],
            }
        elif message["role"] == "assistant":
            yield from _answer(message)


def _answer(message: ModelMessage) -> Iterator[dict[str, object]]:
    calls: list[dict[str, object]] = [
        {"type": "function_call", "call_id": call["id"], **call["function"]}
        for call in message.get("tool_calls") or ()
    ]
    text: list[dict[str, object]] = (
        [{"role": "assistant", "content": message["content"]}] if message.get("content") else []
    )
    for item in mappings(message.get("carried", {}).get(_OUTPUT)):
        if item.get("type") == "reasoning":
            yield dict(item)
        elif item.get("type") == "function_call" and calls:
            yield calls.pop(0)
        elif item.get("type") == "message" and text:
            yield text.pop()
    yield from (*text, *calls)


def _streamed(stream: openai.Stream[ResponseStreamEvent]) -> dict[str, object]:
    """Return the document that a stream ends with; some send its items one by one, and only so."""
    items: dict[int, dict[str, object]] = {}
    known = False
    for event in stream:
        document = _event(event)
        kind, item, response = str(document.get("type")), document.get("item"), document.get("response")
        known = known or kind.startswith("response.")
        if kind == "error":
            _fail(document.get("error") or document, stream)
        elif kind == "response.output_item.done" and isinstance(item, dict):
            items[count(document.get("output_index")) or len(items)] = item
        elif kind in _ENDS and isinstance(response, dict):
            if response.get("error"):
                _fail(response["error"], stream)
            return {**response, _OUTPUT: response.get(_OUTPUT) or [items[place] for place in sorted(items)]}
    if not known:
        raise ValueError("no event of the protocol")
    return {}


def _event(event: object) -> Mapping[str, object]:
    document = event.to_dict(warnings=False) if hasattr(event, "to_dict") else None
    if not isinstance(document, Mapping):
        raise ValueError("not an event of the protocol")
    return document


def _fail(problem: object, stream: openai.Stream[ResponseStreamEvent]) -> None:
    raise openai.APIError(str(problem), stream.response.request, body=problem)


def _assembled(response: Mapping[str, object]) -> Reply:
    """Return a response as a reply; one without a status has broken off."""
    texts: list[str] = []
    refusals: list[str] = []
    thoughts: list[str] = []
    calls: list[ToolCall] = []
    kept: list[dict[str, object]] = []
    for item in mappings(response.get(_OUTPUT)):
        kind = item.get("type")
        if kind == "message":
            parts = mappings(item.get("content"))
            texts += [text_of(part.get("text")) for part in parts]
            refusals += [text_of(part.get("refusal")) for part in parts]
            kept.append({"type": kind})
        elif kind == "function_call":
            calls.append(
                ToolCall(
                    text_of(item.get("call_id")), text_of(item.get("name")), text_of(item.get("arguments"))
                )
            )
            kept.append({"type": kind})
        elif kind == "reasoning":
            parts = [*mappings(item.get("summary")), *mappings(item.get("content"))]
            thoughts += [text_of(part.get("text")) for part in parts]
            if item.get("encrypted_content") or item.get("content"):  # what is kept nowhere else
                kept.append(
                    {name: value for name, value in item.items() if name != "status" and value is not None}
                )
    text, thought = parted("".join(texts))
    thinking = "\n".join(filter(None, (*thoughts, thought)))
    finish = _finish(response, bool(calls))
    carried = {_OUTPUT: kept} if any(item["type"] == "reasoning" for item in kept) else {}
    return Reply(text, "".join(refusals), tuple(calls), finish, _usage(response), thinking, carried)


def _finish(response: Mapping[str, object], called: bool) -> str | None:
    """Say how an answer ended, in the words of chat completions."""
    status = response.get("status")
    if status == "incomplete":
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, Mapping) else None
        return "content_filter" if reason == "content_filter" else "length"
    if status == "completed" or (status is None and response.get(_OUTPUT)):
        return "tool_calls" if called else "stop"
    return None


def _usage(response: Mapping[str, object]) -> Usage | None:
    counted = response.get("usage")
    if not isinstance(counted, Mapping):
        return None
    details = counted.get("input_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else 0
    return Usage(count(counted.get("input_tokens")), count(counted.get("output_tokens")), count(cached))
