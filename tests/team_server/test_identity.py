"""Access tokens of an identity provider: which count, whom they name, what they give."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from skillbank.team.rights import Right
from skillbank.team_server.identity import Identity
from skillbank.team_server.serving import Serving
from skillbank.web.answers import Refusal
from tests.team_server.conftest import People, serving
from tests.team_server.provider import Provider, provider

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


def test_a_token_that_is_not_for_here_is_nobodys(known: Provider) -> None:
    who, past = identity(known), int(time.time()) - 5
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
        assert client.post("/session", headers=bearer).status_code == 204
        assert client.get("/api/me").json()["rights"] == ["look", "plan", "launch"]
