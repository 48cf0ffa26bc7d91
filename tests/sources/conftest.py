"""A home of its own for each test, a git repository, and a web server with a certificate of its own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from tests.sources.repository import Repository, write_bank
from tests.tls import https_server


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
    served = tmp_path / "served"
    served.mkdir()
    with https_server(tmp_path, partial(_Handler, directory=str(served)), monkeypatch) as address:
        monkeypatch.setenv("GIT_SSL_CAINFO", str(tmp_path / "cert.pem"))
        yield address, served
