"""Successive halving in brackets, and its variants: Hyperband, Hyperband with early stopping, BOHB."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from skillbank.automl.algorithms.base import DEFAULT, Algorithm
from skillbank.automl.algorithms.ranking import ranked
from skillbank.automl.algorithms.trial import Slot, Trial
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.automl.algorithms import parzen  # with optuna

if TYPE_CHECKING:
    from skillbank.automl.settings import AutoMLSettings
    from skillbank.automl.space import SearchSpace


def rung_epochs(shortest: int, longest: int, factor: int) -> tuple[int, ...]:
    """Return the epochs of the rungs, longest last: each about `factor` times the one before.

    >>> rung_epochs(1, 27, 3)
    (1, 3, 9, 27)
    """
    epochs = [longest]
    while epochs[0] / factor >= shortest:
        epochs.insert(0, max(shortest, round(longest / factor ** len(epochs))))
    return tuple(dict.fromkeys(epochs))


@dataclass
class Bracket:
    """One run of successive halving.

    Attributes
    ----------
    first
        Rung that it starts at.
    sizes
        How many trials each of its rungs takes.
    members
        Numbers of the trials of each of its rungs, in the order of their start.
    """

    first: int
    sizes: tuple[int, ...]
    members: list[list[int]] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether its first rung takes no more trials."""
        return len(self.members[0]) >= self.sizes[0]


