"""The page's REST, the tools' REST and MCP through one port, with tokens of different rights."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import jsonschema
import pytest
from openapi_spec_validator import validate

from tests.agent.mcp_clients import HttpServer, Place, SdkDoor, sdk_client
from tests.team_server.conftest import People, Served, approve

pytestmark = pytest.mark.slow


OPENED: list[httpx2.Client] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close what a test has opened."""
    yield
    while OPENED:
        OPENED.pop().close()


class Checked:
    """A client made from the document: it calls operations by their id and checks every answer by it."""

    def __init__(self, server: Served, token: str | None) -> None:
        self.client = server.client(token)
        OPENED.append(self.client)
        self.document = self.client.get("/api/openapi.json").json()

    def call(self, operation: str, body: Any = None, **named: Any) -> tuple[int, Any]:
        method, path, told = next(
            (method, path, told)
            for path, methods in self.document["paths"].items()
            for method, told in methods.items()
            if told["operationId"] == operation
        )
        places = {each["name"]: each["in"] for each in told.get("parameters", ())}
        for name in [name for name, place in places.items() if place == "path"]:
            path = path.replace(f"{{{name}}}", str(named.pop(name)))
        assert set(named) <= set(places), operation
        answer = self.client.request(method.upper(), path, params=named, json=body)
        said = told["responses"].get(str(answer.status_code), told["responses"]["default"])
        schema = said["content"]["application/json"]["schema"]
        document = answer.json()
        parts = {"components": self.document["components"], **schema}
        jsonschema.Draft202012Validator(parts).validate(document)
        return answer.status_code, document


def test_a_launch_from_plan_to_results(server: Served, people: People, data: Path) -> None:
    robot, eve = Checked(server, people.secrets["robot"]), Checked(server, people.secrets["eve"])
    bob = Checked(server, people.secrets["bob"])
    validate(robot.document)
    assert robot.call("get_me")[1]["agent"] is True
    assert robot.call("get_skills", query="toys")[1]["skills"][0]["name"] == "toy-detector"
    status, planned = robot.call("post_plans", {"text": f"train the toy detector on {data}"})
    assert status == 201, planned
    [plan] = planned["plans"]
    assert robot.call("get_plans_plan_id", plan_id=plan["plan_id"])[1]["sentence"] == plan["sentence"]
    # Who only looks neither plans nor launches; the other project has no such plan.
    assert eve.call("post_plans", {"text": f"train the toy detector on {data}"})[0] == 403
    assert bob.call("get_plans_plan_id", plan_id=plan["plan_id"])[0] == 404
    # What a refusal offers is named as the fields of the document are.
    [asks] = robot.call("post_plans", {"text": "train the toy detector"})[1]["plans"]
    status, answer = robot.call("post_launches", {"plan_id": asks["plan_id"], "idempotency_key": "asks"})
    assert status == 409 and "data with role 'train'" in answer["error"]["message"], answer
    launch = {"plan_id": plan["plan_id"], "idempotency_key": "one"}
    assert eve.call("post_launches", launch)[0] == 403
    status, asked = robot.call("post_launches", launch)
    assert status == 409 and asked["error"]["code"] == "needs_approval"
    assert asked["approval"]["page"].endswith("/#/approvals")
    # The question stands as a terminal asks it: for the project's people, and an agent answers none.
    [question] = eve.call("get_questions")[1]["questions"]
    assert (
        question["question"] == asked["approval"]["question"] and plan["plan_id"][:12] in question["question"]
    )
    assert bob.call("get_questions")[1]["questions"] == []
    number, yes = question["number"], {"approve": True, "question": question["question"]}
    for somebody, refused in ((robot, 403), (eve, 403), (bob, 404)):
        assert somebody.call("post_questions_number", yes, number=number)[0] == refused
    ann = Checked(server, people.secrets["ann"])
    for word in ("yes", "true", 1, None):  # a yes is true, and nothing that reads like it
        assert ann.call("post_questions_number", {**yes, "approve": word}, number=number)[0] == 400
    other = {**yes, "question": "Something else?"}
    assert ann.call("post_questions_number", other, number=number)[0] == 409
    assert ann.call("post_questions_number", yes, number=number)[1]["questions"] == []
    status, launched = robot.call("post_launches", launch)
    assert status == 201, launched
    job = launched["job"]
    assert robot.call("post_launches", launch)[1]["repeated"] is True
    status, done = robot.call("get_jobs_job_status", job=job, wait_seconds=60)
    assert status == 200 and done["state"] == "COMPLETE", done
    assert "ann" in json.dumps(ann.call("get_jobs_job", job=job)[1]["approval"])
    assert [each["id"] for each in eve.call("get_jobs")[1]["jobs"]] == [job]
    assert (
        robot.call("get_jobs_job_logs", job=job)[0] == robot.call("get_jobs_job_results", job=job)[0] == 200
    )
    assert robot.call("get_experiments")[1] == {"experiments": []}
    # What one may not see is not there.
    assert bob.call("get_jobs")[1] == {"jobs": []}
    for operation in ("get_jobs_job", "get_jobs_job_status", "get_jobs_job_logs", "get_jobs_job_results"):
        there, nowhere = bob.call(operation, job=job), bob.call(operation, job="no-such-job")
        assert there[0] == nowhere[0] == 404, operation
    assert bob.call("post_cancellations", {"job": job})[0] == 404


