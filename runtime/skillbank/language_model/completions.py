"""The chat-completions protocol: a conversation to a request, and its answer to a reply."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import openai
from openai.types.chat import ChatCompletionChunk

from skillbank.language_model.messages import FunctionTool, Message
from skillbank.language_model.reply import CARRIED, Reply, assemble

__all__ = ["FEATURES", "NAME", "ask", "whole_document"]

ItemT = TypeVar("ItemT")

NAME = "chat completions"
FEATURES = ("stream_options", "strict", "stream", "extra_content", *CARRIED)
"""What is used unless the endpoint says that it does not know it."""


def ask(
    client: openai.OpenAI,
    model: str,
    messages: Sequence[Message],
    tools: Sequence[FunctionTool],
    lacks: Collection[str],
    owed: Collection[str],
) -> Reply:
    """Ask once.

    Parameters
    ----------
    lacks
        Features that the endpoint does not know.
    owed
        Fields that it wants in each answer of the model, be they empty.
    """
    request: dict[str, Any] = {"model": model, "messages": _messages(messages, lacks, owed)}
    if tools:
        request["tools"] = list(tools)
    if "stream" in lacks:
        return assemble([client.chat.completions.create(**request).to_dict(warnings=False)])
    if "stream_options" not in lacks:
        request["stream_options"] = {"include_usage": True}
    with client.chat.completions.create(**request, stream=True) as stream:
        return assemble(_documents(stream))


def _messages(
    messages: Sequence[Message], lacks: Collection[str], owed: Collection[str]
) -> list[dict[str, object]]:
    """Return the messages with what came with them; who once gave thoughts may miss them in any message."""
    answers = [message for message in messages if message["role"] == "assistant"]
    given = {name for message in answers for name in message.get("carried", ()) if name in CARRIED}
    empty = dict.fromkeys(({"reasoning_content"} & given | set(owed)) - set(lacks), "")
    return [_message(message, lacks, empty) for message in messages]


def _message(message: Message, lacks: Collection[str], empty: Mapping[str, str]) -> dict[str, object]:
    """Return one message with what the endpoint gave with it, as far as it takes that back."""
    sent = {name: value for name, value in message.items() if name != "carried"}
    if message["role"] != "assistant":
        return sent
    carried = message.get("carried", {})
    sent |= empty
    sent |= {name: carried[name] for name in CARRIED if name in carried and name not in lacks}
    if "extra_content" in lacks and "tool_calls" in message:
        sent["tool_calls"] = [
            {name: value for name, value in call.items() if name != "extra_content"}
            for call in message["tool_calls"]
        ]
    return sent


def _documents(stream: openai.Stream[ChatCompletionChunk]) -> Iterator[dict[str, object]]:
    """Yield a stream's chunks, or the one document of an endpoint that does not stream."""
    if (document := whole_document(stream)) is not None:
        yield document
        return
    found = False
    for chunk in stream:
        if not isinstance(chunk, ChatCompletionChunk):  # nothing is checked on the way
            raise ValueError("not a chunk of the protocol")
        found = True
        yield chunk.to_dict(warnings=False)
    if not found:
        raise ValueError("no chunk of the protocol")


def whole_document(stream: openai.Stream[ItemT]) -> dict[str, object] | None:
    """Return the one document of an endpoint that was asked for a stream and does not stream."""
    if "json" not in stream.response.headers.get("content-type", ""):
        return None
    document = json.loads(stream.response.read())
    if not isinstance(document, dict):
        raise ValueError("not a document of the protocol")
    if problem := document.get("error"):
        raise openai.APIError(str(problem), stream.response.request, body=problem)
    return document
