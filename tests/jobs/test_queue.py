"""Places, waiting and refusals by quotas, with real jobs and processes, on both databases."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.gate import open_gate

from skillbank.errors import PlatformError, QuotaError
from skillbank.home import database_url
from skillbank.jobs.database import JOBS, TRANSITIONS
from skillbank.jobs.limits import use_of
from skillbank.jobs.queue import GIVEN, PLACED
from skillbank.jobs.record import QUEUE, SEARCH, JobRecord, JobState, RetryPolicy
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.jobs.trials import TrialOf
from skillbank.plan.model import InputBinding, Plan, Resources
from skillbank.platforms.base import Handle, NativeStatus
from skillbank.platforms.local.platform import LocalPlatform
from skillbank.platforms.processes import describe_self
from skillbank.sets.model import ClassSpec, FoundPicture
from skillbank.sets.store import SetStore
from skillbank.team import audit
from skillbank.team.acting import acting_as
from skillbank.team.person import Person
from skillbank.team.places import DataRoots, serve_only
from skillbank.team.quota import Kind, Period, Quota
from skillbank.team.quotas import Quotas
from skillbank.team.rights import Right
from skillbank.team_server.queue_keeper import QueueKeeper

MakePlan = Callable[..., Plan]
MakeRecord = Callable[..., JobRecord]
MEMBER = frozenset(Right) - {Right.ADMINISTER}
ANN, BOB, EVE = (
    Person(name, project, MEMBER) for name, project in (("ann", "cars"), ("bob", "boats"), ("eve", "cars"))
)
KEEPER = """
    import sys, time
    from skillbank.home import database_url
    from skillbank.jobs.service import Jobs
    from skillbank.jobs.store import JobStore
    from skillbank.team_server.queue_keeper import QueueKeeper
    from tests.gate import open_gate
    jobs = Jobs(JobStore(database_url()), open_gate)
    keeper = QueueKeeper(lambda: jobs, pause=PAUSE)
    keeper.start()
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobStore]:
    if request.param == "postgresql":
        monkeypatch.setenv("SKILLBANK_DATABASE_URL", request.getfixturevalue("postgres").store())
    with JobStore(database_url()) as opened:
        yield opened
        # A turn of the queue, or a start of it, that is not over would keep a connection of the closed store.
        for thread in threading.enumerate():
            if thread.name == "queue" or thread.name.startswith("start "):
                thread.join(60)


@pytest.fixture
def quotas(store: JobStore) -> Quotas:
    return Quotas(store.engine)


@contextmanager
def keeper(pause: float = 0.05) -> Iterator[subprocess.Popen[str]]:
    """A process that does what a server does for the queue."""
    code = textwrap.dedent(KEEPER).replace("PAUSE", str(pause))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()


def launch(jobs: Jobs, plan: Plan, person: Person) -> JobRecord:
    with acting_as(person):
        return jobs.launch(plan, retry=RetryPolicy(infra=0))


