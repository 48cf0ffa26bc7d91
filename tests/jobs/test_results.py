"""What a job has left, and what is said where it left nothing that it should have."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.jobs.conftest import MakePlan, MakeRecord

from skillbank.jobs.record import JobState
from skillbank.jobs.results import read_results


@pytest.mark.parametrize(("action", "file"), [("train", "m.pth"), ("export", "m.onnx")])
def test_a_model_that_is_not_there_is_said_not_to_be(
    make_plan: MakePlan, make_record: MakeRecord, action: str, file: str
) -> None:
    record = make_record(plan=make_plan(action=action), state=JobState.COMPLETE)
    folder = Path(record.results_dir)
    assert read_results(record).lack == ""  # of results that are not here nothing is known
    folder.mkdir(parents=True)
    lack = read_results(record).lack
    assert lack.startswith("it ended without an error, and no model (.") and str(folder) in lack
    assert read_results(record.model_copy(update={"state": JobState.ERROR})).lack == ""
    (folder / file).write_bytes(b"model")
    assert read_results(record).lack == ""


def test_what_leaves_no_model_lacks_none(make_plan: MakePlan, make_record: MakeRecord) -> None:
    record = make_record(plan=make_plan(action="evaluate"), state=JobState.COMPLETE)
    Path(record.results_dir).mkdir(parents=True)
    assert read_results(record).lack == ""


def test_a_trial_may_have_no_model_any_more(make_plan: MakePlan, make_record: MakeRecord) -> None:
    record = make_record(plan=make_plan(action="train"), state=JobState.COMPLETE)
    Path(record.results_dir).mkdir(parents=True)
    assert read_results(record).lack
    assert read_results(record.model_copy(update={"experiment": "exp"})).lack == ""
