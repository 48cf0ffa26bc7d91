"""What was said is on the disk, without secrets, and can be taken up after anything."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillbank.agent.transcript import Transcript
from skillbank.errors import NotFoundError, StateError
from skillbank.language_model.reply import Reply, ToolCall, Usage
from tests.agent.openai_rules import Request, broken_rule

SECRET = 'sk-"canary"\\ü-0815'


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    return tmp_path / "home"


def call(call_id: str, name: str = "plan", arguments: str = "{}") -> ToolCall:
    return ToolCall(call_id, name, arguments)


def test_it_is_its_owners_alone(own_home: Path) -> None:
    with Transcript.start("system", model="m") as transcript:
        assert stat.S_IMODE(transcript.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(transcript.path.parent.stat().st_mode) == 0o700
        assert transcript.path.parent == own_home / "chats"


def test_answers_go_out_in_the_order_of_the_calls_whatever_came_first() -> None:
    with Transcript.start("system") as transcript:
        transcript.add({"role": "user", "content": "go"})
        transcript.add_reply(Reply(calls=(call("a"), call("b"), call("c"))))
        transcript.add_answer("c", {"n": 3})
        transcript.add_answer("a", {"n": 1})
        assert [c.id for c in transcript.pending] == ["b"]
        transcript.add_answer("b", {"n": 2})
        sent = transcript.messages()
        chat_id = transcript.id
    assert [m["content"] for m in sent if m["role"] == "tool"] == ['{"n":1}', '{"n":2}', '{"n":3}']
    with Transcript.resume(chat_id) as again:
        assert again.messages() == sent and not again.pending


HALVES = st.text(st.characters(), max_size=8)
"""Any text, also one with halves of characters."""
REPLIES = st.lists(
    st.builds(
        Reply,
        HALVES,
        st.just(""),
        st.lists(
            st.builds(
                ToolCall,
                st.sampled_from(["", "x", "y"]),
                HALVES,
                st.text(max_size=8) | st.just("[" * 9999) | st.just('{"a": 1}'),
            ),
            max_size=3,
        ).map(tuple),
        st.just("stop"),
        st.none() | st.builds(Usage, st.integers(0, 9), st.integers(0, 9), st.just(0), st.booleans()),
    ).filter(lambda reply: not reply.empty),
    max_size=4,
)


@given(REPLIES)
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_model_says_can_be_sent_again_and_read_again(replies: list[Reply]) -> None:
    with Transcript.start("system") as transcript:
        transcript.add({"role": "user", "content": "go"})
        for reply in replies:
            for pending in transcript.add_reply(reply):
                transcript.add_answer(pending.id, {"ok": True})
            if reply.calls:
                transcript.add({"role": "user", "content": "on"})
        sent, used = transcript.messages(), transcript.usage
        request = Request("/v1/chat/completions", {}, {"model": "m", "messages": sent})
        json.dumps(sent, ensure_ascii=False).encode()
        assert broken_rule(request, None, "m", frozenset()) is None
        for message in sent:
            for made in message.get("tool_calls", ()) if message["role"] == "assistant" else ():
                assert made["function"]["name"].replace("_", "a").replace("-", "a").isalnum()
                assert isinstance(json.loads(made["function"]["arguments"]), dict)
        chat_id, answers = transcript.id, transcript.answers()
    assert [made.arguments for made, _ in answers] == [c.arguments for r in replies for c in r.calls], (
        "as they came"
    )
    with Transcript.resume(chat_id) as again:
        assert (again.messages(), again.usage, again.answers()) == (sent, used, answers)
    transcript.path.unlink()


def test_no_secret_is_kept_or_sent() -> None:
    with Transcript.start("system", note=SECRET) as transcript:
        transcript.add({"role": "user", "content": f"my key is {SECRET}"})
        inside = json.dumps({"text": SECRET})
        transcript.add_reply(Reply(f"{SECRET}!", calls=(call("a", "plan", inside),)))
        transcript.add_answer("a", {"log": [f"key={SECRET}", {"deep": inside}]})
        kept = transcript.path.read_text() + json.dumps(transcript.messages())
    assert "canary" not in kept and "0815" not in kept
    assert kept.count("[redacted]") >= 10


def test_half_a_line_is_what_a_kill_leaves(own_home: Path) -> None:
    with Transcript.start("system") as transcript:
        transcript.add({"role": "user", "content": "ä" * 10})
        before, path = transcript.messages(), transcript.path
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(last + 1, len(whole), 17):
        path.write_bytes(whole[:cut])
        with Transcript.resume("last") as again:
            assert again.messages() == before[:1]
            again.add({"role": "user", "content": "other"})
        with Transcript.resume("last") as again:
            assert again.messages()[1:] == [{"role": "user", "content": "other"}]
    path.write_bytes(b"")
    with pytest.raises(StateError, match="start a new"):
        Transcript.resume("last")
    path.write_bytes(whole.replace(b'"role"', b'"role', 1))
    with pytest.raises(StateError, match=r"is damaged .*; start a new conversation"):
        Transcript.resume("last")


EDITS: list[tuple[str, str]] = [
    ('"role": "user"', '"role": "nobody"'),
    ('"content": "go"', '"content": [1]'),
    ('"message": {', '"message": 1, "x": {'),
    ('"arguments": "{}"', '"arguments": {}'),
    ('"id": "a", "type"', '"type"'),
    ('"tool_call_id": "a"', '"tool_call_id": ["a"]'),
    ('"content": "{', '"content": "no JSON {'),
    ('"prompt": 1', '"prompt": "x"'),
    ('"banks": []', '"banks": 1'),
    ('"kind": "usage"', '"kind": {}'),
    ('"n', "[" * 100_000 + '"n'),
]


@pytest.mark.parametrize(("old", "new"), EDITS, ids=lambda text: text[:20])
def test_a_file_that_somebody_edited_is_one_sentence(old: str, new: str) -> None:
    with Transcript.start("system", banks=[], model="m") as transcript:
        transcript.add({"role": "user", "content": "go"})
        transcript.add_reply(Reply("x", calls=(call("a"),), usage=Usage(1, 2, 0)))
        transcript.add_answer("a", {"n": 1})
    text = transcript.path.read_text()
    assert old in text
    transcript.path.write_text(text.replace(old, new, 1))
    with pytest.raises(StateError, match=r"is damaged in line \d; start a new conversation"):
        Transcript.resume(transcript.id)


def test_one_process_at_a_time() -> None:
    with (
        Transcript.start("system") as transcript,
        pytest.raises(StateError, match="going on in another process"),
    ):
        Transcript.resume(transcript.id)
    Transcript.resume(transcript.id).close()


def test_conversations_are_found_by_name() -> None:
    with pytest.raises(NotFoundError, match="no conversation yet"):
        Transcript.resume("last")
    with Transcript.start("one") as one, Transcript.start("two") as two:
        pass
    os.utime(one.path, ns=(0, 2 * 10**18))
    os.utime(two.path, ns=(0, 10**18))
    for name, path in (("last", one.path), (two.id, two.path), (one.id[-6:], one.path)):
        with Transcript.resume(name) as found:
            assert found.path == path
    with pytest.raises(NotFoundError, match="could be 2 conversations"):
        Transcript.resume("chat-")
    for wrong in (two.id + "x", "../x", ""):
        with pytest.raises(NotFoundError, match="There is no conversation"):
            Transcript.resume(wrong)
