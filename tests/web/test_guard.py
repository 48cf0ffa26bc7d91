"""Who may come in, and what a browser is told."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from skillbank import Runtime
from skillbank.environment import WEB_TOKEN
from skillbank.errors import UsageError
from skillbank.web.server import serve_web
from tests.web.conftest import ADDRESS, client_of

SECRET = "a-token-of-the-tests-0123456789"


@pytest.mark.parametrize("path", ["/", "/page.css", "/api/jobs", "/health", "/no/such"])
def test_every_answer_is_careful(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8766", "127.0.0.1:1", "127.0.0.1"])
def test_a_rebound_name_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 421 and answer.json()["error"]["code"] == "wrong_host"


@pytest.mark.parametrize("host", ["localhost:8766", "[::1]:8766", "127.0.0.1:8766"])
def test_our_own_names_come_in(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/detect", "/labels", "/session"])
@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"origin": "null"}])
def test_other_pages_may_not_call(client: TestClient, path: str, headers: dict[str, str]) -> None:
    answer = client.post(path, headers=headers)
    assert answer.status_code == 403 and answer.json()["error"]["code"] == "wrong_origin"


def test_other_pages_may_not_show_our_pictures(client: TestClient) -> None:
    for site in ("cross-site", "same-site"):
        assert client.get("/api/jobs", headers={"sec-fetch-site": site}).status_code == 403
    assert client.get("/", headers={"sec-fetch-site": "cross-site"}).status_code == 200, (
        "a link may lead here"
    )
    assert (
        client.get("/api/jobs", headers={"origin": ADDRESS, "sec-fetch-site": "same-origin"}).status_code
        == 200
    )


def test_a_token_guards_all_but_the_page(runtime: Runtime) -> None:
    client = client_of(runtime, token=SECRET)
    assert client.get("/").status_code == client.get("/main.js").status_code == 200
    assert client.get("/health").json() == {"state": "loading"}
    for path in ("/api/jobs", "/api/about", "/api/experiments", "/nothing"):
        answer = client.get(path)
        assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer")
    for shown in (f"Bearer {SECRET}x", "Bearer", SECRET, f"Basic {SECRET}"):
        assert client.get("/api/jobs", headers={"authorization": shown}).status_code == 401
    assert client.get("/api/jobs", headers={"authorization": f"bearer  {SECRET}"}).status_code == 200


def test_a_browser_gets_a_cookie_for_the_token(runtime: Runtime) -> None:
    client = client_of(runtime, token=SECRET)
    assert client.post("/session").status_code == 401
    assert client.get("/api/jobs", headers={"cookie": "skillbank="}).status_code == 401
    answer = client.post("/session", headers={"authorization": f"Bearer {SECRET}"})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and SECRET not in cookie
    assert client.get("/api/jobs").status_code == 200
    client.cookies.clear()
    assert client.get("/api/jobs").status_code == 401


def test_without_a_token_only_this_machine_may_come_in(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(WEB_TOKEN.name, raising=False)
    with pytest.raises(UsageError, match=f"reached from other machines and {WEB_TOKEN.name} is not set"):
        serve_web(runtime, host="0.0.0.0")
    with pytest.raises(UsageError, match="at least 16"):
        serve_web(runtime, token="short")


def test_paths_lead_to_the_pages_files_and_nowhere_else(client: TestClient) -> None:
    for path in (
        "/app.py",
        "/page/index.html",
        "/..%2fapp.py",
        "/%2e%2e/server.py",
        "//etc/passwd",
        "/page.css/",
    ):
        answer = client.get(path, follow_redirects=False)
        assert answer.status_code == 404, path
    assert client.post("/api/jobs").status_code == 405
    assert client.get("/api/jobs/..%2f..%2fetc").status_code == 404
