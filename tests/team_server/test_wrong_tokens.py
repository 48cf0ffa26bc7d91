"""Wrong tokens: an address that sends many is told to wait, others and right tokens are not."""

from __future__ import annotations

import pytest

from skillbank.team_server.wrong_tokens import MOST, WrongTokens
from tests.team_server.conftest import People, Served


def test_an_address_is_told_to_wait_and_may_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    at = 1000.0
    monkeypatch.setattr("skillbank.team_server.wrong_tokens.time.monotonic", lambda: at)
    wrong = WrongTokens()
    assert [wrong.note("10.0.0.1") for _ in range(MOST)] == [0] * MOST
    assert wrong.note("10.0.0.1") > 0 and wrong.note("10.0.0.2") == 0
    at += 4.0
    assert wrong.note("10.0.0.1") == 0 and wrong.note("10.0.0.1") > 0
    at += 1e6
    assert [wrong.note("10.0.0.1") for _ in range(MOST)] == [0] * MOST


def test_a_network_of_ipv6_is_one_sender_and_memory_is_constant() -> None:
    wrong = WrongTokens()
    waits = [wrong.note(f"2001:db8::{n:x}") for n in range(MOST + 5)]
    assert max(waits) > 0
    size = len(wrong._level)
    for n in range(20_000):
        wrong.note(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    assert len(wrong._level) == size and len(vars(wrong)) == 4


@pytest.mark.slow
def test_right_tokens_come_in_beside_wrong_ones_and_metrics_tell(server: Served, people: People) -> None:
    with server.client() as client:
        codes = [
            client.get("/api/me", headers={"authorization": f"Bearer sbk_{n}"}).status_code
            for n in range(MOST + 10)
        ]
        assert codes[:MOST] == [401] * MOST and 429 in codes[MOST:]
        waits = client.post("/session", headers={"authorization": "Bearer sbk_no"})
        assert waits.status_code in (401, 429)
        right = {"authorization": f"Bearer {people.secrets['ann']}"}
        assert client.get("/api/me", headers=right).json()["name"] == "ann"
        assert client.get("/api/me").status_code == 401, "who shows nothing is asked for a token"
        told = client.get("/metrics").text
        assert 'skillbank_wrong_tokens_total{answer="wait"}' in told
