"""A real HTTP server that speaks the chat-completions protocol, for tests of everything that calls a model.

It plays an endpoint, not a model: what the "model" says is scripted, either as a list of steps, one for each
request, or as a function of the request (to play a model that reacts to what the tools answered)::

    with OpenAIServer([Says("", [Call("plan", {"text": "train"})]), Says("Done.")]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)

A step is `Says` (an answer, streamed when the request asks for it, else one JSON document), `Fails` (an HTTP
error), `Drops` (the connection breaks before an answer) or `Raw` (any bytes). `Says` also tells how the bytes
travel: in which pieces, how slowly, and where they break off.

Before any step is played, the request is held to the protocol as the real service does it: the key, the
model's name, JSON Schemas of strict tools and of ``response_format``, and an answer to each tool call in the
conversation. A request that breaks a rule gets the 4xx answer that it would get there and uses up no step.
"""

from __future__ import annotations

import itertools
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

from tests.agent.openai_rules import Feature, Request, Wrong, broken_rule
from tests.agent.responses_form import broken_response_rule, response_document, response_events

__all__ = ["Call", "Drops", "Fails", "OpenAIServer", "Raw", "Request", "Says", "Step", "sse", "stream_events"]

KEY = "sk-test-canary-4711"
MODEL = "test-model"


@dataclass(frozen=True)
class Call:
    """One tool call of an answer; ``arguments`` may be text, to send malformed JSON."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    id: str | None = None

    @property
    def text(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else json.dumps(dict(self.arguments))


@dataclass(frozen=True)
class Says:
    """An answer of the model, and how it travels.

    ``delta`` is how many characters each event carries; the deltas of parallel tool calls are interleaved.
    ``split`` cuts the bytes of the whole stream into what is sent at once; ``pause`` are the seconds between
    two of those pieces. ``cut`` closes the connection after so many bytes of the body.
    """

    text: str = ""
    calls: Sequence[Call] = ()
    refusal: str | None = None
    finish: str | None = None
    usage: tuple[int, int] | None = (100, 10)
    """Tokens of prompt and completion; None for an endpoint that does not count."""
    delta: int = 8
    split: Callable[[bytes], Iterable[bytes]] = field(default=lambda body: [body])
    pause: float = 0.0
    cut: int | None = None
    thinks: str | None = None
    """Thoughts in a field of their own."""
    streams: bool = True
    """False for an endpoint that takes ``stream`` and answers with one document all the same."""

    @property
    def finish_reason(self) -> str:
        return self.finish or ("tool_calls" if self.calls else "stop")


@dataclass(frozen=True)
class Fails:
    """An HTTP error in the shape of the service's own."""

    status: int
    message: str = "The server had an error"
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Drops:
    """The connection is reset before a byte of an answer."""


@dataclass(frozen=True)
class Raw:
    """Any body: a proxy's HTML, half a document, an error event within a stream."""

    body: bytes
    content_type: str = "text/event-stream"
    status: int = 200


Step: TypeAlias = Says | Fails | Drops | Raw


class OpenAIServer:
    """The server; a context manager that serves on a free port of the loopback interface.

    Parameters
    ----------
    script
        Steps, one for each request in turn, or a function that returns the step for a request.
    key, model
        What is accepted; None accepts any key, and a request without one.
    without
        What this endpoint does not know, answered by status 400: ``stream``, ``stream_options``, ``strict``.
    speaks
        The protocols: ``chat/completions``, ``responses`` or both; another address has status 404.
    wants_thoughts
        Refuse a conversation that does not hand back each ``reasoning_content`` that was given with a call.
    """

    def __init__(
        self,
        script: Iterable[Step] | Callable[[Request], Step],
        *,
        key: str | None = KEY,
        model: str = MODEL,
        without: Iterable[Feature] = (),
        speaks: Iterable[str] = ("chat/completions",),
        wants_thoughts: bool = False,
    ) -> None:
        self._next = script if callable(script) else _in_turn(script)
        self.key, self.model, self.without = key, model, frozenset(without)
        self.speaks, self.wants_thoughts = frozenset(speaks), wants_thoughts
        self.requests: list[Request] = []
        """Those that were played a step, in their order."""
        self.refused: list[str] = []
        """Why other requests broke the protocol."""
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.app = self

    @property
    def url(self) -> str:
        """What OPENAI_BASE_URL is set to."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> OpenAIServer:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def play(self, request: Request) -> Step:
        """Return what is to be done with a request."""
        with self._lock:
            wrong = self._wrong(request)
            if wrong is not None:
                self.refused.append(wrong[1])
                return Fails(*wrong)
            self.requests.append(request)
            return self._next(request)

    def _wrong(self, request: Request) -> Wrong | None:
        if request.protocol not in self.speaks:
            return 404, f"Invalid URL (POST {request.path})", None
        if request.protocol == "responses":
            return broken_response_rule(request, self.key, self.model)
        wrong = broken_rule(request, self.key, self.model, self.without)
        if wrong is None and self.wants_thoughts:
            wrong = missing_thoughts(request)
        return wrong


def _in_turn(script: Iterable[Step]) -> Callable[[Request], Step]:
    steps, ended = iter(script), Fails(418, "the script has ended")
    return lambda _: next(steps, ended)


def missing_thoughts(request: Request) -> Wrong | None:
    """Say what an endpoint that thinks aloud refuses: a call that comes back without its thoughts."""
    for message in request.messages:
        if message.get("tool_calls") and "reasoning_content" not in message:
            return 400, "The reasoning_content in the thinking mode must be passed back to the API.", None
    return None


# How an answer is written


def stream_events(says: Says, *, model: str = MODEL, usage: bool = True) -> list[dict[str, Any]]:
    """Return the events of a streamed answer: text first, then the calls' deltas, interleaved."""
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}

    def event(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**base, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}

    events = [event({"role": "assistant", "content": None if says.calls and not says.text else ""})]
    events += [
        event({"content": None, "reasoning_content": p}) for p in _pieces(says.thinks or "", says.delta)
    ]
    events += [event({"content": piece}) for piece in _pieces(says.text, says.delta)]
    events += [event({"refusal": piece}) for piece in _pieces(says.refusal or "", says.delta)]
    events += [event({"tool_calls": [delta]}) for delta in _call_deltas(says)]
    events.append(event({}, says.finish_reason))
    if usage and says.usage is not None:
        events = [{**e, "usage": None} for e in events]
        events.append({**base, "choices": [], "usage": _usage(says.usage)})
    return events


