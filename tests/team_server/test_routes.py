"""Every route that is served, as the application itself lists them: who comes in, and what is there for whom.

A route that is added is tried here by itself; what names a thing in a new way has to be told in `NAMES`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from skillbank import Runtime
from skillbank.entrance import Entrance
from skillbank.team.acting import act_as, acting_as, only_who_is_named
from skillbank.team.person import EVERYBODY
from skillbank.team.rights import Right
from skillbank.team.tokens import Tokens
from skillbank.team_server.app import TeamServer
from skillbank.team_server.serving import Serving
from skillbank.team_server.workers import ParentProcess
from skillbank.web.detectors import without_model
from tests.team.conftest import MEMBER, Things, bank, data, environment, inline, pair, runtime

__all__ = ["bank", "data", "environment", "inline", "pair", "runtime"]

OPEN = {"/health", "/ready", "/metrics", "/session", "/api/openapi.json", "/mcp"}
"""What answers without a token, beside the files of the page; MCP needs a server that runs (`test_doors`)."""
LOOKS = {
    "/detect", "/descriptions", "/labels", "/api/sets/{set}/pictures/{number:int}/find",
    "/label-studio/setup", "/label-studio/predict", "/label-studio/webhook", "/label-studio/train",
}  # fmt: skip
"""What is sent and changes nothing; the backend of a Label Studio is none in a team's server."""
CLAIMS = {"/api/sets/{set}/next"}
"""What is asked for with GET and is then somebody's."""
SAYS_FIRST = {
    "/api/questions/{number:int}",
    "/api/sets/{set}/pictures/{number:int}/edits",
    "/api/sets/{set}/accept",
}
"""What asks for a question, a version or an audit first: `test_verbs` has the right of each."""
ABSENT = "nowherenow"
"""As long as the mark of a project: what is not there has a name like what is there."""


def names(of: Things) -> dict[str, str]:
    """Return how a project's things are named in paths; of what has a number it is the same everywhere."""
    return {
        "job": of.job, "running": of.running, "experiment": of.search, "name": of.labels, "set": of.labels,
        "plan_id": of.plan.plan_id, "skill": "toy-detector", "action": "train",
    }  # fmt: skip


def sent(path: str, of: dict[str, str]) -> dict[str, str] | None:
    """Return what names a thing where the path does not."""
    return {
        "/api/plans": {"text": f"evaluate the toy detector from job {of['job']}"},
        "/api/launches": {"plan_id": of["plan_id"]},
        "/api/cancellations": {"job": of["running"]},
    }.get(path)


class Door:
    """The server's application in this process, and who comes to it."""

    def __init__(self, runtime: Runtime) -> None:
        at = Entrance("127.0.0.1", 8770)
        detector = without_model("there is no model", 4)
        # No server process: nothing begins that would need the parent.
        self.server = TeamServer(runtime, Serving(), at, detector, cast(ParentProcess, None))
        self.client = TestClient(self.server.app, base_url=at.address, raise_server_exceptions=False)
        self.tokens = Tokens(runtime.jobs.store.engine)
        self.document = self.client.get("/api/openapi.json").json()

    def token(self, name: str, rights: frozenset[Right]) -> str:
        with acting_as(EVERYBODY):
            return self.tokens.make(name, "det", rights, datetime.now(UTC) + timedelta(days=1))

    def routes(self) -> Iterator[tuple[str, Route]]:
        for route in self.server.routes:
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield method, route

    def ask(self, method: str, route: Route, named: dict[str, str], token: str | None = None) -> Any:
        """Ask for what a route gives of some things, with the least body that its document takes."""
        path = re.sub(r"{(\w+)(?::\w+)?}", lambda found: named.get(found[1], "1"), route.path)
        shown = re.sub(r":\w+}", "}", route.path)
        told = self.document["paths"].get(shown, {}).get(method.lower(), {})
        body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        head = {"authorization": f"Bearer {token}"} if token else {}
        content = (sent(route.path, named) or self.least(body)) if body else None
        asked = {
            e["name"]: "x" for e in told.get("parameters", ()) if e["in"] == "query" and e.get("required")
        }
        return self.client.request(method, path, headers=head, params=asked, json=content)

    def least(self, schema: dict[str, Any]) -> Any:
        """Return the least value that a schema takes."""
        if "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        for several in ("oneOf", "anyOf"):
            if several in schema:
                return self.least(schema[several][0])
        if schema.get("type") == "object":
            required = schema.get("required", ())
            return {name: self.least(schema["properties"][name]) for name in required}
        items = [self.least(schema["items"])] if schema.get("minItems") else []
        return {"string": "x", "integer": 1, "number": 1, "boolean": True, "array": items}.get(schema["type"])


def is_file_of_the_page(path: str) -> bool:
    return path.count("/") == 1 and (path == "/" or "." in path)


@pytest.fixture
def door(runtime: Runtime) -> Iterator[Door]:
    only_who_is_named()
    try:
        yield Door(runtime)
    finally:
        act_as(EVERYBODY, "command")


