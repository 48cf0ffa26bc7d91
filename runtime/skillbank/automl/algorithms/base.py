"""What every search algorithm is: ask for a trial, report its epochs, tell its outcome.

An algorithm is a deterministic function of its space, its settings and the sequence of calls. It draws
every random number from the seed and the number of the recommendation at hand, so there is no generator
whose state could get lost: replaying the recorded calls, with the recorded recommendations in place of new
ones, rebuilds it exactly and costs next to nothing.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from skillbank.automl.algorithms.ranking import dominates
from skillbank.automl.algorithms.trial import Outcome, Recommendation, Slot, Trial
from skillbank.errors import StateError, UsageError
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    import numpy as np  # a plan names an algorithm, and draws nothing

if TYPE_CHECKING:
    from skillbank.automl.settings import AutoMLSettings
    from skillbank.automl.space import SearchSpace

DEFAULT = "the default configuration"


class Algorithm(ABC):
    """Base of all algorithms.

    Parameters
    ----------
    space
        What is searched.
    settings
        With one direction for each objective.
    defaults
        Values of trial 0.
    """

    several_objectives = True
    """Whether it can search for a Pareto front."""
    multi_fidelity = False
    """Whether its trials train for fewer epochs than the whole, and go on from checkpoints."""

    def __init__(self, space: SearchSpace, settings: AutoMLSettings, defaults: Mapping[str, object]) -> None:
        if not settings.directions:
            raise UsageError(
                "Nothing says whether the metric is to grow or to fall; "
                "say automl.direction=maximize or minimize."
            )
        if len(settings.directions) > 1 and not self.several_objectives:
            raise UsageError(
                f"The algorithm {settings.algorithm} searches one objective, not {len(settings.directions)}; "
                "bayesian, tpe, random and hyperband search several."
            )
        self.space = space
        self.settings = settings
        self.defaults = dict(defaults)
        self.trials: dict[int, Trial] = {}
        self.epochs_spent = 0

    def ask(self, replayed: Recommendation | None = None) -> Recommendation | None:
        """Return the next trial to run, or None when there is none to start now.

        Parameters
        ----------
        replayed
            The recommendation that this very call gave when it was made for the first time. Its values are
            taken over instead of being computed again.

        Raises
        ------
        StateError
            When the replayed recommendation cannot be what this call gave.
        """
        slot = self._next_slot()
        if slot is None:
            if replayed is not None:
                raise StateError(
                    f"Replaying recommendation {replayed.number} found nothing to start at that point."
                )
            return None
        number = len(self.trials)
        if replayed is not None:
            if (replayed.number, replayed.epochs, replayed.resume_from) != (
                number,
                slot.epochs,
                slot.resume_from,
            ):
                raise StateError(
                    f"Replaying recommendation {replayed.number} met another one at that point "
                    f"({number}, {slot.epochs} epochs, from {slot.resume_from})."
                )
            asked = replayed
        elif slot.values is not None:
            asked = Recommendation(number, dict(slot.values), slot.epochs, slot.resume_from, slot.note)
        else:
            values, note = self._suggest(slot, self.rng(number))
            asked = Recommendation(number, values, slot.epochs, slot.resume_from, note or slot.note)
        self.trials[number] = Trial(asked)
        self.epochs_spent += self._cost(slot)
        self._started(self.trials[number], slot)
        return asked

    def report(self, number: int, epoch: int, value: float) -> bool:
        """Take the first metric of a running trial after an epoch; True asks to stop the trial early.

        A trial that is stopped is then told with the value it has reached.
        """
        trial = self._running(number)
        if not math.isfinite(value):
            return False
        trial.curve[epoch] = -value if self.settings.directions[0] == "maximize" else value
        return self._stops(trial, epoch)

    def tell(self, number: int, outcome: Outcome) -> None:
        """Take the outcome of a trial.

        Raises
        ------
        StateError
            When there is no such trial, or it has ended before.
        """
        trial = self._running(number)
        if not outcome.is_failure:
            trial.losses = self.settings.losses(outcome.values)
        trial.outcome = outcome
        self._ended(trial)

    @property
    def done(self) -> bool:
        """Whether every trial has ended and no other will be asked for."""
        return self._next_slot() is None and not any(t.is_running for t in self.trials.values())

    @property
    def best(self) -> int | None:
        """Number of the best finished trial (of several objectives: the first of the Pareto front)."""
        front = self.pareto_front
        return front[0] if front else None

    @property
    def pareto_front(self) -> list[int]:
        """Numbers of the finished trials that no other beats in all objectives, by the first objective."""
        ended = self.finished()
        front = [t for t in ended if not any(dominates(o.losses, t.losses) for o in ended)]
        return [t.number for t in sorted(front, key=lambda t: (t.losses or (), t.number))]

    def finished(self) -> list[Trial]:
        """Return the trials that ended with a value, oldest first."""
        return [t for t in self.trials.values() if t.losses is not None]

    def running(self) -> list[Trial]:
        """Return the trials that have not ended, oldest first."""
        return [t for t in self.trials.values() if t.is_running]

    def rng(self, number: int) -> np.random.Generator:
        """Return the source of randomness of one recommendation: a function of the seed and its number."""
        return np.random.default_rng((self.settings.seed, number))

    def fresh(self, rng: np.random.Generator, tries: int = 100) -> dict[str, object]:
        """Draw a configuration that has not been asked for, if there is one to be found."""
        taken = [t.asked.values for t in self.trials.values()]
        values = self.space.sample(rng)
        for _ in range(tries):
            if values not in taken:
                break
            values = self.space.sample(rng)
        return values

    @abstractmethod
    def _next_slot(self) -> Slot | None:
        """Return the next place to fill, or None; looks only, changes nothing."""

    @abstractmethod
    def _suggest(self, slot: Slot, rng: np.random.Generator) -> tuple[dict[str, object], str]:
        """Return values for a slot and a note; looks only, changes nothing that a replay would miss."""

    def _started(self, trial: Trial, slot: Slot) -> None:  # noqa: B027
        """Note that a slot has been filled."""

    def _ended(self, trial: Trial) -> None:  # noqa: B027
        """Note that a trial has ended."""

    def _stops(self, trial: Trial, epoch: int) -> bool:
        """Whether a running trial is to stop after this epoch."""
        return False

    def _cost(self, slot: Slot) -> int:
        """Return the epochs that a slot adds to what is spent."""
        if slot.epochs is None:
            return 0
        before = self.trials[slot.resume_from].asked.epochs if slot.resume_from is not None else 0
        return slot.epochs - (before or 0)

    def _running(self, number: int) -> Trial:
        trial = self.trials.get(number)
        if trial is None:
            raise StateError(f"There is no recommendation {number}; the last one is {len(self.trials) - 1}.")
        if not trial.is_running:
            raise StateError(f"Recommendation {number} has ended already.")
        return trial


class FullTraining(Algorithm):
    """Base of the algorithms whose trials all train for as long as the spec says."""

    def _next_slot(self) -> Slot | None:
        number = len(self.trials)
        if number >= self.settings.max_recommendations or self._exhausted():
            return None
        return Slot(values=self.defaults, note=DEFAULT) if number == 0 else Slot()

    def _exhausted(self) -> bool:
        """Whether the space holds nothing more to try."""
        return len(self.trials) >= self.space.size
