"""Evaluations of a teacher and its student, side by side."""

from __future__ import annotations

import json
from pathlib import Path

from tests.jobs.conftest import MakePlan, MakeRecord

from skillbank.jobs.comparing import compared
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import InputBinding, SkillRef


def test_two_models_on_the_same_data(
    jobs: Jobs, store: JobStore, make_plan: MakePlan, make_record: MakeRecord
) -> None:
    def job(skill: str, action: str, place: str = "", **kpi: float) -> JobRecord:
        where = (
            (InputBinding(key="d", uri=f"{place}/a.json", source="eval_dataset", place=place),)
            if place
            else ()
        )
        ref = SkillRef(name=skill, version="1", digest="d", bank="b")
        plan = make_plan(action=action, skill=ref, inputs=where)
        parents = tuple(record.id for record in made if record.skill == skill)
        record = make_record(plan=plan, state=JobState.COMPLETE, parents=parents)
        folder = Path(record.results_dir) / action
        folder.mkdir(parents=True)
        line = {"status": "RUNNING", "message": "Eval metrics generated.", "kpi": kpi}
        (folder / "status.json").write_text(
            json.dumps(line) + "\n" + json.dumps({"status": "SUCCESS"}) + "\n"
        )
        if action == "train":
            (folder / "model_epoch_000.pth").write_bytes(b"x" * 1000)
        store.create(record)
        made.append(record)
        return record

    made: list[JobRecord] = []
    job("student", "train", val_mAP50=0.8)
    teacher = job("teacher", "evaluate", "/truth", test_mAP50=0.9)
    student = job("student", "evaluate", "/truth", test_mAP50=0.85, images_per_second=40.0)
    first, second = compared(jobs, made)
    assert (first.job, first.metrics["test_mAP50"], first.rate, first.model_bytes) == (
        teacher.id,
        0.9,
        None,
        None,
    )
    assert (second.job, second.metrics["test_mAP50"], second.rate) == (student.id, 0.85, 40.0)
    assert second.model_bytes == 1000 and "images_per_second" not in second.metrics
    other = job("other", "evaluate", "/elsewhere", test_mAP50=0.1)
    assert compared(jobs, [teacher, other]) == []  # not the same data
    assert compared(jobs, [student, student]) == []  # one model
