"""With an approval code nothing starts on what a store says alone; what follows from an approval goes on."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from tests.gate import open_gate
from tests.jobs.conftest import MakePlan
from tests.jobs.test_supervisor import DONE, FAILED, LOST, OOM, Scripted

from skillbank import approval_code, environment
from skillbank.approval_code import ApprovalCode, Lock, WrongCodeError, own_place
from skillbank.errors import NotApprovedError, StateError, UsageError
from skillbank.home import database_url
from skillbank.jobs import wrong_codes
from skillbank.jobs.approval_guard import ApprovalGuard
from skillbank.jobs.approval_subjects import plan_subject, terms_of
from skillbank.jobs.database import APPROVALS, JOBS
from skillbank.jobs.given import GivenApproval
from skillbank.jobs.launch_terms import NewJob
from skillbank.jobs.record import JobRecord, JobState, RetryPolicy
from skillbank.jobs.retries import FollowUp
from skillbank.jobs.seen_data import seen_data
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.jobs.supervisor import Supervisor
from skillbank.jobs.trials import TrialOf
from skillbank.jobs.wrong_codes import WrongCodes
from skillbank.plan.model import InputBinding, Plan, Route
from skillbank.plan.paths import set_path
from skillbank.team.acting import acting_as
from skillbank.team.person import Person
from skillbank.team.quota import Kind, Quota
from skillbank.team.quotas import Quotas
from skillbank.team.rights import Right

CODE = "tulips in march"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes that cost as little as a file may say."""
    monkeypatch.setattr(approval_code, "_COST", approval_code._LEAST)


@pytest.fixture
def code(home: Path) -> ApprovalCode:
    """The code of this home, which every store that is opened from now on knows."""
    made = ApprovalCode.made(CODE, own_place())
    made.write()
    with JobStore(database_url()) as store:
        store.guard.mark(made)
    return made


@pytest.fixture
def hard(code: ApprovalCode, store: JobStore) -> JobStore:
    assert store.guard.hard and not store.guard.broken
    return store


def given(store: JobStore, plan: Plan, retry: RetryPolicy | None = None, **more: Any) -> GivenApproval:
    subject = plan_subject(plan.plan_id, terms_of("auto", retry or RetryPolicy()))
    return store.guard.give(subject, "terminal", "ann", **{"code": CODE, **more})


def supervised(store: JobStore, platform: Scripted, plan: Plan, retry: RetryPolicy) -> list[JobRecord]:
    jobs = Jobs(store, open_gate, platforms=lambda _: platform)
    first = jobs.launch(plan, retry=retry, approval=given(store, plan, retry))
    Supervisor(jobs, first_pause=0.01).run(first.id)
    return store.list()[::-1]


def write_over(store: JobStore, what: str, other: Plan, fake: GivenApproval) -> None:
    """Write something else into the record of a job, as who reaches the store can."""
    written: dict[str, dict[str, Any]] = {
        "retry": {"retry": {"infra": 50, "batch_key": None}},
        "plan": {"plan": other.model_dump(mode="json"), "plan_id": other.plan_id},
        "plan_under_its_id": {"plan": other.model_dump(mode="json")},
        "approval": {"approval": fake.model_dump(mode="json")},
    }
    with store.engine.begin() as db:
        db.execute(JOBS.update().values(**written[what]))


def test_retries_of_what_was_approved_ask_nobody(hard: JobStore, make_plan: MakePlan) -> None:
    records = supervised(hard, Scripted(LOST, LOST, DONE), make_plan(platform="fake"), RetryPolicy())
    assert [r.infra_retries for r in records] == [0, 1, 2]
    assert {r.approval and r.approval.said for r in records} == {"terminal by ann, with the approval code"}


