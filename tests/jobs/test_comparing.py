"""Finished jobs side by side, and what keeps their numbers from being compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.jobs.conftest import MakePlan, MakeRecord

from skillbank.errors import JobNotFoundError, StateError, UsageError
from skillbank.jobs.comparing import compare, of_a_chain
from skillbank.jobs.data_digest import SeenData
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import InputBinding, Override, SkillRef, Source

MakeJob = Callable[..., JobRecord]


@pytest.fixture
def job(store: JobStore, make_plan: MakePlan, make_record: MakeRecord) -> MakeJob:
    """Make a job that has ended, with what its program would have left."""

    def make(
        skill: str,
        action: str,
        *parents: JobRecord,
        on: str = "",
        digest: str = "",
        spec: dict[str, Any] | None = None,
        chosen: str = "",
        per_class: dict[str, Any] | None = None,
        **kpi: float,
    ) -> JobRecord:
        role = "eval_dataset"
        inputs = [InputBinding(key="d.file", uri=f"{on}/a.json", source=role, place=on)] if on else []
        if action == "train":
            inputs.append(
                InputBinding(key="t", uri="/photos/a.json", source="train_datasets", place="/photos")
            )
            inputs.append(InputBinding(key="w", uri=f"{skill}.pth", type="file"))
        plan = make_plan(
            action=action,
            skill=SkillRef(name=skill, version="1", digest="d", bank="b"),
            inputs=tuple(inputs),
            spec={"results_dir": "{results_dir}", "d": {"file": f"{on}/a.json"}, **(spec or {})},
            overrides=(Override(key=chosen, value=1, source=Source.USER),) if chosen else (),
        )
        seen = (SeenData(key="d.file", uri=f"{on}/a.json", digest=digest),) if digest else None
        ids = tuple(parent.id for parent in parents)
        record = make_record(plan=plan, state=JobState.COMPLETE, parents=ids, data=seen)
        folder = Path(record.results_dir) / action
        folder.mkdir(parents=True)
        lines = [{"status": "RUNNING", "kpi": kpi}, {"status": "SUCCESS"}]
        (folder / "status.json").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        if per_class is not None:
            (folder / "metrics.json").write_text(json.dumps({"per_class": per_class, "images": 7}))
        if action == "train":
            (folder / "model_epoch_000.pth").write_bytes(b"x" * 1000)
        store.create(record)
        return record

    return make


def test_two_models_on_the_same_data(jobs: Jobs, job: MakeJob) -> None:
    trained = job("student", "train", val_mAP50=0.8)
    teacher = job("teacher", "evaluate", on="/truth", test_mAP50=0.9, per_class={"dot": {"AP": 0.5}})
    student = job(
        "student",
        "evaluate",
        trained,
        on="/truth",
        test_mAP50=0.85,
        images_per_second=40.0,
        per_class={"dot": {"AP": 0.25, "nan": float("nan")}, "star": {"AP": 1}},
    )
    found = of_a_chain(jobs, [trained, teacher, student])
    assert found is not None and found == compare(jobs, [teacher.id, student.id])
    first, second = found.jobs
    assert (first.job, first.metrics, first.rate, first.model_bytes, first.trained_by) == (
        teacher.id, {"test_mAP50": 0.9}, None, None, None,
    )  # fmt: skip
    assert (second.job, second.metrics, second.rate) == (student.id, {"test_mAP50": 0.85}, 40.0)
    assert (second.model_bytes, second.trained_by, second.trained_from) == (
        1000,
        trained.id,
        ("student.pth",),
    )
    assert (second.trained_on, second.measured_on) == (("/photos",), ("/truth",))
    assert list(found.classes()) == [("dot", "AP", [0.5, 0.25])]
    assert found.unlike == () and found.settings == {}
    assert found.document()["comparable"] is True
    other = job("other", "evaluate", on="/elsewhere", test_mAP50=0.1)
    assert of_a_chain(jobs, [teacher, other]) is None  # not the same data
    assert of_a_chain(jobs, [student, student]) is None  # one model


def test_settings_that_differ(jobs: Jobs, job: MakeJob) -> None:
    one = job(
        "a", "train", on="/val", val_acc=0.5, spec={"train": {"lr": 0.1, "own": 1, "same": 2}, "x": {"y": 1}}
    )
    two = job("b", "train", on="/val", val_acc=0.6, spec={"train": {"lr": 0.2, "same": 2}}, chosen="train.lr")
    three = job(
        "b", "train", on="/val", val_acc=0.7, spec={"train": {"lr": 0.2, "new": None}}, chosen="train.new"
    )
    found = compare(jobs, [one.id, two.id, three.id])
    assert found.settings == {
        "train.lr": {one.id: 0.1, two.id: 0.2, three.id: 0.2},
        "train.new": {three.id: None},  # somebody chose it; 'own' and 'x.y' only one skill has
    }
    assert found.unlike == () and found.metrics == ("val_acc",)
    assert [each.trained_by for each in found.jobs] == [one.id, two.id, three.id]


def test_what_cannot_be_held_against_each_other_is_said(jobs: Jobs, job: MakeJob) -> None:
    one = job(
        "a", "evaluate", on="/x", digest="sha256:1", test_mAP=0.5, spec={"evaluate": {"threshold": 0.1}}
    )
    two = job(
        "b", "evaluate", on="/y", digest="sha256:2", val_miou=0.6, spec={"evaluate": {"threshold": 0.2}}
    )
    copy = job(
        "b", "evaluate", on="/z", digest="sha256:1", test_mAP=0.6, spec={"evaluate": {"threshold": 0.1}}
    )
    later = job("b", "evaluate", on="/x", digest="sha256:3", test_mAP=0.6)
    empty = job("c", "evaluate", on="/x", digest="sha256:1")
    assert compare(jobs, [one.id, copy.id]).unlike == ()  # the same content at another place
    found = compare(jobs, [one.id, two.id])
    assert found.unlike == (
        f"{one.id} and {two.id} were measured on different data: /x; /y.",
        f"{one.id} and {two.id} have no metric in common: test_mAP; val_miou.",
    )
    assert found.notes == ("evaluate.threshold differs, from which the numbers follow too.",)
    assert not found.document()["comparable"]
    [changed] = compare(jobs, [one.id, later.id]).unlike
    assert "/x was changed between" in changed
    nowhere = job("c", "evaluate", test_mAP=0.5)
    assert compare(jobs, [one.id, nowhere.id]).unlike == (f"Nothing says on what {nowhere.id} measured.",)
    assert compare(jobs, [one.id, empty.id]).unlike == (f"{empty.id} has measured nothing.",)


def test_what_cannot_be_compared(jobs: Jobs, job: MakeJob, store: JobStore, make_record: MakeRecord) -> None:
    one = job("a", "evaluate", on="/x", test_mAP=0.5)
    with pytest.raises(UsageError, match="two or more"):
        compare(jobs, [one.id])
    with pytest.raises(UsageError, match="named twice"):
        compare(jobs, [one.id, one.id])
    with pytest.raises(JobNotFoundError):
        compare(jobs, [one.id, "nothing-of-the-kind"])
    running = make_record(state=JobState.RUNNING, native_id=None)
    store.create(running)
    with pytest.raises(StateError, match="may measure more"):
        compare(jobs, [one.id, running.id])


@pytest.mark.parametrize(
    "text", ["[", "[]", '{"per_class": [1], "images": true}', '{"per_class": {"a": {}}}']
)
def test_a_program_writes_what_it_likes(jobs: Jobs, job: MakeJob, text: str) -> None:
    made = [job(name, "evaluate", on="/x", test_mAP=0.5, per_class={"dot": 1.0}) for name in "ab"]
    assert list(compare(jobs, [each.id for each in made]).classes()) == [("dot", "", [1.0, 1.0])]
    (Path(made[0].results_dir) / "evaluate" / "metrics.json").write_text(text)
    found = compare(jobs, [each.id for each in made])
    assert list(found.classes()) == [] and found.jobs[0].pictures is None


def test_settings_are_those_that_the_program_used(jobs: Jobs, job: MakeJob) -> None:
    one, two = (
        job(name, "train", on="/val", val_acc=0.5, spec={"train": {"lr": 0.1, "api_key": ""}})
        for name in "ab"
    )
    assert compare(jobs, [one.id, two.id]).settings == {}
    used = Path(two.results_dir) / "train" / "experiment.yaml"
    used.write_text(f"results_dir: {two.results_dir}\nd: {{file: /else}}\ntrain: {{lr: .inf, api_key: s}}\n")
    assert compare(jobs, [one.id, two.id]).settings == {"train.lr": {one.id: 0.1, two.id: "Infinity"}}
    used.write_text("{")
    assert compare(jobs, [one.id, two.id]).settings == {}


def test_a_link_out_of_the_results_is_not_followed(jobs: Jobs, job: MakeJob, tmp_path: Path) -> None:
    made = [job(name, "evaluate", on="/x", test_mAP=0.5, per_class={"dot": 1.0}) for name in "ab"]
    file = Path(made[0].results_dir) / "evaluate" / "metrics.json"
    file.rename(tmp_path / "elsewhere.json")
    file.symlink_to(tmp_path / "elsewhere.json")
    assert compare(jobs, [each.id for each in made]).jobs[0].per_class == {}
