from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.redact import MARK, StreamRedactor, looks_secret, redact, redact_stream, secret_values

SECRETS = st.lists(st.text("ab", min_size=1, max_size=5), max_size=4)


@given(values=SECRETS, pieces=st.lists(st.text("abc", max_size=6), max_size=8))
def test_pieces_give_the_same_as_the_whole(values: list[str], pieces: list[str]) -> None:
    streamed = "".join(redact_stream(pieces, values))
    assert streamed == redact("".join(pieces), values)


@given(values=SECRETS, pieces=st.lists(st.text("abc", max_size=6), max_size=8))
def test_nothing_shown_early_is_part_of_a_secret(values: list[str], pieces: list[str]) -> None:
    redactor = StreamRedactor(values)
    for piece in pieces:
        shown = redactor.feed(piece).replace(MARK, "#")
        assert not any(value in shown for value in values if value)


def test_a_secret_cut_in_two_is_found_and_the_rest_comes_at_once() -> None:
    redactor = StreamRedactor(["hunter22"])
    assert redactor.feed("login hun") == "login "
    assert redactor.feed("ter22 ok\n") == f"{MARK} ok\n"
    assert redactor.feed("hunt") == ""
    assert redactor.close() == "hunt"


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("HF_TOKEN", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("AWS_ACCESS_KEY_ID", True),
        ("NGC_API_KEY", True),
        ("OPENAI_APIKEY", True),
        ("PGPASSWORD", True),
        ("db_passwd", True),
        ("TOKENIZERS_PARALLELISM", False),
        ("AWS_SHARED_CREDENTIALS_FILE", False),
        ("SSH_AUTH_SOCK", False),
        ("KEYBOARD", False),
        ("PATH", False),
        ("", False),
    ],
)
def test_names_of_secrets(name: str, secret: bool) -> None:
    assert looks_secret(name) is secret


def test_values_of_secrets() -> None:
    environment = {
        "HF_TOKEN": "long/enough+",
        "A_KEY": "short",
        "SKILLBANK_DATABASE_URL": "postgresql://me:p%40ssw0rd@host/db",
        "HOME": "/home/me",
        "BROKEN": "http://[@",
    }
    values = secret_values(environment)
    assert set(values) == {"long/enough+", "long%2Fenough%2B", "p%40ssw0rd", "p%2540ssw0rd"}
    assert list(values) == sorted(values, key=lambda v: (-len(v), v))


def test_the_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "canary-98765")
    assert redact("say canary-98765.") == f"say {MARK}."
