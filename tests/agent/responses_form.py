"""The Responses protocol of `tests.agent.openai_server`: what is refused, and how an answer looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tests.agent.openai_rules import Request, Wrong, loose

if TYPE_CHECKING:
    from tests.agent.openai_server import Says

__all__ = ["broken_response_rule", "response_document", "response_events"]

_KNOWN = frozenset({"model", "input", "instructions", "tools", "store", "include", "stream"})


def broken_response_rule(request: Request, key: str | None, model: str) -> Wrong | None:
    """Return the refusal of a request that breaks a rule; None for a good one."""
    given, body = request.headers.get("authorization", "").removeprefix("Bearer "), request.body
    if key is not None and given != key:
        return 401, "Incorrect API key provided.", "invalid_api_key"
    if body.get("model") != model:
        return 404, f"The model `{body.get('model')}` does not exist.", "model_not_found"
    if unknown := set(body) - _KNOWN:
        return 400, f"Unknown parameter: '{min(unknown)}'.", "unknown_parameter"
    for tool in body.get("tools", ()):
        if tool.get("type") != "function" or "name" not in tool or "function" in tool:
            return 400, "Missing required parameter: 'tools[0].name'.", "missing_required_parameter"
        if tool["strict"] and (wrong := loose(tool["parameters"])):
            return (
                400,
                f"Invalid schema for function '{tool['name']}': {wrong}",
                "invalid_function_parameters",
            )
    return _conversation(body["input"], body.get("store", True))


def _conversation(items: list[dict[str, Any]], stored: bool) -> Wrong | None:
    called: set[str] = set()
    answered: set[str] = set()
    for item in items:
        kind = item.get("type", "message")
        if kind == "function_call":
            called.add(item["call_id"])
            if "id" in item:
                return 400, f"Item '{item['id']}' was provided without its required 'reasoning' item.", None
        elif kind == "function_call_output":
            if item["call_id"] not in called:
                return (
                    400,
                    f"No tool call found for function call output with call_id {item['call_id']}.",
                    None,
                )
            answered.add(item["call_id"])
        elif kind == "reasoning":
            if not stored and not item.get("encrypted_content") and not item.get("content"):
                return 404, f"Item with id '{item['id']}' not found. Items are not persisted.", None
        elif kind != "message" or not item.get("content") or item.get("role") not in ("user", "assistant"):
            return 400, f"Invalid value: '{kind}'.", "invalid_value"
    if missing := called - answered:
        return 400, f"No tool output found for function call {min(missing)}.", None
    return None


def response_document(says: Says, calls: Sequence[tuple[str, str, str]], model: str) -> dict[str, Any]:
    """Return an answer as one document; ``calls`` are ids, names and arguments."""
    output: list[dict[str, Any]] = []
    if says.thinks is not None:
        summary = [{"type": "summary_text", "text": says.thinks}]
        sealed = f"sealed:{says.thinks}"
        output.append({"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": sealed})
    written = {"type": "message", "role": "assistant", "status": "completed"}
    if says.text:
        part = {"type": "output_text", "text": says.text, "annotations": []}
        output.append({**written, "id": "msg_1", "content": [part]})
    if says.refusal:
        refusal = {"type": "refusal", "refusal": says.refusal}
        output.append({**written, "id": "msg_2", "content": [refusal]})
    output += [
        {"type": "function_call", "id": f"fc_{i}", "call_id": call_id, "name": name, "arguments": arguments,
         "status": "completed"}
        for i, (call_id, name, arguments) in enumerate(calls)
    ]  # fmt: skip
    cut = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(says.finish or "")
    document: dict[str, Any] = {
        "id": "resp_1", "object": "response", "created_at": 1, "model": model, "output": output,
        "error": None, "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": cut} if cut else None,
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
    }  # fmt: skip
    if says.usage is not None:
        prompt, completion = says.usage
        document["usage"] = {
            "input_tokens": prompt, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": completion,
            "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": prompt + completion,
        }  # fmt: skip
    return document


def response_events(document: dict[str, Any], delta: int) -> Iterator[dict[str, Any]]:
    """Yield the events of a streamed answer."""
    begun = {**document, "status": "in_progress", "output": []}
    events: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    for place, item in enumerate(document["output"]):
        where = {"output_index": place, "item_id": item["id"]}
        events.append(
            {
                "type": "response.output_item.added",
                "output_index": place,
                "item": {**item, "status": "in_progress"},
            }
        )
        if item["type"] == "function_call":
            text, kind = item["arguments"], "response.function_call_arguments.delta"
        elif item["type"] == "message" and "text" in item["content"][0]:
            text, kind = item["content"][0]["text"], "response.output_text.delta"
            where |= {"content_index": 0, "logprobs": []}
        else:
            text, kind = "", ""
        events += [{"type": kind, **where, "delta": text[i : i + delta]} for i in range(0, len(text), delta)]
        events.append({"type": "response.output_item.done", "output_index": place, "item": item})
    ending = "response.completed" if document["status"] == "completed" else "response.incomplete"
    events.append({"type": ending, "response": document})
    for number, event in enumerate(events):
        yield {**event, "sequence_number": number}
