"""A training that goes on in another job: what is carried over, what is not, and what allows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.gate import open_gate
from tests.jobs.conftest import MakePlan, MakeRecord
from tests.jobs.test_approval_guard import CODE, code, hard, quick
from tests.jobs.test_supervisor import DONE, FAILED, LOST, OOM, Scripted

from skillbank.errors import DataError, NotApprovedError, StateError, UsageError
from skillbank.jobs import carrying
from skillbank.jobs.approval_subjects import plan_subject, terms_of
from skillbank.jobs.carrying import carry_over
from skillbank.jobs.checkpoints import resumable
from skillbank.jobs.database import JOBS
from skillbank.jobs.metrics import read_status
from skillbank.jobs.record import JobRecord, JobState, RetryPolicy
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.jobs.supervisor import Supervisor
from skillbank.jobs.trials import TrialOf
from skillbank.plan.model import RESUME_MODEL, Plan, Route

__all__ = ["code", "hard", "quick"]

SPEC = {"results_dir": "{results_dir}", "train": {"resume": RESUME_MODEL}}
LINES = (
    {"status": "STARTED"},
    {"status": "RUNNING", "kpi": {"epoch": 0, "max_epoch": 9, "val_mAP50": 0.9}},
    {"status": "RUNNING", "kpi": {"epoch": 1, "max_epoch": 9, "val_mAP50": 0.2}},
    {"status": "FAILURE", "message": "CUDA out of memory"},
)
MODELS = ("model_epoch_000_step_00001.pth", "model_epoch_001_step_00002.pth")


def leave(record: JobRecord, names: tuple[str, ...] = MODELS) -> Path:
    """Leave what a training does that broke off after two epochs, the first of which was the best."""
    folder = Path(record.results_dir) / "train"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "status.json").write_text("".join(f"{json.dumps(line)}\n" for line in LINES))
    for name in names:
        (folder / name).write_text(name)
    return folder


def launched(
    store: JobStore, jobs: Jobs, plan: Plan, resumes: str | None = None, retry: RetryPolicy | None = None
) -> JobRecord:
    subject = plan_subject(plan.plan_id, terms_of("auto", retry or RetryPolicy(), resumes))
    given = store.guard.give(subject, "terminal", "ann", code=CODE if store.guard.hard else None)
    return jobs.wait(jobs.launch(plan, resumes=resumes, approval=given, retry=retry).id)


def broken_off(store: JobStore, plan: Plan) -> JobRecord:
    broken = launched(store, Jobs(store, open_gate, platforms=lambda _: Scripted(FAILED)), plan)
    leave(broken)
    return broken


def test_the_best_the_newest_and_the_metrics_are_carried_and_no_failure(make_record: MakeRecord) -> None:
    broken, own = make_record(), make_record()
    leave(broken, (*MODELS, "model_epoch_002_step_00003.pth"))
    assert carry_over(own, [broken]) == broken
    there = {str(each.relative_to(own.results_dir)) for each in Path(own.results_dir).rglob("*.*")}
    assert there == {
        "train/status.json", "train/model_epoch_000_step_00001.pth", "train/model_epoch_002_step_00003.pth"
    }  # fmt: skip
    status = read_status(Path(own.results_dir), "train")
    assert [each.epoch for each in status.epochs] == [0, 1]
    assert status.failure is None, "it was the other job's"
    assert carry_over(own, [broken]) is None, "there is a checkpoint of its own now"


@pytest.mark.parametrize("copied", range(3))
def test_whoever_is_killed_while_it_copies_leaves_nothing_to_go_on_from(
    make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch, copied: int
) -> None:
    """Neither an older model without the newest, nor the newest without the best and the metrics."""
    broken, own = make_record(), make_record()
    leave(broken)
    left = [copied]
    real = carrying._refuse_leading_out

    def killed(path: Path, folder: Path, job: str) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        real(path, folder, job)

    monkeypatch.setattr(carrying, "_refuse_leading_out", killed)
    with pytest.raises(KeyboardInterrupt):
        carry_over(own, [broken])
    assert resumable(Path(own.results_dir)) is None
    monkeypatch.undo()
    assert carry_over(own, [broken]) == broken
    assert sorted(each.name for each in Path(own.results_dir, "train").glob("*.pth")) == list(MODELS)


@pytest.mark.parametrize("what", ["model", "status", "folder"])
def test_a_link_that_leads_out_of_the_results_is_not_followed(
    make_record: MakeRecord, tmp_path: Path, what: str
) -> None:
    broken, own = make_record(), make_record()
    secret = tmp_path / "secret"
    secret.write_text('{"status": "RUNNING", "message": "secret"}\n')
    if what == "folder":
        folder = leave(broken, ()) / "epoch_1"
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").symlink_to(secret)
    else:
        place = leave(broken, MODELS[:1]) / ("status.json" if what == "status" else MODELS[0])
        place.unlink()
        place.symlink_to(secret)
    with pytest.raises(DataError, match=f"leads out of the results of {broken.id}"):
        carry_over(own, [broken])
    assert not any(
        "secret" in each.read_text() for each in Path(own.results_dir).rglob("*") if each.is_file()
    )


def test_a_further_attempt_goes_on_as_the_first_was_approved_to(hard: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan(platform="fake", spec=SPEC)
    broken = broken_off(hard, plan)
    jobs = Jobs(hard, open_gate, platforms=lambda _: platform)
    platform = Scripted(LOST, LOST, DONE)
    lost = launched(hard, jobs, plan, broken.id)
    assert lost.resumes == broken.id and lost.state is JobState.ERROR
    last = Supervisor(jobs, first_pause=0.01).run(lost.id)
    assert last.state is JobState.COMPLETE and last.resumes == broken.id
    assert Path(last.results_dir, "train", MODELS[1]).read_text() == MODELS[1]


def test_an_attempt_at_half_the_batch_goes_on_with_the_same_training(
    hard: JobStore, make_plan: MakePlan
) -> None:
    plan = make_plan(platform="fake", spec={**SPEC, "batch": 8})
    broken = broken_off(hard, plan)
    platform = Scripted(FAILED, DONE, log=OOM)
    jobs = Jobs(hard, open_gate, platforms=lambda _: platform)
    full = launched(hard, jobs, plan, broken.id, RetryPolicy(batch_key="batch"))
    for each in Path(full.results_dir, "train").iterdir():
        each.unlink()
    last = Supervisor(jobs, first_pause=0.01).run(full.id)
    assert last.state is JobState.COMPLETE and last.plan["spec"]["batch"] == 4
    assert [each.epoch for each in read_status(Path(last.results_dir), "train").epochs] == [0, 1]
    assert sorted(each.name for each in Path(last.results_dir, "train").glob("*.pth")) == list(MODELS)


def test_a_further_attempt_goes_on_from_nothing_else(hard: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan(platform="fake", spec=SPEC)
    broken, other = broken_off(hard, plan), broken_off(hard, plan)
    jobs = Jobs(hard, open_gate, platforms=lambda _: Scripted(LOST))
    lost = launched(hard, jobs, plan, broken.id)
    with hard.engine.begin() as db:
        db.execute(JOBS.update().where(JOBS.c.id == lost.id).values(resumes=other.id))
    last = Supervisor(jobs, first_pause=0.01).run(lost.id)
    assert last.id == lost.id and "no further attempt" in last.history[-1].message


def test_a_launch_goes_on_from_what_is_there_or_is_refused(store: JobStore, make_plan: MakePlan) -> None:
    jobs = Jobs(store, open_gate, platforms=lambda _: Scripted(*[FAILED] * 3))
    plan = make_plan(platform="fake", spec=SPEC)
    broken = jobs.wait(jobs.launch(plan).id)
    with pytest.raises(StateError, match="that job has no checkpoint there"):
        jobs.launch(plan, resumes=broken.id)
    other = make_plan(platform="fake")
    leave(broken := jobs.wait(jobs.launch(other).id))
    with pytest.raises(StateError, match="its program takes no checkpoint"):
        jobs.launch(other, resumes=broken.id)
    search = make_plan(platform="fake", route=Route(name="automl", reason="x"), automl={})
    with pytest.raises(UsageError, match="this plan is a search"):
        jobs.launch(search, resumes=broken.id)


@pytest.mark.parametrize("kind", ["trial", "successor"])
def test_the_parts_of_a_search_have_the_terms_of_its_chain(
    store: JobStore, make_plan: MakePlan, kind: str
) -> None:
    """``--checkpoint`` of a chain is of its later steps; a search at its head hands it on to its trials."""
    search = make_plan(
        platform="fake", route=Route(name="automl", reason="x"), automl={"max_recommendations": 2}
    )
    trial = search.model_copy(update={"route": Route(name="direct", reason="x"), "automl": None})
    jobs = Jobs(store, open_gate, platforms=lambda _: platform)
    platform = Scripted(DONE, DONE)
    first = jobs.wait(jobs.launch(search, chain=(search.plan_id, "next"), checkpoint="best").id)
    if kind == "trial":
        part = jobs.launch(trial, checkpoint=first.checkpoint, trial=TrialOf(first.id, 0))
    else:
        part = jobs.launch(search, checkpoint=first.checkpoint, succeeds=first.id)
    assert part.checkpoint == "best"


def test_what_is_said_of_a_plan_that_was_not_approved_to_go_on(hard: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan(platform="fake", spec=SPEC)
    broken = broken_off(hard, plan)
    jobs = Jobs(hard, open_gate, platforms=lambda _: Scripted(DONE))
    given = hard.guard.give(plan_subject(plan.plan_id), "terminal", "ann", code=CODE)
    with pytest.raises(NotApprovedError, match="was not approved with"):
        jobs.launch(plan, resumes=broken.id, approval=given)
