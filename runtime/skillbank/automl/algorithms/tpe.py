"""The tree-structured Parzen estimator, by Optuna."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from skillbank.automl.algorithms.base import FullTraining
from skillbank.automl.algorithms.trial import Slot, Trial
from skillbank.automl.space_optuna import optuna_params, suggest

if TYPE_CHECKING:
    from skillbank.automl.space import SearchSpace

_TRIES = 5


class TPE(FullTraining):
    """Models the good and the bad trials apart, and suggests what is likely among the good ones.

    Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011; with
    joint densities over parameters as in Falkner et al. (2018). Several objectives: Ozaki et al.,
    "Multiobjective Tree-Structured Parzen Estimator", JAIR 73 (2022).
    """

    startup = 10
    """Trials drawn at random before the model is asked, the default configuration among them."""

    def _suggest(self, slot: Slot, rng: np.random.Generator) -> tuple[dict[str, object], str]:
        if len(self.trials) < self.startup or len(self.finished()) < 2:
            return self.fresh(rng), "random start"
        taken = [t.asked.values for t in self.trials.values()]
        for _ in range(_TRIES):
            seed = int(rng.integers(2**31))
            values = parzen_suggestion(self.space, self.finished(), self.running(), seed)
            if values not in taken:
                return values, "Parzen estimator"
        return self.fresh(rng), "random: the estimator only repeated itself"


def parzen_suggestion(
    space: SearchSpace, finished: Sequence[Trial], running: Sequence[Trial], seed: int
) -> dict[str, object]:
    """Return what Optuna's sampler suggests after these trials.

    The study is made anew for every suggestion, so all that the sampler knows is in the trials and the seed.
    """
    import optuna

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
