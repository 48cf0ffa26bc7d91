"""Weights as matrix products take them, cast all at once for each pass of a training in a lower precision.

Autocast casts each weight by a kernel of its own, and its gradient back by another: in a large network those
are a thousand kernels of some microseconds for what the memory could do in one millisecond.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd


class LowWeights:
    """Copies of trained weights and biases that only products and convolutions read, in their precision.

    Parameters
    ----------
    module : Module
        Its passes run under autocast.
    parameters : sequence of Parameter
        What is trained.
    kind : torch.dtype
        What autocast casts to; fp32 where it casts nothing, so that there are no copies.
    """

    def __init__(self, module: nn.Module, parameters: Sequence[nn.Parameter], kind: torch.dtype) -> None:
        trained = set(parameters) if kind != torch.float32 else set()
        # What other layers hold too, as an embedding may, is read in fp32 there.
        kept = {weight for part in module.modules() if not _multiplies(part) for weight in _own(part)}
        self._low: dict[nn.Parameter, nn.Parameter] = {}
        self._places: list[tuple[nn.Module, str, nn.Parameter]] = []
        for part in module.modules():
            for name, weight in part.named_parameters(recurse=False) if _multiplies(part) else ():
                if weight in trained and weight not in kept and weight.dtype == torch.float32:
                    if weight not in self._low:
                        self._low[weight] = nn.Parameter(torch.empty_like(weight, dtype=kind))
                    self._places.append((part, name, weight))
        self._read = [self._low.get(parameter, parameter) for parameter in parameters]

    @contextmanager
    def in_place(self) -> Iterator[Sequence[Tensor]]:
        """Have the module read the copies, cast anew; give what stands for each of the parameters."""
        if self._low:
            with torch.no_grad():
                torch._foreach_copy_(list(self._low.values()), list(self._low))
        try:
            for part, name, weight in self._places:
                part._parameters[name] = self._low[weight]
            yield self._read
        finally:
            for part, name, weight in self._places:
                part._parameters[name] = weight


def _multiplies(part: nn.Module) -> bool:
    """Whether a layer is one that autocast casts the weights of."""
    return isinstance(part, (nn.Linear, _ConvNd))


def _own(part: nn.Module) -> Iterator[nn.Parameter]:
    return part.parameters(recurse=False)
