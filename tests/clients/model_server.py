"""A server that plays a model: it says what a conversation tells it to, in the protocol in which it is asked.

Real clients send it real requests with the tools they offer, and it answers with the next call of the
conversation, which sees of each answer exactly what the client sends on to its model.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.clients.conversation import TOOLS, Call, Conversation, Document, Step
from tests.clients.dialects import DIALECTS, Answer, Dialect, Heard

__all__ = ["ModelServer"]

DONE = "The model has nothing more to do."


class ModelServer:
    """The server; a context manager that serves on a free port of the loopback interface.

    Parameters
    ----------
    conversation
        What the model calls, one after another.
    shown
        Gets ``tools`` when a request offers the model the tools.
    """

    def __init__(self, conversation: Conversation, shown: list[Step]) -> None:
        self._conversation, self._shown = conversation, shown
        self._heard = -1
        self._said = Answer(0)
        self.failure: BaseException | None = None
        """Why the conversation ended early."""
        self.ended = False
        self.asked: list[tuple[str, Document]] = []
        """All requests, for whoever looks for what went wrong."""
        self.offered: set[str] = set()
        """The names of all tools in all requests."""
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.app = self

    @property
    def url(self) -> str:
        """The server's address, without a path."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> ModelServer:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def play(self, heard: Heard) -> Answer:
        """Return what the model says to a request."""
        with self._lock:
            self.offered.update(heard.tools)
            names = {_plain(name): name for name in heard.tools}
            if not names.keys() >= TOOLS:
                return Answer(0, text="A title")  # clients also ask for titles and the like
            if not self._shown:
                self._shown.append("tools")
            if len(heard.results) > self._heard:
                self._heard = len(heard.results)
                self._said = self._next(heard.results, names)
            return self._said  # a request that is repeated gets the same answer

    def _next(self, results: Sequence[object], names: dict[str, str]) -> Answer:
        number = len(results) + 1
        if self.failure is not None or self.ended:
            return Answer(number, text=DONE)
        try:
            send: Callable[[Any], Call] = self._conversation.send
            call = send(results[-1] if results else None)
        except StopIteration:
            self.ended = True
            return Answer(number, text=DONE)
        except Exception as error:
            self.failure = error
            return Answer(number, text=DONE)
        return Answer(number, tool=names[call.tool], arguments=json.dumps(dict(call.arguments)))


def _plain(name: str) -> str:
    """Return the tool's own name within the one that a client gives it."""
    return re.sub(r"^.*(?:skillbank_+|/)", "", name)


class _Server(ThreadingHTTPServer):
    app: ModelServer
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""

    def do_GET(self) -> None:
        self._send(json.dumps({"object": "list", "data": [{"id": "scripted", "object": "model"}]}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        path = urlsplit(self.path).path
        self.server.app.asked.append((path, body))
        dialect = next((spoken for part, spoken in DIALECTS if path.endswith(part)), None)
        if dialect is None:
            self._send(b'{"error": {"message": "no such path"}}', status=404)
            return
        heard = dialect.hears(path, body)
        answer = self.server.app.play(heard)
        if heard.streams:
            self._send(_stream(dialect, answer), "text/event-stream")
        else:
            self._send(json.dumps(dialect.document(answer)).encode())

    def _send(self, body: bytes, kind: str = "application/json", status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _stream(dialect: Dialect, answer: Answer) -> bytes:
    lines: list[str] = []
    for name, data in dialect.events(answer):
        lines += [f"event: {name}"] if name is not None else []
        lines += [f"data: {data if isinstance(data, str) else json.dumps(data)}", ""]
    return ("\n".join(lines) + "\n").encode()