def until(what: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def ran(store: JobStore, make_record: MakeRecord, minutes: float, **fields: object) -> JobRecord:
    """Write the record of a job that ran for a time until now."""
    record = store.create(make_record(**fields))
    at = datetime.now(UTC)
    store.transition(record.id, JobState.RUNNING)
    began = TRANSITIONS.update().where(TRANSITIONS.c.job_id == record.id)
    with store.engine.begin() as db:
        db.execute(began.values(at=at - timedelta(minutes=minutes)))
    store.transition(record.id, JobState.COMPLETE)
    return store.get(record.id)


def on_gpus(make_plan: MakePlan, gpus: int) -> Plan:
    return make_plan(resources=Resources(gpus=gpus))


def test_what_finds_no_place_waits_with_a_reason_and_starts_when_one_is_free(
    store: JobStore, quotas: Quotas, make_plan: MakePlan, tmp_path: Path
) -> None:
    jobs, gate = Jobs(store, open_gate), tmp_path / "gate"
    quotas.set(Quota(Kind.PROJECT, "cars", running=1))
    code = f"import time, pathlib\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(.02)"
    first = launch(jobs, make_plan(code), ANN)
    second, third = (
        launch(jobs, make_plan("pass", metric=f"m{n}"), person) for n, person in ((1, ANN), (2, EVE))
    )
    other = launch(jobs, make_plan("pass", action="evaluate"), BOB)
    assert (first.waits, second.waits, third.waits, other.waits) == (False, True, True, False)
    assert second.state is JobState.PENDING and "1 running at once" in second.history[0].message
    with acting_as(ANN):
        alone = jobs.wait_of(jobs.look(second.id))
        store.queue.attend()
        store.queue.attend()
        wait = jobs.wait_of(jobs.look(second.id))
    assert alone is not None and "no server runs that gives places" in alone.said and alone.starts is None
    assert wait is not None and wait.place == 1 and wait.quota is not None
    assert wait.said.startswith("first of ann's: 1 of 1 running (quota of project cars); ")
    assert "not known" in wait.said, "no job like the one that runs has ended yet"
    assert store.queue.take() is None
    gate.touch()
    assert jobs.wait(first.id, timeout=60).state is JobState.COMPLETE
    # eve has been served longer ago than ann, though ann's job is older.
    assert [store.queue.take(), store.queue.take()] == [third.id, None]
    jobs.start_taken(third.id)
    assert jobs.wait(third.id, timeout=60).state is JobState.COMPLETE
    assert store.queue.take() == second.id
    jobs.start_taken(second.id)
    assert jobs.wait(second.id, timeout=60).state is JobState.COMPLETE
    assert store.queue.empty()


def test_what_waits_can_be_canceled_and_never_starts(
    store: JobStore, quotas: Quotas, make_plan: MakePlan
) -> None:
    jobs = Jobs(store, open_gate)
    quotas.set(Quota(Kind.USER, "ann", running=0))
    record = launch(jobs, make_plan(), ANN)
    assert record.waits
    with acting_as(ANN):
        assert jobs.cancel(record.id).state is JobState.CANCELED
        assert jobs.cancel(record.id).state is JobState.CANCELED
    quotas.remove(Kind.USER, "ann")
    assert store.queue.take() is None and not Path(record.results_dir).exists()


def test_without_quotas_and_for_the_owner_of_a_home_nothing_waits_or_is_counted(
    store: JobStore, quotas: Quotas, make_plan: MakePlan
) -> None:
    jobs = Jobs(store, open_gate)
    assert not launch(jobs, make_plan(metric="a"), ANN).waits
    quotas.set(Quota(Kind.SERVER, "", running=0, gpu_hours=0, bytes=0))
    record = jobs.launch(make_plan(metric="b"))
    assert not record.waits and jobs.wait(record.id, timeout=60).state is JobState.COMPLETE
    SetStore(store.engine).create("mine", who="owner")
    with store.engine.connect() as db:
        assert db.scalar(sa.select(JOBS.c.gpus).where(JOBS.c.id == record.id)) is None


def test_a_quota_that_is_set_by_many_at_once_is_that_of_the_last(store: JobStore) -> None:
    """Each has a connection of its own, and none fails."""
    together = threading.Barrier(8)

    def put(number: int) -> None:
        with JobStore(database_url()) as mine:
            together.wait(60)
            for _ in range(5):
                Quotas(mine.engine).set(Quota(Kind.PROJECT, "cars", running=number))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put, range(8)))
    [quota] = Quotas(store.engine).list()
    assert quota.running in range(8) and (quota.gpu_hours, quota.bytes) == (None, None)
    Quotas(store.engine).set(Quota(Kind.PROJECT, "cars", gpu_hours=5))
    assert Quotas(store.engine).list() == (Quota(Kind.PROJECT, "cars", gpu_hours=5),)


def test_a_trial_starts_where_its_files_are_looked_at_in_the_name_of_whose_it_is(
    store: JobStore, make_plan: MakePlan, make_record: MakeRecord, tmp_path: Path
) -> None:
    """Its search, which runs as nobody's in a process of its own, knows no roots; a server's process does."""
    mine, theirs = tmp_path / "cars", tmp_path / "boats"
    for folder in (mine, theirs):
        folder.mkdir()
        (folder / "data.txt").write_text("42")
    jobs = Jobs(store, open_gate)
    search = store.create(make_record(platform=SEARCH, person="ann", project="cars"))
    ended = []
    for number, folder in enumerate((mine, theirs)):
        binding = InputBinding(key="data", uri=str(folder), runtime="folder")
        plan = make_plan(f"print({number})", inputs=(binding,))
        record = jobs.launch(plan, retry=RetryPolicy(infra=0), trial=TrialOf(search.id, number))
        assert record.waits and (record.person, record.project) == ("ann", "cars")
        serve_only(DataRoots({"cars": [str(mine)]}))
        try:
            assert store.queue.take() == record.id
            jobs.start_taken(record.id)
        finally:
            serve_only(None)
        ended.append(jobs.wait(record.id, timeout=60))
    assert [each.state for each in ended] == [JobState.COMPLETE, JobState.ERROR], ended[0].last_word
    assert f"{theirs} does not exist for project cars" in ended[1].last_word


