"""How much each parameter matters: PED-ANOVA over the trials that count.

Watanabe, Bansal and Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
Subspaces", IJCAI 2023, as Optuna implements it.
"""

from __future__ import annotations

import json
import math
import warnings
from typing import TYPE_CHECKING

from skillbank.automl.experiment import Experiment, Trial
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    import optuna
    from optuna import distributions

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["importances"]

_FEWEST = 8
"""With fewer trials than this the figures would be noise."""


def importances(stands: Experiment) -> dict[str, float]:
    """Return each parameter's share of the first objective's variation, the largest first.

    Only trials that were trained for as long as the longest are compared. Empty while there are too few.
    """
    trials, keys = _comparable(stands)
    if len(trials) < _FEWEST or not keys or len({t.scores for t in trials}) < 2:
        return {}

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    maximize = stands.objectives[0].maximize
    study = optuna.create_study(direction="maximize" if maximize else "minimize")
    spaces = {key: _distribution([t.values[key] for t in trials]) for key in keys}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for trial in trials:
            params = {key: _plain(trial.values[key]) for key in keys}
            study.add_trial(
                optuna.trial.create_trial(
                    params=params, distributions=spaces, value=(trial.scores or (0.0,))[0]
                )
            )
        found = optuna.importance.get_param_importances(
            study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
        )
    known = {key: float(value) for key, value in found.items() if math.isfinite(value)}
    total = sum(known.values())
    return {key: round(value / total, 4) for key, value in known.items()} if total > 0 else {}


def _comparable(stands: Experiment) -> tuple[list[Trial], list[str]]:
    """Return the trials that were trained the longest, and the keys by which they differ.

    Trials without one of these keys are left out.
    """
    counted = [t for t in stands.trials.values() if t.counts and t.scores is not None]
    longest = max((t.epochs or 0 for t in counted), default=0)
    counted = [t for t in counted if (t.epochs or 0) == longest]
    named = sorted({key for trial in counted for key in trial.values})
    keys = [key for key in named if _varies(key, counted)]
    return [t for t in counted if t.values.keys() >= {*keys}], keys


def _varies(key: str, trials: list[Trial]) -> bool:
    return len({json.dumps(t.values[key], sort_keys=True) for t in trials if key in t.values}) > 1


def _plain(value: object) -> bool | float | str | None:
    """Return a value as Optuna takes it: lists are choices, named by their text."""
    return value if value is None or isinstance(value, int | float | str) else json.dumps(value)


def _distribution(values: list[object]) -> BaseDistribution:
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(values):
        choices = {json.dumps(_plain(v)): _plain(v) for v in values}
        return distributions.CategoricalDistribution([choices[name] for name in sorted(choices)])
    low, high = min(numbers), max(numbers)
    log = low > 0 and high / low >= 30
    if all(isinstance(v, int) for v in numbers):
        return distributions.IntDistribution(int(low), int(high), log=log)
    return distributions.FloatDistribution(float(low), float(high), log=log)
