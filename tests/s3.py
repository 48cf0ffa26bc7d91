"""A real S3 server over HTTP, and a proxy before it that fails the way that networks and servers fail."""

from __future__ import annotations

import http.client
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST",
    "AWS_SECRET_ACCESS_KEY": "canary-secret-4711",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def moto_server() -> Iterator[str]:
    """Run moto's server on a free port and yield its address."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


Fault = Callable[[int, str], str | None]
"""Given a request's number and ``METHOD path``, says how it fails (see `Proxy`), or None."""


class Proxy(ThreadingHTTPServer):
    """Passes requests on; `fault` says which of them fail and how.

    ``403`` and ``503`` answer so, ``400 ExpiredToken`` with S3's word for it where an answer has a body,
    dated an hour from now; ``cut`` sends half of the body and closes, ``drop`` closes without an answer,
    ``slow`` waits within the body.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream: str, fault: Fault) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream, self.fault = urlsplit(upstream).netloc, fault
        self.numbers, self.faults = itertools.count(1), dict[str, int]()
        self.requests: list[str] = []
        self.sent = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        """Clients that go away are part of the game."""


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def _pass_on(self) -> None:
        if self.headers.get("Expect"):
            self.send_response_only(100)
            self.end_headers()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        number, what = next(self.server.numbers), f"{self.command} {self.path}"
        self.server.requests.append(what)
        fault = self.server.fault(number, what)
        if fault:
            self.server.faults[fault] = self.server.faults.get(fault, 0) + 1
        if fault == "drop":
            self.close_connection = True
            return
        if fault and fault[:3].isdecimal():
            self._refuse(int(fault[:3]), fault[4:])
            return
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("expect", "connection")}
        upstream.request(self.command, self.path, body, headers)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "server", "date"):
                self.send_header(name, value)
        if answer.headers.get("Content-Length") is None:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        half = len(content) // 2
        if fault in ("cut", "slow"):
            self.wfile.write(content[:half])
            self.wfile.flush()
            if fault == "cut":
                self.close_connection = True
                return
            time.sleep(0.2)
            content = content[half:]
        if self.command != "HEAD":
            self.wfile.write(content)
            self.server.sent += len(content)

    def _refuse(self, status: int, code: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>no</Message></Error>" if code else ""
        self.send_response_only(status)
        self.send_header("Date", formatdate(time.time() + 3600, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass_on  # noqa: N815


@contextmanager
def faulty(upstream: str, fault: Fault) -> Iterator[Proxy]:
    """Run a proxy before a server."""
    with Proxy(upstream, fault) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


def every_third(number: int, what: str) -> str | None:
    """Fail every third request in turn: an error, half a body, no answer; and answer every fourth slowly."""
    if number % 3 == 0:
        return ("503", "cut", "drop")[number // 3 % 3]
    return "slow" if number % 4 == 0 else None


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its content."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