def test_what_was_launched_on_something_else_by_then_does_not_start(
    store: JobStore, quotas: Quotas, make_plan: MakePlan, tmp_path: Path
) -> None:
    gone: list[str] = []

    def gate(plan: Plan) -> object:
        if gone:
            raise QuotaError("its skill has changed")
        return open_gate(plan)

    jobs = Jobs(store, gate)  # type: ignore[arg-type]
    quotas.set(Quota(Kind.USER, "ann", running=0))
    record = launch(jobs, make_plan(), ANN)
    quotas.remove(Kind.USER, "ann")
    gone.append("yes")
    assert store.queue.take() == record.id
    jobs.start_taken(record.id)
    ended = store.get(record.id)
    assert ended.state is JobState.ERROR and "its skill has changed" in ended.last_word


def test_gpu_hours_refuse_a_launch_count_attempts_and_come_back_with_the_next_period(
    store: JobStore, quotas: Quotas, make_plan: MakePlan, make_record: MakeRecord
) -> None:
    jobs, plan = Jobs(store, open_gate), on_gpus(make_plan, 2)
    theirs = {"person": "ann", "project": "cars", "plan": plan}
    quota = Quota(Kind.PROJECT, "cars", gpu_hours=3, period=Period.MONTH)
    first = ran(store, make_record, 60, **theirs)
    ran(store, make_record, 15, **theirs, retry_of=first.id)
    assert use_of(store.engine, quota)["gpu_hours"] == pytest.approx(2.5, abs=0.01)
    quotas.set(quota)
    assert not launch(jobs, make_plan(action="evaluate"), ANN).waits, "without GPUs no GPU hours are used"
    quotas.set(Quota(Kind.PROJECT, "cars", gpu_hours=2.5))
    with pytest.raises(QuotaError) as refused:
        launch(jobs, plan, ANN)
    frees = Period.MONTH.until(datetime.now(UTC))
    for part in (
        "project cars",
        "2.5 GPU hours a month",
        "has used 2.5",
        "quota set project cars",
        f"{frees:%F}",
    ):
        assert part in str(refused.value)
    with acting_as(ANN), pytest.raises(QuotaError):
        jobs.preflight(plan)
    # With enough jobs like it the sentence is about what this one would use, too.
    ran(store, make_record, 15, **{**theirs, "project": "boats"})
    quotas.set(Quota(Kind.PROJECT, "cars", gpu_hours=2.9))
    with pytest.raises(QuotaError, match=r"wants about 0.5 more \(as 3 jobs like it\)"):
        launch(jobs, plan, ANN)
    told = [line for line in audit.lines(store.engine) if line["outcome"] == "refused: quota"]
    assert [(line["person"], line["verb"]) for line in told] == [("ann", "launch")] * 3


def test_a_further_attempt_waits_for_gpu_hours_and_says_from_when_on_there_are_some(
    store: JobStore, quotas: Quotas, make_plan: MakePlan, make_record: MakeRecord
) -> None:
    plan = on_gpus(make_plan, 1)
    theirs = {"person": "ann", "project": "cars", "plan": plan}
    first = ran(store, make_record, 60, **theirs)
    # So few that what was used since Monday began is more, on a Monday at one in the morning too.
    quotas.set(Quota(Kind.USER, "*", gpu_hours=0.001, period=Period.WEEK))
    again = store.create(make_record(**theirs, retry_of=first.id))
    assert again.waits and store.queue.take() is None
    store.queue.attend()
    wait = Jobs(store, open_gate).wait_of(again)
    assert wait is not None and not wait.guess and wait.starts == Period.WEEK.until(datetime.now(UTC))
    assert "0.001 GPU hours a week of user ann are used up" in wait.said
    assert not store.create(make_record(person="ann", project="cars")).waits, "it needs no GPU"


