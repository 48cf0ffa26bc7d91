"""Settings of an experiment, as a plan's ``automl`` mapping says them."""

from typing import Any

import pytest

from skillbank.automl.algorithms import Algorithm, algorithm_class
from skillbank.automl.settings import ALGORITHMS, AutoMLSettings
from skillbank.errors import UsageError


def test_defaults_are_the_familys() -> None:
    read = AutoMLSettings.read({})
    assert (read.algorithm, read.max_recommendations, read.max_epochs) == ("bayesian", 20, 27)
    assert (read.reduction_factor, read.population, read.generations, read.seed) == (3, 10, 20, 0)


def test_the_familys_spellings() -> None:
    read = AutoMLSettings.read(
        {
            "automl_algorithm": "Hyperband-ES",
            "automl_max_epochs": 9,
            "num_recommendations": 6,
            "metric": "val_mAP50",
            "direction": "max",
            "time_budget": "2h",
            "trial_timeout": "90s",
            "custom_param_ranges": {"train": {"optim": {"lr": [1e-5, 1e-3]}}},
        }
    )
    assert (read.algorithm, read.max_epochs, read.max_recommendations) == ("hyperband_es", 9, 6)
    assert (read.metrics, read.directions) == (("val_mAP50",), ("maximize",))
    assert (read.time_budget, read.trial_timeout) == (7200, 90)
    assert read.said_max_recommendations and read.is_multi_fidelity
    assert AutoMLSettings.read(read.model_dump(exclude_unset=True)) == read


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_algorithm_has_a_class(name: str) -> None:
    assert issubclass(algorithm_class(name), Algorithm)
    assert AutoMLSettings.read({"algorithm": name}).algorithm == name


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            {"max_recomendations": 6},
            "automl.max_recomendations is not a setting of AutoML (did you mean 'max_recommendations'?).",
        ),
        ({"algorithm": "bayes"}, "did you mean 'bayesian'?"),
        ({"algorithm": "annealing"}, "must be one of bayesian, bfbo"),
        ({"max_recommendations": 0}, "automl.max_recommendations is 0"),
        ({"reduction_factor": 1}, "automl.reduction_factor is 1"),
        ({"time_budget": "soon"}, "automl.time_budget is 'soon'"),
        ({"directions": ["upward"]}, "automl.directions"),
        ({"metrics": ["a", "b"], "directions": ["max"]}, "2 metrics and 1 directions"),
        ({"min_epochs": 9, "max_epochs": 3}, "min_epochs 9 is above max_epochs 3"),
        ({"ranges": {"train.optim.lr": 3}}, "The range of train.optim.lr must be [low, high]"),
        ({"llm": {"modle": "x"}}, "did you mean 'model'?"),
        ({"num_recommendations": 3, "max_recommendations": 4}, "is set twice"),
    ],
)
def test_mistakes_are_one_sentence(said: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        AutoMLSettings.read(said)
    assert words in str(caught.value)


def test_losses_turn_every_objective_downward() -> None:
    read = AutoMLSettings.read({"metrics": "a, b", "directions": "max min"})
    assert read.losses((2.0, 3.0)) == (-2.0, 3.0)
    with pytest.raises(UsageError, match="2 finite values"):
        read.losses((1.0,))
