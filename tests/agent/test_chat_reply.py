"""An answer is the same, whatever the pieces in which it comes."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from skillbank.language_model.reply import Reply, ToolCall, assemble
from tests.agent.openai_server import Call, Says, stream_events

TEXTS = st.text(max_size=60)
CALLS = st.builds(
    Call,
    st.sampled_from(["plan", "launch", "job_status"]),
    st.dictionaries(st.text(max_size=5), st.text(max_size=30), max_size=3) | TEXTS,
)
ANSWERS = st.builds(Says, TEXTS, st.lists(CALLS, max_size=4), delta=st.integers(1, 30))


def chunk(**delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def call(name: str, arguments: str, **more: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}, **more}


@pytest.mark.slow
@settings(max_examples=30)
@given(ANSWERS)
def test_it_is_what_the_package_itself_puts_together(says: Says) -> None:
    events = stream_events(says)
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    for event in events:
        state.handle_chunk(ChatCompletionChunk.model_validate(event))
    theirs = state.get_final_completion()
    message = theirs.choices[0].message
    ours = assemble(events)
    assert ours.text == says.text == (message.content or "")
    assert [(c.id, c.name, c.arguments) for c in ours.calls] == [
        (c.id, c.function.name, c.function.arguments) for c in message.tool_calls or ()
    ]
    assert [c.arguments for c in ours.calls] == [c.text for c in says.calls]
    assert ours.finish == theirs.choices[0].finish_reason
    assert ours.usage is not None and ours.usage.total == 110


@given(ANSWERS, st.integers(1, 30), st.randoms())
def test_neither_sizes_nor_order_between_calls_matter(says: Says, delta: int, order: random.Random) -> None:
    events = stream_events(says)
    expected = assemble(events)
    smaller = []
    for event in events:
        choice = event["choices"][0] if event["choices"] else None
        part = choice["delta"].get("tool_calls") if choice else None
        arguments = part[0]["function"]["arguments"] if part else ""
        cuts = sorted({0, len(arguments), *(order.randrange(len(arguments) + 1) for _ in range(2))})
        if len(cuts) < 3 or not part:
            smaller.append(event)
            continue
        for start, end in pairwise(cuts):
            piece = {**part[0], "function": {**part[0]["function"], "arguments": arguments[start:end]}}
            smaller.append(chunk(tool_calls=[piece]))
    assert assemble(smaller) == expected
    # The deltas of one call keep their order; those of different calls come in any.
    deltas = [e for e in events if e["choices"] and e["choices"][0]["delta"].get("tool_calls")]
    queues: dict[int, list[dict[str, Any]]] = {}
    for event in deltas:
        queues.setdefault(event["choices"][0]["delta"]["tool_calls"][0]["index"], []).append(event)
    mixed = []
    while queues:
        index = order.choice(sorted(queues))
        mixed.append(queues[index].pop(0))
        queues = {i: q for i, q in queues.items() if q}
    shuffled = [events[0], *mixed, *(e for e in events[1:] if e not in deltas)]
    assert assemble(shuffled) == expected


def test_endpoints_that_number_calls_otherwise() -> None:
    two = (ToolCall("a", "plan", '{"x":1}'), ToolCall("b", "launch", "{}"))
    all_zero = [call("plan", '{"x":1}', index=0, id="a"), call("launch", "{}", index=0, id="b")]
    none = [call("plan", '{"x"', id="a"), call("", ":1}"), call("launch", "{}", id="b")]
    repeated = [call("plan", '{"x"', index=0, id="a"), call("plan", ":1}", index=0, id="a"),
                call("launch", "{}", index=1, id="b")]  # fmt: skip
    backwards = [call("launch", "{}", index=1, id="b"), call("plan", '{"x":1}', index=0, id="a")]
    for parts in (all_zero, none, repeated, backwards):
        assert assemble([chunk(tool_calls=[part]) for part in parts]).calls == two
        assert assemble([chunk(tool_calls=parts)]).calls == two
    [parsed] = assemble(
        [chunk(tool_calls=[{"index": 0, "function": {"name": "plan", "arguments": {}}}])]
    ).calls
    assert parsed == ToolCall("", "plan", "{}")


def test_usage_is_the_last_one_that_counts() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 3}}
    reply = assemble(
        [{"choices": [], "usage": {**usage, "completion_tokens": 1}}, {"usage": usage}, {"usage": None}]
    )
    assert reply.usage is not None
    assert (reply.usage.prompt, reply.usage.completion, reply.usage.cached) == (5, 2, 3)
    assert assemble([chunk(content="x")]).usage is None
    for wrong in (-5, 10**400, True, 2.5, "7"):
        odd = assemble([{"usage": {"prompt_tokens": wrong, "completion_tokens": 2}}]).usage
        assert odd is not None and odd.total == 2, wrong


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["choices", "delta", "message", "tool_calls", "function", "arguments", "id", "index",
                         "usage", "content", "name", "finish_reason", "prompt_tokens"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from(["choices", "usage"]), JSON, max_size=2), max_size=3))
def test_nothing_that_comes_breaks_it(chunks: list[dict[str, Any]]) -> None:
    reply = assemble(chunks)
    assert isinstance(reply, Reply)
    json.dumps([reply.text, reply.refusal, [c.arguments for c in reply.calls]])


@pytest.mark.parametrize(
    ("says", "empty"), [(Says(" \n"), True), (Says("x"), False), (Says(refusal="no"), False)]
)
def test_empty(says: Says, empty: bool) -> None:
    assert assemble(stream_events(says)).empty is empty