def test_bytes_of_results_and_sets_refuse_more_and_are_freed(
    store: JobStore, quotas: Quotas, make_plan: MakePlan, make_record: MakeRecord
) -> None:
    jobs, quota = Jobs(store, open_gate), Quota(Kind.PROJECT, "cars", bytes=50_000)
    record = ran(store, make_record, 1, person="ann", project="cars")
    Path(record.results_dir).mkdir(parents=True)
    (Path(record.results_dir) / "model").write_bytes(b"x" * 40_000)
    assert [job for _, job in store.unweighed(0, 10)] == [record.id]
    for _ in range(2):
        store.weigh(record)
    assert store.unweighed(0, 10) == [] and use_of(store.engine, quota)["bytes"] == 40_000
    quotas.set(quota)
    with acting_as(ANN):
        doors = SetStore(store.engine).create("doors", [ClassSpec("door")], who="ann")
        found = [FoundPicture(f"{n}.png", f"/{n}.png", f"{n:064}", 64, 48) for n in range(20)]
        doors.add_pictures(found, "ann")
        with pytest.raises(QuotaError, match="project cars may keep 50 kB, keeps 60 kB"):
            SetStore(store.engine).create("more", who="ann")
        with pytest.raises(QuotaError):
            doors.add_pictures(found[:1], "ann")
    with pytest.raises(QuotaError, match="skillbank clean"):
        launch(jobs, make_plan(), EVE)
    store.remove(record.id)
    assert use_of(store.engine, quota)["bytes"] == 20_000
    assert not launch(jobs, make_plan(), EVE).waits


def test_when_it_starts_is_guessed_from_jobs_like_those_before_it(
    store: JobStore, quotas: Quotas, make_record: MakeRecord
) -> None:
    jobs = Jobs(store, open_gate)
    for minutes in (10, 20, 30):
        ran(store, make_record, minutes, person="bob", project="boats")
    quotas.set(Quota(Kind.SERVER, "", running=1))
    runs = store.create(make_record(person="bob", project="boats"))
    store.transition(runs.id, JobState.RUNNING)
    waiting = [store.create(make_record(person="ann", project="cars")) for _ in range(3)]
    assert [record.launcher for record in waiting] == [QUEUE] * 3
    store.queue.attend()
    with acting_as(ANN):
        waits = [jobs.wait_of(record) for record in waiting]
    expected = [round((w.starts - datetime.now(UTC)).total_seconds() / 60) for w in waits if w and w.starts]
    assert expected == [20, 40, 60]
    assert waits[0] is not None and waits[0].after is None, "what runs is another project's"
    assert "likely to start in about 20 minutes (a guess" in waits[0].said
    assert waits[2] is not None and waits[2].after == waiting[1].id
    assert waits[2].said.startswith("third of ann's: 1 of 1 running (quota of the server)")
    owner = jobs.wait_of(waiting[0])
    assert owner is not None and owner.after == runs.id


@pytest.mark.slow
def test_one_job_starts_with_the_next_free_place_though_a_thousand_trials_wait(
    store: JobStore, quotas: Quotas, make_plan: MakePlan, make_record: MakeRecord
) -> None:
    jobs, plan = Jobs(store, open_gate), make_plan("import time; time.sleep(.3)")
    quotas.set(Quota(Kind.SERVER, "", running=2))
    search = store.create(make_record(plan=plan, person="ann", project="cars", platform="automl"))
    admitted = open_gate(plan).given.admission
    with acting_as(ANN):
        for number in range(3):
            store.create(
                make_record(
                    id=f"trial-{number}", plan=plan, person="ann", project="cars", experiment=search.id,
                    recommendation=number, launcher="elsewhere:1:1", admitted=admitted,
                )
            )  # fmt: skip
    _repeat(store, "trial-2", range(3, 1000))
    # The first two were given places by their launch, and whoever launched them is gone.
    for number in range(2):
        store.transition(f"trial-{number}", JobState.CANCELED)
    with keeper(0.2), keeper(0.2):  # a look at a thousand that wait takes some time
        until(lambda: _given(store, "trial") >= 4)
        one = launch(jobs, make_plan("print('one')"), BOB)
        before = _given(store, "trial")
        until(lambda: not store.get(one.id).waits)
        later = _given(store, "trial", one)
        assert jobs.wait(one.id, timeout=120).state is JobState.COMPLETE
    assert later - before <= 1, "at most a place that was given while it was launched"
    with store.engine.begin() as db:
        db.execute(JOBS.update().where(JOBS.c.launcher == QUEUE).values(state="CANCELED"))


