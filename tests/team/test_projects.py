"""Whose things are: written at their making, on both databases, and kept by what follows from them."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillbank.errors import ForbiddenError, JobNotFoundError, NotApprovedError, UsageError
from skillbank.home import database_url
from skillbank.jobs.approval_subjects import plan_subject
from skillbank.jobs.database import JOBS
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.retries import FollowUp
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore, key_in
from skillbank.plan.model import Plan
from skillbank.sets.backup import backup, restore
from skillbank.sets.model import Add, ClassSpec, FoundPicture
from skillbank.sets.store import SetStore
from skillbank.sets.tables import SETS
from skillbank.team import acting
from skillbank.team.acting import acting_as, who
from skillbank.team.audit import lines
from skillbank.team.person import EVERYBODY, NOBODY, Person
from skillbank.team.rights import Right
from skillbank.team.tables import AUDIT, TEAM_META
from skillbank.team_server.queue_keeper import QueueKeeper
from tests.gate import open_gate
from tests.jobs.conftest import home, make_plan, make_record
from tests.postgres import Cluster
from tests.team.conftest import EVERY, person

__all__ = ["home", "make_plan", "make_record"]

MakePlan = Callable[..., Plan]
MakeRecord = Callable[..., JobRecord]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobStore]:
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres")
        monkeypatch.setenv("SKILLBANK_DATABASE_URL", cluster.store())
    with JobStore(database_url()) as opened:
        yield opened


@pytest.fixture
def jobs(store: JobStore) -> Jobs:
    return Jobs(store, open_gate)


def verbs(store: JobStore) -> list[tuple[str, str, str, str]]:
    return [(line["person"], line["project"], line["verb"], line["object"]) for line in lines(store.engine)]


def test_a_job_is_of_the_project_of_who_launched_it_and_so_is_what_follows(
    jobs: Jobs, make_plan: MakePlan
) -> None:
    store, plan = jobs.store, make_plan()
    with acting_as(person("det"), "rest", "10.0.0.1"):
        store.save_plan(plan)
        first = jobs.launch(plan, idempotency_key="k")
        assert (first.project, first.person) == ("det", "ann-of-det")
        assert jobs.launch(plan, idempotency_key="k").id == first.id
        jobs.wait(first.id)
    with acting_as(person("ocr")):
        store.save_plan(plan)
        second = jobs.launch(plan, idempotency_key="k")  # a key of theirs, whatever others have called theirs
        assert second.id != first.id and second.project == "ocr"
        jobs.wait(second.id)
        assert [job.id for job in store.list()] == [second.id]
        with pytest.raises(JobNotFoundError):
            store.get(first.id)
        assert not store.transition(second.id, JobState.RUNNING)
        with pytest.raises(JobNotFoundError):
            store.update(first.id, native_id="theirs")
        with pytest.raises(JobNotFoundError):
            store.transition(first.id, JobState.ERROR)
    again = jobs.launch_again(store.get(first.id), FollowUp(plan, 1, 0.0, "infra"))  # as a supervisor does
    assert (again.project, again.person, again.retry_of) == ("det", "ann-of-det", first.id)
    keeper = QueueKeeper(lambda: jobs, pause=0.05)  # a process of the server, which gives places
    keeper.start()
    try:
        jobs.wait(again.id)
    finally:
        keeper.stop()
    third = jobs.launch(plan)
    assert (third.project, third.person) == ("", None)
    assert jobs.wait(third.id).state is JobState.COMPLETE
    assert [job.id for job in store.list()] == [third.id, again.id, second.id, first.id]
    assert verbs(store) == [
        ("ann-of-det", "det", "plan", plan.plan_id),
        ("ann-of-det", "det", "launch", first.id),
        ("ann-of-ocr", "ocr", "plan", plan.plan_id),
        ("ann-of-ocr", "ocr", "launch", second.id),
        ("ann-of-det", "det", "launch", again.id),
    ]  # and of the owner's own job nothing


def test_an_approval_is_of_its_project_and_an_agent_gives_none(store: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan()
    subject = plan_subject(plan.plan_id)
    with acting_as(person("det", EVERY, agent=True), "mcp"):
        store.save_plan(plan)
        with pytest.raises(ForbiddenError, match="is an agent"):
            store.approve(plan.plan_id)
        assert store.approvals.use(subject) is None
    with acting_as(person("ocr")):
        store.save_plan(plan)
        store.approve(plan.plan_id, by="the page")
        assert store.approvals.waits(subject)
    with acting_as(person("det", EVERY, agent=True), "mcp"):
        assert store.approvals.use(subject) is None
    assert store.approvals.use(subject) is None  # not even by the owner, who sees it
    with acting_as(person("ocr", {Right.LOOK, Right.LAUNCH}, agent=True)):
        number = store.approvals.use(subject)
        assert number is not None
        given = store.approvals.given(number)
        assert given is not None and (given.person, given.project, given.by) == (
            "ann-of-ocr",
            "ocr",
            "the page",
        )
        assert given.said == "program by ann-of-ocr, no code asked"
    approved = [line for line in lines(store.engine) if line["verb"] == "approve"]
    assert [(each["outcome"], each["agent"]) for each in approved] == [
        ("refused: lacks approve", True),
        ("done", False),
    ]


def test_an_approval_of_one_project_starts_nothing_in_another(jobs: Jobs, make_plan: MakePlan) -> None:
    plan = make_plan()
    with acting_as(person("det")):
        given = jobs.store.guard.give(plan_subject(plan.plan_id, {"retries": "0"}), "program")
    with acting_as(person("ocr")), pytest.raises(NotApprovedError, match="of another project"):
        jobs.launch(plan, approval=given)


def test_an_administrator_approves_for_the_project_whose_plan_it_is(
    store: JobStore, make_plan: MakePlan
) -> None:
    plan, both = make_plan(), make_plan("both = 1")
    with acting_as(person("det")):
        store.save_plan(plan)
        store.save_plan(both)
    assert store.project_of(plan_subject(plan.plan_id)) == "det"
    with acting_as(person("ocr")):
        store.save_plan(both)
    with pytest.raises(UsageError, match=r"several projects \(det, ocr\)"):
        store.project_of(plan_subject(both.plan_id))
    with acting_as(person("ocr")):
        assert store.project_of(plan_subject(both.plan_id)) == "ocr"


def test_label_sets_have_their_names_within_a_project(store: JobStore, tmp_path: Path) -> None:
    sets = SetStore(store.engine)
    file = tmp_path / "signs.backup"
    for project in ("det", "ocr"):
        with acting_as(person(project)):
            made = sets.create("signs", [ClassSpec(project)], who="somebody else")
            assert [event.who for event in made.log()] == [f"ann-of-{project}"]  # as the token says
            assert sets.names() == ("signs",) and [each.name for each in sets.list()] == ["signs"]
            assert [each.name for each in sets.open("signs").classes()] == [project]
            with pytest.raises(UsageError, match="there is a label set signs already"):
                sets.create("signs", who="ann")
            backup(made, file.with_suffix(f".{project}"))
    with pytest.raises(UsageError, match=r"in several projects \(det, ocr\)"):
        sets.open("signs")
    with acting_as(person("ocr")):
        restored = restore(sets, file.with_suffix(".det"), "theirs")
        assert [each.name for each in restored.classes()] == ["det"] and "theirs" in sets
    with acting_as(person("det")):
        assert "theirs" not in sets
    with acting_as(person("det", {Right.LOOK})), pytest.raises(ForbiddenError):
        restore(sets, file.with_suffix(".det"), "again")


def test_each_change_of_a_label_is_one_line(store: JobStore) -> None:
    with acting_as(person("det"), "page", "10.0.0.2"):
        labels = SetStore(store.engine).create("signs", [ClassSpec("door")], who="ann")
        labels.add_pictures([FoundPicture("a.png", "/a.png", "0" * 64, 64, 48)], "ann")
        labels.edit(1, [Add(1, (1, 2, 30, 40))], who="ann", version=1)
        labels.undo("ann")
        labels.undo("ann")  # there is nothing more
        SetStore(store.engine).rename("signs", "boards", "ann")
        SetStore(store.engine).remove("boards", "ann")
    assert [(verb, thing) for *_, verb, thing in verbs(store)] == [
        ("label.create", "set:signs"),
        ("label.pictures", "set:signs"),
        ("label.edit", "set:signs/1"),
        ("label.undo", "set:signs/1"),
        ("label.rename_set", "set:boards"),
        ("label.remove_set", "set:boards"),
    ]


def test_the_log_stays_when_jobs_are_removed_and_nothing_changes_a_line(
    store: JobStore, make_record: MakeRecord
) -> None:
    with acting_as(person("det", EVERY)):
        job = store.create(make_record(project="det", state=JobState.COMPLETE))
        store.remove(job.id)
    assert [verb for *_, verb, _ in verbs(store)] == ["launch", "remove"]
    for change in (AUDIT.update().values(person="eve"), AUDIT.delete()):
        with pytest.raises(sa.exc.DBAPIError, match="only grows"), store.engine.begin() as db:
            db.execute(change)
    assert len(verbs(store)) == 2


def test_where_only_who_is_named_acts_nobody_else_does(
    store: JobStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting, "_unnamed", acting.acting())
    acting.only_who_is_named()
    assert who() == NOBODY
    with pytest.raises(ForbiddenError, match="nobody does not have the right 'look'"):
        store.list()
    seen: list[Person] = []
    with acting_as(person("det")):
        kept = copy_context()
        for run in (lambda: seen.append(who()), lambda: kept.run(lambda: seen.append(who()))):
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
    assert seen == [NOBODY, person("det")]  # a thread that forgot whose it is may nothing
    with acting_as(EVERYBODY):
        assert store.list() == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    one=st.tuples(st.text("ab-", max_size=3), st.text(max_size=300)),
    other=st.tuples(st.text("ab-", max_size=3), st.text(max_size=300)),
)
def test_keys_of_different_projects_are_different(one: tuple[str, str], other: tuple[str, str]) -> None:
    if one[0] and other[0] and one != other:
        assert key_in(*one) != key_in(*other)
    assert key_in("", one[1]) == one[1] and key_in(one[0], None) is None


KILLED = """
    import os, random, signal, sys, threading, time
    from pathlib import Path
    from skillbank.home import database_url
    from skillbank.jobs.record import JobRecord
    from skillbank.jobs.store import JobStore
    from skillbank.team.acting import acting_as
    from skillbank.team.person import Person
    from skillbank.team.rights import Right
    record = JobRecord.model_validate_json(Path(sys.argv[1]).read_text())
    def die():
        time.sleep(float(sys.argv[3]))
        os.kill(os.getpid(), signal.SIGKILL)
    with JobStore(database_url()) as store, acting_as(Person("ann", "det", frozenset(Right)), "rest"):
        threading.Thread(target=die, daemon=True).start()
        for n in range(100_000):
            store.create(record.model_copy(update={"id": f"{sys.argv[2]}-{n}"}))
