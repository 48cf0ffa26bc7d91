"""What this machine says of a plan: places, all problems, what is left out, what a GPU makes a question."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skillbank.errors import DataError, DataNotFoundError, PlatformError, QuestionsError, UsageError
from skillbank.jobs.checks import Checks, check, refuse
from skillbank.jobs.service import Jobs
from skillbank.plan.model import InputBinding, Override, Plan, Question, Resources, Source

MakePlan = Callable[..., Plan]


def reading(make_plan: MakePlan, *uris: str | Path, **fields: Any) -> Plan:
    spec = {"results_dir": "{results_dir}", "data": {f"k{i}": str(uri) for i, uri in enumerate(uris)}}
    inputs = [InputBinding(key=f"data.k{i}", uri=str(uri)) for i, uri in enumerate(uris)]
    return make_plan(**{"spec": spec, "inputs": tuple(inputs), **fields})


def states(checks: Checks) -> list[str]:
    return [place.state for place in checks.places]


def test_everything_that_is_missing_is_told_at_once(make_plan: MakePlan, jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "annotation.json").write_text("{}")
    plan = reading(
        make_plan, tmp_path / "set" / "annotations.json", tmp_path / "set" / "labels.json",
        tmp_path / "sat" / "a.json", tmp_path / "sat" / "b.json", tmp_path / "set" / "annotation.json",
    )  # fmt: skip
    seen = check(plan)
    assert states(seen) == ["missing", "missing", "missing", "missing", "found"]
    assert seen.places[4].bytes == 2
    first, second = seen.problems
    assert f"{tmp_path / 'set'} has no annotations.json, labels.json" in first
    assert "holds annotation.json" in first
    assert f"{tmp_path / 'sat'}, which would hold the data for data.k2, data.k3, does not exist" in second
    assert f"did you mean '{tmp_path / 'set'}'?" in second
    with pytest.raises(DataNotFoundError) as refused:
        jobs.launch(plan)
    assert first in str(refused.value) and second in str(refused.value)
    assert jobs.store.list() == []


@pytest.mark.parametrize(
    ("there", "wanted", "near"),
    [
        ("validation", "valdation", "validation"),
        ("val", "validation", "val"),
        ("Train", "train", "Train"),
        ("cafe\u0301", "caf\u00e9", "cafe\u0301"),
        ("weights.pth", "wieghts.pth", "weights.pth"),
        ("other", "train", None),
    ],
)
def test_the_near_name_is_offered(
    make_plan: MakePlan, tmp_path: Path, there: str, wanted: str, near: str | None
) -> None:
    (tmp_path / there).mkdir()
    [problem] = check(reading(make_plan, tmp_path / wanted)).problems
    assert (f"did you mean '{tmp_path}/{near}'?" in problem) is (near is not None)
    assert f"{tmp_path} holds {there}" in problem


def test_a_file_where_the_data_set_should_be_is_said(make_plan: MakePlan, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    [problem] = check(reading(make_plan, tmp_path / "a.json" / "images.tar.gz")).problems
    assert f"{tmp_path / 'a.json'} is a file and must be the folder that holds" in problem


def test_what_a_launch_raises_says_what_is_wrong_first(make_plan: MakePlan, tmp_path: Path) -> None:
    cases: list[tuple[list[Any], type[Exception]]] = [
        (["gs://bucket/x", tmp_path / "gone"], UsageError),
        ([tmp_path / "gone", tmp_path], DataNotFoundError),
    ]
    for uris, error in cases:
        plan = reading(make_plan, *uris)
        with pytest.raises(error):
            refuse(plan, check(plan))
    (tmp_path / "file").touch()
    folder = InputBinding(key="data.k0", uri=str(tmp_path / "file"), runtime="folder")
    plan = make_plan(inputs=(folder,))
    with pytest.raises(DataError, match="is a file and must be a folder"):
        refuse(plan, check(plan))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look everywhere")
def test_a_folder_that_may_not_be_looked_into_is_said(make_plan: MakePlan, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    [problem] = check(reading(make_plan, closed / "inner" / "x")).problems
    assert "cannot be looked at" in problem


def test_a_link_to_nothing_is_said(make_plan: MakePlan, tmp_path: Path) -> None:
    (tmp_path / "w.pth").symlink_to(tmp_path / "gone")
    [problem] = check(reading(make_plan, tmp_path / "w.pth")).problems
    assert f"is a link to {tmp_path / 'gone'}, which is not there" in problem
    assert "did you mean" not in problem


def test_empty_files_and_folders_are_refused(make_plan: MakePlan, jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "w.pth").touch()
    (tmp_path / "folder").mkdir()
    plan = reading(make_plan, tmp_path / "w.pth", tmp_path / "folder")
    seen = check(plan)
    assert states(seen) == ["unusable", "unusable"]
    file, folder = seen.problems
    assert "w.pth, the data for data.k0, is an empty file (0 bytes)" in file
    assert "folder, the data for data.k1, is an empty folder" in folder
    with pytest.raises(DataError):
        jobs.launch(plan)
    assert jobs.store.list() == []


def test_where_results_cannot_be_written_is_said_at_once(
    make_plan: MakePlan, jobs: Jobs, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for root, why in (
        (tmp_path / "file", "is a file"),
        (tmp_path / "file" / "below", "is a file"),
        (tmp_path / "link" / "below", "is a link to nothing"),
        ("https://h/x", "results cannot be written to https://h/x"),
    ):
        plan = make_plan(results_root=str(root))
        [problem] = check(plan).problems
        assert why in problem and "--results-root" in problem
        with pytest.raises(PlatformError, match=why):
            jobs.launch(plan)
    assert jobs.store.list() == []
    assert check(make_plan(results_root=str(tmp_path / "new" / "folder"))).problems == ()
    assert not (tmp_path / "new").exists()


def test_names_that_no_file_can_have_are_missing(make_plan: MakePlan, tmp_path: Path) -> None:
    assert states(check(reading(make_plan, tmp_path / ("x" * 300), tmp_path / "a" / ("y" * 5000)))) == [
        "missing", "missing",
    ]  # fmt: skip


def test_places_elsewhere_are_looked_at_only_when_asked(make_plan: MakePlan, s3: Any) -> None:
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="here.json", Body=b"{}")
    plan = reading(make_plan, "s3://bucket/here.json", "s3://bucket/gone.json")
    assert states(check(plan)) == ["unseen", "unseen"]
    seen = check(plan, remote=True)
    assert states(seen) == ["found", "missing"]
    assert "s3://bucket/gone.json, the data for data.k1, does not exist" in seen.problems[0]


def test_a_server_that_does_not_answer_is_no_missing_file(
    make_plan: MakePlan, no_credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    plan = reading(make_plan, "s3://bucket/gone.json")
    seen = check(plan, remote=True)
    assert states(seen) == ["unreachable"]
    with pytest.raises(PlatformError):
        refuse(plan, seen)


def test_what_nobody_named_is_left_out_with_a_word(make_plan: MakePlan, jobs: Jobs, tmp_path: Path) -> None:
    unnamed = InputBinding(key="data.k0", uri=str(tmp_path / "example"), optional=True)
    plan = reading(make_plan, tmp_path / "example").model_copy(update={"inputs": (unnamed,)})
    seen = check(plan)
    assert states(seen) == ["left_out"] and seen.passed
    assert seen.notes == (f"data.k0 is left out: {tmp_path / 'example'}, which nobody named, is not there",)


def test_what_an_earlier_step_writes_need_not_be_there_yet(make_plan: MakePlan, tmp_path: Path) -> None:
    made = Override(key="convert.out", value=str(tmp_path / "made"), source=Source.USER)
    first = make_plan(overrides=(made,))
    second = reading(make_plan, tmp_path / "made" / "a.json", tmp_path / "gone" / "b.json")
    assert states(check(second)) == ["missing", "missing"]
    assert states(check(second, earlier=[first])) == ["unseen", "missing"]


def test_paths_that_are_no_inputs_are_said_and_passed_on(make_plan: MakePlan, tmp_path: Path) -> None:
    said = [
        Override(key="model.encoder", value=str(tmp_path / "gone"), source=Source.USER),
        Override(key="model.other", value=str(tmp_path), source=Source.USER),
        Override(key="export.out", value=str(tmp_path / "out"), source=Source.USER),
    ]
    seen = check(make_plan(overrides=tuple(said), outputs=("export.out",)))
    assert seen.passed
    assert [note for note in seen.notes if "model.encoder" in note and "not on this machine" in note]
    assert len(seen.notes) == 1


QUESTION = Question(key="pretrained", why="which weights?")


@pytest.mark.parametrize(
    ("gpus", "platform", "wanted", "is_asked"),
    [("0,1", "local", 1, True), ("", "local", 1, False), ("0", "docker", 1, False), ("0", "local", 0, False)],
)
def test_what_is_asked_with_a_gpu(
    make_plan: MakePlan, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, gpus: str, platform: str, wanted: int,
    is_asked: bool,
) -> None:  # fmt: skip
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", gpus)
    plan = make_plan(
        platform=platform, questions_with_gpu=(QUESTION,), resources=Resources(gpus=wanted), image="i:1"
    )
    seen = check(plan)
    assert seen.questions == ((QUESTION,) if is_asked else ())
    if is_asked:
        with pytest.raises(QuestionsError, match="which weights"):
            jobs.launch(plan)
        assert jobs.store.list() == []


def test_checks_are_no_part_of_a_plan(make_plan: MakePlan, tmp_path: Path) -> None:
    plan = reading(make_plan, tmp_path / "gone")
    before = plan.plan_id
    seen = check(plan)
    (tmp_path / "gone").touch()
    assert check(plan) != seen and plan.plan_id == before
    document = {**plan.document(), "checks": seen.model_dump(mode="json")}
    assert Plan.from_document(document) == plan


def test_a_folder_that_is_named_as_a_model_holds_one(make_plan: MakePlan, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "annotations.json").write_text("{}")
    plan = make_plan(inputs=(InputBinding(key="train.weights", uri=str(folder), hub=True),))
    [problem] = check(plan).problems
    assert "pictures, the model for train.weights, is a folder without weights" in problem
    (folder / "model.safetensors").write_bytes(b"weights")
    assert not check(plan).problems
