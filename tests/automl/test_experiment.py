"""An experiment from launch to result: trials as jobs, early ends, failures, budgets, parents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from skillbank.automl.charter import objectives_of
from skillbank.automl.control import succeed
from skillbank.automl.controller import Controller
from skillbank.automl.events import EventLog
from skillbank.automl.experiment import Experiment, TrialState
from skillbank.automl.outcome import clean_up
from skillbank.automl.succession import successor_plan
from skillbank.errors import StateError, UsageError
from skillbank.home import database_url
from skillbank.jobs.parents import parent_models
from skillbank.jobs.queue import GIVEN
from skillbank.jobs.record import JobRecord, JobState, RetryPolicy
from skillbank.jobs.service import Jobs
from skillbank.plan.model import Plan, Resources
from skillbank.platforms.base import job_dir
from skillbank.platforms.slots import gpu_slots, visible_gpus
from skillbank.team.acting import acting_as
from skillbank.team.person import Person
from skillbank.team.quota import Kind, Quota
from skillbank.team.quotas import Quotas
from skillbank.team.rights import Right
from skillbank.team_server.queue_keeper import QueueKeeper
from skillbank.ways import Voice
from tests.automl.simulated import SimulatedPlatform, make_plan, open_jobs

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)


@pytest.fixture
def opened(tmp_path: Path, home: None) -> Iterator[tuple[Jobs, SimulatedPlatform]]:
    jobs, platform = open_jobs(database_url(), tmp_path / "logs")
    yield jobs, platform
    jobs.store.close()


def run(jobs: Jobs, **settings: Any) -> tuple[JobRecord, Experiment]:
    plan = make_plan(**settings)
    record = jobs.launch(plan, retry=RetryPolicy(infra=1))
    record = Controller(jobs, record.id, first_pause=0.05).run()
    return record, stands(jobs, record)


def stands(jobs: Jobs, record: JobRecord) -> Experiment:
    plan = Plan.model_validate(record.plan)
    return Experiment(objectives_of(plan), EventLog(jobs.store.engine).read(record.id))


def test_trials_wait_for_places_one_after_the_other_and_waiting_costs_the_search_nothing(
    opened: tuple[Jobs, SimulatedPlatform],
) -> None:
    jobs, platform = opened
    Quotas(jobs.store.engine).set(Quota(Kind.USER, "ann", running=1))
    with acting_as(Person("ann", "cars", frozenset(Right) - {Right.ADMINISTER})):
        begun = jobs.launch(make_plan(parallel=3), retry=RetryPolicy(infra=1))
    assert not begun.waits, "a search takes no place"
    keeper = QueueKeeper(lambda: jobs, pause=0.05)
    keeper.start()
    try:
        record = Controller(jobs, begun.id, first_pause=0.05).run()
    finally:
        keeper.stop()
    found = stands(jobs, record)
    assert record.state is JobState.COMPLETE
    assert len(found.trials) == 6 and all(t.state is TrialState.COMPLETE for t in found.trials.values())
    trials = jobs.store.list(experiment=record.id)
    assert len(trials) == 6 == len(platform.lines("starts"))
    assert {(trial.project, trial.person) for trial in trials} == {("cars", "ann")}
    waited = [trial for trial in trials if any(line.message == GIVEN for line in trial.history)]
    assert len(waited) == 6, "each is started by who knows which files are there for ann"
    launched = {t.job: t.started for t in found.trials.values()}
    for trial in waited:
        given = next(line.at for line in trial.history if line.message == GIVEN)
        started = launched[trial.id]
        assert started is not None and started >= given, "its time counts from its place on"
    # One after the other: what follows a place in a history comes after the end of the one before. `created`
    # is older than the place of one that needed not wait: the record is made before the quotas are looked at.
    spans = []
    for trial in trials:
        placed = max(i for i, line in enumerate(trial.history) if line.message in (GIVEN, "created"))
        spans.append((trial.history[placed + 1].at, trial.history[-1].at))
    spans.sort()
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_an_experiment_is_a_job(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, platform = opened
    record, found = run(jobs)
    assert (record.state, record.platform) == (JobState.COMPLETE, "automl")
    assert len(found.trials) == 6 and all(t.state is TrialState.COMPLETE for t in found.trials.values())
    assert found.trials[0].values == {"train.lr": 1e-3, "train.depth": 3}, "trial 0 is the default"
    best = max(found.trials.values(), key=lambda t: t.scores or ())
    assert found.best is best
    # Trials are jobs, which a list of what somebody asked for leaves out.
    trials = jobs.store.list(experiment=record.id)
    assert len(trials) == 6 == len(platform.lines("starts"))
    assert {t.idempotency_key for t in trials} == {f"{record.id}/{i}/0" for i in range(6)}
    assert [r.id for r in jobs.store.list(trials=False)] == [record.id]
    assert jobs.store.get("last").id == record.id
    assert "recommendation 0 (the default configuration)" in "".join(jobs.logs(record.id))
    # Progress and results speak the language of jobs.
    assert jobs.progress(record.id).metrics["val_mAP50"] == pytest.approx((best.scores or (0,))[0])
    results = jobs.results(record.id)
    assert {"report.html", "report.json", "trials.csv"} <= {f.path for f in results.files}
    assert next(c.path for c in results.checkpoints if c.best).startswith(
        jobs.store.get(best.job or "").results_dir
    )
    report = json.loads((Path(record.results_dir) / "report.json").read_text())
    assert report["best"] == best.number and report["state"] == "COMPLETE"


def test_as_a_parent_it_gives_the_model_and_the_structure_of_the_best_trial(
    opened: tuple[Jobs, SimulatedPlatform],
) -> None:
    jobs, _ = opened
    record, found = run(jobs, max_recommendations=4)
    child = make_plan().model_copy(update={"action": "evaluate"})
    [model] = parent_models(child, [record], jobs.store.get)
    assert found.best is not None and found.best.job is not None
    assert model.model.is_relative_to(jobs.store.get(found.best.job).results_dir)


@pytest.mark.slow
def test_checkpoints_that_nobody_asks_for_again_are_removed(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, _ = opened
    _record, found = run(jobs)
    for trial in found.trials.values():
        left = list(Path(jobs.store.get(trial.job or "").results_dir).glob("train/*.pth"))
        assert bool(left) == (trial is found.best)
    _, everything = run(jobs, keep="all", seed=1, max_recommendations=2)
    for trial in everything.trials.values():
        assert list(Path(jobs.store.get(trial.job or "").results_dir).glob("train/*.pth"))


@pytest.mark.slow
def test_a_trial_that_a_job_outside_of_the_search_stands_on_keeps_its_model(
    opened: tuple[Jobs, SimulatedPlatform],
) -> None:
    jobs, _ = opened
    record, found = run(jobs, keep="all")
    tried = Controller(jobs, record.id)._search
    worse = [jobs.store.get(t.job or "") for t in found.trials.values() if t is not found.best]
    child = worse[0].model_copy(
        update={"id": "toy-evaluate-1", "parents": (worse[0].id,), "experiment": None, "results_dir": "/none"}
    )
    reading = {"inputs": [{"uri": f"{worse[1].results_dir}/train/model.pth"}]}
    reader = child.model_copy(
        update={"id": "toy-evaluate-2", "parents": (), "plan": {**child.plan, **reading}}
    )
    for each in (child, reader):
        jobs.store.create(each.model_copy(update={"state": JobState.PENDING, "idempotency_key": each.id}))
    clean_up(jobs, tried, "best")
    left = [bool(list(Path(each.results_dir).glob("train/*.pth"))) for each in worse]
    assert left == [True, True, *([False] * (len(worse) - 2))]
    for each in (child, reader):
        jobs.store.transition(each.id, JobState.CANCELED)
    clean_up(jobs, tried, "best")
    assert not any(list(Path(each.results_dir).glob("train/*.pth")) for each in worse)


def test_intervals_fit_the_epochs(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, _ = opened
    record, _found = run(jobs, max_recommendations=1, train={"num_epochs": 4, "validation_interval": 10})
    [trial] = jobs.store.list(experiment=record.id)
    assert trial.plan["spec"]["train"]["validation_interval"] == 4


def test_the_program_s_failures_never_count(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, platform = opened
    record, found = run(jobs, max_recommendations=20, train={"fails": "CUDA out of memory"})
    assert record.state is JobState.ERROR and found.best is None
    assert record.failure is not None and "all failed" in record.failure.evidence
    assert 5 <= len(found.trials) <= 6, "what fails every time is not tried twenty times"
    assert len(platform.lines("starts")) == len(found.trials), "out of memory was tried again unchanged"


def test_failures_of_the_infrastructure_are_tried_again(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, platform = opened
    record, found = run(jobs, max_recommendations=1, train={"fails": "NCCL error: remote process exited"})
    assert record.state is JobState.ERROR
    assert len(found.trials[0].jobs) == 2 == len(platform.lines("starts"))


def test_a_wrong_metric_lists_what_was_seen_and_stops_the_whole(
    opened: tuple[Jobs, SimulatedPlatform],
) -> None:
    jobs, platform = opened
    record, _ = run(jobs, metrics=["val_mAP5"], max_recommendations=20)
    assert record.state is JobState.ERROR and record.failure is not None
    assert "did you mean 'val_mAP50'" in record.history[-1].message
    assert len(platform.lines("starts")) <= 4
    ways = {
        Voice.COMMAND_LINE: "--set automl.metric=NAME",
        Voice.TOOLS: "settings with key 'automl.metric'",
        Voice.PYTHON: "Setting(key='automl.metric', value=NAME)",
    }
    for voice, way in ways.items():  # each door reads the story of the search in its own words
        assert [each in "".join(jobs.logs(record.id, voice=voice)) for each in ways.values()] == [
            each == way for each in ways.values()
        ]


def test_a_trial_that_takes_too_long_fails(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, platform = opened
    _record, found = run(jobs, max_recommendations=2, trial_timeout=0.1, train={"seconds": 10})
    assert [t.state for t in found.trials.values()] == [TrialState.FAILED] * 2
    assert "timeout" in found.trials[0].reason and len(platform.lines("cancels")) == 2


def test_a_time_budget_stops_what_runs_and_keeps_what_it_has(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, _ = opened
    record, found = run(jobs, max_recommendations=50, time_budget=0.6, train={"num_epochs": 8})
    assert record.state is JobState.COMPLETE and len(found.trials) < 50
    assert "time budget" in record.history[-1].message
    assert {t.state for t in found.trials.values()} <= {
        TrialState.COMPLETE,
        TrialState.STOPPED,
        TrialState.FAILED,
    }


@pytest.mark.slow
def test_patience_and_target(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, _ = opened
    record, found = run(jobs, max_recommendations=60, patience=2)
    assert len(found.trials) < 60 and "nothing better" in record.history[-1].message
    record, found = run(jobs, max_recommendations=60, target=0.3)
    assert "reached the target" in record.history[-1].message and found.best is not None


@pytest.mark.slow
def test_pausing_resuming_extending_and_canceling(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, platform = opened
    plan = make_plan(max_recommendations=3)
    record = jobs.launch(plan)
    log = EventLog(jobs.store.engine)
    log.add(record.id, "paused", {})
    assert Controller(jobs, record.id).run().state is JobState.RUNNING
    assert platform.lines("starts") == []
    log.add(record.id, "extended", {"recommendations": 5})
    log.add(record.id, "resumed", {})
    assert Controller(jobs, record.id).run().state is JobState.COMPLETE
    assert len(stands(jobs, record).trials) == 5

    other = jobs.launch(make_plan(train={"seconds": 30}, seed=3))
    controller = Controller(jobs, other.id)
    assert controller._lease.acquire()
    while len(platform.lines("starts")) < 7:
        controller._tick()
    controller._lease.release()
    assert jobs.cancel(other.id).state is JobState.CANCELED
    assert sorted(platform.lines("cancels")) == sorted(j.id for j in jobs.store.list(experiment=other.id))
    assert jobs.cancel(other.id).state is JobState.CANCELED, "canceling twice is no error"
    with pytest.raises(StateError):
        jobs.cancel(record.id)


def test_an_ended_experiment_goes_on_as_another(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, platform = opened
    first, before = run(jobs, max_recommendations=3)
    ended = before.events[-1]
    plan = successor_plan(jobs, first, 6)
    second = succeed(jobs, first, plan)
    assert succeed(jobs, first, plan).id == second.id != first.id, "asked twice, it is the same successor"
    second = Controller(jobs, second.id).run()
    found = stands(jobs, second)
    assert second.state is JobState.COMPLETE and len(found.trials) == 6
    assert "recommendation" in second.history[-1].message and "of 6" in second.history[-1].message
    starts = platform.lines("starts")
    assert len(starts) == len(set(starts)) == 6, "a trial that had ended was run again"
    for number, trial in before.trials.items():
        same = found.trials[number]
        assert (same.jobs, same.scores, same.asked) == (trial.jobs, trial.scores, trial.asked)
    # The same trials as those of one long search, and the first experiment is as it was.
    assert [t.values for t in found.trials.values()] == [
        t.values for t in run(jobs, max_recommendations=6)[1].trials.values()
    ]
    assert jobs.store.get(first.id).state is JobState.COMPLETE
    assert stands(jobs, first).events[-1] == ended
    for best in (before.best, found.best):
        assert best is not None
        assert list(Path(jobs.store.get(best.job or "").results_dir).glob("train/*.pth"))
    assert f"goes on from {first.id} with its trials" in "".join(jobs.logs(second.id))
    assert found.spent(ended.at) < 60, "the time between the two counts"


def test_rungs_go_on_after_the_end(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, platform = opened
    settings = {"algorithm": "asha", "max_epochs": 9, "max_recommendations": 3}
    first, before = run(jobs, **settings)
    record = succeed(jobs, first, successor_plan(jobs, first, 8))
    assert Controller(jobs, record.id).run().state is JobState.COMPLETE
    found = stands(jobs, record)
    assert all(trial.counts for trial in found.trials.values()) and len(found.trials) == 8
    assert len(platform.lines("starts")) == 8
    onward = {t.resume_from for t in found.trials.values() if t.number not in before.trials}
    assert onward & set(before.trials), "no trial of the first search was promoted by the second"
    first, _before = run(jobs, **settings, keep="best")
    with pytest.raises(UsageError, match="kept only the best checkpoints"):
        successor_plan(jobs, first, 8)


def test_what_cannot_go_on_is_refused(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, _ = opened
    record, _found = run(jobs, max_recommendations=3, target=0.1)
    with pytest.raises(UsageError, match=r"has \d recommendations; extend it to more than that"):
        successor_plan(jobs, record, 1)
    with pytest.raises(StateError, match=r"would end again at once: val_mAP50 has reached the target"):
        successor_plan(jobs, record, 9)
    record, _found = run(jobs, max_recommendations=2, train={"fails": "CUDA out of memory"})
    with pytest.raises(StateError, match="no trial that succeeded"):
        successor_plan(jobs, record, 9)
    running = jobs.launch(make_plan())
    with pytest.raises(StateError, match="has not ended"):
        successor_plan(jobs, running, 9)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_trials(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, _ = opened
    first, second = (run(jobs, seed=7, parallel=1, max_recommendations=3)[1] for _ in range(2))
    assert [t.values for t in first.trials.values()] == [t.values for t in second.trials.values()]


def test_each_slot_has_gpus_of_its_own(
    opened: tuple[Jobs, SimulatedPlatform], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SimulatedPlatform, "slots", lambda _, plan: gpu_slots(plan, visible_gpus()))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")
    jobs, _ = opened
    plan = make_plan(max_recommendations=4, train={"gpu_ids": [0, 1]})
    settings = {name: value for name, value in (plan.automl or {}).items() if name != "parallel"}
    plan = plan.model_copy(update={"automl": settings, "resources": Resources(gpus=2)})
    record = jobs.launch(plan)
    Controller(jobs, record.id).run()
    trials = stands(jobs, record).trials.values()
    assert {trial.slot: trial.gpu_ids for trial in trials} == {0: (0, 1), 1: (2, 3)}
    for trial in trials:
        record = jobs.store.get(trial.job or "")
        launched = json.loads((job_dir(Path(record.results_dir)) / "claim.json").read_text())
        assert record.plan["spec"]["train"]["gpu_ids"] == list(trial.gpu_ids) == launched["gpu_ids"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpu_slots(plan, visible_gpus()) == [()]


@pytest.mark.slow
def test_several_objectives_have_a_front(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, _ = opened
    metrics, directions = ["val_mAP50", "latency"], ["maximize", "minimize"]
    record, found = run(jobs, metrics=metrics, directions=directions, max_recommendations=8, parallel=4)
    assert record.state is JobState.COMPLETE and found.best in found.pareto
    for trial in found.trials.values():
        assert trial.scores is not None and trial.scores[1] == trial.values["train.depth"]
        left = bool(list(Path(jobs.store.get(trial.job or "").results_dir).glob("train/*.pth")))
        assert left == (trial in found.pareto), "models of the front are kept, and no other"


def test_an_algorithm_that_breaks_ends_with_what_was_found(
    opened: tuple[Jobs, SimulatedPlatform], monkeypatch: pytest.MonkeyPatch
) -> None:
    from skillbank.automl.algorithms.plain import Random

    jobs, _ = opened
    monkeypatch.setattr(Random, "_ended", lambda self, trial: 1 / 0)
    record, found = run(jobs, max_recommendations=20)
    assert record.state is JobState.COMPLETE and found.best is not None
    assert "cannot go on: ZeroDivisionError" in record.history[-1].message
