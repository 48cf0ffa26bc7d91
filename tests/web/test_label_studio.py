"""This server as Label Studio's backend: what Label Studio sends, and a server that holds its pictures.

The requests are those of ``label_studio/ml/api_connector.py`` in the public repository
HumanSignal/label-studio.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from skillbank import Runtime
from skillbank.entrance import Entrance
from skillbank.environment import LABEL_STUDIO_TOKEN
from skillbank.errors import UsageError
from skillbank.labelling.engine import Engine
from skillbank.web.app import make_app
from skillbank.web.detection import MOST_BYTES
from skillbank.web.detector import Detector
from skillbank.web.label_studio_pictures import LabelStudioPictures
from tests.labelling.models import write_picture
from tests.listening import Listening
from tests.web.conftest import Server, web_server

CONFIG = """
<View><Image name="photo" value="$image"/>
<RectangleLabels name="boxes" toName="photo" model_score_threshold="0.05">
<Label value="round" captions="red circle | blue circle"/><Label value="square" captions="red square"/>
</RectangleLabels></View>
"""
ACCESS = "0123456789abcdef0123456789abcdef01234567"
PASSWORD = "a-password-of-the-tests-0123456789"
PROJECT = "1.1700000000"


@dataclass
class Studio:
    """A server that has pictures for those who show its token, and notes what was asked."""

    picture: bytes
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    picture = write_picture(tmp_path_factory.mktemp("studio") / "a.png").read_bytes()
    there = Studio(picture)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            there.asked.append((self.path, self.headers.get("authorization", "")))
            name = self.path.rpartition("/")[2]
            known = self.headers.get("authorization") in (f"Token {ACCESS}", "Bearer short-lived")
            status, body, extra = 200, there.picture, {}
            if name.startswith("to-"):
                status, body = 302, b""
                extra = {"location": {"to-a": "/data/upload/1/a.png", "to-login": "/user/login/"}.get(
                    name, "http://127.0.0.1:9/secret")}  # fmt: skip
            elif not known:
                status, body = 401, b"{}"
            elif name == "large.png":
                body = bytes(MOST_BYTES + 1)
            elif name == "packed.png":
                extra = {"content-encoding": "gzip"}
            elif name == "text.png":
                body = b"no picture"
            elif name != "a.png":
                status, body = 404, b""
            self._answer(status, body, extra)

        def do_POST(self) -> None:
            there.asked.append((self.path, ""))
            self._answer(200, b'{"access": "short-lived"}', {})

        def _answer(self, status: int, body: bytes, extra: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **extra}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = Listening(("127.0.0.1", 0), Handler)
    there.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield there
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def backend(studio: Studio, web_home: dict[str, str], tiny_model: Path) -> Iterator[Server]:
    environment = {**web_home, LABEL_STUDIO_TOKEN.name: ACCESS, "SKILLBANK_WEB_TOKEN": PASSWORD}
    with web_server(environment, "--checkpoint", str(tiny_model), "--label-studio", studio.url) as running:
        running.wait_for("ready")
        yield running


class Connector:
    """Asks as Label Studio does, which knows a user and a password."""

    def __init__(self, server: Server, password: str = PASSWORD) -> None:
        self._http, self._auth = server.http, ("skillbank", password)

    def get(self, path: str) -> httpx2.Response:
        return self._http.get(f"/label-studio/{path}", auth=self._auth)

    def post(self, path: str, **document: Any) -> httpx2.Response:
        return self._http.post(f"/label-studio/{path}", auth=self._auth, json=document)

    def predict(self, *addresses: str) -> httpx2.Response:
        tasks = [{"id": n, "project": 1, "data": {"image": each}} for n, each in enumerate(addresses, 1)]
        params = {"login": None, "password": None, "context": None}
        return self.post(
            "predict", tasks=tasks, model_version="x", project=PROJECT, label_config=CONFIG, params=params
        )


@pytest.mark.slow
def test_a_project_is_connected_and_gets_predictions(backend: Server, studio: Studio) -> None:
    connector = Connector(backend)
    assert connector.get("health").json()["status"] == "UP"
    setup = {"hostname": "http://elsewhere.example", "access_token": "x" * 40}
    version = connector.post("setup", project=PROJECT, schema=CONFIG, **setup).json()["model_version"]
    assert version == "skillbank tiny.pth" and connector.get("versions").json() == {"versions": [version]}
    answer = connector.predict("/data/upload/1/a.png", f"{studio.url}/data/upload/1/a.png", "/data/to-a")
    assert answer.status_code == 200, answer.text
    first, second, third = answer.json()["results"]
    assert first == second == third and "errors" not in answer.json()
    assert first["model_version"] == version and first["result"]
    for region in first["result"]:
        assert (region["from_name"], region["to_name"], region["type"]) == (
            "boxes",
            "photo",
            "rectanglelabels",
        )
        assert (region["original_width"], region["original_height"]) == (120, 80)
        value = region["value"]
        assert value["rectanglelabels"][0] in ("round", "square") and region["score"] >= 0.05
        assert 0 <= value["x"] < value["x"] + value["width"] <= 100.001
        assert 0 <= value["y"] < value["y"] + value["height"] <= 100.001
    assert ("/data/upload/1/a.png", f"Token {ACCESS}") in studio.asked


@pytest.mark.slow
def test_what_cannot_be_had_is_told_and_the_others_are_answered(backend: Server, studio: Studio) -> None:
    connector = Connector(backend)
    before = len(studio.asked)
    bad = {
        "/etc/none.png": "(status 404)",
        "/data/large.png": "larger than 24 MB",
        "/data/packed.png": "sent packed",
        "/data/text.png": "task 4 is",
        "/data/to-elsewhere": "not on http://127.0.0.1",
        "/data/to-to": "not on http://127.0.0.1",
        "http://127.0.0.1:9/a.png": "fetches from nowhere else",
        "//127.0.0.1:9/a.png": "fetches from nowhere else",
        "file:///etc/passwd": "fetches from nowhere else",
        "s3://bucket/a.png": "fetches from nowhere else",
        "data:image/png;base64,AAAA": "fetches from nowhere else",
        f"{studio.url}@elsewhere.example/a.png": "fetches from nowhere else",
        "/\\elsewhere.example/a.png": "fetches from nowhere else",
        "": "no address of a picture",
    }
    answer = connector.predict(*bad, "/data/upload/1/a.png")
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document["results"][:-1] == [[]] * len(bad), "Label Studio keeps no prediction for these"
    assert document["results"][-1]["result"]
    for error, (address, why) in zip(document["errors"], bad.items(), strict=True):
        assert why in error["message"], address
    assert {path for path, _ in studio.asked[before:]} == {
        *("/etc/none.png", "/data/large.png", "/data/packed.png", "/data/text.png"),
        *("/data/to-elsewhere", "/data/to-to", "/data/upload/1/a.png"),
    }
    alone = connector.predict("s3://bucket/a.png")
    assert alone.status_code == 422 and "nowhere else" in alone.json()["error"]["message"]


@pytest.mark.slow
def test_who_does_not_know_the_password_gets_nothing(backend: Server) -> None:
    assert Connector(backend, "wrong").get("health").status_code == 401
    assert backend.http.get("/label-studio/health").status_code == 401
    basic = base64.b64encode(f"x:{PASSWORD}".encode()).decode()
    other = backend.http.get("/api/jobs", headers={"authorization": f"Basic {basic}"})
    assert other.status_code == 401, "elsewhere the token is shown as one"
    bearer = {"authorization": f"Bearer {PASSWORD}"}
    assert backend.http.get("/label-studio/health", headers=bearer).status_code == 200


@pytest.mark.slow
def test_nothing_is_trained_from_there(backend: Server) -> None:
    connector = Connector(backend)
    project = {"id": 1, "label_config": CONFIG}
    assert connector.post("webhook", action="ANNOTATION_CREATED", project=project).status_code == 201
    for answer in (
        connector.post("webhook", action="START_TRAINING", project=project),
        connector.post("train", annotations=[], project=PROJECT, label_config=CONFIG, params={}),
    ):
        assert answer.status_code == 501 and "a person approves" in answer.json()["error"]["message"]


def client_of(runtime: Runtime, pictures: LabelStudioPictures | None) -> TestClient:
    def start() -> Engine:
        raise AssertionError("nothing is loaded without a lifespan")

    detector = Detector("tiny", start, Engine.ready, most_waiting=4)
    app = make_app(runtime, detector, Entrance("127.0.0.1", 8766), pictures)
    return TestClient(app, base_url="http://127.0.0.1:8766", raise_server_exceptions=False)


def test_without_an_address_it_is_no_backend(runtime: Runtime) -> None:
    client = client_of(runtime, None)
    for answer in (
        client.get("/label-studio/health"),
        client.post("/label-studio/setup", json={"schema": CONFIG}),
        client.post("/label-studio/predict", json={"tasks": [], "label_config": CONFIG}),
    ):
        assert answer.status_code == 503 and "--label-studio URL" in answer.json()["error"]["message"]


def test_a_backend_whose_model_loads_is_not_up(runtime: Runtime) -> None:
    client = client_of(runtime, LabelStudioPictures("http://127.0.0.1:9"))
    assert client.get("/label-studio/health").status_code == 503
    wrong = client.post("/label-studio/setup", json={"project": PROJECT, "schema": "<View/>"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "label_config")
    assert client.post("/label-studio/predict", json={"tasks": 3}).status_code == 400
    many = {"tasks": [{}] * 1001, "label_config": CONFIG}
    assert client.post("/label-studio/predict", json=many).status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost:8080",
        "ftp://x",
        "http://",
        "http://u:p@x",
        "http://x/?q=1",
        "http://x:99999",
        "file:///x",
    ],
)
def test_an_address_of_a_server_is_asked_for(address: str) -> None:
    with pytest.raises(UsageError, match="no address of Label Studio"):
        LabelStudioPictures(address)


@pytest.mark.anyio
async def test_a_personal_token_is_changed_for_a_short_one(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LABEL_STUDIO_TOKEN.name, "aaa.bbb.ccc")
    assert await LabelStudioPictures(studio.url).fetch("/data/upload/1/a.png") == studio.picture
    assert studio.asked[-2:] == [("/api/token/refresh", ""), ("/data/upload/1/a.png", "Bearer short-lived")]
