"""A program of one's own: plan, explain, launch, wait, status, logs, results, cancel."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank import JobState, Runtime
from skillbank.errors import JobNotFoundError, StateError
from tests.agent.conftest import bank, data, environment, inline, runtime

__all__ = ["bank", "data", "environment", "inline", "runtime"]


def test_a_plan_is_explained(runtime: Runtime, data: Path) -> None:
    [plan] = runtime.plan(f"train the toy detector on {data} for 3 epochs")
    explained = runtime.explain(plan)
    assert explained.sentence == runtime.sentence([plan]) and explained.route.startswith("direct: ")
    assert {value.key: value.value for value in explained.values}["train.num_epochs"] == 3
    lines = str(explained).splitlines()
    assert lines[0] == explained.sentence
    assert any(line.startswith("train.num_epochs = 3 (") for line in lines)
    [without] = runtime.plan("train the toy detector")
    assert [q.key for q in runtime.explain(without).questions] == [q.key for q in without.questions] != []
    assert "\nquestion: " in str(runtime.explain(without))


@pytest.mark.slow
def test_a_job_is_waited_for_read_and_named_in_any_way(runtime: Runtime, data: Path) -> None:
    [plan] = runtime.plan(f"train the toy detector on {data} for 3 epochs")
    started = runtime.launch(plan)
    seen: list[JobState] = []
    ended = runtime.wait(started, on_progress=lambda record, _: seen.append(record.state))
    assert ended.state is JobState.COMPLETE and seen[-1] is JobState.COMPLETE
    for job in (started, started.id, "last", "last:train"):
        assert runtime.status(job).id == started.id
        assert runtime.results(job).metrics == {"val_mAP50": pytest.approx(0.7)}
        assert "data: forty-two" in "".join(runtime.logs(job))
    with pytest.raises(StateError, match="has ended"):
        runtime.cancel(started)
    with pytest.raises(JobNotFoundError, match="no job 'nothing'"):
        runtime.wait("nothing")


@pytest.mark.slow
def test_waiting_has_an_end_and_a_job_can_be_stopped(runtime: Runtime, data: Path) -> None:
    [plan] = runtime.plan(f"train the toy detector on {data} for 900 epochs")
    slow = plan.model_copy(update={"spec": {**plan.spec, "train": {**plan.spec["train"], "seconds": 1}}})
    job = runtime.launch(slow)
    assert not runtime.wait(job, timeout=0.3).state.terminal
    assert runtime.cancel(job).state is JobState.CANCELED
    assert runtime.wait(job).state is JobState.CANCELED


@pytest.mark.slow
def test_a_failed_job_is_not_waited_for_twice(runtime: Runtime, data: Path) -> None:
    [plan] = runtime.plan(f"train the toy detector on {data}")
    broken = plan.model_copy(update={"spec": {**plan.spec, "fail": "no toys"}})
    ended = runtime.wait(runtime.launch(broken))
    assert ended.state is JobState.ERROR and ended.failure is not None
    assert "no toys" in "".join(runtime.logs(ended))
