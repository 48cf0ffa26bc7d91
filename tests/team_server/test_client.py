"""The client against a server: it knows every operation, and answers are as the server's document says."""

from __future__ import annotations

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest

from skillbank.client import Client, ServerError, WaitsForApprovalError
from skillbank.environment import TOKEN
from skillbank.errors import UsageError
from tests.listening import Listening
from tests.team_server.conftest import DECIDES, People, Served

GUIDE = Path(__file__).parents[2] / "references" / "team-server.md"


class Checked(httpx2.BaseTransport):
    """Passes requests on, and holds each answer against what the document says of its operation."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document, self._on, self.seen = document, httpx2.HTTPTransport(), set[str]()
        self._paths = {
            (method.upper(), re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))): told
            for path, methods in document["paths"].items()
            for method, told in methods.items()
        }

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._on.handle_request(request)
        answer.read()
        found = [
            told
            for (method, path), told in self._paths.items()
            if method == request.method and path.fullmatch(request.url.path)
        ]
        if request.url.path == "/api/openapi.json":
            return answer
        # A word that stands in one path itself is the name of something in another one.
        problems = [self._problem(told, answer) for told in found]
        assert None in problems, (request.method, request.url, problems)
        self.seen.add(found[problems.index(None)]["operationId"])
        return answer

    def _problem(self, told: dict[str, Any], answer: httpx2.Response) -> str | None:
        said = told["responses"].get(str(answer.status_code), told["responses"]["default"])
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if "content" not in said:
            return None if not answer.content else "nothing was to come"
        for wanted, about in said["content"].items():
            if re.fullmatch(wanted.replace("*", ".+"), kind):
                if kind == "application/json":
                    parts = {"components": self._document["components"], **about["schema"]}
                    error = jsonschema.exceptions.best_match(
                        jsonschema.Draft202012Validator(parts).iter_errors(answer.json())
                    )
                    return None if error is None else str(error)
                return None
        return f"{kind} was not to come"

    def close(self) -> None:
        self._on.close()


def checked(server: Served, token: str) -> tuple[Client, Checked]:
    with Client(server.url, token) as first:
        document = first._sent("GET", "/api/openapi.json")
    client, transport = Client(server.url, token), Checked(document)
    client._http.close()
    client._http = httpx2.Client(
        base_url=server.url, headers={"authorization": f"Bearer {token}"}, timeout=60, transport=transport
    )
    return client, transport


@pytest.mark.slow
def test_every_operation_is_reached_and_answers_as_the_document_says(
    server: Served, people: People, data: Path
) -> None:
    client, transport = checked(server, people.secrets["ann"])
    with client:
        document = client._http.get("/api/openapi.json").json()
        told = {
            each["operationId"]: each for methods in document["paths"].values() for each in methods.values()
        }
        assert client.operations == set(told), "each path of the document, and no other"
        for operation, about in told.items():
            named = {
                each["name"]: 1 if each["schema"]["type"] != "string" else "nothing"
                for each in about.get("parameters", ())
                if each["in"] == "path" or each.get("required")
            }
            body: dict[str, Any] | None = {} if "requestBody" in about else None
            try:
                client.call(operation, body, **named)
            except ServerError as error:
                assert error.status < 500, (operation, error)
        assert transport.seen >= set(told) - {"get_sets_set_crops"}, set(told) - transport.seen


@pytest.mark.slow
def test_what_the_guide_shows_runs(
    server: Served, people: People, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent plans, a person approves, the agent launches, waits and reads: as in the reference."""
    [shown] = re.findall(r"```python\n(from skillbank\.client .*?)```", GUIDE.read_text("utf-8"), re.S)
    code = shown.replace("https://ai.example.org/skillbank", server.url).replace("s3://data/cars", str(data))
    code = code.replace("Grounding DINO", "the toy detector")
    assert len(shown.splitlines()) <= 16
    monkeypatch.setenv(TOKEN.name, people.secrets["robot"])
    monkeypatch.setattr("builtins.input", lambda asked: time.sleep(0.5))
    done = threading.Event()

    def person() -> None:
        while not done.wait(0.2):
            with Client(server.url, people.secrets["ann"]) as ann:
                for question in ann.questions():
                    ann.approve(question)

    thread = threading.Thread(target=person)
    thread.start()
    try:
        names: dict[str, Any] = {}
        exec(compile(code, str(GUIDE), "exec"), names)
    finally:
        done.set()
        thread.join()
    assert names["ended"]["state"] == "COMPLETE"


