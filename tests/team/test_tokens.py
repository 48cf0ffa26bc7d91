"""Tokens: what they let somebody do, when they end, and what of them is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from skillbank.errors import ForbiddenError, NotFoundError, UsageError
from skillbank.jobs.store import JobStore
from skillbank.team.acting import acting_as, need
from skillbank.team.audit import lines
from skillbank.team.person import EVERYBODY, NOBODY, Person
from skillbank.team.rights import Right
from skillbank.team.tables import TOKENS
from skillbank.team.tokens import PREFIX, Tokens
from tests.cli.conftest import Command
from tests.postgres import Cluster
from tests.team.conftest import EVERY, person

LATER = datetime(2100, 1, 1, tzinfo=UTC)
RIGHTS = st.frozensets(st.sampled_from(list(Right)))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[JobStore]:
    remote = request.param == "postgresql"
    cluster: Cluster | None = request.getfixturevalue("postgres") if remote else None
    with JobStore(cluster.store() if cluster else f"sqlite:///{tmp_path / 's.db'}") as opened:
        yield opened


def test_a_token_is_found_by_its_secret_until_it_ends_or_is_revoked(store: JobStore) -> None:
    tokens = Tokens(store.engine)
    rights = frozenset({Right.LOOK, Right.PLAN})
    secret = tokens.make("ann", "det", rights, LATER)
    assert secret.startswith(PREFIX) and len(secret) == len(PREFIX) + 43
    assert tokens.find(secret) == Person("ann", "det", rights)
    for wrong in ("", secret[:-1], secret + "a", secret.swapcase(), PREFIX + "ä" * 43, "x" * 100_000):
        assert tokens.find(wrong) is None
    with pytest.raises(UsageError, match="ann has a token for project det already"):
        tokens.make("ann", "det", rights, LATER)
    other = tokens.make("ann", "ocr", rights, LATER, agent=True)
    assert tokens.revoke("ann", "det") == 1
    assert tokens.find(secret) is None
    assert tokens.find(other) == Person("ann", "ocr", rights, agent=True)
    assert tokens.find(tokens.make("ann", "det", rights, LATER)) is not None
    with store.engine.begin() as db:
        db.execute(TOKENS.update().values(until=datetime.now(UTC) - timedelta(seconds=1)))
    assert tokens.find(other) is None
    with pytest.raises(NotFoundError, match="ann has no token"):
        tokens.revoke("ann")
    tokens.make("ann", "det", rights, LATER)  # one that has ended stands in nobody's way
    assert [token.in_force for token in tokens.list()] == [False, False, False, True]
    with store.engine.connect() as db:
        kept = json.dumps([dict(row) for row in db.execute(sa.select(TOKENS)).mappings()], default=str)
    assert secret not in kept and other not in kept
    verbs = [line["verb"] for line in lines(store.engine)]
    assert verbs == ["token.make", "token.make", "token.revoke", "token.make", "token.make"]
    assert secret not in json.dumps(list(lines(store.engine)))


@pytest.mark.parametrize(
    ("name", "project", "rights", "agent", "said"),
    [
        ("a b", "det", {"look"}, False, "cannot be the name of a person"),
        ("ann", "", {"look"}, False, "cannot be the name of a project"),
        ("ann", "-", {"look"}, False, "cannot be the name of a project"),
        ("ann", "a/b", {"look"}, False, "cannot be the name of a project"),
        ("ann", "det", {"launch"}, False, "needs 'look'"),
        ("bot", "det", {"look", "approve"}, True, "never has the right 'approve'"),
        ("bot", "det", {"look", "administer"}, True, "never has the right 'administer'"),
    ],
)
def test_what_cannot_be_a_token_is_refused_with_a_sentence(
    store: JobStore, name: str, project: str, rights: set[str], agent: bool, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        Tokens(store.engine).make(name, project, [Right(each) for each in rights], LATER, agent=agent)
    with pytest.raises(UsageError, match="has ended already"):
        Tokens(store.engine).make("ann", "det", [Right.LOOK], datetime(2020, 1, 1, tzinfo=UTC))
    assert Tokens(store.engine).list() == []


@given(rights=RIGHTS, right=st.sampled_from(list(Right)), agent=st.booleans())
def test_a_right_is_had_where_it_was_given_and_never_by_an_agent_that_would_decide(
    rights: frozenset[Right], right: Right, agent: bool
) -> None:
    decides = right in (Right.APPROVE, Right.ADMINISTER)
    with acting_as(person("det", rights, agent=agent)):
        if right in rights and not (agent and decides):
            need(right)
        else:
            with pytest.raises(ForbiddenError, match=f"the right '{right}'"):
                need(right)


@given(rights=RIGHTS, mine=st.text("ab", max_size=2), other=st.text("ab", max_size=2))
def test_one_sees_the_own_project_and_all_when_administering(
    rights: frozenset[Right], mine: str, other: str
) -> None:
    assert person(mine, rights).sees(other) == (mine == other or Right.ADMINISTER in rights)
    assert not NOBODY.sees(other) and EVERYBODY.sees(other)


def test_only_who_administers_makes_tokens_and_a_refusal_is_written_down(store: JobStore) -> None:
    with acting_as(person("det", EVERY - {Right.ADMINISTER}), "rest", "10.0.0.7"):
        for call in (
            lambda: Tokens(store.engine).make("eve", "ocr", EVERY, LATER),
            lambda: Tokens(store.engine).list(),
            lambda: Tokens(store.engine).revoke("ann"),
            lambda: list(lines(store.engine)),
        ):
            with pytest.raises(ForbiddenError, match="the right 'administer'"):
                call()
    told = [(line["verb"], line["outcome"], line["address"]) for line in lines(store.engine)]
    refused = "refused: lacks administer"
    assert told == [
        (verb, refused, "10.0.0.7") for verb in ("token.make", "token.list", "token.revoke", "audit")
    ]


def test_the_command_makes_lists_and_revokes_tokens_and_prints_the_log(inline: Command) -> None:
    said = ["--project", "det", "--right", "look", "--right", "plan", "--until", "2100-01-31", "--json"]
    made = json.loads(inline("team", "add", "robot", *said, "--agent").out)
    assert made["until"] == "2100-02-01T00:00:00+00:00"  # its last day is a whole one
    [token] = json.loads(inline("team", "list", "--json").out)["tokens"]
    assert (token["rights"], token["agent"], token["in_force"]) == (["look", "plan"], True, True)
    assert made["token"] not in inline("team", "list").out
    assert inline("team", "add", "robot", *said).code == 2
    assert inline("team", "add", "x", "--project", "p", "--right", "look", "--until", "soon").code == 2
    assert (
        inline("team", "revoke", "robo")
        .err.strip()
        .endswith("robo has no token (did you mean 'robot'?); skillbank team list shows those there are")
    )
    assert inline("team", "revoke", "robot", "--json").out.split() == [
        "{",
        '"name":',
        '"robot",',
        '"revoked":',
        "1",
        "}",
    ]
    printed = [json.loads(line) for line in inline("team", "audit", "--json").out.splitlines()]
    assert [line["verb"] for line in printed] == ["token.make", "token.revoke"]
    assert inline("team", "audit", "--since", "2100-01-01").out == ""
    assert inline("team", "audit", "--since", "yesterday").code == 2
