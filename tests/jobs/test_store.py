from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.gate import open_gate
from tests.postgres import Cluster

from skillbank.agent.shortening import in_tool_words
from skillbank.automl.events import Event, EventLog
from skillbank.automl.metrics import Objective, unseen
from skillbank.errors import JobNotFoundError, NotFoundError, PlatformError, StateError
from skillbank.home import database_url
from skillbank.jobs.approval_subjects import plan_subject
from skillbank.jobs.failures import classify
from skillbank.jobs.given import GivenApproval
from skillbank.jobs.record import Failure, JobRecord, JobState, RetryPolicy
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.jobs.supervisor import Supervisor
from skillbank.plan.model import Plan
from skillbank.ways import Sentence, command, option

MakeRecord = Callable[..., JobRecord]
MakePlan = Callable[..., Plan]
_SPAWN = multiprocessing.get_context("spawn")
_PROCESSES = 3


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobStore]:
    """The store on each of the databases: all tests here are the same for both."""
    if request.param == "postgresql":
        monkeypatch.setenv("SKILLBANK_DATABASE_URL", request.getfixturevalue("postgres").store())
    with JobStore(database_url()) as opened:
        yield opened


def _compete(
    barrier: Any, answers: Any, i: int, new: str, url: str, ended: str, plan_id: str, record: JobRecord
) -> None:
    barrier.wait()
    with JobStore(new) as store:
        empty = store.list() == []
    with JobStore(url) as store:
        barrier.wait()
        state = [JobState.COMPLETE, JobState.ERROR, JobState.CANCELED][i]
        won = store.transition(ended, state, f"by {i}", exit_code=i)
        used = sum(store.approvals.use(plan_subject(plan_id)) is not None for _ in range(3))
        created = store.create(record.model_copy(update={"id": f"{record.id}-{i}"})).id
    answers.put((i, won, used, created, empty))