@pytest.mark.slow
def test_refusals_are_errors_with_the_servers_word(server: Served, people: People, data: Path) -> None:
    with (
        Client(server.url, people.secrets["robot"]) as robot,
        Client(server.url, people.secrets["bob"]) as bob,
    ):
        assert robot.me()["name"] == "robot" and robot.sets() == [] and robot.jobs() == []
        [plan] = robot.plan(f"train the toy detector on {data}")["plans"]
        with pytest.raises(WaitsForApprovalError) as waits:
            robot.launch(plan["plan_id"], "one")
        assert waits.value.code == "needs_approval" and plan["plan_id"][:12] in waits.value.question
        with pytest.raises(ServerError) as refused:
            bob.plan_of(plan["plan_id"])
        assert refused.value.status == 404
        # Places of others: what is there and what is not are answered alike, by words and by arguments.
        home = next(iter(data.parent.glob("home")))
        for there, absent in ((home / "skillbank.db", home / "none.db"), (Path("/etc"), Path("/none"))):
            answers = []
            for place in (there, absent):
                for arguments in (
                    {"text": f"train the toy detector on {place}"},
                    {"skill": "toy-detector", "actions": ["train"],
                     "data": [{"role": "train", "uri": str(place)}]},
                    {"skill": "toy-detector", "actions": ["train"],
                     "settings": [{"key": "fail", "value_json": json.dumps(str(place))}]},
                ):  # fmt: skip
                    with pytest.raises(ServerError) as hidden:
                        robot.plan(**arguments)
                    assert hidden.value.status == 404, hidden.value
                    answers.append(str(hidden.value).replace(str(place), "IT"))
            assert answers[:3] == answers[3:]
        with pytest.raises(LookupError):
            robot.call("get_nothing")
        with pytest.raises(LookupError):
            robot.call("get_me", job="x")
        with pytest.raises(LookupError, match="get_jobs_job_status needs job"):
            robot.call("get_jobs_job_status", job=None, wait_seconds=5)
        described = robot.action("grounding-dino", "evaluate", variant="deploy")
        assert described == robot.action("grounding-dino", "evaluate:deploy")
        # Two answer at once, yes and no: one counts, and the other is told.
        people.add("kim", "cars", DECIDES)
        for round_ in range(4):
            with pytest.raises(ServerError):
                robot.launch(plan["plan_id"], f"both-{round_}")
            with (
                Client(server.url, people.secrets["ann"]) as ann,
                Client(server.url, people.secrets["kim"]) as kim,
            ):
                [question] = ann.questions()
                with ThreadPoolExecutor(2) as pool:
                    said = {
                        "ann": pool.submit(ann.approve, question),
                        "kim": pool.submit(kim.decline, question),
                    }
                failed = {name: error for name, each in said.items() if (error := each.exception())}
                [late] = failed.values()
                assert isinstance(late, ServerError) and late.status in (404, 409), late
                if "kim" in failed:
                    assert robot.launch(plan["plan_id"], f"both-{round_}")["job"]
                else:
                    with pytest.raises(ServerError) as no:
                        robot.launch(plan["plan_id"], f"both-{round_}")
                    assert no.value.code == "not_approved"
    with pytest.raises(ServerError) as nobody, Client(server.url, "sbk_none") as stranger:
        stranger.me()
    assert nobody.value.status == 401
    with pytest.raises(ServerError, match="does not answer"), Client("http://127.0.0.1:1", "x") as away:
        away.me()


def test_a_token_goes_to_no_other_address(server: Served, people: People) -> None:
    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(307)
            self.send_header("location", f"{server.url}{self.path}")
            self.end_headers()

        def log_message(self, *told: object) -> None:
            pass

    with Listening(("127.0.0.1", 0), Elsewhere) as sends:
        threading.Thread(target=sends.serve_forever, daemon=True).start()
        with Client(f"http://127.0.0.1:{sends.server_port}", people.secrets["ann"]) as client:
            with pytest.raises(ServerError, match="sends this elsewhere, to http") as error:
                client.me()
            assert (error.value.code, error.value.status) == ("elsewhere", 307)
        sends.shutdown()


def test_it_needs_no_home_and_no_bank(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, skillbank.client as c\n"
        "c.Client('http://127.0.0.1:1', 'x').close()\n"
        "heavy = {'sqlalchemy', 'torch', 'starlette', 'skillbank.runtime', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    environment = {"SKILLBANK_HOME": str(tmp_path / "none"), "PATH": ""}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
    assert not (tmp_path / "none").exists()


def test_a_token_goes_over_plain_http_to_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in (
        "http://ai.example.org/skillbank",
        "HTTP://10.0.0.7:8770",
        "http://localhost.example.org",
    ):
        with pytest.raises(
            UsageError, match=r"over plain http.*https address, or that of a tunnel"
        ) as refused:
            Client(address, "canary-token")
        assert "canary" not in str(refused.value)
        monkeypatch.setenv(TOKEN.name, "canary-token")
        with pytest.raises(UsageError):
            Client(address)
        Client(address, "").close()
    for address in ("https://ai.example.org", "http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"):
        Client(address, "canary-token").close()
