"""The best epoch so far, by one number of the validations, and whether it is worth going on."""

import logging
import math
from collections.abc import Mapping

from skillbank_engine.errors import EngineError

_LOG = logging.getLogger(__name__)


class BestSoFar:
    """Follows one measured value over a training.

    Parameters
    ----------
    metric : str
        Its name in ``status.json``.
    higher : bool
        Whether more is better.
    patience : int
        Validations without a better value after which :attr:`over` is true; 0 for any number.

    Attributes
    ----------
    value, epoch : float, int
        The best value and its epoch, counted from 0; -1 before there is one.
    since : int
        Validations since then.
    file : str
        Name of the checkpoint of that epoch, where it is kept.
    extra : bool
        Whether that checkpoint is kept for being the best alone.
    """

    def __init__(self, metric: str, higher: bool, patience: int = 0) -> None:
        self._metric = metric
        self._higher = higher
        self._patience = patience
        self.value = math.nan
        self.epoch = -1
        self.since = 0
        self.file = ""
        self.extra = False

    def heed(self, values: Mapping[str, float], epoch: int) -> bool:
        """Take a validation in and say whether it is the best so far.

        Raises
        ------
        EngineError
            The value is not among what is measured.
        """
        if self._metric not in values:
            raise EngineError(
                f"engine.early_stopping_metric={self._metric} is not measured: choose one of "
                f"{', '.join(values)}"
            )
        value = values[self._metric]
        better = value > self.value if self._higher else value < self.value
        if math.isfinite(value) and (better or self.epoch < 0):
            self.value, self.epoch, self.since = value, epoch, 0
            return True
        self.since += 1
        return False

    @property
    def over(self) -> bool:
        """Whether no better value has come for too long."""
        return 0 < self._patience <= self.since

    def describe(self) -> str:
        """Say why training ends."""
        return (
            f"{self._metric} was best in epoch {self.epoch + 1} ({self.value:.4g}) and no better in the "
            f"{self.since} validations since: training ends early"
        )

    def state(self) -> dict[str, object]:
        """What it takes to go on."""
        names = ("value", "epoch", "since", "file", "extra")
        return {"metric": self._metric, **{name: getattr(self, name) for name in names}}

    def load(self, state: Mapping[str, object]) -> None:
        """Go on, unless it is another value that counts now."""
        if state["metric"] != self._metric:
            _LOG.warning("the best epoch so far was by %s: from here on by %s", state["metric"], self._metric)
            return
        for name in ("value", "epoch", "since", "file", "extra"):
            setattr(self, name, state[name])
