"""An average of the weights over the steps of a training, which often does better than the last ones."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypedDict

import torch
from torch import Tensor, nn

from skillbank_engine.training.replicas import is_part, shared_like, whole


class Averaged(TypedDict):
    """What it takes to go on: steps so far, and the weights that were trained."""

    steps: int
    weights: Mapping[str, Tensor]


class WeightAverage:
    """Exponential moving average of all that is in a module's state: weights, and statistics of BatchNorms.

    After few steps it forgets faster than it is told to: at the n-th step it keeps at most
    (1 + n) / (10 + n), so that it does not drag along the random numbers that a run may start from.

    Parameters
    ----------
    module : Module
        Being trained, on its device; weights that are shared out are averaged where they are.
    decay : float
        Share that the average keeps at each step.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._module = module
        self._decay = decay
        self.steps = 0
        self._values = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take the weights of one more step in."""
        self.steps += 1
        kept = min(self._decay, (1 + self.steps) / (10 + self.steps))
        for name, value in self._module.state_dict().items():
            mine = self._values[name]
            if mine.is_floating_point():
                mine.lerp_(value, 1 - kept)
            else:
                mine.copy_(value)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the module have the average for the length of a block, and its own weights afterwards."""
        state = self._module.state_dict()
        own = {name: value.detach().clone() for name, value in state.items()}
        _copy(self._values, state)
        try:
            yield
        finally:
            _copy(own, state)

    def state(self) -> Averaged:
        """What it takes to go on beside the average, a checkpoint's weights: the module's own ones."""
        return {"steps": self.steps, "weights": whole(dict(self._module.state_dict()))}

    @torch.no_grad()
    def load(self, state: Averaged) -> None:
        """Go on from a checkpoint whose weights, the average, are in the module: it gets its own back."""
        self.steps = int(state["steps"])
        own = self._module.state_dict()
        self._values = {name: value.detach().clone() for name, value in own.items()}
        _copy(state["weights"], own)


@torch.no_grad()
def _copy(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    for name, value in target.items():
        given = source[name]
        if is_part(value) and not is_part(given):
            given = shared_like(value, given)
        value.copy_(given)
