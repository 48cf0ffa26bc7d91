"""Differential evolution in the brackets of Hyperband."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from skillbank.automl.algorithms.hyperband import Bracket, Hyperband, brackets
from skillbank.automl.algorithms.ranking import ranked
from skillbank.automl.algorithms.trial import Slot, Trial

if TYPE_CHECKING:
    from skillbank.automl.settings import AutoMLSettings
    from skillbank.automl.space import SearchSpace

Array = npt.NDArray[np.float64]


class DEHB(Hyperband):
    """One evolving population for each rung, the best of one rung being the parents in the next.

    Awad, Mallik and Hutter, "DEHB: Evolutionary Hyperband for Scalable, Robust and Efficient Hyperparameter
    Optimization", IJCAI 2021. The first bracket is plain successive halving of random configurations and
    fills the populations. In later brackets each trial is a child: rand/1 mutation with factor 0.5 among
    the parents, binomial crossover with rate 0.5 with the member whose turn it is, trained from its
    beginning; it replaces that member when it is better. Coordinates that leave [0, 1] are drawn anew.
    """

    several_objectives = False
    mutation = 0.5
    crossover = 0.5

    def __init__(self, space: SearchSpace, settings: AutoMLSettings, defaults: Mapping[str, object]) -> None:
        super().__init__(space, settings, defaults)
        plan = brackets(len(self.epochs), self.settings.reduction_factor)
        self._sizes = [
            max((sizes[r - first] for first, sizes in plan if r >= first), default=1)
            for r in range(len(self.epochs))
        ]
        self._populations: list[list[int]] = [[] for _ in self.epochs]
        self._turn = [0] * len(self.epochs)
        self._target: dict[int, int] = {}

    def _wanted(self) -> Slot | None:
        if not self.brackets or not self.brackets[0].is_full:
            return Slot(epochs=self.epochs[0], role=(0, 0))
        halving = self._promotion(0, self.brackets[0])
        if halving is not None:
            return halving
        for i, bracket in enumerate(self.brackets[1:], start=1):
            slot = self._child_slot(i, bracket)
            if slot is not None:
                return slot
        i = len(self.brackets)
        first = self._plan(i)[0]
        return Slot(epochs=self.epochs[first], role=(i, first))

    def _child_slot(self, i: int, bracket: Bracket) -> Slot | None:
        """Return the next place of a bracket's rungs; a rung opens when the one below has ended."""
        for level, size in enumerate(bracket.sizes):
            members = bracket.members[level]
            if len(members) < size:
                rung = bracket.first + level
                return Slot(epochs=self.epochs[rung], role=(i, rung))
            if any(self.trials[n].is_running for n in members):
                return None
        return None

    def _suggest(self, slot: Slot, rng: np.random.Generator) -> tuple[dict[str, object], str]:
        i, rung = slot.role
        parents = self._parents(rung)
        if i == 0 or len(parents) < 3:
            return self.fresh(rng), "random"
        a, b, c = (self._point(parents[k]) for k in rng.choice(len(parents), 3, replace=False))
        mutant = a + self.mutation * (b - c)
        mutant = np.where((mutant < 0.0) | (mutant > 1.0), rng.random(len(mutant)), mutant)
        target = self._next_target(rung)
        base = self._point(target) if target is not None else a
        crossed = rng.random(len(mutant)) < self.crossover
        crossed[rng.integers(len(mutant))] = True
        values = self.space.decode(np.where(crossed, mutant, base))
        if values in [t.asked.values for t in self.trials.values()]:
            return self.fresh(rng), "random: the child was its parent"
        return values, f"child at {self.epochs[rung]} epochs"

    def _parents(self, rung: int) -> list[int]:
        """Return the mutation's pool: the best of the rung below as many as this rung takes, else its own."""
        if rung > 0:
            below = ranked(self.trials[n] for n in self._populations[rung - 1])[: self._sizes[rung]]
            if len(below) >= 3:
                return [t.number for t in below]
        own = list(self._populations[rung])
        return own if len(own) >= 3 else [t.number for t in ranked(self.finished())]

    def _next_target(self, rung: int) -> int | None:
        population = self._populations[rung]
        return population[self._turn[rung] % len(population)] if population else None

    def _point(self, number: int) -> Array:
        return self.space.encode(self.trials[number].asked.values)

    def _started(self, trial: Trial, slot: Slot) -> None:
        i, rung = slot.role
        if i > 0 and (target := self._next_target(rung)) is not None:
            self._target[trial.number] = target
            self._turn[rung] += 1
        super()._started(trial, slot)

    def _ended(self, trial: Trial) -> None:
        super()._ended(trial)
        if trial.losses is None:
            return
        population = self._populations[self.rung_of[trial.number]]
        target = self._target.get(trial.number)
        rival = self.trials[target].losses if target in population else None
        if rival is not None and len(population) >= self._sizes[self.rung_of[trial.number]]:
            if trial.losses <= rival:
                population[population.index(target)] = trial.number  # type: ignore[arg-type]
        elif len(population) < self._sizes[self.rung_of[trial.number]]:
            population.append(trial.number)
