"""A server that wants harm: where it leads to, how long it goes on, what it packs, what it says of it."""

from __future__ import annotations

import gzip
import io
import socket
import ssl
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar

import pytest

from skillbank.errors import DataError, DataNotFoundError, PlatformError, SkillbankError, UsageError
from skillbank.sources import fetching
from skillbank.sources.address import parse_address
from skillbank.sources.fetching import fetch
from skillbank.storage import web
from skillbank.storage.uri import parse_uri
from tests.tls import https_server

CANARY = "the canary of the tests"
Answer = Callable[["Hostile"], None]


class Hostile(BaseHTTPRequestHandler):
    """Answers each path as it is told."""

    protocol_version = "HTTP/1.1"
    answers: ClassVar[dict[str, Answer]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.close_connection = True
        self.answers[self.path.partition("?")[0]](self)

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""

    def head(self, status: int, *headers: tuple[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()


def leads(to: str) -> Answer:
    return lambda at: at.head(302, ("Location", to), ("Content-Length", "0"))


def sends(body: bytes, *headers: tuple[str, str]) -> Answer:
    def answer(at: Hostile) -> None:
        at.head(200, *(headers or (("Content-Length", str(len(body))),)))
        at.wfile.write(body)

    return answer


def goes_on(piece: bytes, pause: float) -> Answer:
    """Send a piece now and then for as long as somebody listens."""

    def answer(at: Hostile) -> None:
        at.head(200)
        try:
            while True:
                at.wfile.write(piece)
                at.wfile.flush()
                time.sleep(pause)
        except OSError:
            return

    return answer


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    Hostile.answers, Hostile.asked = {}, []
    (tmp_path / "server").mkdir()
    with https_server(tmp_path / "server", Hostile, monkeypatch) as address:
        yield address


def refused(url: str, work: Path) -> SkillbankError:
    """Fetch, and return the one sentence that comes of it; nothing stays of what came."""
    with pytest.raises(SkillbankError) as caught:
        fetch(parse_address(url), work)
    assert "\n" not in caught.value.sentence and caught.value.sentence.isprintable(), caught.value.sentence
    assert not (work / "bank").exists()
    return caught.value


@pytest.mark.parametrize(
    "to",
    ["file:///etc/passwd", "s3://bucket/key", "/etc/../../x\x00", "http://localhost:1/b.zip", "ftp://h/b.zip",
     "javascript:alert(1)", "https:///b.zip", "https://[::1/b.zip", "//[x", "https://localhost/" + "a" * 9000,
     "https://localhost/\x1b[2J", "data:,x", "unix:/run/docker.sock", "https://[::1]/b.zip"],
)  # fmt: skip
def test_it_leads_nowhere_but_to_https(hostile: str, tmp_path: Path, to: str) -> None:
    def answer(at: Hostile) -> None:
        at.wfile.write(b"HTTP/1.1 302 Found\r\nLocation: " + to.encode("latin-1") + b"\r\n\r\n")

    Hostile.answers["/b.zip"] = answer
    error = refused(f"{hostile}/b.zip", tmp_path / "work")
    assert isinstance(error, DataError | PlatformError) and "b.zip" in error.sentence
    assert Hostile.asked[:1] == ["/b.zip"]


def test_it_leads_to_no_address_of_this_network(hostile: str, tmp_path: Path) -> None:
    for to in ("https://127.0.0.1:1/b.zip", "https://169.254.169.254/b.zip",
               "https://0/b.zip", "https://2130706433/b.zip", "https://10.0.0.1/b.zip"):  # fmt: skip
        Hostile.answers["/b.zip"] = leads(to)
        error = refused(f"{hostile}/b.zip", tmp_path / "work")
        assert isinstance(error, UsageError) and "inside this network" in error.sentence, to


def test_it_leads_in_a_circle(hostile: str, tmp_path: Path) -> None:
    Hostile.answers |= {"/b.zip": leads("/c.zip"), "/c.zip": leads("/b.zip")}
    assert "more than 5 times" in refused(f"{hostile}/b.zip", tmp_path / "work").sentence
    assert len(Hostile.asked) == 5


def test_a_secret_of_the_address_is_not_sent_on(hostile: str, tmp_path: Path) -> None:
    Hostile.answers |= {"/b.zip": leads("/none.zip"), "/none.zip": lambda at: at.head(404)}
    error = refused(f"{hostile}/b.zip?token={CANARY.replace(' ', '-')}", tmp_path / "work")
    assert isinstance(error, DataNotFoundError)
    assert "canary" in Hostile.asked[0] and "canary" not in Hostile.asked[1] + error.sentence


def test_a_body_without_an_end(hostile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_LARGEST_ARCHIVE", 8 << 20)
    Hostile.answers["/b.zip"] = goes_on(b"\0" * (1 << 20), 0)
    error = refused(f"{hostile}/b.zip", tmp_path / "work")
    assert "is larger than 8 MiB" in error.sentence
    left = sum(file.stat().st_size for file in (tmp_path / "work").rglob("*") if file.is_file())
    assert left <= 10 << 20


def test_a_body_that_trickles(hostile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then is no silence that a timeout would end."""
    monkeypatch.setattr(web, "_LOOK", 0.4)
    Hostile.answers["/b.zip"] = goes_on(b"x", 0.05)
    begun = time.monotonic()
    error = refused(f"{hostile}/b.zip", tmp_path / "work")
    assert "bytes came in" in error.sentence and time.monotonic() - begun < 30


@pytest.mark.parametrize("said", ["none", "-5", "9" * 400, "1e3", "5, 6", "\u0665"])
def test_it_says_sizes_that_are_none(hostile: str, tmp_path: Path, said: str) -> None:
    def answer(at: Hostile) -> None:
        at.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: " + said.encode() + b"\r\n\r\nno archive")

    Hostile.answers["/b.zip"] = answer
    assert "b.zip" in refused(f"{hostile}/b.zip", tmp_path / "work").sentence


def test_what_is_packed_on_the_way_is_not_unpacked(hostile: str, tmp_path: Path) -> None:
    packed = gzip.compress(b"\0" * (64 << 20))
    headers = (("Content-Encoding", "gzip"), ("Content-Length", str(len(packed))))
    Hostile.answers["/b.zip"] = sends(packed, *headers)
    most = 0

    def watched(transfer: object) -> None:
        nonlocal most
        most = max(most, getattr(transfer, "done", 0))

    target = tmp_path / "b.zip"
    web.fetch(parse_uri(f"{hostile}/b.zip"), target, watched)
    assert target.read_bytes() == packed and most <= len(packed)


def bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("skills/toy/zeros", b"\0" * (300 << 20))
    return made.getvalue()


def escaping() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as bundle:
        entry = tarfile.TarInfo("skills/../../../evil")
        entry.size = 1
        bundle.addfile(entry, io.BytesIO(b"x"))
    return made.getvalue()


@pytest.mark.parametrize(
    ("path", "made", "said"),
    [("b.zip", bomb, "out of proportion"), ("b.tgz", escaping, "leads out"),
     ("b.tar", lambda: b"<html>", "cannot be unpacked"), ("b.zip", lambda: b"", "cannot be unpacked")],
)  # fmt: skip
def test_it_packs_what_harms(
    hostile: str, tmp_path: Path, path: str, made: Callable[[], bytes], said: str
) -> None:
    Hostile.answers[f"/{path}"] = sends(made())
    assert said in refused(f"{hostile}/{path}", tmp_path / "work").sentence
    assert not (tmp_path / "evil").exists() and not (tmp_path / "work" / "unpacked" / "evil").exists()


@pytest.mark.parametrize(
    "said",
    [b"", b"\r\n\r\n", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500,
     b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000,
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
)  # fmt: skip
def test_it_does_not_speak_http(
    hostile: str, tmp_path: Path, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(at: Hostile) -> None:
        at.wfile.write(said)

    Hostile.answers["/b.zip"] = answer
    assert isinstance(refused(f"{hostile}/b.zip", tmp_path / "work"), PlatformError)


def test_certificates_that_do_not_hold(hostile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Hostile.answers["/b.zip"] = sends(b"x")
    monkeypatch.setenv("SKILLBANK_HOSTS", "localhost,127.0.0.1")
    for url in (hostile.replace("localhost", "127.0.0.1"), f"https://localhost:{plain_port()}"):
        error = refused(f"{url}/b.zip", tmp_path / "work")
        assert isinstance(error, PlatformError) and "cannot be reached" in error.sentence
    monkeypatch.setenv("SSL_CERT_FILE", ssl.get_default_verify_paths().openssl_cafile)
    error = refused(f"{hostile}/b.zip", tmp_path / "work")
    assert "SSLError" in error.sentence and Hostile.asked == []


def plain_port() -> int:
    """Listen without TLS, say something to whoever comes, and return the port."""
    opened = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            with opened.accept()[0] as connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    return int(opened.getsockname()[1])
