"""What is just within an approval and what is just beyond it; each by itself, without a launch around it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.gate import open_gate
from tests.jobs.conftest import MakePlan
from tests.jobs.test_approval_guard import CODE, code, given, hard, quick, supervised
from tests.jobs.test_supervisor import DONE, FAILED, LOST, OOM, Scripted

from skillbank.approval_code import SHORTEST, ApprovalCode, own_place
from skillbank.errors import NotApprovedError, StateError, UsageError
from skillbank.jobs.approval_subjects import (
    approve_argument,
    launch_terms,
    plan_subject,
    read_plan_subject,
    refuse_other_terms,
)
from skillbank.jobs.database import CODES
from skillbank.jobs.given import GivenApproval
from skillbank.jobs.record import RetryPolicy
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Override, Source

__all__ = ["code", "hard", "quick"]  # fixtures of the other module


@pytest.mark.parametrize(("age", "counts"), [(0, True), (23.9, True), (24.1, False), (-1, True)])
def test_a_sealed_approval_waits_a_day(hard: JobStore, make_plan: MakePlan, age: float, counts: bool) -> None:
    made = given(hard, make_plan())
    old = made.model_copy(update={"at": datetime.now(UTC) - timedelta(hours=age), "seal": ""})
    old = old.model_copy(update={"seal": hard.guard.prove(CODE, old.content())})
    assert hard.guard.counts(old, old.subject) is counts
    assert not hard.guard.counts(old, "plan:another") and not hard.guard.counts(None, old.subject)


def test_what_was_typed_elsewhere_is_known_as_the_code_and_is_no_try_at_it(hard: JobStore) -> None:
    guard = hard.guard
    assert guard.is_code(CODE)
    for text in ("", CODE[:-1], CODE.upper(), CODE[: SHORTEST - 1], CODE * 20):
        for _ in range(3):
            assert not guard.is_code(text)
    assert guard.prove(CODE)  # after as many wrong ones as make whoever tries wait


def test_without_a_code_no_text_is_the_code(store: JobStore) -> None:
    assert store.guard.is_code(CODE) is False


@pytest.fixture
def attempts(hard: JobStore, make_plan: MakePlan) -> Iterator[JobStore]:
    """A first attempt and two more that it was approved with."""
    supervised(hard, Scripted(LOST, LOST, DONE), make_plan(platform="fake"), RetryPolicy())
    yield hard


def test_each_attempt_that_waits_starts_on_the_approval_of_the_first(attempts: JobStore) -> None:
    for record in attempts.list():
        attempts.guard.confirm(record, attempts.get)


@pytest.mark.parametrize(
    "which", ["none", "used for another job", "used for this job by a launch of its own"]
)
def test_an_attempt_that_waits_starts_on_no_other_approval(
    attempts: JobStore, make_plan: MakePlan, which: str
) -> None:
    second = attempts.list()[1]
    assert second.retry_of is not None
    other: GivenApproval | None = None
    if which != "none":
        other = given(attempts, make_plan(platform="fake"))
        attempts.guard.spend(other, second.id if "this" in which else second.retry_of)
    with pytest.raises(NotApprovedError, match=f"job {second.id} was not launched by an approval"):
        attempts.guard.confirm(second.model_copy(update={"approval": other}), attempts.get)


@pytest.mark.parametrize("key", ["dataset.batch_size", None])
def test_halved_batches_are_no_attempts_of_those_that_are_counted(
    hard: JobStore, make_plan: MakePlan, key: str | None
) -> None:
    plan = make_plan(platform="fake", spec={"dataset": {"batch_size": 4}})
    policy = RetryPolicy(infra=0, batch_key=key)
    records = supervised(hard, Scripted(FAILED, FAILED, FAILED, log=OOM), plan, policy)
    sizes = [record.plan["spec"]["dataset"]["batch_size"] for record in records]
    assert sizes == ([4, 2, 1] if key else [4])


def test_terms_that_were_not_said_are_none() -> None:
    assert launch_terms(checkpoint=None, on_oom=None, retries=7) == {"retries": "7"}
    assert launch_terms() == {}
    with pytest.raises(UsageError, match="checkpoint of a launch must be one word"):
        launch_terms(checkpoint="a b", retries=None)
    with pytest.raises(UsageError, match="'colour' is no term of a launch"):
        launch_terms(colour="red")


@pytest.mark.parametrize(
    ("key", "source", "asked"),
    [
        ("train.num_gpus", Source.USER, True),
        ("train.num_gpus", Source.SHORTHAND, True),
        ("train.num_gpus", Source.SKILL_INFO, False),
        ("train.num_gpus", Source.TEMPLATE, False),
        ("train.num_nodes", Source.USER, False),
        ("evaluate.num_gpus", Source.USER, False),
    ],
)
def test_only_a_person_asks_for_a_number_of_gpus(
    make_plan: MakePlan, key: str, source: Source, asked: bool
) -> None:
    plan = make_plan(overrides=(Override(key=key, value=2, source=source),))
    assert plan.gpus_asked is asked


@pytest.mark.parametrize(
    ("asked", "had"),
    [
        ({}, None),
        ({"checkpoint": None, "retries": None, "on_oom": None}, None),
        ({"retries": 3, "checkpoint": "auto", "on_oom": "stop"}, None),
        ({"retries": "3"}, None),
        ({"retries": 0}, "retries is 0, but this repeats the launch of job {}, for which it is 3;"),
        ({"on_oom": "reduce-batch"}, "on_oom is reduce-batch, .*, for which it is stop;"),
        ({"retries": 3, "checkpoint": "latest"}, "checkpoint is latest, .*, for which it is auto;"),
    ],
)
def test_a_launch_that_repeats_another_has_its_terms(
    store: JobStore, make_plan: MakePlan, asked: dict[str, object], had: str | None
) -> None:
    earlier = Jobs(store, open_gate, platforms=lambda _: Scripted(DONE)).launch(
        make_plan(platform="fake"), retry=RetryPolicy(infra=3)
    )
    if had is None:
        refuse_other_terms(earlier, asked)
    else:
        with pytest.raises(StateError, match=had.format(earlier.id)):
            refuse_other_terms(earlier, asked)


def test_an_approval_names_the_plan_and_its_terms_in_words_that_are_read_back() -> None:
    terms = {"checkpoint": "latest", "retries": "7"}
    assert plan_subject("a" * 64, terms) == f"plan:{'a' * 64}:checkpoint=latest:retries=7"
    assert read_plan_subject(plan_subject("a" * 64, terms)) == ("a" * 64, terms)
    assert read_plan_subject("abc") == ("abc", {}) and plan_subject("abc") == "plan:abc"
    assert approve_argument("a" * 64, terms) == f"{'a' * 12}:checkpoint=latest:retries=7"
    with pytest.raises(UsageError, match="retries of a launch must be one word"):
        read_plan_subject("abc:retries=")


@pytest.mark.parametrize(
    ("text", "fine"),
    [("tulips i", True), ("tulips ", False), ("", False), ("aaaaaaaaab", False), ("aaaaaaaabc", True)],
)
def test_a_code_has_eight_characters_and_three_kinds_of_them(home: Path, text: str, fine: bool) -> None:
    if fine:
        assert ApprovalCode.made(text, own_place()).sign(text, b"x") is not None
    else:
        with pytest.raises(UsageError, match="An approval code has 8 characters or more"):
            ApprovalCode.made(text, own_place())


def test_what_was_signed_is_for_one_content_and_one_code(hard: JobStore, home: Path) -> None:
    code = ApprovalCode.read(own_place())
    signature = code.sign(CODE, b"one")
    assert (
        signature is not None and code.signed(b"one", signature) and code.sign("another code", b"one") is None
    )
    for content, seal in ((b"two", signature), (b"one", signature[:-2]), (b"one", "zz"), (b"one", "")):
        assert not code.signed(content, seal)
    assert own_place().stat().st_mode & 0o777 == 0o644
    assert [
        each.name for each in own_place().parent.iterdir() if each.name.startswith("approval-code.")
    ] == []


def test_a_change_of_the_code_that_was_broken_off_ends_with_the_code_of_the_file(hard: JobStore) -> None:
    def rows() -> int:
        with hard.engine.connect() as db:
            return len(db.execute(sa.select(CODES.c.public)).all())

    known, before = ApprovalCode.read(own_place()), rows()
    hard.guard.prove(CODE)
    assert rows() == before and hard.guard.marked() == (known.public,)  # nothing to be settled
    hard.guard.announce(ApprovalCode.made("roses in june", own_place()))
    assert len(hard.guard.marked()) == 2 and not hard.guard.broken
    hard.guard.prove(CODE)
    assert hard.guard.marked() == (known.public,) and rows() == before + 2
