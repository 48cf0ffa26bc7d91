"""A home of its own for each test, a git repository, and a web server with a certificate of its own."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from skillbank.storage import web
from tests.sources.repository import Repository, write_bank


@pytest.fixture(autouse=True)
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the user's own home and git configuration out."""
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-gitconfig"))
    monkeypatch.delenv("SKILLBANK_BANKS", raising=False)
    return tmp_path / "home"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with one skill and one commit."""
    made = Repository(tmp_path / "toys")
    write_bank(made.folder)
    made.commit("first")
    return made


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.startswith("/plain-"):
            self.send_response(302)
            self.send_header("Location", f"http://localhost:1/{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_GET()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """The address of an https server and the folder that it serves."""
    key, cert, served = tmp_path / "key.pem", tmp_path / "cert.pem", tmp_path / "served"
    served.mkdir()
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    command += ["-keyout", str(key), "-out", str(cert), "-days", "1", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    handler = partial(_Handler, directory=str(served))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        monkeypatch.setenv("GIT_SSL_CAINFO", str(cert))
        monkeypatch.setenv("SKILLBANK_HOSTS", "localhost")
        monkeypatch.setattr(web, "_PAUSE", 0.01)
        yield f"https://localhost:{listening.server_address[1]}", served
        listening.shutdown()
        thread.join()
