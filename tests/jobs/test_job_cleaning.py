"""Which jobs may go: never one that something which stays stands on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.errors import JobNotFoundError, StateError
from skillbank.jobs.cleaning import removable, remove_job, superseded
from skillbank.jobs.record import JobRecord, JobState, RetryPolicy, Transition
from skillbank.jobs.store import JobStore

NOW = datetime(2026, 5, 1, tzinfo=UTC)
_PLAN: dict[str, Any] = {"skill": {"bank": "b"}}


def _job(name: str, age: float, state: JobState = JobState.COMPLETE, **fields: Any) -> JobRecord:
    """Return a job that was made and ended so many days ago."""
    then = NOW - timedelta(days=age)
    known: dict[str, Any] = {
        "plan_id": "p",
        "plan": _PLAN,
        "skill": "s",
        "action": "evaluate",
        "platform": "local",
        "results_dir": f"/results/{name}",
        "settled": then if state.terminal else None,
        "history": (Transition(at=then, state=state),),
        "retry": RetryPolicy(infra=0),
    }
    return JobRecord(id=name, created=then, state=state, **{**known, **fields})


def _going(*jobs: JobRecord, days: float = 30) -> set[str]:
    return {job.id for job in removable(jobs, NOW - timedelta(days=days)).jobs}


def test_old_jobs_go_and_young_ones_stay() -> None:
    assert _going(_job("old", 40), _job("young", 2)) == {"old"}


def test_a_running_job_stays_however_old() -> None:
    assert _going(_job("old", 400, JobState.RUNNING)) == set()


def test_a_job_whose_results_are_still_to_be_brought_away_stays() -> None:
    waiting = _job("old", 40, settled=None, native_id="7", results_uri="s3://b/old")
    assert _going(waiting) == set()


def test_what_a_younger_job_stands_on_stays_with_all_before_it() -> None:
    jobs = [_job("a", 50), _job("b", 40, parents=("a",)), _job("c", 1, parents=("b",)), _job("d", 45)]
    kept = removable(jobs, NOW - timedelta(days=30))
    assert {job.id for job in kept.jobs} == {"d"}
    assert {each.job: each.why for each in kept.kept} == {
        "a": "b stands on it",
        "b": "c stands on it",
    }


@pytest.mark.parametrize("link", ["retry_of", "resumes", "product", "experiment"])
def test_every_kind_of_link_holds(link: str) -> None:
    assert _going(_job("a", 50), _job("b", 1).model_copy(update={link: "a"})) == set()


def test_a_search_and_its_trials_go_together() -> None:
    search = _job("search", 50, platform="automl")
    trials = [_job("t1", 49, experiment="search"), _job("t2", 5, experiment="search")]
    assert _going(search, *trials) == set()
    assert _going(search, *trials, days=1) == {"search", "t1", "t2"}


def test_what_another_plan_reads_by_its_path_stays() -> None:
    reader = _job("b", 1, plan={**_PLAN, "inputs": [{"uri": "/results/a/train/model.pth"}]})
    assert _going(_job("a", 50), _job("ab", 50), reader) == {"ab"}


@pytest.mark.parametrize("value", [["/x", "/results/a/m.pth"], [{"of": {"path": "/results/a/m.pth"}}]])
def test_what_another_plan_names_within_a_list_stays(value: object) -> None:
    reader = _job("b", 1, plan={**_PLAN, "overrides": [{"key": "model.parts", "value": value}]})
    assert _going(_job("a", 50), reader) == set()


def test_the_newest_training_of_a_skill_stays() -> None:
    trainings = [_job("a", 60, action="train"), _job("b", 50, action="train")]
    assert _going(*trainings) == {"a"}
    other = _job("c", 55, action="train", plan={"skill": {"bank": "other"}})
    assert _going(*trainings, other) == {"a"}


def test_a_job_of_another_machine_stays() -> None:
    assert _going(_job("a", 60, launcher="elsewhere.example:1:1")) == set()


@given(st.lists(st.tuples(st.integers(0, 60), st.sets(st.integers(0, 11), max_size=3)), max_size=12))
def test_nothing_that_stays_has_lost_a_parent(drawn: list[tuple[int, set[int]]]) -> None:
    jobs = [
        _job(f"j{i}", age, parents=tuple(f"j{p}" for p in parents if p < len(drawn) and p != i))
        for i, (age, parents) in enumerate(drawn)
    ]
    going = _going(*jobs)
    for job in jobs:
        if job.id not in going:
            assert going.isdisjoint(job.parents)


def test_of_a_training_the_best_and_the_latest_model_stay(tmp_path: Path) -> None:
    folder = tmp_path / "train"
    folder.mkdir()
    for epoch in range(4):
        (folder / f"model_epoch_{epoch:03}.pth").write_bytes(b"x")
    (folder / "model_latest.pth").symlink_to("model_epoch_003.pth")
    status = [
        json.dumps({"epoch": epoch, "max_epoch": 4, "kpi": {"val_mAP50": value}})
        for epoch, value in enumerate((0.1, 0.9, 0.2, 0.3))
    ]
    (folder / "status.json").write_text("\n".join(status))
    record = _job(
        "a", 60, action="train", results_dir=str(tmp_path), plan={**_PLAN, "metric": "val_mAP50",
        "metric_direction": "maximize"},
    )  # fmt: skip
    assert [path.name for path in superseded(record)] == ["model_epoch_000.pth", "model_epoch_002.pth"]
    reader = _job("b", 1, results_dir=str(tmp_path / "b"))
    (tmp_path / "b" / "job").mkdir(parents=True)
    (tmp_path / "b" / "job" / "spec.yaml").write_text(f"checkpoint: {folder}/model_epoch_002.pth\n")
    assert [path.name for path in superseded(record, [record, reader])] == ["model_epoch_000.pth"]
    waiting = _job("c", 1, JobState.RUNNING, parents=("a",))
    assert superseded(record, [record, waiting]) == []


def test_a_job_is_removed_with_its_folder_and_only_its_own(
    store: JobStore, make_record: Any, tmp_path: Path
) -> None:
    for job_folder, removed in ((None, True), (tmp_path / "shared", False)):
        record = make_record(state=JobState.COMPLETE)
        folder = job_folder or tmp_path / record.id
        folder.mkdir()
        record = store.create(record.model_copy(update={"results_dir": str(folder)}))
        assert remove_job(record, store) is removed
        assert folder.exists() is not removed
        with pytest.raises(JobNotFoundError):
            store.get(record.id)


def test_a_running_job_is_not_forgotten(store: JobStore, make_record: Any) -> None:
    record = store.create(make_record())
    with pytest.raises(StateError, match="has not ended"):
        store.remove(record.id)
    assert store.get(record.id).history


@pytest.mark.parametrize(
    "place", ["/results/a/train/model.pth", "file:///results/a", "s3://bkt/r/a/train/x.pth"]
)
def test_what_is_read_by_any_name_of_its_place_stays(place: str) -> None:
    on_s3 = _job("a", 50, results_uri="s3://bkt/r/a")
    reader = _job("b", 1, plan={**_PLAN, "inputs": [{"uri": place}]})
    assert _going(on_s3, _job("aa", 50, results_uri="s3://bkt/r/aa"), reader) == {"aa"}
    named = _job("b", 1, plan={**_PLAN, "overrides": [{"key": "train.model", "value": place}]})
    assert _going(on_s3, named) == set()


def test_what_is_read_through_a_link_stays(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "best").symlink_to("a")
    reader = _job("b", 1, plan={**_PLAN, "inputs": [{"uri": f"{tmp_path}/best/model.pth"}]})
    assert _going(_job("a", 50, results_dir=f"{tmp_path}/a"), reader) == set()


def test_a_folder_in_which_another_job_has_its_own_stays() -> None:
    inner = _job("b", 1, results_dir="/results/a/b")
    assert _going(_job("a", 50), inner) == set()
    kept = removable([_job("a", 50), inner], NOW - timedelta(days=30)).kept
    assert [each.why for each in kept] == ["b stands on it"]


def test_a_job_whose_results_hold_pictures_of_a_label_set_stays() -> None:
    jobs, before = [_job("a", 50), _job("b", 50)], NOW - timedelta(days=30)
    removal = removable(jobs, before, [("signs", "/results/a/data/images"), ("cats", "/elsewhere")])
    assert [job.id for job in removal.jobs] == ["b"]
    assert [each.why for each in removal.kept] == ["pictures of the label set signs are in its results"]
