"""Rungs: trials that go on from the checkpoint of an earlier one, and trials that are stopped early."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from skillbank.automl import charter
from skillbank.automl.algorithms import Outcome, Recommendation
from skillbank.automl.controller import Controller
from skillbank.automl.experiment import TrialState
from skillbank.home import database_url
from skillbank.jobs.record import JobState
from skillbank.jobs.service import Jobs
from tests.automl.simulated import SimulatedPlatform, make_plan, open_jobs
from tests.automl.test_experiment import stands

pytestmark = pytest.mark.slow


class Rungs:
    """Three trials of one epoch; the best goes on to three and to nine. What reaches .9 is stopped early."""

    def __init__(self, _space: Any, _settings: Any, defaults: Mapping[str, Any]) -> None:
        self._defaults = dict(defaults)
        self._asked: list[Recommendation] = []
        self._told: dict[int, Outcome] = {}
        self.stop_above = 0.9

    def ask(self, replayed: Recommendation | None = None) -> Recommendation | None:
        """Return the next one of a fixed list, when what it goes on from has ended."""
        number = len(self._asked)
        if number < 3:
            values = {**self._defaults, "train.lr": 10.0 ** -(3 - number)}
            found = Recommendation(number, values, 1)
        elif number < 5 and len(self._told) == number:
            good = {n: o.values[0] for n, o in self._told.items() if not o.is_failure}
            best = max(good, key=lambda n: (good[n], n))
            found = Recommendation(number, self._asked[best].values, 3 ** (number - 2), best)
        else:
            return None
        assert replayed is None or (replayed.number, replayed.epochs) == (number, found.epochs)
        self._asked.append(found)
        return found

    def report(self, number: int, epoch: int, value: float) -> bool:
        """Stop what is good enough."""
        return value > self.stop_above

    def tell(self, number: int, outcome: Outcome) -> None:
        """Remember."""
        self._told[number] = outcome

    @property
    def done(self) -> bool:
        """Whether all five have ended."""
        return len(self._told) == 5


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Jobs, SimulatedPlatform]]:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)
    monkeypatch.setattr(charter, "make_algorithm", Rungs)
    jobs, platform = open_jobs(database_url(), tmp_path / "logs")
    yield jobs, platform
    jobs.store.close()


def test_a_promoted_trial_goes_on_from_its_own_checkpoint(opened: tuple[Jobs, SimulatedPlatform]) -> None:
    jobs, platform = opened
    record = jobs.launch(
        make_plan(algorithm="asha", train={"validation_interval": 10, "depth": 1}, parallel=3)
    )
    record = Controller(jobs, record.id).run()
    assert record.state is JobState.COMPLETE
    trials = stands(jobs, record).trials
    assert [trials[n].epochs for n in range(5)] == [1, 1, 1, 3, 9]
    assert [trials[n].resume_from for n in range(5)] == [None, None, None, 1, 3]
    # Each epoch is trained once: a later rung begins where the earlier one has ended.
    assert [[m.epoch for m in trials[n].curve] for n in (1, 3, 4)] == [[1], [2, 3], [4, 5, 6, 7, 8, 9]]
    for number, trial in trials.items():
        plan = jobs.store.get(trial.job or "").plan
        assert plan["spec"]["train"]["num_epochs"] == trial.epochs
        assert plan["spec"]["train"]["validation_interval"] == [1, 1, 1, 3, 9][number]
    assert len(platform.lines("starts")) == 5


@pytest.mark.slow
def test_a_trial_that_is_stopped_early_counts_with_what_it_has(
    opened: tuple[Jobs, SimulatedPlatform], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, platform = opened
    monkeypatch.setattr(Rungs, "report", lambda self, number, epoch, value: epoch >= 5)
    record = jobs.launch(make_plan(algorithm="asha", train={"seconds": 0.1, "depth": 5}, parallel=3))
    record = Controller(jobs, record.id).run()
    last = stands(jobs, record).trials[4]
    assert last.state is TrialState.STOPPED and last.reason == "stopped early by the algorithm"
    assert last.scores is not None and last.curve[-1].epoch < 9
    stopped = jobs.store.get(last.job or "")
    assert stopped.state is JobState.CANCELED and platform.lines("cancels") == [stopped.id]
