"""Asynchronous successive halving."""

from __future__ import annotations

from skillbank.automl.algorithms.hyperband import MultiFidelity
from skillbank.automl.algorithms.ranking import ranked
from skillbank.automl.algorithms.trial import Slot


class ASHA(MultiFidelity):
    """Successive halving that never waits for a rung to end.

    Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht and Talwalkar, "A System for Massively
    Parallel Hyperparameter Tuning", MLSys 2020. Whenever a slot is free, the highest rung in whose best
    third there is a trial that has not gone on promotes it; otherwise a new configuration starts at the
    lowest. Failed trials neither go on nor make room for others.
    """

    def _wanted(self) -> Slot | None:
        gone_on = {t.asked.resume_from for t in self.trials.values()}
        for rung in range(len(self.epochs) - 2, -1, -1):
            ended = [t for t in self.finished() if self.rung_of[t.number] == rung]
            for trial in ranked(ended)[: len(ended) // self.settings.reduction_factor]:
                if trial.number not in gone_on:
                    return self.promotion(trial.number, (0, rung + 1))
        return Slot(epochs=self.epochs[0], role=(0, 0))
