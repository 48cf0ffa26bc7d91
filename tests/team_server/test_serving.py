"""The settings: a file or options, all faults at once, and what does not go together."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from skillbank.cli.serve import serve
from skillbank.errors import DataNotFoundError, UsageError
from skillbank.team.rights import Right
from skillbank.team_server.serving import Serving, read_serving

PROVIDER = {"issuer": "https://id.example", "audience": "a"}
POSTGRES = "postgresql://skillbank:canary@db/skillbank"


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)


def test_every_key_is_an_option() -> None:
    assert set(inspect.signature(serve).parameters) - {"ctx", "config", "banks"} == set(Serving.model_fields)


def test_yaml_and_toml_say_the_same_and_options_count_before_them(tmp_path: Path) -> None:
    yaml, toml = tmp_path / "s.yaml", tmp_path / "s.toml"
    yaml.write_text(
        "port: 9000\nprocesses: 2\nissuer: https://id.example.org\naudience: skillbank\n"
        "grant:\n  operator: [look, plan, launch]\n"
    )
    toml.write_text(
        'port = 9000\nprocesses = 2\nissuer = "https://id.example.org"\naudience = "skillbank"\n'
        '[grant]\noperator = ["look", "plan", "launch"]\n'
    )
    said = {"port": 9001, "database_url": POSTGRES}
    found = read_serving(yaml, said)
    assert found == read_serving(toml, said) and found.port == 9001
    assert found.grant == {"operator": (Right.LOOK, Right.PLAN, Right.LAUNCH)}
    assert "canary" not in repr(found)


def test_all_faults_are_told_at_once_each_with_its_way_out(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "prot: 9000\nport: high\nprocesses: 0\nbase_path: skillbank\nproxy: [here]\ngrace: 20\n"
        "precision: int8\n"
    )
    with pytest.raises(UsageError) as refused:
        read_serving(file, {})
    said = refused.value.sentence
    for part in (
        "there is no key prot (did you mean 'port'?)",
        "port is high, but it must be a whole number",
        "processes is 0, but it must be at least 1",
        "must be a path such as /skillbank",
        "precision is int8",
        "'here' must be an address or a network",
    ):
        assert part in said, said


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ({"processes": 2}, "2 processes cannot share SQLite"),
        ({"open_to_everybody": True, "host": "0.0.0.0"}, "for loopback alone"),
        ({"open_to_everybody": True, "address": "https://a.example"}, "for this machine alone"),
        ({"issuer": "https://id.example"}, "issuer needs grant"),
        ({"issuer": "http://id.example", "grant": {"a": ["look"]}}, "must be an https URL"),
        ({"audience": "x"}, "audience say nothing without issuer"),
        ({"address": "https://a.example/b"}, "base_path says it"),
        ({**PROVIDER, "grant": {"a": ["fly"]}}, "grant.a.0"),
        ({**PROVIDER, "grant": {"a": ["look"]}, "algorithm": ["HS256"]}, "algorithm.0"),
    ],
)
def test_what_does_not_go_together_is_refused(said: dict[str, object], part: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_serving(None, said)
    assert part in refused.value.sentence


@pytest.mark.parametrize("content", ["- a\n", "a: [", "\xff"])
def test_what_is_no_file_of_settings_is_said(tmp_path: Path, content: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(UsageError):
        read_serving(file, {})
    with pytest.raises(DataNotFoundError):
        read_serving(tmp_path / "none.yaml", {})
