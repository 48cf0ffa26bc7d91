"""Plans, stores and folders outlive the version that made them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.gate import open_gate
from tests.versions import fill, lay_out, old_plans, old_rows, versions_of

from skillbank import Runtime
from skillbank.automl.charter import Charter, objectives_of
from skillbank.automl.control import succeed, summaries
from skillbank.automl.controller import Controller
from skillbank.automl.events import EventLog
from skillbank.automl.experiment import Experiment
from skillbank.automl.report.data import report_data
from skillbank.automl.succession import successor_plan
from skillbank.errors import PlatformError, StateError
from skillbank.home import database_url
from skillbank.jobs import migrations
from skillbank.jobs.approval_subjects import plan_subject
from skillbank.jobs.chains import steps
from skillbank.jobs.record import JobState
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Plan
from skillbank.plan.request import Request

MakePlan = Callable[..., Plan]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def old(tmp_path: Path, home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a skillbank 0.1.0 has worked: its home, bank and program; the store on each database."""
    lay_out(tmp_path)
    if request.param == "postgresql":
        monkeypatch.setenv("SKILLBANK_DATABASE_URL", request.getfixturevalue("postgres").url())
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    fill(database_url(), tmp_path)
    return tmp_path


@pytest.fixture
def runtime(old: Path) -> Iterator[Runtime]:
    with Runtime([old / "bank"]) as opened:
        yield opened


def job_of(action: str, state: str = "COMPLETE", **fields: Any) -> str:
    wanted = {"action": action, "state": state, **fields}
    rows = old_rows()["jobs"]
    return str(next(r["id"] for r in rows if all(r.get(k) == v for k, v in wanted.items())))


def test_an_old_store_opens_and_says_from_then_on_which_version_it_is(old: Path) -> None:
    for _ in range(2):
        with JobStore(database_url()) as store:
            assert versions_of(store) == [migrations.VERSION]
            assert {r.id for r in store.list()} == {r["id"] for r in old_rows()["jobs"]}
            for row in old_rows()["jobs"]:
                record = store.get(row["id"])
                assert (record.state, record.plan_id, record.plan) == (
                    row["state"],
                    row["plan_id"],
                    row["plan"],
                )
                assert record.history[-1].state.value == row["state"]