def brackets(rungs: int, factor: int) -> list[tuple[int, tuple[int, ...]]]:
    """Return the brackets of one pass of Hyperband: the rung that each starts at, and its rungs' sizes."""
    found = []
    for depth in range(rungs - 1, -1, -1):
        size = math.ceil(rungs / (depth + 1) * factor**depth)
        found.append((rungs - 1 - depth, tuple(max(size // factor**i, 1) for i in range(depth + 1))))
    return found


def epochs_of_a_pass(epochs: tuple[int, ...], factor: int) -> int:
    """Return how many epochs one pass of Hyperband trains when every promotion goes on from a checkpoint."""
    total = 0
    for first, sizes in brackets(len(epochs), factor):
        for i, size in enumerate(sizes):
            before = epochs[first + i - 1] if i else 0
            total += size * (epochs[first + i] - before)
    return total


class MultiFidelity(Algorithm):
    """Base of the algorithms that judge trials by short trainings first.

    The budget counts epochs: ``epoch_budget``, else, unless a number of recommendations was asked for,
    the epochs of one pass of Hyperband.
    """

    multi_fidelity = True

    def __init__(self, space: SearchSpace, settings: AutoMLSettings, defaults: Mapping[str, object]) -> None:
        super().__init__(space, settings, defaults)
        said = self.settings
        self.epochs = rung_epochs(said.min_epochs, said.max_epochs, said.reduction_factor)
        self.rung_of: dict[int, int] = {}
        self.stopped: set[int] = set()

    @property
    def epoch_budget(self) -> float:
        """Epochs that all trials together may train."""
        if self.settings.epoch_budget is not None:
            return self.settings.epoch_budget
        if self.settings.said_max_recommendations:
            return math.inf
        return epochs_of_a_pass(self.epochs, self.settings.reduction_factor)

    def _next_slot(self) -> Slot | None:
        if self.settings.said_max_recommendations and len(self.trials) >= self.settings.max_recommendations:
            return None
        slot = self._wanted()
        if slot is None or self.epochs_spent + self._cost(slot) > self.epoch_budget:
            return None
        if not self.trials:
            return Slot(slot.epochs, None, self.defaults, slot.role, DEFAULT)
        return slot

    @abstractmethod
    def _wanted(self) -> Slot | None:
        """Return the next slot, the budget left aside."""

    def _suggest(self, slot: Slot, rng: np.random.Generator) -> tuple[dict[str, object], str]:
        return self.fresh(rng), "random"

    def _started(self, trial: Trial, slot: Slot) -> None:
        self.rung_of[trial.number] = slot.role[1]

    def _ended(self, trial: Trial) -> None:
        if trial.number in self.stopped and trial.curve and trial.asked.epochs:
            # What was not trained is there for others.
            self.epochs_spent -= max(trial.asked.epochs - max(trial.curve), 0)

    def promotion(self, number: int, role: tuple[int, ...]) -> Slot:
        """Return the slot in which a trial goes on to the next rung."""
        rung = self.rung_of[number] + 1
        note = f"promoted from {self.epochs[rung - 1]} to {self.epochs[rung]} epochs"
        return Slot(self.epochs[rung], number, self.trials[number].asked.values, role, note)


class Hyperband(MultiFidelity):
    """Brackets of successive halving, from many short trainings to few long ones.

    Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, "Hyperband: A Novel Bandit-Based Approach to
    Hyperparameter Optimization", JMLR 18 (2018). A rung's best third (of ``reduction_factor`` 3) goes on
    from its checkpoints once the rung has ended; meanwhile free slots begin the next bracket. A failed
    trial is never promoted. After the last bracket the first begins anew while the budget lasts.
    """

    def __init__(self, space: SearchSpace, settings: AutoMLSettings, defaults: Mapping[str, object]) -> None:
        super().__init__(space, settings, defaults)
        self.brackets: list[Bracket] = []

    def _wanted(self) -> Slot | None:
        for i, bracket in enumerate(self.brackets):
            slot = self._promotion(i, bracket)
            if slot is not None:
                return slot
        for i, bracket in enumerate(self.brackets):
            if not bracket.is_full:
                return Slot(epochs=self.epochs[bracket.first], role=(i, bracket.first))
        i = len(self.brackets)
        first = self._plan(i)[0]
        return Slot(epochs=self.epochs[first], role=(i, first))

    def _promotion(self, i: int, bracket: Bracket) -> Slot | None:
        for level in range(len(bracket.sizes) - 1):
            members, above = bracket.members[level], bracket.members[level + 1]
            rung = [self.trials[n] for n in members]
            if not rung or any(t.is_running for t in rung):
                continue
            if level == 0 and not bracket.is_full:
                continue
            if level > 0 and self._promotion_open(bracket, level - 1):
                continue
            for trial in self._winners(rung, bracket.sizes[level + 1]):
                if trial.number not in {self.trials[n].asked.resume_from for n in above}:
                    return self.promotion(trial.number, (i, bracket.first + level + 1))
        return None

    def _promotion_open(self, bracket: Bracket, level: int) -> bool:
        """Whether a rung still has winners that have not gone on."""
        rung = [self.trials[n] for n in bracket.members[level]]
        if any(t.is_running for t in rung):
            return True
        return len(bracket.members[level + 1]) < len(self._winners(rung, bracket.sizes[level + 1]))

    def _winners(self, rung: list[Trial], places: int) -> list[Trial]:
        return [t for t in ranked(rung) if t.number not in self.stopped][:places]

    def _plan(self, i: int) -> tuple[int, tuple[int, ...]]:
        plan = brackets(len(self.epochs), self.settings.reduction_factor)
        return plan[i % len(plan)]

    def _started(self, trial: Trial, slot: Slot) -> None:
        super()._started(trial, slot)
        i, rung = slot.role
        if i == len(self.brackets):
            first, sizes = self._plan(i)
            self.brackets.append(Bracket(first, sizes, [[] for _ in sizes]))
        bracket = self.brackets[i]
        bracket.members[rung - bracket.first].append(trial.number)


class HyperbandES(Hyperband):
    """Hyperband that also stops a trial inside its rung when it falls behind the others.

    The median stopping rule of Golovin et al., "Google Vizier: A Service for Black-Box Optimization", KDD
    2017: a trial ends early when its best value up to an epoch is worse than the median of what the others
    had reached by that epoch. It starts to judge after a third of the rung's epochs and with four others to
    compare with; a stopped trial is not promoted, and the epochs it has not trained go back to the budget.
    """

    patience = 1 / 3
    company = 4

    def _stops(self, trial: Trial, epoch: int) -> bool:
        if trial.number in self.stopped:
            return True
        if not self._judged(trial, epoch):
            return False
        others = [
            min(loss for e, loss in other.curve.items() if e <= epoch)
            for other in self.trials.values()
            if other is not trial and max(other.curve, default=0) >= epoch and min(other.curve) <= epoch
        ]
        if len(others) < self.company or min(trial.curve.values()) <= median(others):
            return False
        self.stopped.add(trial.number)
        return True

    def _judged(self, trial: Trial, epoch: int) -> bool:
        """Whether a trial has trained for long enough to be judged, and has epochs left to save."""
        asked = trial.asked
        parent = self.trials[asked.resume_from] if asked.resume_from is not None else None
        before = (parent.asked.epochs or 0) if parent is not None else 0
        own = (asked.epochs or epoch) - before
        return epoch - before >= max(self.patience * own, 1) and epoch < (asked.epochs or 0)


class BOHB(Hyperband):
    """Hyperband whose new configurations come from a model of the trials so far.

    Falkner, Klein and Hutter, "BOHB: Robust and Efficient Hyperparameter Optimization at Scale", ICML 2018.
    The model is a Parzen estimator of the trials at the longest rung that has enough of them; every third
    configuration stays random. Enough means one more than there are parameters, but no more than half of what
    the first rung holds: with few epochs a rung never gets more, and the model would not be used at all.
    """

    random_share = 1 / 3

    def _suggest(self, slot: Slot, rng: np.random.Generator) -> tuple[dict[str, object], str]:
        if rng.random() < self.random_share:
            return self.fresh(rng), "random"
        enough = min(len(self.space.parameters) + 1, max(self._plan(0)[1][0] // 2, 3))
        for rung in range(len(self.epochs) - 1, -1, -1):
            known = [t for t in self.finished() if self.rung_of[t.number] == rung]
            if len(known) >= enough:
                running = [t for t in self.running() if t.asked.resume_from is None]
                values = parzen.parzen_suggestion(self.space, known, running, int(rng.integers(2**31)))
                if values not in [t.asked.values for t in self.trials.values()]:
                    return values, f"model of {len(known)} trials at {self.epochs[rung]} epochs"
                break
        return self.fresh(rng), "random"