"""


@pytest.mark.slow
def test_kill_9_between_a_launch_and_its_line_loses_neither(
    store: JobStore, make_record: MakeRecord, tmp_path: Path
) -> None:
    file = tmp_path / "record.json"
    file.write_text(make_record(project="det").model_dump_json())
    for n, seconds in enumerate((0.07, 0.19, 0.41, 0.83)):
        command = [sys.executable, "-c", textwrap.dedent(KILLED), str(file), f"run{n}", str(seconds)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    launched = [thing for *_, verb, thing in verbs(store) if verb == "launch"]
    there = sorted(job.id for job in store.list())
    assert sorted(launched) == there and len(there) > 4


def test_a_store_of_before_there_were_projects_is_the_homes_own(
    store: JobStore, make_record: MakeRecord, make_plan: MakePlan
) -> None:
    """A store is taken back to version 10, with what was in it, and opened again."""
    plan, sets = make_plan(), SetStore(store.engine)
    store.save_plan(plan)
    job = store.create(make_record(plan=plan))
    sets.create("gone", who="ann")
    labels = sets.create("signs", [ClassSpec("door")], who="ann")
    labels.add_pictures([FoundPicture("a.png", "/a.png", "0" * 64, 64, 48)], "ann")
    last = sets.create("last", who="ann").id
    sets.remove("last", "ann")
    url = store.engine.url.render_as_string(hide_password=False)
    _back_to_10(store.engine)
    store.close()
    with JobStore(url) as opened:
        again = SetStore(opened.engine)
        assert opened.get_plan(plan.plan_id) == plan and opened.get(job.id).project == ""
        found = again.open("signs")
        assert (found.id, [each.name for each in found.classes()], found.picture(1).row.name) == (
            labels.id,
            ["door"],
            "a.png",
        )
        assert again.create("new", who="ann").id > last  # a number is never used twice
        with acting_as(person("det")):
            assert opened.list() == [] and again.names() == ()
            again.create("signs", who="ann")
        again.remove("gone", "ann")
        with opened.engine.connect() as db:
            if db.dialect.name == "sqlite":
                assert db.exec_driver_sql("PRAGMA foreign_key_check").all() == []
                assert db.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        with pytest.raises(UsageError, match="already"):
            again.create("new", who="ann")


def _back_to_10(engine: sa.Engine) -> None:
    remote = engine.dialect.name != "sqlite"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        run = db.exec_driver_sql
        for table in (*(table.name for table in TEAM_META.sorted_tables), "plan_projects"):
            run(f"DROP TABLE {table}")
        for index in JOBS.indexes:
            if "project" in index.columns or index.name in ("jobs_done", "jobs_unweighed"):
                run(f"DROP INDEX {index.name}")
        for column in ("project", "person", "gpus", "bytes"):
            run(f"ALTER TABLE jobs DROP COLUMN {column}")
        run("ALTER TABLE grants DROP COLUMN project")
        if remote:
            run("DROP FUNCTION team_audit_only_grows")
            run("ALTER TABLE label_sets DROP CONSTRAINT label_sets_in_project")
            run("ALTER TABLE label_sets DROP COLUMN project")
            run("ALTER TABLE label_sets ADD UNIQUE (name)")
        else:
            run("PRAGMA foreign_keys = OFF")
            [made] = run("SELECT sql FROM sqlite_master WHERE name = 'label_sets'").scalars()
            kept = [line for line in made.splitlines() if "project" not in line]
            old = re.sub(r",\s*\)$", ")", "\n".join(kept)).replace("label_sets", "older", 1)
            run(old.replace("name VARCHAR(100) NOT NULL", "name VARCHAR(100) NOT NULL UNIQUE"))
            names = ", ".join(column.name for column in SETS.columns if column.name != "project")
            run(f"INSERT INTO older ({names}) SELECT {names} FROM label_sets")
            [last] = run("SELECT seq FROM sqlite_sequence WHERE name = 'label_sets'").scalars()
            run("DROP TABLE label_sets")
            run("ALTER TABLE older RENAME TO label_sets")
            run(f"UPDATE sqlite_sequence SET seq = {last} WHERE name = 'label_sets'")
            run("PRAGMA foreign_keys = ON")
        run("UPDATE store_versions SET version = 10")
