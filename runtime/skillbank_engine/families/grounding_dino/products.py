"""Linear layers over many rows, whose biases' gradients take no longer than their memory."""

import torch
from torch import Tensor, nn

_TALL = 4096
"""Rows from which on the way back is ours."""


class TallLinear(nn.Linear):
    """A linear layer of the same numbers.

    torch sums the columns of a gradient for the bias at a quarter of a GPU's speed; on a GPU, where a batch
    has many rows, a kernel of ours does (`rows_triton`).
    """

    def forward(self, hidden: Tensor) -> Tensor:
        """Compute ``(..., N)`` of ``(..., M)``."""
        if self.bias is None or not in_plain_training(hidden) or hidden.numel() < _TALL * hidden.shape[-1]:
            return super().forward(hidden)
        from skillbank_engine.families.grounding_dino.rows_triton import linear

        kind = hidden.dtype
        if torch.is_autocast_enabled(hidden.device.type):
            kind = torch.get_autocast_dtype(hidden.device.type)
        return linear(hidden.to(kind), self.weight.to(kind), self.bias.to(kind))


def in_plain_training(hidden: Tensor) -> bool:
    """Whether this is a GPU's pass with a gradient that nobody compiles or traces."""
    return hidden.is_cuda and torch.is_grad_enabled() and plain_pass()


def plain_pass() -> bool:
    """Whether operations are carried out as they come, not compiled or traced."""
    return not torch.compiler.is_compiling() and torch._C._get_tracing_state() is None


def sum_biases_by_columns(module: nn.Module) -> None:
    """Make every linear layer of a module a :class:`TallLinear`, in its place and with its parameters."""
    for child in module.modules():
        if type(child) is nn.Linear:
            child.__class__ = TallLinear