def _call_deltas(says: Says) -> Iterator[dict[str, Any]]:
    for i, call in enumerate(says.calls):
        head = {"name": call.name, "arguments": ""}
        yield {"index": i, "id": _id(call, i), "type": "function", "function": head}
    columns = (
        [{"index": i, "function": {"arguments": piece}} for piece in _pieces(call.text, says.delta)]
        for i, call in enumerate(says.calls)
    )
    for row in itertools.zip_longest(*columns):
        yield from (delta for delta in row if delta is not None)


def document(says: Says, model: str) -> dict[str, Any]:
    """Return an answer that is not streamed."""
    message: dict[str, Any] = {"role": "assistant", "content": says.text or None, "refusal": says.refusal}
    if says.thinks is not None:
        message["reasoning_content"] = says.thinks
    if says.calls:
        message["tool_calls"] = [
            {"id": _id(c, i), "type": "function", "function": {"name": c.name, "arguments": c.text}}
            for i, c in enumerate(says.calls)
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": says.finish_reason}
    found = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [choice],
    }
    return found if says.usage is None else {**found, "usage": _usage(says.usage)}


def sse(events: Iterable[Mapping[str, Any]]) -> bytes:
    """Write events as a stream's body."""
    lines = [f"data: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


_COUNTER = itertools.count(1)


def _id(call: Call, index: int) -> str:
    return f"call_{index}_{next(_COUNTER):06d}" if call.id is None else call.id


def _pieces(text: str, size: int) -> list[str]:
    return [text[i : i + size] for i in range(0, len(text), size)]


def _usage(tokens: tuple[int, int]) -> dict[str, Any]:
    return {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    app: OpenAIServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # a client may go at any time
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        request = Request(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        step = self.server.app.play(request)
        try:
            self._do(step, request)
        except OSError:
            self.close_connection = True  # the client has gone; no more is there to say

    def _do(self, step: Step, request: Request) -> None:
        if isinstance(step, Drops):
            self._reset()
        elif isinstance(step, Fails):
            error = {"message": step.message, "type": "error", "param": None, "code": step.code}
            self._whole(step.status, json.dumps({"error": error}).encode(), headers=step.headers)
        elif isinstance(step, Raw):
            self._whole(step.status, step.body, step.content_type)
        elif request.protocol == "responses":
            self._respond(step, request)
        elif request.body.get("stream") and step.streams:
            usage = bool((request.body.get("stream_options") or {}).get("include_usage"))
            self._stream(step, sse(stream_events(step, model=request.body["model"], usage=usage)))
        else:
            self._whole(200, json.dumps(document(step, request.body["model"])).encode())

    def _respond(self, says: Says, request: Request) -> None:
        calls = [(_id(call, i), call.name, call.text) for i, call in enumerate(says.calls)]
        document = response_document(says, calls, request.body["model"])
        if not (request.body.get("stream") and says.streams):
            self._whole(200, json.dumps(document).encode())
            return
        lines = (
            f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in response_events(document, says.delta)
        )
        self._stream(says, "".join(lines).encode())

    def _stream(self, says: Says, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for i, piece in enumerate(says.split(body[: says.cut])):
            if says.pause and i:
                time.sleep(says.pause)
            if piece:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if says.cut is not None:
            self._reset()
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _whole(
        self,
        status: int,
        body: bytes,
        kind: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        """Close so that the client sees a broken connection and no proper end."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: a test's output is its own."""