def test_nobody_comes_in_without_a_token_and_who_only_looks_changes_nothing(
    pair: tuple[Things, Things], door: Door
) -> None:
    mine, looking = names(pair[0]), door.token("zoe", frozenset({Right.LOOK}))
    wrong = {}
    for method, route in door.routes():
        if route.path in OPEN | SAYS_FIRST or is_file_of_the_page(route.path):
            continue
        assert door.ask(method, route, mine).status_code == 401, route.path
        answer = door.ask(method, route, mine, looking)
        changes = (method != "GET") != (route.path in LOOKS | CLAIMS)
        if (answer.status_code == 403) != changes:
            wrong[method, route.path] = answer.status_code, answer.text[:200]
    assert not wrong, "\n".join(f"{k} {v}" for k, v in wrong.items())


def test_the_tools_take_by_rest_what_their_documents_say(door: Door) -> None:
    head = {"authorization": f"Bearer {door.token('ann', MEMBER)}"}
    told = door.document["paths"]
    kinds = {p["name"]: p["schema"]["type"] for p in told["/api/jobs/{job}/logs"]["get"]["parameters"]}
    assert kinds == {"job": "string", "cursor": "integer", "find": "string"}
    action = door.client.get("/api/skills/grounding-dino/actions/evaluate?variant=deploy", headers=head)
    assert action.json()["variant"] == "deploy"
    named = door.client.get("/api/skills/grounding-dino/actions/evaluate:deploy", headers=head)
    assert named.json() == action.json()
    absent = "9" * 18
    answer = {"approve": True, "question": "x"}
    refused = door.client.post(f"/api/questions/{absent}", headers=head, json=answer)
    assert refused.status_code == 404 and f"no question {absent} waits" in refused.json()["error"]["message"]


def test_what_is_of_another_project_is_answered_as_what_is_not_there(
    pair: tuple[Things, Things], door: Door
) -> None:
    mine, theirs = names(pair[0]), names(pair[1])
    absent = {key: value.replace(pair[1].mark, ABSENT) for key, value in theirs.items()}
    absent["plan_id"] = "f" * 64
    ann = door.token("ann", MEMBER)
    for method, route in door.routes():
        named = set(re.findall(r"{(\w+)", route.path)) & {k for k in mine if mine[k] != theirs[k]}
        if not named and sent(route.path, mine) is None:
            continue
        told = {}
        for whose in (theirs, absent):
            answer = door.ask(method, route, whose, ann)
            text = answer.text
            said = {*theirs.values(), *absent.values(), pair[1].mark, ABSENT}
            for name in sorted(said, key=len, reverse=True):
                text = text.replace(name, "IT").replace(name[:12], "IT")
            # What is planned of a name has another identity for another name.
            told[whose["job"]] = answer.status_code, re.sub(r"[0-9a-f]{64}", "ID", text)
        one, other = told.values()
        assert one == other, (method, route.path)


def test_a_value_of_another_type_of_json_is_read_as_none(pair: tuple[Things, Things], door: Door) -> None:
    mine, head = names(pair[0]), {"authorization": f"Bearer {door.token('ann', MEMBER)}"}
    wrong: dict[str, list[Any]] = {"boolean": ["yes", 1], "integer": ["1", 1.5, True], "number": ["1", True]}
    tried = set()
    for method, route in door.routes():
        shown = re.sub(r":\w+}", "}", route.path)
        body = door.document["paths"].get(shown, {}).get(method.lower(), {}).get("requestBody")
        if body is None:
            continue
        schema = body["content"]["application/json"]["schema"]
        known = door.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]
        path = re.sub(r"{(\w+)(?::\w+)?}", lambda found: mine.get(found[1], "1"), route.path)
        for name, kind in [(key, kind) for key in known for kind in _kinds(known[key])]:
            for value in wrong.get(kind, ()):
                content = {**door.least(schema), name: value}
                answer = door.client.request(method, path, headers=head, json=content)
                said = answer.json()["error"]["message"]
                assert (answer.status_code, said.startswith(name)) == (400, True), (path, content, said)
                tried.add(kind)
    assert tried == set(wrong)


def test_what_is_no_text_names_nothing(pair: tuple[Things, Things], door: Door) -> None:
    ann, mine = door.token("ann", MEMBER), names(pair[0])
    tried = 0
    for method, route in door.routes():
        for name in set(re.findall(r"{(\w+)", route.path)) & set(mine):
            for nothing in ("%00", "a%00"):
                answer = door.ask(method, route, {**mine, name: nothing}, ann)
                assert answer.status_code == 404 and "NUL" in answer.text, (method, route.path, answer.text)
                tried += 1
    assert tried > 50
    head = {"authorization": f"Bearer {ann}"}
    asked = door.client.get("/api/skills?query=a%00", headers=head)
    assert (asked.status_code, "holds NUL" in asked.text) == (400, True)
    for path in ("/api/plans", f"/api/sets/{mine['set']}/classes"):
        told = door.client.post(path, headers=head, json={"text": "train\0", "classes": [{"name": "a\0"}]})
        assert told.json()["error"]["message"] == "The body holds NUL, which is no text; leave it out."


def _kinds(schema: dict[str, Any]) -> set[str]:
    """Return the one type, beside null, that a schema takes; nothing where it takes several."""
    said = [part.get("type", []) for part in schema.get("anyOf", [schema])]
    kinds = {kind for each in said for kind in ([each] if isinstance(each, str) else each)} - {"null"}
    return kinds if len(kinds) == 1 else set()
