"""Downloads by https from a real server, and the addresses that are refused."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from tests.tls import https_server

from skillbank.errors import DataError, DataNotFoundError, PlatformError, UsageError
from skillbank.plan.model import InputBinding
from skillbank.storage.staging import locate, stage
from skillbank.storage.uri import parse_uri

CONTENT = b"weights " * 1000


class _Handler(BaseHTTPRequestHandler):
    requests: list[str]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.requests.append(f"{self.command} {self.path}")
        seen = self.requests.count(f"{self.command} {self.path}")
        to = {"/moved": "/model.pth", "/inside": "http://169.254.169.254/", "/round": "/round"}.get(self.path)
        status = 302 if to else 404 if self.path == "/none" else 403 if self.path == "/mine" else 200
        if self.path == "/moody" and seen == 1:
            status = 503
        self.send_response(status)
        if to:
            self.send_header("Location", to)
        self.send_header("Content-Length", str(len(CONTENT) if status == 200 else 0))
        self.send_header("ETag", '"1"')
        self.end_headers()
        if status == 200 and self.command == "GET":
            cut = self.path.startswith("/broken") or (self.path == "/moody" and seen == 1)
            self.wfile.write(CONTENT[:100] if cut else CONTENT)

    do_HEAD = do_GET  # noqa: N815


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    _Handler.requests = []
    with https_server(tmp_path, _Handler, monkeypatch) as address:
        yield address


def binding(uri: str) -> InputBinding:
    return InputBinding(key="train.pretrained_model_path", uri=uri)


@pytest.mark.parametrize("path", ["model.pth", "moved", "moody", "model.pth?token=abc"])
def test_a_file_comes_whole_and_once(server: str, tmp_path: Path, path: str) -> None:
    wanted = binding(f"{server}/{path}")
    file = stage(wanted, tmp_path / "cache")
    assert file.name == path.partition("?")[0] and file.read_bytes() == CONTENT
    gets = len([line for line in _Handler.requests if line.startswith("GET")])
    assert stage(wanted, tmp_path / "cache") == file
    assert len([line for line in _Handler.requests if line.startswith("GET")]) == gets


def test_what_does_not_come(server: str, tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="/none, the data for train"):
        locate(binding(f"{server}/none"))
    with pytest.raises(DataError, match="answers 403"):
        locate(binding(f"{server}/mine"))
    with pytest.raises(DataError, match="from one address to another"):
        locate(binding(f"{server}/round"))
    with pytest.raises(PlatformError, match="breaks off"):
        stage(binding(f"{server}/broken?token=secret"), tmp_path / "cache")
    assert not list(tmp_path.rglob("broken"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "169.254.169.254", "10.0.0.1", "100.100.100.200"])
def test_addresses_inside_are_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKILLBANK_HOSTS", raising=False)
    with pytest.raises(UsageError, match="inside this network"):
        locate(binding(f"https://{host}/latest/meta-data"))


def test_a_redirect_does_not_lead_inside(server: str) -> None:
    with pytest.raises(DataError, match="is no https"):
        locate(binding(f"{server}/inside"))


def test_web_addresses_hide_what_follows_the_question_mark() -> None:
    uri = parse_uri("https://host/a/b.pth?X-Amz-Signature=secret")
    assert (uri.name, uri.location, str(uri)) == ("b.pth", "host/a/b.pth", "https://host/a/b.pth")
    for text in ("https://", "https://host", "https://user:hunter2@host/x", "https://-x/y"):
        with pytest.raises(UsageError) as caught:
            parse_uri(text)
        assert "hunter2" not in str(caught.value)
