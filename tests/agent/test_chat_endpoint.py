"""One answer over a real connection: bytes in any pieces, endpoints that are busy, broken or know less."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from email.utils import formatdate
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank.agent.transcript import Transcript
from skillbank.errors import EndpointError, UsageError
from skillbank.language_model.endpoint import Endpoint, Patience
from skillbank.language_model.messages import FunctionTool, Message, ToolFunction
from skillbank.language_model.reply import Reply
from tests.agent.openai_rules import Feature
from tests.agent.openai_server import KEY, MODEL, Call, Drops, Fails, OpenAIServer, Raw, Request, Says, Step

pytestmark = pytest.mark.slow

HURRIED = Patience(attempts=4, first=0.001, longest=0.01, bearable=2.0, silence=2.0)
MESSAGES: list[Message] = [{"role": "user", "content": "train"}]
PLAN = Call("plan", {"text": "train on d, «no HPO»"}, id="call_1")


def tools(strict: bool) -> list[FunctionTool]:
    parameters = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"],
                  "additionalProperties": False}  # fmt: skip
    function: ToolFunction = {"name": "plan", "description": "Plan.", "parameters": parameters}
    if strict:
        function["strict"] = True
    return [{"type": "function", "function": function}]


class Line:
    """An endpoint under test, the server behind it, and what was said meanwhile."""

    def __init__(self, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        self.server, self.said = server, list[str]()
        self.endpoint = Endpoint(MODEL, patience=HURRIED, say=self.said.append)

    def ask(self, messages: Sequence[Message] = MESSAGES) -> Reply:
        return self.endpoint.complete(messages, tools)


Dial = Callable[..., Line]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))


@pytest.fixture
def dial(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dial]:
    with ExitStack() as opened:

        def make(*script: Step, **options: Any) -> Line:
            line = Line(opened.enter_context(OpenAIServer(script, **options)), monkeypatch)
            opened.enter_context(line.endpoint)
            return line

        yield make


def each(size: int) -> Callable[[bytes], Iterator[bytes]]:
    return lambda body: (body[i : i + size] for i in range(0, len(body), size))


def at(cuts: Sequence[float]) -> Callable[[bytes], Iterator[bytes]]:
    """Cut a body where the fractions of its length say."""

    def split(body: bytes) -> Iterator[bytes]:
        places = [0, *sorted(int(cut * len(body)) for cut in cuts), len(body)]
        return (body[start:end] for start, end in pairwise(places))

    return split


@pytest.mark.slow
def test_any_chunking_of_the_bytes_gives_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    says: list[Says] = []
    with OpenAIServer(lambda _: says[-1]) as server, Line(server, monkeypatch).endpoint as endpoint:

        @settings(deadline=None, max_examples=15)
        @given(
            st.lists(st.floats(0, 1), max_size=12),
            st.text(st.characters(codec="utf-8"), max_size=40),
            st.integers(3, 20),
        )
        def check(cuts: list[float], text: str, delta: int) -> None:
            says.append(Says(text, [PLAN, Call("plan", {"text": text})], delta=delta, split=at(cuts)))
            reply = endpoint.complete(MESSAGES, tools)
            assert reply.text == text
            assert [json.loads(c.arguments) for c in reply.calls] == [PLAN.arguments, {"text": text}]
            assert reply.finish == "tool_calls" and reply.usage is not None and reply.usage.total == 110

        check()
    assert len(server.requests) == len(says), "none was asked twice"


def test_byte_by_byte(dial: Dial) -> None:
    line = dial(Says("äöü…", [PLAN], split=each(1), usage=None))
    reply = line.ask()
    assert reply.text == "äöü…" and [c.name for c in reply.calls] == ["plan"]
    assert reply.usage is not None and reply.usage.estimated and reply.usage.total > 20


@pytest.mark.parametrize(
    ("header", "value", "least"),
    [("Retry-After", "0.15", 0.15), ("Retry-After-Ms", "150", 0.15), ("Retry-After", "soon", 0.0)],
)
def test_a_busy_endpoint_is_waited_for_as_long_as_it_asks(
    dial: Dial, header: str, value: str, least: float
) -> None:
    line = dial(Fails(429, "Rate limit reached", headers={header: value}), Says("at last"))
    start = time.monotonic()
    assert line.ask().text == "at last"
    assert time.monotonic() - start >= least
    [said] = line.said
    assert "429" in said and "trying again in" in said


def test_a_pause_nobody_would_wait_for_is_refused_at_once(dial: Dial) -> None:
    for value in ("3600", formatdate(time.time() + 3600, usegmt=True)):
        line = dial(Fails(429, "Come back later", headers={"Retry-After": value}))
        with pytest.raises(EndpointError, match=r"takes no more requests for now .*Come back later"):
            line.ask()
        assert len(line.server.requests) == 1 and not line.said


TROUBLES: list[Step] = [
    Fails(500), Fails(503, "overloaded"), Drops(), Says("half an answ", cut=400), Says("x", [PLAN], cut=700),
    Raw(b'data: {"choices": [{"delta": {"content": "no end"}}]}\n\n'), Raw(b"data: {half\n\n"),
    Raw(b'data: {"error": {"message": "engine died", "code": 500}}\n\n'), Raw(b"data: \xff\xfe\n\n"),
    Raw(b"<html>captive portal</html>", "text/html"), Raw(b"[1]", "application/json"), Raw(b"data: [1]\n\n"),
    Raw(b"{", "application/json"), Raw(b'{"error": {"message": "no"}}', "application/json"), Raw(b""),
    Raw(b"<html>Bad gateway</html>", "text/html", 502), Raw(b"data: " + b"[" * 100_000 + b"\n\n"),
    Raw(b'{"a":' * 100_000, "application/json"), Says("half an answer", finish="error"),
    Says("half", finish="ABORT", streams=False),
]  # fmt: skip


@pytest.mark.slow
def test_a_broken_step_is_repeated_and_then_given_up(dial: Dial) -> None:
    line = dial(*(step for t in TROUBLES for step in (t, t, Says("done", [PLAN]), t, t, t, t)))
    for i, trouble in enumerate(TROUBLES, 1):
        line.said.clear()
        reply = line.ask()
        assert (reply.text, len(reply.calls), len(line.said)) == ("done", 1, 2), trouble
        with pytest.raises(
            EndpointError, match=r"the endpoint http://127.0.0.1:\d+/v1.*, 4 times; "
        ) as error:
            line.ask()
        assert len(line.server.requests) == 7 * i, trouble
        assert "\n" not in str(error.value) and str(error.value).count(";") == 1


@pytest.mark.parametrize(("trouble", "words"), [
    (Fails(403, "Country not supported"), "Country not supported; set the right key"),
    (Fails(429, "You exceeded your quota", "insufficient_quota"), "exceeded your quota.*; add credit"),
    (Fails(400, "8 tokens at most", "context_length_exceeded"), "8 tokens at most; the conversation has"),
    (Fails(400, "upstream is restricted"), "upstream is restricted; another model"),
    (Fails(400, "the stream of words is bad"), "stream of words is bad; another model"),
    (Fails(402, "pay first"), "pay first; add credit"),
    (Fails(501, "not built"), "not built; give --model"),
    (Fails(413, "too large"), "too large; the conversation has become too long"),
    (Raw(b'data: {"error": {"message": "no funds", "code": "insufficient_quota"}}\n\n'), "no funds; add"),
    (Raw(b'data: {"error": {"message": "bad tool", "code": 400}}\n\n'), "bad tool; "),
])  # fmt: skip
def test_what_no_repetition_would_cure_is_said_at_once(dial: Dial, trouble: Step, words: str) -> None:
    line = dial(trouble, Says("never"))
    with pytest.raises(EndpointError, match=words):
        line.ask()
    assert len(line.server.requests) == 1 and not line.said


def test_a_request_goes_to_no_other_address(dial: Dial) -> None:
    elsewhere = dial(Says("from elsewhere"), key=None).server
    for status in (301, 307, 308):
        address = f"{elsewhere.url.replace('//', '//user:secret@')}/chat/completions?key=secret"
        line = dial(Fails(status, headers={"Location": address}), Says("never"))
        with pytest.raises(
            EndpointError, match=r"sends requests on to .*, where nothing was sent; set OPENAI"
        ) as told:
            line.ask()
        assert f"{elsewhere.url}/chat/completions," in str(told.value) and "secret" not in str(told.value)
        assert len(line.server.requests) == 1 and not line.said
    assert not elsewhere.requests and not elsewhere.refused


@pytest.mark.parametrize(
    ("said", "finish"),
    [
        ("stop", "stop"),
        ("END_TURN", "stop"),
        ("function_call", "tool_calls"),
        ("model_length", "length"),
        ("SAFETY", "content_filter"),
        ("unforeseen", "unforeseen"),
    ],
)
def test_ends_are_known_by_the_names_that_endpoints_give_them(dial: Dial, said: str, finish: str) -> None:
    assert dial(Says("an answer", finish=said)).ask().finish == finish


def test_a_wrong_key_and_a_wrong_model_and_a_wrong_address(
    dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = dial(Says("never"), key="another")
    with pytest.raises(
        EndpointError, match=r"does not take the key in OPENAI_API_KEY; set the right key"
    ) as error:
        line.ask()
    assert KEY not in str(error.value)
    line = dial(Says("never"), model="another")
    with pytest.raises(EndpointError, match=r"'test-model'.*does not exist.*; give --model a name") as error:
        line.ask()
    monkeypatch.setenv("OPENAI_BASE_URL", line.server.url.removesuffix("/v1"))
    with (
        Endpoint(MODEL, patience=HURRIED) as endpoint,
        pytest.raises(EndpointError, match=r"Invalid URL.*often ends in /v1"),
    ):
        endpoint.complete(MESSAGES, tools)


def test_the_servers_words_are_shown_without_the_key(dial: Dial) -> None:
    line = dial(Fails(400, f"Bad\nrequest with {KEY} in it {'x' * 5000}"))
    with pytest.raises(EndpointError) as error:
        line.ask()
    assert KEY not in str(error.value) and "[redacted]" in str(error.value)
    assert "\n" not in str(error.value) and len(str(error.value)) < 600


@pytest.mark.parametrize("feature", ["stream", "stream_options", "strict"])
@pytest.mark.parametrize("usage", [(7, 3), None])
def test_an_endpoint_that_lacks_a_feature_is_used_without_it(
    dial: Dial, feature: Feature, usage: tuple[int, int] | None
) -> None:
    line = dial(Says("one", [PLAN], usage=usage), Says("two", usage=usage), without=[feature])
    assert (line.ask().text, line.ask().text) == ("one", "two")
    assert line.said == [f"the endpoint does not know '{feature}'; going on without"]
    assert len(line.server.refused) == 1, "it is remembered"


def test_an_endpoint_that_lacks_everything(dial: Dial) -> None:
    line = dial(Says("", [PLAN]), without=["stream", "stream_options", "strict"])
    assert [c.name for c in line.ask().calls] == ["plan"]
    assert len(line.said) == 2, "without a stream there are no options of it"
    assert "strict" not in json.dumps(line.server.requests[0].body)


def test_an_endpoint_that_silently_does_not_stream(dial: Dial) -> None:
    line = dial(Says("whole", [PLAN], streams=False))
    reply = line.ask()
    assert (reply.text, reply.calls[0].id, reply.finish) == ("whole", "call_1", "tool_calls")
    assert reply.usage is not None and not reply.usage.estimated


def test_silence_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(_: Request) -> Step:
        return Says("a slow answer", split=each(200), pause=1.0)

    with OpenAIServer(slow) as server:
        Line(server, monkeypatch).endpoint.__exit__()
        with (
            Endpoint(MODEL, patience=Patience(attempts=2, first=0.01, silence=0.15)) as endpoint,
            pytest.raises(EndpointError, match=r"said nothing for 0 s, 2 times; check OPENAI_BASE_URL"),
        ):
            endpoint.complete(MESSAGES, tools)


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://user:secret-word@127.0.0.1:{free.getsockname()[1]}/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    with pytest.raises(
        EndpointError, match=r"the endpoint http://.*, 4 times; check OPENAI_BASE_URL and the network"
    ) as error:
        Endpoint(MODEL, patience=HURRIED).complete(MESSAGES, tools)
    assert "secret-word" not in str(error.value)


def test_what_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SKILLBANK_MODEL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match=r"--model NAME, or set SKILLBANK_MODEL"):
        Endpoint()
    monkeypatch.setenv("OPENAI_MODEL", "a")
    with pytest.raises(UsageError, match=r"OPENAI_API_KEY, or OPENAI_BASE_URL"):
        Endpoint()
    monkeypatch.setenv("SKILLBANK_MODEL", "b")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
    assert (Endpoint().model, Endpoint("c").model) == ("b", "c"), "an endpoint of one's own needs no key"


@pytest.mark.parametrize(
    ("key", "address", "words"),
    [
        (f"{KEY}\n", "http://localhost:1/v1", "OPENAI_API_KEY holds a blank, a line end"),
        ("ключ", "http://localhost:1/v1", "OPENAI_API_KEY holds a blank, a line end"),
        (KEY, "", "OPENAI_BASE_URL is empty; give it an address, or unset it"),
        (
            KEY,
            "localhost:8000/v1",
            "OPENAI_BASE_URL is 'localhost:8000/v1', which is no address; write it as",
        ),
        (KEY, "http://localhost:1/v1 ", "'http://localhost:1/v1 ', which is no address"),
        (KEY, "http://user:secret-word@[::1", "'http://[::1', which is no address"),
        (KEY, "http://user:secret/word@localhost/v1", "'http://localhost/v1', which is no address"),
        (KEY, "http://localhost:port/v1", "which is no address"),
    ],
)
def test_what_no_request_can_hold_is_told_before_one(
    monkeypatch: pytest.MonkeyPatch, key: str, address: str, words: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    with pytest.raises(UsageError, match=re.escape(words)) as error:
        Endpoint(MODEL)
    assert key not in str(error.value) and "secret-word" not in str(error.value)


# Two protocols


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("usage", [(7, 3), None])
def test_an_endpoint_with_the_responses_protocol_alone(
    dial: Dial, streams: bool, usage: tuple[int, int] | None
) -> None:
    line = dial(
        Says("Planning.", [PLAN], thinks="hm", streams=streams, usage=usage),
        Says("Done.", streams=streams),
        speaks=["responses"],
    )
    reply = line.ask()
    assert (reply.text, reply.thinking, reply.finish) == ("Planning.", "hm", "tool_calls")
    [call] = reply.calls
    assert (call.id, call.name, json.loads(call.arguments)) == ("call_1", "plan", PLAN.arguments)
    assert reply.usage is not None and reply.usage.estimated is (usage is None)
    assert line.ask(after(reply)).text == "Done."
    sent = line.server.requests[1].body
    kinds = [item.get("type", item.get("role")) for item in sent["input"]]
    assert kinds == ["user", "reasoning", "assistant", "function_call", "function_call_output"]
    assert sent["store"] is False and sent["tools"][0]["name"] == "plan"
    assert sent["input"][1]["encrypted_content"] == "sealed:hm"
    assert len(line.server.refused) == 1 and not line.said, "it is remembered"


def after(reply: Reply) -> list[Message]:
    """Return the conversation with an answer, and the answer of a tool to its call."""
    with Transcript.start("be good") as transcript:
        transcript.add(MESSAGES[0])
        for call in transcript.add_reply(reply):
            transcript.add_answer(call.id, {"n": 1})
        return transcript.messages()[1:]


def test_a_model_that_is_sent_to_the_other_protocol(dial: Dial) -> None:
    for status in (404, 400):
        refused = Fails(
            status, "This model is only supported in v1/responses and not in v1/chat/completions."
        )
        line = dial(refused, Says("fine"), Says("again"), speaks=["chat/completions", "responses"])
        assert (line.ask().text, line.ask().text) == ("fine", "again")
        assert [r.protocol for r in line.server.requests] == ["chat/completions", "responses", "responses"]


def test_an_endpoint_with_neither_says_so_in_one_sentence(dial: Dial) -> None:
    line = dial(Says("never"), speaks=[])
    with pytest.raises(EndpointError) as error:
        line.ask()
    assert "knows neither chat completions nor the Responses API" in str(error.value)
    assert "POST /v1/chat/completions" in str(error.value) and "check OPENAI_BASE_URL" in str(error.value)
    assert len(line.server.refused) == 2


RESPONSES: list[Step] = [
    Fails(503), Drops(), Says("half an answ", cut=900), Raw(b"data: {half\n\n"), Raw(b""),
    Raw(b'data: {"type": "error", "message": "engine died", "code": "server_error"}\n\n'),
    Raw(b'data: {"type": "response.failed", "response": {"error": {"code": "broken", "message": "no"}}}\n\n'),
    Raw(b"[1]", "application/json"), Raw(b"<html></html>", "text/html"),
]  # fmt: skip


def test_troubles_of_the_other_protocol(dial: Dial) -> None:
    line = dial(
        Says("first"),
        *(step for t in RESPONSES for step in (t, Says("done"), *[t] * 4)),
        speaks=["responses"],
    )
    line.ask()
    for trouble in RESPONSES:
        assert line.ask().text == "done", trouble
        with pytest.raises(
            EndpointError, match=r"the endpoint http://127.0.0.1:\d+/v1.*, 4 times; "
        ) as error:
            line.ask()
        assert "\n" not in str(error.value) and str(error.value).count(";") == 1


def test_how_the_other_protocol_ends(dial: Dial) -> None:
    ends = [Says("cut of", finish="length"), Says("par", finish="content_filter"), Says(refusal="I cannot.")]
    line = dial(*ends, speaks=["responses"])
    assert [(r.finish, r.text, r.refusal) for r in (line.ask(), line.ask(), line.ask())] == [
        ("length", "cut of", ""), ("content_filter", "par", ""), ("stop", "", "I cannot."),
    ]  # fmt: skip


# Thoughts


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("thinks", ["hm, a plan", ""])
def test_thoughts_go_back_to_an_endpoint_that_wants_them(dial: Dial, streams: bool, thinks: str) -> None:
    line = dial(Says("", [PLAN], thinks=thinks, streams=streams), Says("Done."), wants_thoughts=True)
    reply = line.ask()
    assert (reply.text, reply.thinking) == ("", thinks)
    assert line.ask(after(reply)).text == "Done."
    [asked] = [m for m in line.server.requests[1].messages if m["role"] == "assistant"]
    assert asked["reasoning_content"] == thinks and "carried" not in asked


def test_an_endpoint_without_thoughts_is_sent_none(dial: Dial) -> None:
    line = dial(Says("", [PLAN]), Says("Done."))
    line.ask(after(line.ask()))
    assert "reasoning" not in json.dumps(line.server.requests[1].body)


def test_an_endpoint_that_refuses_thoughts_gets_none(dial: Dial) -> None:
    refused = Fails(400, "Unrecognized request argument supplied: messages[1].reasoning_content")
    line = dial(Says("", [PLAN], thinks="hm"), refused, Says("Done."))
    assert line.ask(after(line.ask())).text == "Done."
    assert "reasoning_content" not in json.dumps(line.server.requests[2].body)
    assert line.said == ["the endpoint does not know 'reasoning_content'; going on without"]


def test_a_call_in_the_text_is_a_call(dial: Dial) -> None:
    call = json.dumps({"name": "plan", "arguments": {"text": "x"}})
    written = f"<think>I plan</think>Now.\n<tool_call>{call}</tool_call>"
    for speaks in (["chat/completions"], ["responses"]):
        reply = dial(Says(written, delta=3), speaks=speaks).ask()
        assert (reply.text, reply.thinking, [c.name for c in reply.calls]) == ("Now.", "I plan", ["plan"])
