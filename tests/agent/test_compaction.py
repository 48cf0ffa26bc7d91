"""A long conversation stays short: what is old is cut to what matters, always in the same way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank.agent.compaction import SHORTENED, compacted
from tests.agent.openai_rules import Request, broken_rule


def call(number: int, name: str = "job_logs", **arguments: Any) -> Any:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"role": "assistant", "content": None,
            "tool_calls": [{"id": f"c{number}", "type": "function", "function": function}]}  # fmt: skip


def answer(number: int, **document: Any) -> Any:
    return {"role": "tool", "tool_call_id": f"c{number}", "content": json.dumps(document)}


LOG = [
    f"{i}: epoch {i} loss 0.123456789 grad 1.5e-3 lr 0.0001 eta 0:00:{i:02} images 1234" for i in range(40)
]
HEAD = [{"role": "system", "content": "s" * 600}, {"role": "user", "content": "u" * 5000}]


def conversation(steps: int, **more: Any) -> list[Any]:
    made: list[Any] = list(HEAD)
    for i in range(steps):
        made += [{**call(i, job=f"job-{i}"), **more}, answer(i, job=f"job-{i}", state="RUNNING", lines=LOG)]
    return made


def size(messages: Sequence[object]) -> int:
    return len(json.dumps(messages))


def test_forty_steps_of_logs() -> None:
    whole = conversation(40)
    short: list[Any] = compacted(whole)
    assert size(whole) > 120_000 and size(short) < 50_000
    assert short[:2] == HEAD, "what a person said is never cut"
    assert short[-1] == whole[-1] and short[-3] == whole[-3], "the newest are whole"
    old = json.loads(short[3]["content"])
    assert (old["job"], old["state"]) == ("job-0", "RUNNING") and old[SHORTENED]
    assert LOG[-1].startswith(old["lines"][-1][:20]), "of a log the end matters"
    assert compacted(whole) == short
    assert (
        broken_rule(
            Request("/v1/chat/completions", {}, {"model": "m", "messages": short}), None, "m", frozenset()
        )
        is None
    )


def test_a_short_conversation_is_sent_as_it_is() -> None:
    few = conversation(2)
    assert compacted(few) == few
    assert compacted([]) == []


def test_what_is_short_already_does_not_change_with_the_next_step() -> None:
    before, after = compacted(conversation(30)), compacted(conversation(31))
    same = [i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a == b]
    assert same[:54] == list(range(54)), "what an endpoint has kept of the beginning can be used again"


def test_ids_sentences_and_errors_of_old_answers_are_kept() -> None:
    plans = [{"plan_id": "a" * 64, "sentence": "Train toy-detector on d.", "settings": ["x" * 400] * 20}]
    failed = {"error": {"code": "state", "message": "The job has ended.", "hint": "h" * 900}}
    made: list[Any] = [
        *HEAD,
        call(100, "plan"),
        answer(100, plans=plans),
        call(101),
        answer(101, **failed),
        *conversation(9)[2:],
    ]
    short: list[Any] = compacted(made)
    plan, error = json.loads(short[3]["content"]), json.loads(short[5]["content"])
    assert plan["plans"][0]["plan_id"] == "a" * 64
    assert plan["plans"][0]["sentence"] == "Train toy-detector on d."
    assert error["error"]["code"] == "state" and error["error"]["message"] == "The job has ended."


def test_many_answers_at_once_share_the_room() -> None:
    calls = [call(i)["tool_calls"][0] for i in range(8)]
    both: list[Any] = [*HEAD, {"role": "assistant", "content": None, "tool_calls": calls},
            *(answer(i, job=f"j{i}", lines=LOG * 9) for i in range(8))]  # fmt: skip
    short: list[Any] = compacted(both)
    assert size(short) < 70_000
    assert [json.loads(m["content"])["job"] for m in short[3:]] == [f"j{i}" for i in range(8)]


def test_old_thoughts_are_short_and_still_there() -> None:
    short: list[Any] = compacted(conversation(40, carried={"reasoning_content": "t" * 1000}))
    thoughts = [m["carried"]["reasoning_content"] for m in short if m["role"] == "assistant"]
    assert len(thoughts) == 40 and all(thoughts) and thoughts[-1] == "t" * 1000
    assert sum(map(len, thoughts)) < 15_000
    sealed = [{"type": "reasoning", "encrypted_content": "e" * 3000}]
    kept = [
        m["carried"]
        for m in compacted(conversation(40, carried={"output": sealed}))
        if m["role"] == "assistant"
    ]
    assert kept[-1] == {"output": sealed} and kept[0] == {}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=8), inner, max_size=30),
    max_leaves=60,
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.dictionaries(st.text(max_size=8), VALUES, max_size=8), max_size=4))
def test_whatever_tools_answer_is_cut_to_a_document(documents: list[dict[str, Any]]) -> None:
    made: list[Any] = list(HEAD)
    for i, document in enumerate([*documents, *[{"lines": LOG}] * 4]):
        made += [call(i), answer(i, **{"job": "j", **{k: v for k, v in document.items() if k != "number"}})]
    for message in compacted(made):
        if message["role"] == "tool":
            assert isinstance(json.loads(message["content"]), dict)
