"""What Optuna's Parzen estimator suggests."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import optuna

from skillbank.automl.algorithms.trial import Trial
from skillbank.automl.space_optuna import optuna_params, suggest

if TYPE_CHECKING:
    from skillbank.automl.space import SearchSpace

__all__ = ["parzen_suggestion"]


def parzen_suggestion(
    space: SearchSpace, finished: Sequence[Trial], running: Sequence[Trial], seed: int
) -> dict[str, object]:
    """Return what Optuna's sampler suggests after these trials.

    The study is made anew for every suggestion, so all that the sampler knows is in the trials and the seed.
    """
    objectives = len(finished[0].losses or ())
    with warnings.catch_warnings():
        # Grouped densities are marked experimental; conditional parameters need them.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=0, multivariate=True, group=True, constant_liar=True, seed=seed
        )
    storage = optuna.storages.InMemoryStorage()
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(storage=storage, sampler=sampler, directions=["minimize"] * objectives)
        for trial in [*finished, *running]:
            params, distributions = optuna_params(space, trial.asked.values)
            state = optuna.trial.TrialState.COMPLETE if trial.losses else optuna.trial.TrialState.RUNNING
            study.add_trial(
                optuna.trial.create_trial(
                    state=state, params=params, distributions=distributions, values=trial.losses
                )
            )
        return suggest(space, study.ask())
    finally:
        optuna.logging.set_verbosity(before)