@pytest.mark.parametrize("changed", [None, "retry", "plan", "plan_under_its_id", "approval", "used"])
def test_a_job_that_has_waited_starts_on_what_was_approved_alone(
    hard: JobStore, make_plan: MakePlan, home: Path, changed: str | None
) -> None:
    """Its record is only text of the store while it waits for a place."""
    plan, other = make_plan(platform="fake"), make_plan("print(1)", platform="fake")
    platform = Scripted(DONE)
    jobs, quotas = Jobs(hard, open_gate, platforms=lambda _: platform), Quotas(hard.engine)
    quotas.set(Quota(Kind.USER, "ann", running=0))
    with acting_as(Person("ann", "cars", frozenset(Right))):
        approval = given(hard, plan)
        record = jobs.launch(plan, approval=approval)
    assert record.waits
    if changed == "used":
        for file in (home / "approvals-used").iterdir():
            file.unlink()
    elif changed:
        fake = given(hard, plan).model_copy(update={"how": "flag", "nonce": "1"})
        write_over(hard, changed, other, fake)
    quotas.remove(Kind.USER, "ann")
    assert hard.queue.take() == record.id
    jobs.start_taken(record.id)
    ended = jobs.wait(record.id, timeout=60)
    if changed is None:
        assert ended.state is JobState.COMPLETE
    else:
        assert ended.state is JobState.ERROR and "was not launched by an approval" in ended.last_word
        assert not platform.launches