def _repeat(store: JobStore, trial: str, numbers: range) -> None:
    """Write further trials that wait as one does."""
    with store.engine.begin() as db:
        job = db.execute(sa.select(JOBS).where(JOBS.c.id == trial)).one()._asdict()
        line = db.execute(sa.select(TRANSITIONS).where(TRANSITIONS.c.job_id == trial)).one()._asdict()
        assert job.pop("seq") and line.pop("seq") and job["launcher"] == QUEUE
        for number in numbers:
            own = {"id": f"trial-{number}", "results_dir": f"{job['results_dir']}-{number}"}
            db.execute(JOBS.insert().values({**job, **own, "recommendation": number}))
            db.execute(TRANSITIONS.insert().values({**line, "job_id": own["id"]}))


def _given(store: JobStore, name: str, until_job: JobRecord | None = None) -> int:
    """Count the places that the queue gave to jobs of a name, up to when it gave one to another."""
    given = sa.select(sa.func.count()).where(
        TRANSITIONS.c.message == GIVEN, TRANSITIONS.c.job_id.startswith(name)
    )
    with store.engine.connect() as db:
        if until_job is not None:
            own = TRANSITIONS.c.message == GIVEN, TRANSITIONS.c.job_id == until_job.id
            last = db.scalar(sa.select(TRANSITIONS.c.seq).where(*own))
            given = given if last is None else given.where(TRANSITIONS.c.seq < last)
        return int(db.scalar(given) or 0)


@pytest.mark.slow
def test_kill_9_of_those_that_give_places_loses_doubles_and_exceeds_nothing(
    store: JobStore, quotas: Quotas, make_plan: MakePlan, tmp_path: Path
) -> None:
    jobs, runs, draw = Jobs(store, open_gate), tmp_path / "runs", random.Random(1)
    code = f"""
import os, time
def say(what):
    with open({str(runs)!r}, "a") as runs:
        print(what, os.environ["SKILLBANK_JOB_ID"], file=runs)
say("+")
time.sleep(0.3)
say("-")
"""
    quotas.set(Quota(Kind.PROJECT, "cars", running=2))
    records = [launch(jobs, make_plan(code, metric=f"m{n}"), ANN) for n in range(8)]
    assert sum(record.waits for record in records) >= 4
    most = 0
    for _ in range(3):
        with keeper() as one, keeper() as two:
            time.sleep(draw.uniform(0.2, 1.5))
            for process in draw.sample([one, two], 2):
                os.killpg(process.pid, signal.SIGKILL)
                most = max(most, _placed(store))
    with keeper(), keeper():
        until(lambda: all(jobs.refresh(record.id).state.terminal for record in records), 240)
    assert {store.get(record.id).state for record in records} == {JobState.COMPLETE}
    lines = [line.split() for line in runs.read_text().splitlines()]
    started = [job for what, job in lines if what == "+"]
    assert sorted(started) == sorted(record.id for record in records), "each started, and once"
    at_once = 0
    for what, _ in lines:
        at_once += 1 if what == "+" else -1
        assert at_once <= 2
    assert most <= 2


def test_a_start_that_broke_off_is_gone_on_with_though_nothing_waits(
    store: JobStore, quotas: Quotas, make_plan: MakePlan
) -> None:
    """After the end of its process, and where a platform was out of reach."""
    away = [True]

    class Away(LocalPlatform):
        def status(self, handle: Handle) -> NativeStatus:
            if away:
                raise PlatformError("the platform cannot be reached")
            return super().status(handle)

    jobs = Jobs(store, open_gate, platforms=lambda name: Away())
    quotas.set(Quota(Kind.USER, "ann", running=0))
    record = launch(jobs, make_plan(), ANN)
    quotas.remove(Kind.USER, "ann")
    assert store.queue.take() == record.id
    jobs.start_taken(record.id)
    assert store.get(record.id).state is JobState.UNKNOWN and store.queue.empty()
    away.clear()
    QueueKeeper(lambda: jobs).turn(jobs)
    until(lambda: jobs.refresh(record.id).state is JobState.COMPLETE)

    quotas.set(Quota(Kind.USER, "ann", running=0))
    record = launch(jobs, make_plan(metric="m2"), ANN)
    quotas.remove(Kind.USER, "ann")
    assert store.queue.take() == record.id
    with subprocess.Popen(["true"]) as gone:
        store.update(record.id, launcher=describe_self().replace(f":{os.getpid()}:", f":{gone.pid}:"))
    QueueKeeper(lambda: jobs).turn(jobs)
    until(lambda: jobs.refresh(record.id).state is JobState.COMPLETE)