def test_a_no_is_told_once(server: Served, people: People, data: Path) -> None:
    robot, ann = Checked(server, people.secrets["robot"]), Checked(server, people.secrets["ann"])
    [plan] = robot.call("post_plans", {"text": f"train the toy detector on {data}"})[1]["plans"]
    launch = {"plan_id": plan["plan_id"]}
    assert robot.call("post_launches", launch)[1]["error"]["code"] == "needs_approval"
    [asked] = ann.call("get_questions")[1]["questions"]
    no = {"approve": False, "question": asked["question"]}
    assert ann.call("post_questions_number", no, number=asked["number"])[0] == 200
    said = robot.call("post_launches", launch)[1]["error"]
    assert said["code"] == "not_approved" and said["message"].startswith("ann said no")
    assert robot.call("post_launches", launch)[1]["error"]["code"] == "needs_approval"


def test_mcp_acts_as_whose_token_it_is(server: Served, people: People, data: Path) -> None:
    async def ask(name: str, mode: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        http = HttpServer(f"{server.url}/mcp", people.secrets[name], server.process)
        async with sdk_client(Place(Path(), {}, http), mode) as client:
            door = SdkDoor(client)
            planned, _ = await door.call("plan", {"text": f"train the toy detector on {data}"})
            if "plans" not in planned:
                return planned, []
            launched, _ = await door.call("launch", {"plan_id": planned["plans"][0]["plan_id"]})
            listed, _ = await door.call("list_jobs", {})
            return launched, listed.get("jobs", [])

    found: dict[tuple[str, str], Any] = {}

    async def both() -> None:
        async def one(name: str, mode: str) -> None:
            found[name, mode] = await ask(name, mode)

        async with anyio.create_task_group() as tasks:  # at once, so that nobody acts as another
            for name in ("robot", "eve", "bob"):
                for mode in ("auto", "legacy"):
                    tasks.start_soon(one, name, mode)

    anyio.run(both)
    for mode in ("auto", "legacy"):
        assert found["robot", mode][0]["error"]["code"] == "needs_approval"
        assert "/#/approvals" in found["robot", mode][0]["error"]["hint"]
        assert found["eve", mode][0]["error"]["code"] == "forbidden"
        assert found["bob", mode][1] == []
    doors = {(line["person"], line["door"]) for line in server.lines if line.get("route") == "/mcp"}
    assert {("robot", "mcp"), ("eve", "mcp"), ("bob", "mcp")} <= doors


def test_nobody_comes_in_without_a_token(server: Served, people: People) -> None:
    with server.client() as client:
        for path in ("/api/jobs", "/api/me", "/mcp", "/api/sets", "/detect"):
            answer = client.get(path)
            assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer")
        for path in ("/", "/main.js", "/health", "/ready", "/metrics", "/api/openapi.json"):
            assert client.get(path).status_code == 200
    with server.client("sbk_" + 43 * "x") as client:
        assert client.get("/api/jobs").status_code == 401
    with server.client(people.secrets["eve"]) as client:
        assert client.get("/api/jobs").status_code == 200
        people.revoke("eve")
        assert client.get("/api/jobs").status_code == 401
    with server.client(people.secrets["ann"], origin="https://elsewhere.example") as client:
        assert client.get("/api/jobs").status_code == 403


def test_a_browser_signs_in_and_out(server: Served, people: People) -> None:
    with server.client() as client:
        bearer = {"authorization": f"Bearer {people.secrets['ann']}"}
        answer = client.post("/session", headers=bearer)
        cookie = answer.headers["set-cookie"]
        assert answer.status_code == 204 and people.secrets["ann"] not in cookie
        assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age"))
        assert client.get("/api/me").json()["name"] == "ann"
        assert client.get("/mcp").status_code == 401, "a browser's cookie is none of MCP's"
        kept = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        assert client.delete("/session").status_code == 204
        assert client.get("/api/me").status_code == 401
        people.revoke("ann")
        assert client.get("/api/me", headers={"cookie": kept}).status_code == 401
        assert client.post("/session", headers=bearer).status_code == 401


def test_metrics_and_log_name_routes_and_no_secret(server: Served, people: People) -> None:
    secret = people.secrets["ann"]
    with server.client(secret) as client:
        assert secret not in client.get(f"/api/jobs/none?token={secret}").text  # no route has such a query
        client.get("/no/such/path")
        text = client.get("/metrics").text
    assert 'skillbank_requests_total{method="GET",route="/api/jobs/{job}",status="400"} 1.0' in text
    assert 'skillbank_jobs{state="RUNNING"} 0.0' in text and "/no/such" not in text
    assert "skillbank_request_seconds_bucket" in text and "skillbank_questions_waiting 0.0" in text
    [line] = [line for line in server.lines if line.get("route") == "/api/jobs/{job}"]
    assert (line["person"], line["project"], line["door"], line["status"]) == ("ann", "cars", "rest", 400)
    assert line["request"] and line["ms"] >= 0
    assert secret not in server.log.read_text()


def test_a_stop_answers_what_waits_and_jobs_live_on(server: Served, people: People, data: Path) -> None:
    robot = Checked(server, people.secrets["robot"])
    words = f"train the toy detector on {data} with pause 8"
    planned = robot.call("post_plans", {"text": words})[1]
    if "plans" not in planned or planned["plans"][0].get("questions"):
        planned = robot.call("post_plans", {"text": f"train the toy detector on {data}"})[1]
    launch = {"plan_id": planned["plans"][0]["plan_id"], "idempotency_key": "stays"}
    robot.call("post_launches", launch)
    approve(server, people.secrets["ann"])
    job = robot.call("post_launches", launch)[1]["job"]
    answers: list[int] = []

    def ask() -> None:
        with server.client(people.secrets["eve"]) as client:
            answers.append(client.get(f"/api/jobs/{job}/logs").status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()
    began = time.monotonic()
    assert server.stop() == 0 and time.monotonic() - began < 30
    assert answers == [200]
    with pytest.raises(httpx2.HTTPError):
        robot.client.get("/health")


def test_the_base_path_of_a_proxy(
    environment: dict[str, str], bank: Path, people: People, tmp_path: Path
) -> None:
    options = ("--base-path", "/skillbank", "--proxy", "127.0.0.1", "--allow-host", "ai.example.org")
    with serving_at(environment, bank, tmp_path, *options) as server:
        origin = server.url.removesuffix("/skillbank")
        secure = {"host": "ai.example.org", "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.7"}
        with httpx2.Client(base_url=origin, headers=secure, timeout=30) as client:
            assert client.get("/skillbank").headers["location"] == "/skillbank/"
            page = client.get("/skillbank/").text
            assert 'src="main.js"' in page and '"/' not in page.replace('"/>', "")
            assert client.get("/skillbank/dom.js").status_code == 200
            assert client.get("/api/jobs").status_code == 404
            assert client.get("/health").status_code == client.get("/ready").status_code == 200
            bearer = {"authorization": f"Bearer {people.secrets['ann']}"}
            cookie = client.post("/skillbank/session", headers=bearer).headers["set-cookie"]
            assert "Path=/skillbank/" in cookie and "Secure" in cookie
            assert client.get("/skillbank/api/me", headers=bearer).json()["name"] == "ann"
        assert _addresses(server, "/api/me") == {"192.0.2.7"}


def _addresses(server: Served, route: str) -> set[str]:
    """Return from where a route was asked; a request's line may come after its answer."""
    end = time.monotonic() + 10
    while not (seen := {line["address"] for line in server.lines if line.get("route") == route}):
        assert time.monotonic() < end
        time.sleep(0.05)
    return seen


def test_who_names_itself_a_proxy_is_none(server: Served, people: People) -> None:
    with server.client(people.secrets["ann"], **{"x-forwarded-for": "192.0.2.7"}) as client:
        client.get("/api/me")
    assert _addresses(server, "/api/me") == {"127.0.0.1"}


def test_without_tokens_only_when_told(environment: dict[str, str], bank: Path, tmp_path: Path) -> None:
    with serving_at(environment, bank, tmp_path, "--open-to-everybody") as server, server.client() as client:
        assert client.get("/api/me").json() == {
            "name": "owner",
            "project": "",
            "rights": ["look", "plan", "label", "launch", "approve", "administer"],
            "agent": False,
            "signs_in": False,
        }
        os.kill(server.process.pid, signal.SIGINT)
        server.process.wait(60)


def serving_at(environment: dict[str, str], bank: Path, tmp_path: Path, *options: str) -> Any:
    from tests.team_server.conftest import serving

    return serving(environment, bank, tmp_path / "log", *options)


@pytest.mark.parametrize(
    ("model", "sentence"),
    [("last:train", "there is no train job yet"), ("none.pth", "none.pth")],
)
def test_a_model_that_is_not_there_is_told_before_anything_listens(
    environment: dict[str, str], bank: Path, model: str, sentence: str
) -> None:
    """Jobs are looked for in the name of whoever starts the server, who is nobody's token."""
    command = [
        sys.executable,
        "-m",
        "skillbank",
        "serve",
        "--port",
        "0",
        "--bank",
        str(bank),
        "--model",
        model,
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 5, done.stderr
    assert sentence in done.stderr and "Serving at" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_body_that_is_too_large_is_told_on_any_connection(server: Served, people: People) -> None:
    with server.client(people.secrets["ann"]) as client:
        for _ in range(8):  # on one that was used before the rest of a body would reset it
            assert client.get("/api/me").status_code == 200
            answer = client.post("/api/plans", content=b" " * (20 << 20))
            assert answer.json()["error"]["code"] == "too_large" and answer.status_code == 413
