"""Population based training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from skillbank.automl.algorithms.base import DEFAULT, Algorithm
from skillbank.automl.algorithms.ranking import ranked
from skillbank.automl.algorithms.trial import Slot, Trial
from skillbank.automl.parameters import Kind, Parameter

if TYPE_CHECKING:
    from skillbank.automl.settings import AutoMLSettings
    from skillbank.automl.space import SearchSpace


class PBT(Algorithm):
    """A population that trains in generations; laggards take over leaders' weights and vary their values.

    Jaderberg et al., "Population Based Training of Neural Networks" (2017). After a generation a member
    among the last fifth of those that have ended it goes on from the checkpoint of one of the first fifth
    (truncation selection), its values times 0.8 or 1.2 or, one time in four, drawn anew; everybody else
    goes on as he is. Parameters that shape the model keep the leader's values, or its weights would not
    fit. Nobody waits for the whole generation; a failed member goes on as a leader's copy.

    A member trains ``max_epochs`` in all, in ``generations`` equal parts of at least one epoch.
    """

    multi_fidelity = True
    share = 0.2
    resample = 0.25

    def __init__(self, space: SearchSpace, settings: AutoMLSettings, defaults: Mapping[str, object]) -> None:
        super().__init__(space, settings, defaults)
        said = self.settings
        parts = min(said.generations, said.max_epochs)
        self.ends = [round(said.max_epochs * (g + 1) / parts) for g in range(parts)]
        self._members: list[list[int]] = [[] for _ in range(said.population)]
        """Each member's trials: number k of them is generation k, unless it was repeated."""
        self._generation: dict[int, int] = {}

    def _next_slot(self) -> Slot | None:
        said = self.settings
        if said.said_max_recommendations and len(self.trials) >= said.max_recommendations:
            return None
        slot = self._wanted()
        if slot is None:
            return None
        if said.epoch_budget is not None and self.epochs_spent + self._cost(slot) > said.epoch_budget:
            return None
        return slot

    def _wanted(self) -> Slot | None:
        for member, trials in enumerate(self._members):
            if not trials:
                values = self.defaults if member == 0 else None
                note = DEFAULT if member == 0 else ""
                return Slot(self.ends[0], None, values, (member, 0, False), note)
        waiting = [
            (self._generation[trials[-1]], member)
            for member, trials in enumerate(self._members)
            if not self.trials[trials[-1]].is_running
        ]
        for generation, member in sorted(waiting):
            slot = self._following(member, generation)
            if slot is not None:
                return slot
        return None

    def _following(self, member: int, generation: int) -> Slot | None:
        last = self.trials[self._members[member][-1]]
        order = self._ranking(generation)
        count = max(1, int(self.share * len(order))) if order else 0
        if last.losses is None:
            if order:
                return self._copy(member, generation, order[:count])
            if any(t.is_running for t in self.trials.values()):
                return None
            # Nobody is left to copy: begin anew, unless the whole population keeps failing.
            failures = sum(self.trials[n].losses is None for n in self._members[member])
            if failures >= 3:
                return None
            return Slot(self.ends[generation], None, None, (member, generation, False))
        if generation + 1 >= len(self.ends):
            return None
        if len(order) >= 1 / self.share and last in order[-count:]:
            return self._copy(member, generation, order[:count])
        note = f"member {member} goes on"
        return Slot(
            self.ends[generation + 1], last.number, last.asked.values, (member, generation + 1, False), note
        )

    def _copy(self, member: int, generation: int, leaders: list[Trial]) -> Slot | None:
        if generation + 1 >= len(self.ends):
            return None
        rng = np.random.default_rng((self.settings.seed, member, generation, 1))
        leader = leaders[int(rng.integers(len(leaders)))]
        return Slot(self.ends[generation + 1], leader.number, None, (member, generation + 1, True))

    def _ranking(self, generation: int) -> list[Trial]:
        """Return the members' trials of one generation that ended with a value, best first."""
        return ranked(t for t in self.finished() if self._generation[t.number] == generation)

    def _suggest(self, slot: Slot, rng: np.random.Generator) -> tuple[dict[str, object], str]:
        if slot.resume_from is None:
            return self.fresh(rng), "random"
        leader = self.trials[slot.resume_from]
        wanted: dict[str, object] = {}
        for parameter in self.space.parameters:
            value = leader.asked.values.get(parameter.name, parameter.default)
            wanted[parameter.name] = value if parameter.is_structural else self._varied(parameter, value, rng)
        values = self.space.decode(self.space.encode(wanted))
        for parameter in self.space.parameters:
            # Exactly the leader's own, even where it lies outside of the range, as a default may.
            if parameter.is_structural and parameter.name in leader.asked.values:
                values[parameter.name] = leader.asked.values[parameter.name]
        return values, f"member {slot.role[0]} takes over {leader.number}"

    def _varied(self, parameter: Parameter, value: Any, rng: np.random.Generator) -> object:
        if value is None or rng.random() < self.resample:
            return parameter.decode(rng.random(parameter.dimensions).tolist())
        factor = 1.2 if rng.random() < 0.5 else 0.8
        if parameter.kind is Kind.LIST:
            return [self._varied(item, v, rng) for item, v in zip(parameter.items, value, strict=True)]
        if parameter.kind is Kind.FLOAT:
            return value * factor
        if parameter.kind is Kind.INTEGER:
            moved = round(value * factor)
            return moved if moved != value else value + (1 if factor > 1 else -1)
        if parameter.kind is Kind.ORDERED and value in parameter.choices:
            place = parameter.choices.index(value) + (1 if factor > 1 else -1)
            return parameter.choices[min(max(place, 0), len(parameter.choices) - 1)]
        return value

    def _started(self, trial: Trial, slot: Slot) -> None:
        member, generation, _ = slot.role
        self._members[member].append(trial.number)
        self._generation[trial.number] = generation