def test_a_start_that_was_given_to_somebody_else_meanwhile_starts_nothing(
    store: JobStore, quotas: Quotas, make_plan: MakePlan
) -> None:
    def gate(plan: Plan) -> object:
        if store.queue.empty():
            store.update(record.id, launcher="another-machine:7:1")
        return open_gate(plan)

    jobs = Jobs(store, gate)  # type: ignore[arg-type]
    quotas.set(Quota(Kind.USER, "ann", running=0))
    record = launch(Jobs(store, open_gate), make_plan(), ANN)
    quotas.remove(Kind.USER, "ann")
    assert store.queue.take() == record.id
    jobs.start_taken(record.id)
    found = store.get(record.id)
    assert (found.state, found.native_id, found.launcher) == (JobState.PENDING, None, "another-machine:7:1")


def test_whatever_goes_wrong_in_a_turn_the_next_one_follows(
    store: JobStore, quotas: Quotas, make_plan: MakePlan
) -> None:
    """Also with a record that cannot be read, in which only its own job's results are not weighed."""
    jobs, turns = Jobs(store, open_gate), [0]
    broken, sound = (launch(jobs, make_plan(metric=f"m{n}"), ANN) for n in range(2))
    for record in (broken, sound):
        assert jobs.wait(record.id, timeout=60).state is JobState.COMPLETE
    with store.engine.begin() as db:
        db.execute(JOBS.update().where(JOBS.c.id == broken.id).values(parents={"no": "list"}))

    def opened() -> Jobs:
        turns[0] += 1
        if turns[0] == 1:
            raise TypeError("nobody thought of this")
        return jobs

    keeper = QueueKeeper(opened, pause=0.01)
    keeper.start()
    try:
        until(lambda: [job for _, job in store.unweighed(0, 5)] == [broken.id])
    finally:
        keeper.stop()


def test_a_start_has_the_places_of_whose_the_job_is(
    store: JobStore, quotas: Quotas, make_plan: MakePlan, tmp_path: Path
) -> None:
    """Though the server's own process starts it, and its places are others since the launch."""
    (tmp_path / "boats").mkdir()
    jobs = Jobs(store, open_gate)
    quotas.set(Quota(Kind.USER, "ann", running=0))
    plan = make_plan(results_root=str(tmp_path / "boats"))
    record = launch(jobs, plan, ANN)
    quotas.remove(Kind.USER, "ann")
    assert store.queue.take() == record.id
    serve_only(DataRoots({"boats": (str(tmp_path / "boats"),)}, store.has))
    try:
        jobs.start_taken(record.id)
    finally:
        serve_only(None)
    ended = store.get(record.id)
    assert ended.state is JobState.ERROR and "does not exist for project cars" in ended.last_word


def test_projects_that_start_enough_are_passed_by(
    store: JobStore, quotas: Quotas, make_plan: MakePlan
) -> None:
    jobs = Jobs(store, open_gate)
    for project in ("cars", "boats"):
        quotas.set(Quota(Kind.PROJECT, project, running=0))
    first, second = (launch(jobs, make_plan(metric=f"m{n}"), person) for n, person in enumerate((ANN, BOB)))
    for project in ("cars", "boats"):
        quotas.remove(Kind.PROJECT, project)
    assert store.queue.take(["cars"]) == second.id
    assert store.queue.take(["cars"]) is None
    assert store.queue.take() == first.id


def _placed(store: JobStore) -> int:
    with store.engine.connect() as db:
        return int(db.scalar(sa.select(sa.func.count()).where(*PLACED)) or 0)
