"""Approvals in the store: for one subject, for one call, for one project, and used once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from skillbank import approval_code
from skillbank.agent.approval import Approval
from skillbank.approval_code import SHORTEST, ApprovalCode
from skillbank.errors import NotApprovedError, UsageError
from skillbank.jobs import approvals as of_store
from skillbank.jobs.approval_subjects import (
    check_terms,
    launch_terms,
    plan_subject,
    read_plan_subject,
    terms_of,
)
from skillbank.jobs.data_digest import SeenData
from skillbank.jobs.record import RetryPolicy
from skillbank.jobs.store import JobStore
from skillbank.team.acting import acting_as
from skillbank.team.audit import lines
from skillbank.team.person import Person
from skillbank.team.rights import Right

SEEN = SeenData(key="data", uri="/d", digest="ab" * 32)
ANN = Person(name="ann", project="birds", rights=frozenset(Right))


def grant(store: JobStore, subject: str = "plan:x", caller: str | None = None, **more: object) -> None:
    store.approvals.grant(store.guard.give(subject, "terminal", "ann"), caller, **more)  # type: ignore[arg-type]


def test_what_was_used_for_something_is_its_approval_for_an_hour(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant(store)
    number = store.approvals.use("plan:x", used_for="launch-1")
    assert number is not None
    assert store.approvals.use("plan:x", used_for="launch-1") == number
    assert store.approvals.use("plan:x", used_for="launch-2") is None
    assert store.approvals.use("plan:y", used_for="launch-1") is None
    assert store.approvals.use("plan:x") is None
    monkeypatch.setattr(of_store, "_AFTER_A_CRASH", timedelta(0))
    assert store.approvals.use("plan:x", used_for="launch-1") is None


def test_an_approval_of_one_call_is_of_no_other_until_it_is_given_back(store: JobStore) -> None:
    grant(store, caller="one")
    assert not store.approvals.waits("plan:x") and store.approvals.use("plan:x", caller="two") is None
    number = store.approvals.use("plan:x", caller="one")
    assert number is not None
    store.approvals.give_back(number, "plan:x")
    assert store.approvals.waits("plan:x") and store.approvals.use("plan:x", caller="two") == number
    grant(store, caller="one")
    store.approvals.withdraw("plan:x", "two")
    assert store.approvals.use("plan:x", caller="one") is not None
    grant(store, caller="one")
    store.approvals.withdraw("plan:x", "one")
    assert store.approvals.use("plan:x", caller="one") is None
    assert store.approvals.given(number) is not None, "what was used stays to be read"


def test_of_approvals_that_wait_the_last_data_count(store: JobStore) -> None:
    grant(store)
    grant(store, data=[SEEN])
    number = store.approvals.use("plan:x")
    assert number is not None and store.approvals.data(number) == (SEEN,)
    assert store.approvals.use("plan:x") is None, "given again before it is used, it is one"
    grant(store)
    without = store.approvals.use("plan:x")
    assert without is not None and store.approvals.data(without) is None
    assert store.approvals.data(99) is None and store.approvals.given(99) is None


def test_an_approval_is_of_a_person_and_of_their_project(store: JobStore) -> None:
    own = store.guard.give("plan:x", "terminal")
    assert (own.person, own.project, own.said) == ("", "", "terminal, no code asked")
    with acting_as(ANN):
        theirs = store.guard.give("plan:x", "page", "somebody")
        other = store.guard.give("plan:x", "page", project="fish")
        store.approvals.grant(theirs)
        assert store.approvals.waits("plan:x")
        store.guard.give("call:label_image:7", "page")
    told = [(line["object"], line["project"], line["plan_id"]) for line in lines(store.engine)]
    assert told == [("plan:x", "birds", "x"), ("plan:x", "fish", "x"), ("call:label_image:7", "birds", "")]
    assert (theirs.person, theirs.project, theirs.said) == ("ann", "birds", "page by ann, no code asked")
    assert (other.person, other.project) == ("ann", "fish")
    assert theirs.document() == {
        "how": "page",
        "by": "somebody",
        "code": False,
        "at": theirs.at.isoformat(),
        "person": "ann",
        "project": "birds",
        "said": theirs.said,
    }
    assert not store.approvals.waits("plan:x") and store.approvals.use("plan:x") is None


def test_with_a_code_what_lay_there_is_sealed(
    store: JobStore, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approval_code, "_COST", approval_code._LEAST)
    made = ApprovalCode.made("tulips in march", home / "approval-code")
    made.write()
    store.guard.announce(made)
    assert store.guard.marked() == (made.public, ""), "no code counts as well until it is set"
    assert not store.guard.broken
    store.guard.mark(made)
    assert store.guard.marked() == (made.public,) and "its file is not there" in store.guard.broken
    with JobStore(str(store.engine.url)) as hard:
        given = hard.guard.give("plan:x", "terminal", data=[SEEN], code="tulips in march")
        hard.approvals.grant(given, data=[])
        number = hard.approvals.use("plan:x")
        assert number is not None and hard.approvals.data(number) == (SEEN,)
        later = ApprovalCode.made("roses in june", home / "approval-code")
        hard.guard.announce(later)
        assert hard.guard.marked() == (later.public, made.public) and not hard.guard.broken
        hard.guard.announce(made)
        assert hard.guard.marked() == (made.public, made.public), "what was announced before was never set"
        assert hard.guard.is_code("tulips in march") and not hard.guard.is_code("roses in june")
        hard.guard._write_mark("next:no key")
        assert hard.guard.marked() == ("next:no key", made.public) and not hard.guard.broken
        hard.guard.mark(None)
        assert hard.guard.marked() == ("",) and not hard.guard.broken
        with pytest.raises(NotApprovedError):
            hard.guard.give("plan:x", "terminal", code=None)


@pytest.mark.parametrize(
    ("asked", "terms"),
    [
        ({}, {}),
        ({"checkpoint": "auto", "retries": 2, "on_oom": "stop"}, {}),
        ({"checkpoint": None, "retries": None}, {}),
        ({"retries": 0, "on_oom": "reduce-batch"}, {"on_oom": "reduce-batch", "retries": "0"}),
        ({"checkpoint": "best", "retries": "5"}, {"checkpoint": "best", "retries": "5"}),
    ],
)
def test_terms_are_what_is_not_usual_and_are_read_back(
    asked: dict[str, object], terms: dict[str, str]
) -> None:
    found = launch_terms(**asked)
    assert found == terms
    assert read_plan_subject(plan_subject("abc", found)) == ("abc", terms)


@pytest.mark.parametrize(
    "asked", [{"speed": "1"}, {"retries": "-1"}, {"retries": "x"}, {"on_oom": "go"}, {"checkpoint": "a b"}]
)
def test_terms_that_no_launch_has(asked: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        launch_terms(**asked)
    if "speed" not in asked:
        with pytest.raises(UsageError):
            check_terms(**asked)


def test_the_terms_of_a_record_are_those_of_its_launch() -> None:
    assert terms_of("auto", RetryPolicy()) == {}
    assert terms_of("latest", RetryPolicy(infra=1, batch_key="b")) == {
        "checkpoint": "latest",
        "on_oom": "reduce-batch",
        "retries": "1",
    }


def test_the_title_of_a_question_is_its_first_line() -> None:
    assert Approval("plan:x", "Start it?\n  command x").title == "Start it?"


@pytest.mark.parametrize("code", ["tulips 1"[:SHORTEST], "tulips 1" * 20])
def test_a_code_is_known_again_whatever_its_length(
    store: JobStore, home: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(approval_code, "_COST", approval_code._LEAST)
    made = ApprovalCode.made(code, home / "approval-code")
    made.write()
    store.guard.mark(made)
    with JobStore(str(store.engine.url)) as hard:
        assert hard.guard.is_code(code)
        assert not hard.guard.is_code(code[:-1]) and not hard.guard.is_code(f"{code}a")
