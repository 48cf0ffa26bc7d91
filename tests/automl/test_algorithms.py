"""Laws of all search algorithms: valid, deterministic, replayable; failed trials never win."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank.automl.algorithms import Algorithm, Outcome, Recommendation, algorithm_class, make_algorithm
from skillbank.automl.algorithms.bayesian import Bayesian
from skillbank.automl.algorithms.hyperband import BOHB, HyperbandES, brackets, epochs_of_a_pass, rung_epochs
from skillbank.automl.algorithms.pbt import PBT
from skillbank.automl.algorithms.ranking import ranked
from skillbank.automl.settings import ALGORITHMS, AutoMLSettings
from skillbank.automl.space import SearchSpace, space_from_schema
from skillbank.errors import StateError, UsageError

pytestmark = pytest.mark.slow

SKILL = Path(__file__).resolve().parents[2] / "skills" / "tao-train-grounding-dino"
MULTI_FIDELITY = [name for name in ALGORITHMS if algorithm_class(name).multi_fidelity]
QUICK = [a for a in ALGORITHMS if a not in ("llm", "hybrid", "autoresearch")]
"""The advised algorithms fall back to the Bayesian one here; only the slow tests take them all."""
EVERY = [*QUICK, *(pytest.param(a, marks=pytest.mark.slow) for a in ALGORITHMS if a not in QUICK)]
SEVERAL = [
    a if a in ("random", "hyperband", "bayesian") else pytest.param(a, marks=pytest.mark.slow)
    for a in QUICK
    if a not in ("dehb", "cmaes")
]


def make_space() -> SearchSpace:
    schema = json.loads((SKILL / "schemas" / "train.schema.json").read_text())
    spec = yaml.safe_load((SKILL / "references" / "spec_template_train.yaml").read_text())
    # Optimiser and schedule are searched too, so conditions change from trial to trial.
    keys = [
        *schema["automl_default_parameters"],
        "train.optim.optimizer",
        "train.optim.lr_scheduler",
        "model.pre_norm",
    ]
    return space_from_schema(schema, spec, parameters=keys)


SPACE = make_space()


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an endpoint the advised algorithms fall back, and say so."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SKILLBANK_LLM_MODEL"):
        monkeypatch.delenv(name, raising=False)


def make(name: str, seed: int = 0, **said: Any) -> Algorithm:
    defaults: dict[str, Any] = {
        "max_epochs": 9,
        "population": 5,
        "generations": 4,
        "directions": ("maximize",),
    }
    if name not in MULTI_FIDELITY:
        defaults["max_recommendations"] = 13
    return make_algorithm(SPACE, AutoMLSettings.read({"algorithm": name, "seed": seed, **defaults, **said}))


def score(values: dict[str, Any], epoch: int = 9) -> float:
    """Return something that depends on several values and grows with the epochs."""
    place = SPACE.features([values])[0]
    return float(np.exp(-((place - 0.4) ** 2).sum())) * (1 - 0.6**epoch)


class Run:
    """Drives an algorithm like a platform with slots, and writes down every call."""

    def __init__(self, algorithm: Algorithm, slots: int = 3, seed: int = 0, failures: float = 0.25) -> None:
        self.algorithm, self.slots, self.failures = algorithm, slots, failures
        self.rng = np.random.default_rng(seed)
        self.running: dict[int, int] = {}
        self.calls: list[tuple[Any, ...]] = []

    def step(self) -> bool:
        """Make one call, or return False when nothing is left to do."""
        if len(self.running) < self.slots and self.rng.random() < 0.7 and self.ask():
            return True
        if not self.running:
            return self.ask()
        number = int(self.rng.choice(list(self.running)))
        asked = self.algorithm.trials[number].asked
        last = asked.epochs or 9
        if self.rng.random() < self.failures / 3:
            return self.tell(number, Outcome.failed("out of memory"))
        self.running[number] += 1
        epoch = self.running[number]
        value = score(asked.values, epoch)
        stop = self.algorithm.report(number, epoch, value)
        self.calls.append(("report", number, epoch, value, stop))
        return self.tell(number, Outcome.of(*self.values(value))) if stop or epoch >= last else True

    def values(self, value: float) -> list[float]:
        return [value, 1 - value**2][: len(self.algorithm.settings.directions)]

    def ask(self) -> bool:
        found = self.algorithm.ask()
        if found is None:
            return False
        before = self.algorithm.trials[found.resume_from].asked.epochs if found.resume_from is not None else 0
        self.running[found.number] = before or 0
        self.calls.append(("ask", found))
        return True

    def tell(self, number: int, outcome: Outcome) -> bool:
        del self.running[number]
        self.algorithm.tell(number, outcome)
        self.calls.append(("tell", number, outcome))
        return True

    def to_the_end(self) -> "Run":
        while self.step():
            pass
        return self


def replay(calls: list[tuple[Any, ...]], algorithm: Algorithm) -> Algorithm:
    for kind, *given_ in calls:
        if kind == "ask":
            # A database gives the values back, but not the note.
            asked = given_[0]
            assert algorithm.ask(
                Recommendation(asked.number, dict(asked.values), asked.epochs, asked.resume_from)
            )
        elif kind == "report":
            assert algorithm.report(*given_[:3]) == given_[3]
        else:
            algorithm.tell(*given_)
    return algorithm


@pytest.mark.parametrize("name", EVERY)
def test_replaying_any_calls_rebuilds_the_algorithm(name: str) -> None:
    @settings(max_examples=2, deadline=None)
    @given(st.integers(0, 2**16), st.integers(1, 6), st.integers(0, 70))
    def law(seed: int, slots: int, steps: int) -> None:
        run = Run(make(name), slots, seed)
        for _ in range(steps):
            run.step()
        again = replay(run.calls, make(name))
        assert again.done == run.algorithm.done and again.best == run.algorithm.best
        assert again.epochs_spent == run.algorithm.epochs_spent
        for _ in range(3):
            here, there = run.algorithm.ask(), again.ask()
            assert here == there
            if here is None:
                break

    law()


@pytest.mark.parametrize("name", EVERY)
def test_failed_trials_are_never_promoted_nor_returned(name: str) -> None:
    run = Run(make(name), slots=4, seed=5, failures=0.5).to_the_end()
    algorithm = run.algorithm
    assert algorithm.done and not algorithm.running() and algorithm.ask() is None
    failed = {n for n, t in algorithm.trials.items() if t.outcome and t.outcome.is_failure}
    assert failed and not failed & {t.asked.resume_from for t in algorithm.trials.values()}
    assert algorithm.best is not None and algorithm.best not in failed
    values = [t.outcome.values[0] for t in algorithm.finished() if t.outcome]
    best = algorithm.trials[algorithm.best].outcome
    assert best is not None and best.values[0] == max(values)


@pytest.mark.parametrize("name", EVERY)
def test_suggestions_are_valid_and_the_first_is_the_default(name: str) -> None:
    run = Run(make(name), failures=0.1).to_the_end()
    trials = list(run.algorithm.trials.values())
    assert trials[0].asked.values == SPACE.defaults and trials[0].asked.note == "the default configuration"
    for trial in trials[1:]:
        assert SPACE.violations(trial.asked.values) == []
    fresh = [t.asked.values for t in trials if t.asked.resume_from is None]
    assert all(v not in fresh[:i] for i, v in enumerate(fresh)), "a configuration was tried twice"


@pytest.mark.parametrize("name", MULTI_FIDELITY)
def test_a_checkpoint_fits_whoever_goes_on_from_it(name: str) -> None:
    algorithm = Run(make(name), failures=0.1).to_the_end().algorithm
    for trial in algorithm.trials.values():
        if trial.asked.resume_from is None:
            continue
        source = algorithm.trials[trial.asked.resume_from].asked
        assert (trial.asked.epochs or 0) > (source.epochs or 0)
        for parameter in SPACE.parameters:
            if parameter.is_structural:
                assert trial.asked.values.get(parameter.name) == source.values.get(parameter.name)


@pytest.mark.parametrize("name", SEVERAL)
def test_several_objectives_give_a_front(name: str) -> None:
    said: dict[str, Any] = {"directions": ["maximize", "maximize"], "metrics": ["a", "b"]}
    algorithm = Run(make(name, **said), failures=0.0).to_the_end().algorithm
    front = [algorithm.trials[n].losses for n in algorithm.pareto_front]
    assert len(front) > 1
    assert all(not (a != b and a[0] <= b[0] and a[1] <= b[1]) for a in front if a for b in front if b)
    assert sorted(t.number for t in ranked(algorithm.finished()))[0] == 0


@pytest.mark.parametrize("name", ["dehb", "cmaes"])
def test_algorithms_of_one_objective_refuse_two(name: str) -> None:
    with pytest.raises(UsageError, match="searches one objective"):
        make(name, directions=["maximize", "minimize"], metrics=["a", "b"])


def test_no_direction_is_a_question_to_the_user() -> None:
    with pytest.raises(UsageError, match=r"automl\.direction"):
        make("bayesian", directions=[])


@pytest.mark.parametrize("name", [a for a in QUICK if a not in MULTI_FIDELITY])
def test_a_longer_search_begins_like_a_shorter_one(name: str) -> None:
    # An experiment is extended by replaying its events into an algorithm with a larger budget.
    short = Run(make(name, max_recommendations=12), failures=0.0).to_the_end()
    longer = replay(short.calls, make(name, max_recommendations=14))
    assert longer.ask() is not None


@pytest.mark.parametrize("name", MULTI_FIDELITY)
def test_a_promised_number_of_recommendations_can_be_extended(name: str) -> None:
    short = Run(make(name, max_recommendations=9), failures=0.0).to_the_end()
    assert len(short.algorithm.trials) == 9
    assert replay(short.calls, make(name, max_recommendations=12)).ask() is not None


@pytest.mark.parametrize("name", MULTI_FIDELITY)
def test_the_budget_counts_epochs(name: str) -> None:
    algorithm = Run(make(name, epoch_budget=60), slots=5, failures=0.0).to_the_end().algorithm
    spent = 0
    for trial in algorithm.trials.values():
        asked = trial.asked
        before = algorithm.trials[asked.resume_from].asked.epochs if asked.resume_from is not None else 0
        planned = (asked.epochs or 0) - (before or 0)
        spent += min(planned, max(trial.curve) - (before or 0)) if trial.curve else planned
    assert spent == algorithm.epochs_spent <= 60
    assert spent > 30


def test_a_replay_that_does_not_fit_says_so() -> None:
    algorithm = make("asha")
    with pytest.raises(StateError, match="met another one"):
        algorithm.ask(Recommendation(0, {}, 27, None))
    ended = Run(make("random", max_recommendations=2), failures=0.0).to_the_end().algorithm
    with pytest.raises(StateError, match="nothing to start"):
        ended.ask(Recommendation(2, {}, None, None))
    with pytest.raises(StateError, match="ended already"):
        ended.tell(0, Outcome.of(1.0))
    with pytest.raises(StateError, match="no recommendation 7"):
        ended.report(7, 1, 0.5)


def test_values_that_are_no_numbers_are_failures() -> None:
    assert Outcome.of(float("nan")).is_failure and Outcome.of().is_failure and not Outcome.of(0.0).is_failure


def test_rungs_and_brackets_are_those_of_the_paper() -> None:
    assert rung_epochs(1, 27, 3) == (1, 3, 9, 27)
    assert rung_epochs(1, 10, 3) == (1, 3, 10)
    assert rung_epochs(5, 4 * 5, 2) == (5, 10, 20)
    assert rung_epochs(3, 3, 3) == (3,)
    # Table 1 of Li et al. with R = 81 and eta = 3.
    assert brackets(5, 3) == [
        (0, (81, 27, 9, 3, 1)),
        (1, (34, 11, 3, 1)),
        (2, (15, 5, 1)),
        (3, (8, 2)),
        (4, (5,)),
    ]
    assert epochs_of_a_pass((1, 3, 9), 3) == 9 + 3 * 2 + 6 + 5 * 3 + 6 + 3 * 9


def test_hyperband_promotes_the_best_third_from_its_checkpoints() -> None:
    algorithm = Run(make("hyperband"), slots=1, failures=0.0).to_the_end().algorithm
    first = [t for t in algorithm.trials.values() if t.asked.epochs == 1][:9]
    promoted = {t.asked.resume_from for t in algorithm.trials.values() if t.asked.epochs == 3}
    assert {t.number for t in ranked(first)[:3]} <= promoted


def test_hyperband_with_early_stopping_really_stops() -> None:
    algorithm = Run(make("hyperband_es"), slots=2, failures=0.0).to_the_end().algorithm
    plain = Run(make("hyperband"), slots=2, failures=0.0).to_the_end().algorithm
    assert isinstance(algorithm, HyperbandES) and algorithm.stopped
    assert not algorithm.stopped & {t.asked.resume_from for t in algorithm.trials.values()}
    # What was saved went into more trials.
    assert len(algorithm.trials) > len(plain.trials)


def test_bohb_uses_its_model() -> None:
    algorithm = Run(make("bohb"), slots=1, failures=0.0).to_the_end().algorithm
    assert isinstance(algorithm, BOHB)
    notes = [t.asked.note for t in algorithm.trials.values()]
    assert sum(note.startswith("model of") for note in notes) >= 3


def test_laggards_take_over_leaders_and_vary_their_values() -> None:
    algorithm = Run(make("pbt", population=10), slots=4, failures=0.0).to_the_end().algorithm
    assert isinstance(algorithm, PBT)
    copies = [t for t in algorithm.trials.values() if "takes over" in t.asked.note]
    assert copies
    for copy in copies:
        assert copy.asked.resume_from is not None
        assert copy.asked.values != algorithm.trials[copy.asked.resume_from].asked.values
    assert max(t.asked.epochs or 0 for t in algorithm.trials.values()) == 9


@pytest.mark.slow
def test_bayesian_optimisation_beats_random_search() -> None:
    def reached(name: str) -> float:
        algorithm = make(name, max_recommendations=24)
        return max(
            score(t.asked.values)
            for t in Run(algorithm, slots=1, failures=0.0).to_the_end().algorithm.trials.values()
        )

    assert reached("bayesian") > reached("random") + 0.1


def test_a_small_space_is_searched_to_its_end_and_no_further() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "bool", "default": True, "automl_enabled": True}},
        "automl_default_parameters": ["a"],
    }
    space = space_from_schema(schema, {"a": True})
    for name in ("bayesian", "random", "grid", "tpe", "cmaes"):
        read = AutoMLSettings.read({"algorithm": name, "directions": ["max"]})
        algorithm = make_algorithm(space, read)
        asked: list[Recommendation] = []
        while (found := algorithm.ask()) is not None:
            asked.append(found)
            algorithm.tell(found.number, Outcome.of(1.0))
        assert [r.values for r in asked] == [{"a": True}, {"a": False}], name
        assert algorithm.done


_OTHER = """
import json, sys
sys.path.insert(0, {folder!r})
import test_algorithms as t
found = {{}}
for name in [*t.QUICK, "hybrid"]:
    run = t.Run(t.make(name, seed=7), failures=0.2).to_the_end()
    asked = [c[1] for c in run.calls if c[0] == "ask"]
    found[name] = [[a.number, a.values, a.epochs, a.resume_from] for a in asked]