def test_a_halved_batch_was_approved_with_the_first(hard: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan(platform="fake", spec={"dataset": {"batch_size": 4}})
    policy = RetryPolicy(batch_key="dataset.batch_size")
    records = supervised(hard, Scripted(FAILED, FAILED, FAILED, log=OOM), plan, policy)
    assert [r.plan["spec"]["dataset"]["batch_size"] for r in records] == [4, 2, 1]


@pytest.mark.parametrize("changed", ["retry", "plan", "plan_under_its_id", "approval", "used"])
def test_a_record_that_was_written_over_gets_no_further_attempt(
    hard: JobStore, make_plan: MakePlan, home: Path, changed: str
) -> None:
    plan, other = make_plan(platform="fake"), make_plan("print(1)", platform="fake")
    jobs = Jobs(hard, open_gate, platforms=lambda _: Scripted(LOST, LOST))
    first = jobs.launch(plan, approval=given(hard, plan))
    jobs.wait(first.id)
    fake = given(hard, plan).model_copy(update={"how": "flag", "nonce": "1"})
    if changed == "used":
        for file in (home / "approvals-used").iterdir():
            file.unlink()
    else:
        write_over(hard, changed, other, fake)
    Supervisor(jobs, first_pause=0.01).run(first.id)
    [record] = hard.list()
    assert "no further attempt" in record.history[-1].message


@pytest.mark.parametrize(
    ("key", "before", "after", "more"),
    [
        ("dataset.batch_size", 8, 4, {}),
        ("dataset.batch_size", 8, 1, {}),
        ("dataset.batch_size", 8, 3, {}),
        ("dataset.batch_size", 8, 16, {}),
        ("dataset.root", "/data", "/etc", {}),
        ("dataset.none", None, "/etc", {}),
        ("dataset.batch_size", 8, 4, {"checkpoint": "latest"}),
    ],
)
def test_a_further_attempt_has_a_halved_batch_and_nothing_else(
    hard: JobStore, make_plan: MakePlan, key: str, before: Any, after: Any, more: dict[str, Any]
) -> None:
    """Which key holds the batch stands in the record alone, which somebody may have written."""
    spec = {"dataset": {"batch_size": 8, "root": "/data"}}
    plan, policy = make_plan(platform="fake", spec=spec), RetryPolicy(batch_key=key)
    jobs = Jobs(hard, open_gate, platforms=lambda _: Scripted(FAILED, DONE))
    record = jobs.wait(jobs.launch(plan, retry=policy, approval=given(hard, plan, policy)).id)
    changed = deepcopy(spec)
    set_path(changed, key, after)
    following = FollowUp(plan.model_copy(update={"spec": changed}), 0, 0.0, "")
    if more:  # written into the record of an attempt that was a further one itself
        failed = record.model_copy(update={"id": "second", "retry_of": record.id, **more})
        fields: NewJob = {"retry_of": failed.id, "experiment": None}
        known = {record.id: record, failed.id: failed}
        with pytest.raises(NotApprovedError, match="another attempt"):
            hard.guard.authority(following.plan, None, None, (), fields, known.__getitem__)
    elif type(before) is int and after in (4, 1):
        assert jobs.launch_again(record, following).plan["spec"] == changed
    else:
        with pytest.raises(NotApprovedError, match="another attempt"):
            jobs.launch_again(record, following)


def test_a_part_of_a_search_is_of_that_search(hard: JobStore, make_plan: MakePlan) -> None:
    route, direct = Route(name="automl", reason="x"), Route(name="direct", reason="x")
    spec = {"results_dir": "{results_dir}", "sources": [{"image_dir": "/data"}]}
    asked = {"max_recommendations": 2, "ranges": {"model.name": ["org/small", "org/large"]}}
    search = make_plan(platform="fake", route=route, automl=asked, spec=spec)
    alone = make_plan(platform="fake")
    trial = search.model_copy(
        update={"spec": {**search.spec, "model": {"name": "org/large"}}, "route": direct, "automl": None}
    )
    jobs = Jobs(hard, open_gate, platforms=lambda _: Scripted(DONE, DONE, DONE))
    outer = jobs.launch(search, approval=given(hard, search))
    other = jobs.launch(alone, approval=given(hard, alone))
    inner = jobs.launch(trial, trial=TrialOf(outer.id, 0))
    assert inner.approval == outer.approval is not None
    strangers = [
        (trial.model_copy(update={"command": ("rm",)}), TrialOf(outer.id, 1)),
        (trial.model_copy(update={"spec": {"data": "/etc"}}), TrialOf(outer.id, 1)),
        (trial.model_copy(update={"spec": {"sources": [{"image_dir": "/etc"}]}}), TrialOf(outer.id, 1)),
        (trial.model_copy(update={"spec": {"/etc": 1}}), TrialOf(outer.id, 1)),
        (trial.model_copy(update={"mode": "args"}), TrialOf(outer.id, 1)),
        (trial.model_copy(update={"on_broken": "skip"}), TrialOf(outer.id, 1)),
        (search, TrialOf(outer.id, 1)),
        (trial, TrialOf(outer.id, 2)),
        (trial, TrialOf(other.id, 0)),
    ]
    for plan, of in strangers:
        with pytest.raises(NotApprovedError, match="part of it"):
            jobs.launch(plan, trial=of)
    assert len(hard.list()) == 3
    with hard.engine.begin() as db:
        db.execute(JOBS.update().where(JOBS.c.id == other.id).values(approval=None))
    with pytest.raises(NotApprovedError, match="part of it"):
        jobs.launch(alone, trial=TrialOf(other.id, 0))
    written = make_plan("print(1)", platform="fake", route=route, spec=spec)
    with hard.engine.begin() as db:  # another plan under the id of the one that was approved
        db.execute(JOBS.update().where(JOBS.c.id == outer.id).values(plan=written.model_dump(mode="json")))
    with pytest.raises(NotApprovedError, match="part of it"):
        jobs.launch(written.model_copy(update={"route": direct}), trial=TrialOf(outer.id, 0))


def test_the_data_of_a_trial_is_what_the_seal_says(
    hard: JobStore, make_plan: MakePlan, tmp_path: Path
) -> None:
    (data := tmp_path / "data.txt").write_text("approved")
    binding = InputBinding(key="data", uri=str(data))
    search = make_plan(platform="fake", route=Route(name="automl", reason="x"), automl={}, inputs=(binding,))
    trial = search.model_copy(update={"route": Route(name="direct", reason="x"), "automl": None})
    seen = seen_data(search)
    jobs = Jobs(hard, open_gate, platforms=lambda _: Scripted(DONE, DONE))
    outer = jobs.launch(search, approval=given(hard, search, data=seen), data=seen)
    data.write_text("other")
    with hard.engine.begin() as db:
        db.execute(JOBS.update().values(data=[each.model_dump(mode="json") for each in seen_data(search)]))
    with pytest.raises(StateError, match="has changed since it was approved"):
        jobs.launch(trial, trial=TrialOf(outer.id, 0))


def test_an_approval_is_for_its_plan_terms_data_and_day(hard: JobStore, make_plan: MakePlan) -> None:
    plan, other = make_plan(platform="fake"), make_plan("print(1)", platform="fake")
    jobs = Jobs(hard, open_gate, platforms=lambda _: Scripted(DONE, DONE))
    fine = given(hard, plan)
    for wrong in (
        None,
        fine.model_copy(update={"subject": plan_subject(other.plan_id)}),
        fine.model_copy(update={"by": "bob"}),
        fine.model_copy(update={"seal": "zz"}),
        given(hard, plan, RetryPolicy(infra=1)),
    ):
        with pytest.raises(NotApprovedError, match="was not approved with the approval code"):
            jobs.launch(plan, approval=wrong)
    old = fine.model_copy(update={"at": datetime.now(UTC) - timedelta(days=2), "seal": ""})
    old = old.model_copy(update={"seal": hard.guard.prove(CODE, old.content())})
    assert not hard.guard.counts(old, old.subject) and hard.guard.counts(fine, fine.subject)
    jobs.launch(plan, approval=fine)
    with pytest.raises(NotApprovedError):
        jobs.launch(plan, approval=fine)
    assert len(hard.list()) == 1


def test_an_approval_is_used_for_one_thing_until_that_is_taken_back(
    hard: JobStore, make_plan: MakePlan, home: Path
) -> None:
    once = given(hard, make_plan(platform="fake"))
    hard.guard.spend(once, "job-1")
    with pytest.raises(NotApprovedError, match=r"The approval of plan:.* was used already, so nothing was"):
        hard.guard.spend(once, "job-2")
    hard.guard.spend(once, "job-2", 1)
    hard.guard.unspend(once, "job-2")
    with pytest.raises(NotApprovedError, match="was used already"):
        hard.guard.spend(once, "job-1")
    hard.guard.unspend(once, "job-1")
    hard.guard.spend(once, "job-3")
    notes = {file.name: file.read_text() for file in (home / "approvals-used").iterdir()}
    assert notes == {once.nonce: "job-3", f"{once.nonce}.1": "job-2"}
    for nothing in (None, once):
        hard.guard.spend(nothing, "job-4", None if nothing else 0)
        hard.guard.unspend(nothing, "job-3", None if nothing else 0)
    assert len(list((home / "approvals-used").iterdir())) == 2


@pytest.mark.parametrize(
    ("theirs", "project", "passes"),
    [("cars", "cars", True), ("", None, True), ("cars", "birds", False), ("cars", None, False)],
)
def test_an_approval_is_of_its_project_without_a_code_too(
    store: JobStore, make_plan: MakePlan, theirs: str, project: str | None, passes: bool
) -> None:
    plan, retry = make_plan(platform="fake"), RetryPolicy()
    fields = NewJob(checkpoint="auto", retry=retry)
    if project is not None:
        fields["project"] = project
    mine = given(store, plan).model_copy(update={"project": theirs})
    if passes:
        assert store.guard.authority(plan, mine, None, (), fields, store.get) == (mine, 0)
    else:
        with pytest.raises(NotApprovedError, match="is one of another project"):
            store.guard.authority(plan, mine, None, (), fields, store.get)


def test_rows_that_somebody_wrote_count_for_nothing(hard: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan()
    subject, real = plan_subject(plan.plan_id), given(hard, plan)
    forged = real.model_copy(update={"how": "flag"})
    now = datetime.now(UTC)
    with hard.engine.begin() as db:
        for document in (None, {}, {"how": "x"}, forged.model_dump(mode="json")):
            row = {"subject": subject, "granted_by": "x", "granted": now, "given": document}
            db.execute(APPROVALS.insert().values(**row))
    assert not hard.approvals.waits(subject) and hard.approvals.use(subject) is None
    hard.approvals.grant(real)
    number = hard.approvals.use(subject)
    assert number is not None and hard.approvals.given(number) == real


def test_a_code_is_asked_for_and_wrong_ones_wait(hard: JobStore, code: ApprovalCode) -> None:
    for none in (None, ""):
        with pytest.raises(WrongCodeError, match="not the approval code"):
            hard.guard.give("plan:x", "terminal", code=none)
    for _ in range(4):
        with pytest.raises(WrongCodeError, match="not the approval code"):
            hard.guard.give("plan:x", "terminal", code="guess")
    with pytest.raises(WrongCodeError, match=r"Too many wrong .* in \d+ s"):
        hard.guard.give("plan:x", "terminal", code=CODE)
    with pytest.raises(WrongCodeError, match="Too many"):  # another process, as it were
        ApprovalGuard(Lock(code), hard.engine).give("plan:x", "terminal", code=CODE)


@pytest.mark.parametrize(("seconds", "waits"), [(0.0, False), (0.4, True), (1.0, True)])
def test_until_the_last_moment_a_right_code_waits_too(
    hard: JobStore, monkeypatch: pytest.MonkeyPatch, seconds: float, waits: bool
) -> None:
    monkeypatch.setattr(WrongCodes, "wait", seconds)
    if waits:
        with pytest.raises(WrongCodeError, match="looked at in 1 s"):
            hard.guard.give("plan:x", "terminal", code=CODE)
    else:
        assert hard.guard.give("plan:x", "terminal", code=CODE).seal


def test_many_codes_at_once_are_counted_one_by_one(hard: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a client that answers many questions at once guesses as often as it likes."""
    looked = []

    def sign(self: ApprovalCode, code: str, content: bytes) -> str | None:
        looked.append(code)
        time.sleep(0.02)
        return None

    monkeypatch.setattr(ApprovalCode, "sign", sign)

    def guess(code: str) -> str:
        with pytest.raises(WrongCodeError) as refused:
            hard.guard.prove(code)
        return str(refused.value)

    with ThreadPoolExecutor(12) as pool:
        said = list(pool.map(guess, map(str, range(12))))
    assert len(looked) == 4 and sum("Too many" in each for each in said) == 8


def test_a_count_that_others_hold_is_said(
    hard: JobStore, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wrong_codes, "_PATIENCE", 0.1)
    with (home / "approval-code.wrong").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(NotApprovedError, match=r"approval-code.wrong is held by others; try again"):
            hard.guard.prove(CODE)
    assert hard.guard.prove(CODE)


def test_half_a_character_is_a_wrong_code(hard: JobStore) -> None:
    with pytest.raises(WrongCodeError, match="not the approval code"):
        hard.guard.prove("\ud800 in march")


def test_wrong_codes_are_counted_until_a_right_one(tmp_path: Path) -> None:
    counted = WrongCodes(tmp_path / "wrong")
    for _ in range(5):
        counted.note(wrong=True)
    assert 10 < counted.wait <= 20
    (tmp_path / "wrong").unlink()
    assert counted.wait > 10, "the process itself remembers"
    (tmp_path / "wrong").write_text("[9, 9e99]")
    assert WrongCodes(tmp_path / "wrong").wait <= 900, "a time to come is now"
    (tmp_path / "wrong").write_text("nonsense")
    counted.note(wrong=False)
    assert counted.wait == 0 and WrongCodes(tmp_path / "wrong").wait == 0


def test_codes_that_are_none() -> None:
    for short in ("", "1234567", "aaaaaaaaaaaa", "abababababab"):
        with pytest.raises(UsageError, match="8 characters"):
            ApprovalCode.made(short, Path("x"))


def test_the_file_holds_no_code_and_is_read_back(tmp_path: Path) -> None:
    made = ApprovalCode.made(CODE, tmp_path / "sub" / "code")
    made.write()
    assert ApprovalCode.read(made.place) == made and CODE not in made.place.read_text()
    assert [file.name for file in made.place.parent.iterdir()] == ["code"]
    signature = made.sign(CODE, b"x")
    assert signature is not None and made.sign("tulips in april", b"x") is None
    assert made.signed(b"x", signature) and not made.signed(b"y", signature) and not made.signed(b"x", "")


def test_a_pipe_in_its_place_closes_and_keeps_nobody_waiting(code: ApprovalCode) -> None:
    code.place.unlink()
    os.mkfifo(code.place)
    assert "cannot be read" in Lock.read().broken


@pytest.mark.parametrize("named", ["~no_such_user_here/code", "x" * 5000])
def test_a_variable_that_is_no_place_closes(home: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv(environment.APPROVAL_CODE_FILE.name, named)
    assert Lock.read().broken


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "nonsense", '{"cost": 2, "salt": "00", "public": "00"}', "cheap", "dear", "short"],
)
def test_a_file_that_is_none_closes(home: Path, text: str, code: ApprovalCode) -> None:
    document = json.loads(code.place.read_text())
    changes: dict[str, dict[str, Any]] = {
        "cheap": {"cost": 1024}, "dear": {"cost": 1 << 30}, "short": {"public": "00"}
    }  # fmt: skip
    code.place.write_text(json.dumps({**document, **changes[text]}) if text in changes else text)
    lock = Lock.read()
    assert lock.code is None
    assert lock.broken == f"the file of the approval code {code.place} cannot be read (it is not one)"
    with JobStore(database_url(), lock=lock) as store:
        assert store.guard.hard
        with pytest.raises(NotApprovedError, match="Nothing can be approved"):
            store.guard.give("plan:x", "flag", code=CODE)


def test_places_that_no_variable_moves_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: ApprovalCode
) -> None:
    assert Lock.read().code == code
    own = ApprovalCode.made("the agent's own", tmp_path / "own")
    own.write()
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_dir=str(tmp_path / "person")))
    monkeypatch.setenv("HOME", str(tmp_path / "moved"))
    assert Lock.read() == Lock()
    monkeypatch.setenv(environment.APPROVAL_CODE_FILE.name, str(tmp_path / "none"))
    named = f"SKILLBANK_APPROVAL_CODE_FILE names {tmp_path / 'none'}, and there is no such file"
    assert Lock.read().broken == named, "a variable that leads nowhere opens nothing"
    monkeypatch.setenv(environment.APPROVAL_CODE_FILE.name, str(own.place))
    assert Lock.read().code == own
    (tmp_path / "person" / ".skillbank").mkdir(parents=True)
    theirs = ApprovalCode.made("the person's", tmp_path / "person" / ".skillbank" / "approval-code")
    theirs.write()
    assert Lock.read().code == theirs
    monkeypatch.setattr(approval_code, "_SYSTEM", tmp_path / "etc")
    ApprovalCode.made("the administrator's", tmp_path / "etc").write()
    assert Lock.read().code == ApprovalCode.read(tmp_path / "etc")


def test_the_store_knows_of_a_code_whose_file_is_gone_or_another(
    code: ApprovalCode, home: Path, make_plan: MakePlan
) -> None:
    with JobStore(database_url()) as running:
        code.place.unlink()
        assert not running.guard.broken, "what runs already keeps what it read"
        assert running.guard.give("plan:x", "terminal", code=CODE).seal
    with JobStore(database_url()) as store:
        assert "its file is not there" in store.guard.broken
        with pytest.raises(NotApprovedError, match="its file is not there"):
            Jobs(store, open_gate).launch(make_plan())
    ApprovalCode.made("the agent's own", code.place).write()
    with JobStore(database_url()) as store:
        assert "is not the approval code that was set" in store.guard.broken


def test_a_process_that_began_before_a_code_was_set_starts_nothing_more(
    home: Path, make_plan: MakePlan
) -> None:
    with JobStore(database_url()) as running:
        assert not running.guard.hard
        made = ApprovalCode.made(CODE, own_place())
        made.write()
        running.guard.mark(made)
        assert running.guard.hard and "when this process began" in running.guard.broken
        with pytest.raises(NotApprovedError):
            Jobs(running, open_gate).launch(make_plan())


def test_without_a_code_every_launch_passes_and_nothing_is_kept_of_it(
    store: JobStore, make_plan: MakePlan, home: Path
) -> None:
    plan = make_plan(platform="fake")
    said = store.guard.give(plan_subject(plan.plan_id), "flag", "ann")
    record = Jobs(store, open_gate, platforms=lambda _: Scripted(DONE)).launch(plan, approval=said)
    assert record.approval == said and not said.seal and not (home / "approvals-used").exists()
    with store.engine.connect() as db:
        kept: dict[str, Any] = db.execute(sa.select(JOBS.c.approval)).scalar_one()
    assert kept["how"] == "flag"


def test_without_a_code_no_record_says_that_one_was_asked(store: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan(platform="fake")
    jobs = Jobs(store, open_gate, platforms=lambda _: Scripted(DONE))
    subject = plan_subject(plan.plan_id)
    plain = store.guard.give(subject, "program")
    claimed = plain.model_copy(update={"how": "terminal", "code": True, "nonce": "1", "seal": "00"})
    store.approvals.grant(claimed)
    assert not store.approvals.waits(subject) and store.approvals.use(subject) is None
    with pytest.raises(NotApprovedError, match="code that is not set any more"):
        jobs.launch(plan, approval=claimed)
    other = plain.model_copy(update={"subject": f"{subject}:retries=0"})
    with pytest.raises(NotApprovedError, match="of something else"):
        jobs.launch(plan, approval=other)
    assert store.list() == []


def test_of_an_approval_that_an_earlier_version_kept_it_is_not_known_how(store: JobStore) -> None:
    row = {"subject": "plan:x", "granted_by": "ann", "granted": datetime.now(UTC)}
    with store.engine.begin() as db:
        db.execute(APPROVALS.insert().values(**row))
    number = store.approvals.use("plan:x")
    assert number is not None and store.approvals.use("plan:x") is None
    kept = store.approvals.given(number)
    assert kept is not None and kept.said == "unknown by ann, no code asked"
