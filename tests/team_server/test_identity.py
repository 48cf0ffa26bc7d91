"""Access tokens of an identity provider: which count, whom they name, what they give."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from skillbank.team.rights import Right
from skillbank.team_server.identity import Identity
from skillbank.team_server.serving import Serving
from skillbank.web.answers import Refusal
from tests.team_server.conftest import People, serving
from tests.team_server.provider import Provider, provider

HELLO: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
GRANT = {"operator": (Right.LOOK, Right.PLAN, Right.LAUNCH), "decider": (Right.APPROVE,)}


@pytest.fixture
def known() -> Iterator[Provider]:
    with provider() as running:
        yield running


def identity(known: Provider, **more: Any) -> Identity:
    said = {"issuer": known.url, "audience": "skillbank", "grant": GRANT, **more}
    return Identity(Serving.model_validate(said), "http://here/mcp")


def test_claims_name_a_person_a_project_and_rights(known: Provider) -> None:
    who = identity(known)
    person = who.find(known.token(scope="openid operator decider"))
    assert person is not None and (person.name, person.project, person.agent) == ("ann", "cars", False)
    assert person.rights == {Right.LOOK, Right.PLAN, Right.LAUNCH, Right.APPROVE}
    listed = identity(known, rights_claim="groups", person_claim="email", agent_claim="bot")
    robot = listed.find(known.token(groups=["operator", "decider"], email="r@example.org", bot=True))
    assert robot is not None and robot.agent and not robot.may(Right.APPROVE)


def test_keys_are_fetched_once_and_again_when_they_turn(known: Provider) -> None:
    who = identity(known)
    assert all(who.find(known.token()) for _ in range(5)) and known.asked == 1
    known.turn()
    assert who.find(known.token()) is None and known.asked == 1, "whoever makes names up asks for no keys"
    who._client().cooldown_duration = 0
    assert who.find(known.token()) and known.asked == 2


def test_a_key_that_is_told_no_more_opens_nothing_once_keys_are_fetched_again(known: Provider) -> None:
    """A key that the provider has taken back counts until its keys are fetched again, after five minutes."""
    who, old = identity(known), known.token()
    assert who.find(old)
    [name] = known.keys
    known.turn()
    del known.keys[name]
    who._client().cooldown_duration = 0
    assert who.find(known.token()), "the new key is fetched when it is met"
    assert who.find(old) is None


def test_clocks_may_differ_by_some_seconds_and_no_more(known: Provider) -> None:
    who, now = identity(known), int(time.time())
    claims: dict[str, Any]
    for claims in ({"exp": now - 5}, {"nbf": now + 5}, {"iat": now + 5}):
        assert who.find(known.token(None, **claims)), claims
    for claims in ({"exp": now - 60}, {"nbf": now + 60}, {"iat": now + 60}):
        assert who.find(known.token(None, **claims)) is None, claims


def test_what_signs_a_token_is_the_providers_key_and_nothing_else(known: Provider) -> None:
    """No ``none``, no public key taken for a secret, no key that the token brings or names elsewhere."""
    who, now = identity(known), int(time.time())
    claims = {"iss": known.url, "aud": "skillbank", "exp": now + 300, "sub": "ann", "project": "cars"}
    claims["scope"] = "operator"
    [name] = known.keys
    [told] = (known.document("/keys") or {})["keys"]
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = RSAAlgorithm.to_jwk(stranger.public_key(), as_dict=True)
    asked = known.asked
    for token in (
        jwt.encode(claims, "", algorithm="none", headers={"kid": name}),
        jwt.encode(claims, told["n"], algorithm="HS256", headers={"kid": name}),
        jwt.encode(claims, stranger, algorithm="RS256", headers={"kid": name, "jwk": jwk}),
        jwt.encode(claims, stranger, algorithm="RS256", headers={"kid": "x", "jku": f"{known.url}/other"}),
        jwt.encode(claims, stranger, algorithm="RS256"),
        jwt.encode({**claims, "aud": ["other", "more"]}, known.keys[name], "RS256", {"kid": name}),
        jwt.encode({**claims, "iss": f"{known.url}/"}, known.keys[name], "RS256", {"kid": name}),
        jwt.encode(claims, known.keys[name], "RS512", {"kid": name}),
    ):
        assert who.find(token) is None, jwt.get_unverified_header(token)
    assert known.asked <= asked + 1, "unknown keys are asked for once"
    both = jwt.encode({**claims, "aud": ["other", "skillbank"]}, known.keys[name], "RS256", {"kid": name})
    assert who.find(both)


def test_a_token_that_is_not_for_here_is_nobodys(known: Provider) -> None:
    who, past = identity(known), int(time.time()) - 60
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for token in (
        known.token(aud="other"),
        known.token(aud=None),
        known.token(iss="https://other.example"),
        known.token(exp=past),
        known.token(exp=None),
        known.token(key=stranger),
        known.token()[:-4] + "AAAA",
        "a.b.c",
        "sbk_no",
    ):
        assert who.find(token) is None


@pytest.mark.parametrize(
    "claims", [{"sub": ""}, {"project": None}, {"project": "-"}, {"scope": "openid"}, {"scope": "decider"}]
)
def test_a_token_that_gives_nothing_is_told_so(known: Provider, claims: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        identity(known).find(known.token(**claims))
    assert refused.value.status == 403


def test_a_provider_that_is_away_is_said(known: Provider) -> None:
    token = known.token()
    with pytest.raises(Refusal) as refused:
        identity(known, jwks_url="http://127.0.0.1:1/keys").find(token)
    assert refused.value.status == 503


@pytest.mark.slow
def test_the_server_says_where_its_tokens_come_from(
    known: Provider, environment: dict[str, str], bank: Path, people: People, tmp_path: Path
) -> None:
    options = ("--issuer", known.url, "--audience", "skillbank", "--grant", "operator=look,plan,launch")
    with serving(environment, bank, tmp_path / "log", *options) as server, server.client() as client:
        challenge = client.post("/mcp", json={}).headers["www-authenticate"]
        place = challenge.partition('resource_metadata="')[2].rstrip('"')
        assert place == f"{server.url}/.well-known/oauth-protected-resource/mcp"
        told = httpx2.get(place).json()
        assert told["resource"] == f"{server.url}/mcp" and told["authorization_servers"] == [known.url]
        bearer = {"authorization": f"Bearer {known.token(sub='zoe')}"}
        assert client.get("/api/me", headers=bearer).json()["name"] == "zoe"
        assert client.get("/api/me", headers={"authorization": f"Bearer {people.secrets['bob']}"}).is_success
        # MCP is opened by the provider's token for it, and by none for another service or of yesterday.
        asks = {"accept": "application/json, text/event-stream"}
        assert client.post("/mcp", json=HELLO, headers={**asks, **bearer}).status_code == 200
        strange: list[dict[str, Any]] = [{"aud": "other"}, {"exp": int(time.time()) - 60}]
        for claims in strange:
            other = {"authorization": f"Bearer {known.token(None, **claims)}"}
            refused = client.post("/mcp", json=HELLO, headers={**asks, **other})
            assert refused.status_code == 401
            assert 'error="invalid_token"' in refused.headers["www-authenticate"]
            assert place in refused.headers["www-authenticate"]
        assert client.post("/session", headers=bearer).status_code == 204
        assert client.get("/api/me").json()["rights"] == ["look", "plan", "launch"]
