"""Linear layers over many rows, whose biases' gradients take no longer than their memory."""

import torch
from torch import Tensor, nn

from skillbank_engine.autograd import Context
from skillbank_engine.recording import is_paced_by_device

_TALL = 4096
"""Rows from which on the way back is ours."""


class TallLinear(nn.Linear):
    """A linear layer of the same numbers.

    torch sums the columns of a gradient for the bias at a fraction of a GPU's speed.  Where passes of many
    rows are recorded it is a product with a row of ones here, which is as fast as its memory.
    """

    def forward(self, hidden: Tensor) -> Tensor:
        """Compute ``(..., N)`` of ``(..., M)``."""
        if self.bias is None or not recorded_training(hidden) or hidden.numel() < _TALL * hidden.shape[-1]:
            return super().forward(hidden)
        kind = hidden.dtype
        if torch.is_autocast_enabled(hidden.device.type):
            kind = torch.get_autocast_dtype(hidden.device.type)
        return linear(hidden.to(kind), self.weight.to(kind), self.bias.to(kind))


def linear(hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Compute torch's linear layer, all of one type, with the way back of :class:`TallLinear`."""
    result: Tensor = _Linear.apply(hidden, weight, bias)  # type: ignore[no-untyped-call]
    return result


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Context, hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(hidden, weight)
        return nn.functional.linear(hidden, weight, bias)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Context, slope: Tensor) -> tuple[Tensor | None, ...]:
        hidden, weight = ctx.saved_tensors
        of_hidden, of_weight, of_bias = ctx.needs_input_grad
        rows = slope.reshape(-1, slope.shape[-1])
        return (
            (rows @ weight).view_as(hidden) if of_hidden else None,
            rows.mT @ hidden.reshape(-1, hidden.shape[-1]) if of_weight else None,
            (rows.new_ones(1, len(rows)) @ rows)[0] if of_bias else None,
        )


def recorded(hidden: Tensor) -> bool:
    """Whether this is a GPU's pass that is or will be recorded, and not compiled."""
    return hidden.is_cuda and not torch.compiler.is_compiling() and is_paced_by_device()


def recorded_training(hidden: Tensor) -> bool:
    """Whether this is such a pass with a gradient."""
    return torch.is_grad_enabled() and recorded(hidden)


def sum_biases_by_products(module: nn.Module) -> None:
    """Make every linear layer of a module a :class:`TallLinear`, in its place and with its parameters."""
    for child in module.modules():
        if type(child) is nn.Linear:
            child.__class__ = TallLinear