@pytest.mark.slow
def test_of_many_processes_one_ends_the_job_one_uses_the_approval_and_one_creates(
    store: JobStore,
    make_record: MakeRecord,
    make_plan: MakePlan,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    remote = database_url().startswith("postgresql")
    new = request.getfixturevalue("postgres").url() if remote else f"sqlite:///{tmp_path / 'new.db'}"
    ended = store.create(make_record()).id
    plan_id = store.save_plan(make_plan())
    store.approve(plan_id[:10])
    template = make_record(idempotency_key="same")
    barrier, queue = _SPAWN.Barrier(_PROCESSES), _SPAWN.Queue()
    shared = (new, database_url(), ended, plan_id, template)
    processes = [
        _SPAWN.Process(target=_compete, args=(barrier, queue, i, *shared)) for i in range(_PROCESSES)
    ]
    for process in processes:
        process.start()
    answers = [queue.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
        process.close()
    queue.close()

    winners = [i for i, won, *_ in answers if won]
    assert len(winners) == 1
    assert sum(used for _, _, used, *_ in answers) == 1
    assert len({created for *_, created, _ in answers}) == 1
    assert all(empty for *_, empty in answers)
    record = store.get(ended)
    assert [t.state for t in record.history] == [JobState.PENDING, record.state]
    assert record.exit_code == winners[0] and record.history[-1].message == f"by {winners[0]}"


def test_a_record_comes_back_as_it_was_written(store: JobStore, make_record: MakeRecord) -> None:
    record = make_record(parents=("a", "b"), launcher="host:1:x", idempotency_key="k")
    store.create(record)
    back = store.get(record.id)
    assert back.model_copy(update={"history": ()}) == record
    assert [t.state for t in back.history] == [JobState.PENDING] and back.created.tzinfo is not None


def test_terminal_states_never_change(store: JobStore, make_record: MakeRecord) -> None:
    job = store.create(make_record()).id
    failure = Failure(kind="PROGRAM", name="cuda_oom", explanation="x")
    assert store.transition(job, JobState.RUNNING, "started")
    assert not store.transition(job, JobState.RUNNING, "again")
    assert store.transition(job, JobState.ERROR, "exit code 1", exit_code=1, failure=failure)
    assert not store.transition(job, JobState.COMPLETE, "late", exit_code=0)
    record = store.get(job)
    assert (record.state, record.exit_code, record.failure) == (JobState.ERROR, 1, failure)
    assert [t.message for t in record.history] == ["created", "started", "exit code 1"]


def test_what_was_written_survives_the_store(store: JobStore, make_record: MakeRecord) -> None:
    job = store.create(make_record()).id
    store.bind(job, "local:1")
    with JobStore(database_url()) as other:
        assert other.get(job).native_id == "local:1"


def test_the_state_is_changed_by_transitions_alone(store: JobStore, make_record: MakeRecord) -> None:
    job = store.create(make_record()).id
    with pytest.raises(TypeError, match="state"):
        store.update(job, state="COMPLETE")


def test_the_last_job_is_that_of_the_skill_that_is_meant(store: JobStore, make_record: MakeRecord) -> None:
    ours = store.create(make_record())
    other = store.create(make_record(skill="tao-train-other"))
    assert store.get("last:train").id == other.id
    assert store.get("last:train", skill=ours.skill).id == store.get("last", skill=ours.skill).id == ours.id
    assert store.get(other.id, skill=ours.skill).id == other.id
    with pytest.raises(JobNotFoundError, match="no export job of tao-train-other"):
        store.get("last:export", skill="tao-train-other")


def test_jobs_are_found_by_beginning_end_and_last(store: JobStore, make_record: MakeRecord) -> None:
    with pytest.raises(JobNotFoundError, match="no job yet"):
        store.get("last")
    first, second = (
        make_record(id="dino-train-1-aaa"),
        make_record(id="dino-evaluate-2-bbb", action="evaluate"),
    )
    for record in (first, second):
        store.create(record)
    assert store.get("dino-t").id == store.get("aaa").id == store.get("last:train").id == first.id
    assert store.get("last").id == second.id
    with pytest.raises(JobNotFoundError, match="several jobs"):
        store.get("dino")
    with pytest.raises(JobNotFoundError, match="did you mean 'dino-train-1-aaa'"):
        store.get("dino-trian-1-aaa")
    with pytest.raises(JobNotFoundError, match="no job '%'"):
        store.get("%")
    with pytest.raises(JobNotFoundError):
        store.get("")
    with pytest.raises(JobNotFoundError):
        store.transition("nobody", JobState.RUNNING)
    assert [r.id for r in store.list()] == [second.id, first.id]
    assert [r.id for r in store.list(action="train", limit=1)] == [first.id]
    assert store.list(state=JobState.ERROR) == []


def test_what_no_id_can_hold_names_no_job_and_no_plan(
    store: JobStore, make_record: MakeRecord, make_plan: MakePlan
) -> None:
    one = store.create(make_record())
    plan = store.save_plan(make_plan("first"))
    for name in ("\0", f"\0{one.id[:4]}", f"{one.id}\0", "last\0", "last:train\0", "\ud800", "\n"):
        with pytest.raises(JobNotFoundError, match=r"^no job '"):
            store.get(name)
    for name in ("\0", f"{plan[:12]}\0", "\ud800"):
        with pytest.raises(NotFoundError, match="is not known here"):
            store.get_plan(name)
    with pytest.raises(JobNotFoundError) as told:
        store.get("x" * 20_000)
    assert len(str(told.value)) < 300


def test_a_key_of_another_plan_is_refused(
    store: JobStore, make_record: MakeRecord, make_plan: MakePlan
) -> None:
    first = store.create(make_record(idempotency_key="k"))
    assert store.create(make_record(idempotency_key="k")).id == first.id
    with pytest.raises(StateError, match=first.id):
        store.create(make_record(idempotency_key="k", plan=make_plan("other")))


def test_plans_and_approvals(store: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan()
    plan_id = store.save_plan(plan)
    assert store.save_plan(plan) == plan_id
    assert store.get_plan(plan_id[:8]) == plan
    with pytest.raises(NotFoundError, match="not known"):
        store.approve("0" * 64)
    assert store.approvals.use(plan_subject(plan_id)) is None
    assert store.approve(plan_id) == store.approve(plan_id) == plan_id
    assert store.approvals.use(plan_subject(plan_id)) is not None
    assert store.approvals.use(plan_subject(plan_id)) is None


def given(subject: str, by: str) -> GivenApproval:
    return GivenApproval(subject=subject, how="program", by=by, at=datetime.now(UTC))


def test_an_approval_is_for_its_subject_and_can_be_given_back(store: JobStore) -> None:
    approvals = store.approvals
    approvals.grant(given("cancel:a-1", by="somebody"))
    approvals.grant(given("cancel:a-1", by="somebody else"))
    assert approvals.use("cancel:a-2") is approvals.use("plan:a-1") is None
    number = approvals.use("cancel:a-1")
    assert number is not None and not approvals.waits("cancel:a-1")
    kept = approvals.given(number)
    assert kept is not None and (kept.how, kept.by) == ("program", "somebody else")
    approvals.give_back(number, "cancel:a-1")
    assert approvals.waits("cancel:a-1")
    assert approvals.use("cancel:a-1") == number
    assert approvals.use("cancel:a-1") is None


def test_an_approval_for_one_call_is_not_used_by_another_that_asks_for_the_same(store: JobStore) -> None:
    approvals = store.approvals
    approvals.grant(given("plan:x", by="one"), caller="a")
    approvals.grant(given("plan:x", by="two"), caller="b")
    approvals.grant(given("plan:x", by="two again"), caller="b")
    assert not approvals.waits("plan:x")
    assert approvals.use("plan:x") is approvals.use("plan:x", "c") is approvals.use("plan:y", "a") is None
    first, second = approvals.use("plan:x", "a"), approvals.use("plan:x", "b")
    assert first is not None and second is not None and first != second
    assert approvals.use("plan:x", "a") is approvals.use("plan:x", "b") is None
    approvals.grant(given("plan:x", by="three"), caller="d")
    approvals.withdraw("plan:x", "d")
    approvals.withdraw("plan:x", "a")
    assert approvals.use("plan:x", "d") is None
    # What did not come about may be repeated by anybody; what is for anybody serves every call.
    approvals.give_back(first, "plan:x")
    assert approvals.use("plan:x", "c") == first


def test_text_that_databases_do_not_take(store: JobStore, make_record: MakeRecord) -> None:
    job = store.create(make_record()).id
    failure = Failure(kind="PROGRAM", name="x", explanation="a\0b", evidence="\ud800 ü")
    assert store.transition(job, JobState.ERROR, "nul \0 and half \udc80", failure=failure)
    record = store.get(job)
    assert record.history[-1].message == "nul  and half ?"
    assert record.failure is not None and record.failure.explanation == "ab"


def test_notes_change_nothing_and_are_not_repeated(store: JobStore, make_record: MakeRecord) -> None:
    job = store.create(make_record()).id
    store.transition(job, JobState.COMPLETE)
    store.note(job, "waits")
    store.note(job, "waits")
    now = datetime.now(UTC)
    store.update(job, settled=now, uploaded=now, retry=RetryPolicy(infra=7))
    record = store.get(job)
    assert [(t.state, t.message) for t in record.history[1:]] == [
        (JobState.COMPLETE, ""),
        (JobState.COMPLETE, "waits"),
    ]
    assert (record.settled, record.uploaded, record.retry.infra) == (now, now, 7)


def test_a_line_of_a_history_keeps_what_it_offers(store: JobStore, make_record: MakeRecord) -> None:
    job = store.create(make_record()).id
    said = Sentence(
        f"the launch broke off (no such image; give {option('image', 'NAME')}, not --image of old)"
    )
    store.note(job, said)
    store.transition(job, JobState.RUNNING, Sentence(f"it waits; {command('status', job)} says for what"))
    before, last = store.get(job).history[-2:]
    assert isinstance(before.message, Sentence) and before.message == str(said)
    assert before.message.offers == said.offers and len(before.message.offers) == 1
    assert (
        in_tool_words(before.message)
        == "the launch broke off (no such image; give image, not --image of old)"
    )
    assert "skillbank status" in last.message and "skillbank status" not in in_tool_words(last.message)


def test_a_database_of_an_earlier_version_gets_the_columns_that_it_lacks(
    store: JobStore, make_record: MakeRecord
) -> None:
    record = store.create(make_record())
    later = ("results_uri", "checkpoint", "chain", "retry", "infra_retries", "uploaded", "settled")
    store.close()
    engine = sa.create_engine(database_url())
    with engine.begin() as db:
        for column in later:
            db.execute(sa.text(f"ALTER TABLE jobs DROP COLUMN {column}"))
        for table in ("skills", "store_versions"):
            db.execute(sa.text(f"DROP TABLE {table}"))
    engine.dispose()
    with JobStore(database_url()) as opened:
        back = opened.get(record.id)
        assert back == record
        opened.update(record.id, settled=datetime.now(UTC))


def test_a_server_that_was_restarted(
    postgres: Cluster, make_record: MakeRecord, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with JobStore(postgres.url()) as opened:
        job = opened.create(make_record()).id
        postgres.stop()
        with pytest.raises(PlatformError, match="cannot be used") as caught:
            opened.get(job)
        postgres.start()
        assert opened.get(job).id == job
    assert "canary" not in str(caught.value)


def test_a_server_that_was_restarted_while_nobody_asked(
    postgres: Cluster, make_record: MakeRecord, home: Path
) -> None:
    with JobStore(postgres.url()) as opened:
        job = opened.create(make_record()).id
        postgres.stop()
        postgres.start()
        assert opened.get(job).id == job, "a lost connection is made anew before anything is asked on it"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://skillbank:wrong-canary@127.0.0.1:{port}/test1",
        "postgres://skillbank:canary@127.0.0.1:1/x",
        "postgresql+psycopg://u@127.0.0.1:1/x?password=canary",
        "postgresql://u:canary@[/x",
        "canary-without-a-scheme",
        "nonsense://u:canary@h/x",
    ],
)
def test_no_error_shows_the_password(postgres: Cluster, address: str) -> None:
    with pytest.raises(PlatformError, match=r"SKILLBANK_DATABASE_URL") as caught:
        JobStore(address.format(port=postgres.port))
    assert "canary" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_database_that_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="SKILLBANK_DATABASE_URL"):
        JobStore("nonsense://x")
    with pytest.raises(PlatformError, match="cannot be used"):
        JobStore(f"sqlite:///{tmp_path}/none/there.db")


def test_a_job_runs_and_is_retried(store: JobStore, make_plan: MakePlan) -> None:
    jobs = Jobs(store, open_gate)
    policy = RetryPolicy(batch_key="b")
    code = "import sys, yaml\nif yaml.safe_load(open(sys.argv[1]))['b'] > 1: sys.exit('CUDA out of memory')"
    last = Supervisor(jobs).run(jobs.launch(make_plan(code, spec={"b": 2}), retry=policy).id)
    first = store.get(last.retry_of or "")
    assert (first.state, last.state) == (JobState.ERROR, JobState.COMPLETE)
    assert first.settled is not None and last.settled is not None


def test_times_are_utc(store: JobStore, make_record: MakeRecord) -> None:
    job = store.create(make_record()).id
    assert abs((store.get(job).history[0].at - datetime.now(UTC)).total_seconds()) < 60


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"plan": 1}', '{"plan": {}, "skill": []}'])
def test_what_is_no_plan_in_the_outbox_is_passed_over(home: Path, content: str) -> None:
    (home / "plans").mkdir(parents=True)
    (home / "plans" / "abc123.json").write_text(content)
    with JobStore(database_url(), home / "plans") as store, pytest.raises((NotFoundError, StateError)):
        store.get_plan("abc123")


def test_what_a_search_ends_with_is_said_in_the_words_of_each_door(
    store: JobStore, make_record: MakeRecord
) -> None:
    job, log = store.create(make_record()).id, EventLog(store.engine)
    log.create(job, {})
    said = unseen([Objective("hair", True)], ["mAP"])
    log.begin(job, [Event(0, datetime.now(UTC), "told", {"reason": said, "ways": 3})])
    [told] = log.read(job)
    log.append(job, 0, [("ended", {"state": "ERROR", "message": told.body["reason"]})])
    reason = log.read(job)[1].body["message"]
    store.transition(job, JobState.ERROR, reason, failure=classify("", 1, reason=reason, secrets=[]))
    failure = store.get(job).failure
    assert failure is not None and "'hair' was not reported" in failure.evidence
    assert "--set automl.metric=NAME" in failure.evidence
    assert "settings with key 'automl.metric'" in in_tool_words(failure.evidence)
