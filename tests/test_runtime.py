"""A program of one's own: plan, explain, launch, wait, status, logs, results, cancel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skillbank import JobState, Request, Runtime
from skillbank.errors import JobNotFoundError, ParentError, StateError, UsageError
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


def test_what_nothing_would_be_made_of_is_refused(runtime: Runtime, data: Path, tmp_path: Path) -> None:
    [plan] = runtime.plan(f"train the toy detector on {data}")
    with pytest.raises(UsageError, match="checkpoint best chooses a parent's model; this plan has none"):
        runtime.launch(plan, checkpoint="best")
    with pytest.raises(UsageError, match=r"idempotency.key is empty"):
        runtime.launch(plan, idempotency_key=" ")
    mistyped = {"idempotencey_key": "once"}
    with pytest.raises(
        TypeError, match=r"no argument 'idempotencey_key' \(did you mean 'idempotency_key'\?\)"
    ):
        runtime.launch(plan, **mistyped)  # type: ignore[arg-type]  # what a checker would find
    with pytest.raises(TypeError, match="no argument 'retries_of'"):
        runtime.jobs.launch(plan, retries_of=1)  # type: ignore[call-arg]  # as above
    step = Request(skill="toy-detector", action="train")
    with pytest.raises(UsageError, match=r"leave.out is of words"):
        runtime.plan(step, leave_out=["zebra"])
    assert not runtime.jobs.store.list()


@pytest.mark.slow
def test_a_step_of_a_chain_goes_on_from_the_job_that_ran_the_step_before(
    runtime: Runtime, data: Path
) -> None:
    train, evaluate = runtime.plan(
        f"train the toy detector on {data} for 1 epoch, then evaluate it on {data}"
    )
    with pytest.raises(ParentError, match="has not run yet; launch that plan first"):
        runtime.launch(evaluate)
    first, second = (runtime.wait(runtime.launch(train)) for _ in range(2))
    assert runtime.wait(runtime.launch(evaluate)).parents == (second.id,)
    assert runtime.wait(runtime.launch(evaluate, parents=[first])).parents == (first.id,)
    with pytest.raises(ParentError, match="is of none of the jobs that were named"):
        runtime.launch(evaluate, parents=[runtime.launch(evaluate)])


def test_one_thing_in_the_place_of_another_is_told_in_one_sentence(runtime: Runtime, data: Path) -> None:
    plans = runtime.plan(f"train the toy detector on {data}")
    anything: Any = runtime
    wrong: dict[str, Callable[[], object]] = {
        r"one plan and was given 1 in a list: .*'\[plan\] = runtime.plan": lambda: anything.launch(plans),
        "was given the text 'train it': Runtime.plan makes plans": lambda: anything.launch("train it"),
        "takes a plan, .* and was given None": lambda: anything.explain(None),
        "was given a value of type PosixPath": lambda: anything.keep(data),
        "was given 1 in a list": lambda: anything.check(plans),
        "returns, or by its id; this is a value of type Plan": lambda: anything.wait(plans[0]),
        "or by its id; this is None": lambda: anything.logs(None),
        "by its id; this is a value of type int": lambda: anything.launch(*plans, parents=[1]),
        "a Request for each step; this is None": lambda: anything.plan(None),
        "a Request for each step; this holds a value of type str": lambda: anything.plan(["train it"]),
        r"banks is one path, but it must be a list: \['": lambda: Runtime(data),  # type: ignore[arg-type]
    }
    for said, call in wrong.items():
        with pytest.raises(UsageError, match=said):
            call()
    assert not runtime.jobs.store.list()


def test_a_text_is_no_list_of_its_letters(runtime: Runtime, data: Path, tmp_path: Path) -> None:
    [plan] = runtime.plan(f"train the toy detector on {data}")
    wrong: dict[str, Callable[[], object]] = {
        r"banks? is one text, but it must be a list: \['skills'\]": lambda: Runtime("skills"),
        "leave.out is one text": lambda: runtime.plan("train zebra", leave_out="zebra"),
        r"parents? is one text, but it must be a list: \['last'\]": lambda: runtime.launch(
            plan, parents="last"
        ),
        "jobs is one text": lambda: runtime.compare("last"),
        "descriptions is one text": lambda: runtime.label(data, "red circle", output=tmp_path / "out"),
        "kinds is one text": lambda: runtime.label(data, ["red"], output=tmp_path / "out", kinds="json"),
    }
    for said, call in wrong.items():
        with pytest.raises(UsageError, match=said):
            call()