def test_a_new_store_has_the_tables_that_an_old_one_comes_to(
    old: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """One is made at once, the other walks through all versions."""
    remote = sa.make_url(database_url()).get_backend_name() == "postgresql"
    new = request.getfixturevalue("postgres").url() if remote else f"sqlite:///{tmp_path}/new.db"
    with JobStore(database_url()) as walked, JobStore(new) as made:
        assert tables_of(walked.engine) == tables_of(made.engine)
        assert guards_of(walked.engine) == guards_of(made.engine) != []


def tables_of(engine: sa.Engine) -> dict[str, dict[str, Any]]:
    """Return columns, keys and indexes of all tables, without their order."""
    there = sa.inspect(engine)
    return {
        name: {
            "columns": {c["name"]: (str(c["type"]), c["nullable"]) for c in there.get_columns(name)},
            "key": there.get_pk_constraint(name)["constrained_columns"],
            "unique": sorted(u["column_names"] for u in there.get_unique_constraints(name)),
            "foreign": sorted(f["constrained_columns"] for f in there.get_foreign_keys(name)),
            "indexes": {
                i["name"]: (i["column_names"], i["unique"], rows_of(i)) for i in there.get_indexes(name)
            },
        }
        for name in there.get_table_names()
    }


def guards_of(engine: sa.Engine) -> list[str]:
    """Return the triggers, by name."""
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
    if engine.dialect.name == "postgresql":
        query = "SELECT DISTINCT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname"
    with engine.connect() as db:
        return list(db.scalars(sa.text(query)))


def rows_of(index: Mapping[str, Any]) -> str:
    """Return of which rows an index is, in the database's own words; empty for all."""
    options = index.get("dialect_options", {})
    return str(options.get("sqlite_where", options.get("postgresql_where", "")))


def test_old_plans_keep_their_ids_and_their_approvals(old: Path) -> None:
    with JobStore(database_url()) as store:
        for row in old_rows()["plans"]:
            assert store.get_plan(row["plan_id"][:16]).plan_id == row["plan_id"]
        [grant] = old_rows()["grants"]
        plan_id = grant["subject"].removeprefix("plan:")
        assert (
            store.approvals.use(plan_subject(plan_id)) is not None
            and store.approvals.use(plan_subject(plan_id)) is None
        )
        for record in store.list():
            assert Plan.from_document(record.plan).plan_id == record.plan_id


def test_what_old_jobs_left_is_listed_from_their_folders(runtime: Runtime) -> None:
    train = runtime.jobs.results(job_of("train", skill="toy-detector"))
    assert train.metrics == {"val_mAP50": 0.6}
    assert [(c.epoch, c.best) for c in train.checkpoints] == [(0, False), (1, True)]
    assert runtime.jobs.results(job_of("evaluate", skill="toy-detector")).metrics == {"test_mAP50": 0.75}
    failed = runtime.jobs.look(job_of("train", "ERROR"))
    assert failed.failure is not None and "boom" in failed.failure.evidence
    assert "boom" in "".join(runtime.jobs.logs(failed.id))


def test_old_experiments_are_shown_as_they_were(runtime: Runtime) -> None:
    log = EventLog(runtime.jobs.store.engine)
    shown = {s.experiment: s for s in summaries(runtime.jobs, 10)}
    for row in old_rows()["experiments"]:
        record = runtime.jobs.store.get(row["job_id"])
        assert shown[record.id].state == "COMPLETE" and shown[record.id].ended == 2
        charter = Charter.model_validate(log.charter(record.id))
        assert charter.space(Plan.from_document(record.plan)).defaults == {"train.lr": 0.01}
        stands = Experiment(objectives_of(Plan.from_document(record.plan)), log.read(record.id))
        assert report_data(record, stands)["best"] == shown[record.id].best == 0
        assert "recommendation" in "".join(runtime.jobs.logs(record.id))


@pytest.mark.slow
@pytest.mark.parametrize("parent", ["toy-detector", "toy-searcher"])
def test_old_jobs_and_experiments_are_parents(runtime: Runtime, old: Path, parent: str) -> None:
    """An experiment gives the model of its best trial."""
    (old / "eval").mkdir()
    (old / "eval" / "data.txt").write_text("x")
    job = job_of("train", skill=parent, **({"platform": "automl"} if parent == "toy-searcher" else {}))
    data = [{"source": "eval_dataset", "uri": str(old / "eval")}]
    [plan] = runtime.plan(
        Request.model_validate({"skill": parent, "action": "evaluate", "parent": job, "data": data})
    )
    record = runtime.jobs.wait(runtime.launch(plan).id)
    assert record.state is JobState.COMPLETE and record.parents == (job,)
    giver = runtime.jobs.store.get(job).product or job
    spec = (Path(record.results_dir) / "job" / "spec.yaml").read_text()
    assert f"{old}/home/results/{giver}/train/model_epoch_001" in spec


@pytest.mark.slow
def test_an_old_plan_runs_under_its_id_while_its_skill_is_the_same(runtime: Runtime, old: Path) -> None:
    plan = Plan.from_document(next(p for p in old_plans() if p["skill"]["name"] == "toy-runner"))
    record = runtime.jobs.wait(runtime.launch(plan).id)
    assert record.state is JobState.COMPLETE and record.plan_id == plan.plan_id
    head = old / "bank" / "toy-runner" / "SKILL.md"
    head.write_text(head.read_text() + "\n")
    with pytest.raises(StateError, match=r"toy-runner has changed since .*SKILL\.md changed") as caught:
        runtime.launch(plan)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_an_old_search_goes_on_from_its_trials(runtime: Runtime) -> None:
    """Its charter is that of its launch: nothing is asked of the skill but that it is the same."""
    job = job_of("train", skill="toy-runner", platform="automl")
    record = runtime.jobs.store.get(job)
    longer = successor_plan(runtime.jobs, record, 3)
    follower = succeed(runtime.jobs, record, longer)
    ended = Controller(runtime.jobs, follower.id).run()
    assert ended.state is JobState.COMPLETE, ended.history[-1].message
    trials = runtime.jobs.store.list(experiment=follower.id)
    assert [t.recommendation for t in trials] == [2] and trials[0].state is JobState.COMPLETE
    stands = Experiment(objectives_of(longer), EventLog(runtime.jobs.store.engine).read(follower.id))
    assert sorted(stands.trials) == [0, 1, 2]


def test_an_old_search_that_has_not_begun_is_planned_again(runtime: Runtime) -> None:
    plan = Plan.from_document(next(p for p in old_plans() if p["route"]["name"] == "automl"))
    with pytest.raises(StateError, match=r"made by an earlier skillbank.*make it again"):
        runtime.launch(plan.model_copy(update={"questions": ()}))
    assert not [r for r in runtime.jobs.store.list() if r.id not in {j["id"] for j in old_rows()["jobs"]}]


def test_an_old_chain_is_taken_up_where_it_was_broken_off(runtime: Runtime) -> None:
    train = job_of("train", skill="toy-detector")
    first, second = steps(runtime.jobs.store, train, runtime.jobs.refresh)
    assert first.job is not None and first.job.id == train and second.job is None
    assert runtime.skill_of(second.plan).name == "toy-detector"


def test_of_many_that_open_an_old_store_at_once_one_changes_it(old: Path) -> None:
    barrier, found = threading.Barrier(6), []

    def work() -> None:
        barrier.wait()
        with JobStore(database_url()) as store:
            found.append((versions_of(store), len(store.list())))

    threads = [threading.Thread(target=work) for _ in range(barrier.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [([migrations.VERSION], len(old_rows()["jobs"]))] * barrier.parties


def test_a_change_that_breaks_off_leaves_the_store_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(db: sa.Connection) -> None:
        steps_before[2](db)
        raise KeyboardInterrupt

    steps_before = dict(migrations._STEPS)
    monkeypatch.setattr(migrations, "_STEPS", {2: breaks})
    with pytest.raises(KeyboardInterrupt):
        JobStore(database_url())
    monkeypatch.setattr(migrations, "_STEPS", steps_before)
    url = sa.make_url(database_url())
    drivername = "postgresql+psycopg" if url.get_backend_name() == "postgresql" else url.drivername
    engine = sa.create_engine(url.set(drivername=drivername))
    assert not {"skills", "store_versions"} & set(sa.inspect(engine).get_table_names())
    engine.dispose()
    with JobStore(database_url()) as store:
        assert versions_of(store) == [migrations.VERSION]


def test_a_store_from_before_the_gate_keeps_what_was_admitted_from_now_on(
    jobs: Jobs, make_plan: MakePlan
) -> None:
    jobs.wait(jobs.launch(make_plan()).id)
    with jobs.store.engine.begin() as db:
        db.execute(sa.text("ALTER TABLE jobs DROP COLUMN admitted"))
        db.execute(sa.text("UPDATE store_versions SET version = 2"))
    with JobStore(database_url()) as opened:
        [old] = opened.list()
        assert old.admitted is None and old.state is JobState.COMPLETE
        again = Jobs(opened, open_gate)
        new = again.wait(again.launch(make_plan()).id)
        assert new.admitted is not None and new.admitted.commands == (tuple(new.plan["command"]),)


def test_the_store_of_a_newer_skillbank_is_refused_in_one_sentence(old: Path) -> None:
    with JobStore(database_url()) as store, store.engine.begin() as db:
        db.execute(sa.text("UPDATE store_versions SET version = 99"))
    with pytest.raises(PlatformError, match=r"made by a newer skillbank.*version 99.*upgrade") as caught:
        JobStore(database_url())
    assert "canary" not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("document", old_plans(), ids=lambda d: f"{d['skill']['name']}-{d['action']}")
def test_a_plan_that_0_1_0_printed_is_read_as_what_it_was(document: dict[str, Any]) -> None:
    plan = Plan.from_document(document)
    assert plan.plan_id == document["plan_id"] and plan.format == 1
    assert json.loads(json.dumps(plan.document())) == document
    changed = json.loads(json.dumps(document))
    changed["spec"]["train"]["num_epochs"] += 1
    with pytest.raises(StateError, match="was changed since it was made"):
        Plan.from_document(changed)


def test_a_plan_that_cannot_be_read_says_of_which_version_it_is(runtime: Runtime) -> None:
    document = old_plans()[0]
    del document["plan_id"]
    with pytest.raises(StateError, match=r"newer skillbank \(format 99, this one reads up to"):
        Plan.from_document({**document, "format": 99, "something": 1})
    with pytest.raises(StateError, match=r"earlier skillbank \(format 1\) and cannot be read: platform"):
        Plan.from_document({k: v for k, v in document.items() if k != "platform"})