print(json.dumps(found))
"""


@pytest.mark.slow
def test_the_same_seed_in_two_processes_gives_the_same_trials() -> None:
    code = _OTHER.format(folder=str(Path(__file__).parent))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENAI")}
    first, second = (
        json.loads(
            subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True,
                text=True,
                check=True,
                env={**environment, "PYTHONHASHSEED": str(i)},
            ).stdout
        )
        for i in range(2)
    )
    for name, asked in first.items():
        assert len(asked) > 5 and asked == second[name], name


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_hundreds_of_suggestions_without_a_violation(name: str) -> None:
    many = 0
    for seed in range(26):
        said: dict[str, Any] = (
            {"max_recommendations": 13} if name not in MULTI_FIDELITY else {"epoch_budget": 40}
        )
        algorithm = make(name, seed=seed, **said)
        if isinstance(algorithm, Bayesian):
            # How good a place is found matters to no check, and takes most of the time.
            algorithm.candidates, algorithm.rounds = 100, 3
        Run(algorithm, seed=seed, failures=0.2).to_the_end()
        for trial in list(algorithm.trials.values())[1:]:
            many += 1
            assert SPACE.violations(trial.asked.values) == []
    assert many >= 300


@pytest.mark.slow
def test_a_suggestion_after_two_hundred_trials_takes_less_than_a_second() -> None:
    import time

    algorithm = make("bayesian", max_recommendations=300)
    rng = np.random.default_rng(0)
    for number in range(200):
        values = SPACE.sample(rng) if number else dict(SPACE.defaults)
        assert algorithm.ask(Recommendation(number, values)) is not None
        algorithm.tell(number, Outcome.of(score(values)))
    start = time.process_time()
    assert algorithm.ask() is not None
    assert time.process_time() - start < 2.0
