"""Layer norms that pass no gradient through rows that are flat.

A layer norm divides by the deviation of a row, and where a row is constant by the root of its epsilon: 1e-5
makes that a factor of 316 on the way back, while nothing is normalised on the way there.  Flat rows are
common: the padding of a batch, and black parts of a picture where no mean is subtracted, are zeros, and stay
zeros from layer to layer as long as all biases are zero, which they are in a network of random weights.  The
factor then meets itself in every layer, and gradients grow until they overflow.
"""

import torch
from torch import Tensor, nn


class FlatSafeNorm(nn.LayerNorm):
    """A layer norm of the same output; rows whose variance is below epsilon get no gradient through it.

    Past the norm, along the residual connection, their gradient flows on as ever.
    """

    def forward(self, hidden: Tensor) -> Tensor:
        """Normalise the last dimension of ``(..., D)``."""
        if torch.is_grad_enabled() and hidden.requires_grad:
            with torch.no_grad():
                flat = hidden.float().var(-1, correction=0, keepdim=True) <= self.eps
            hidden = torch.where(flat, hidden.detach(), hidden)
        return super().forward(hidden)


def let_flat_rows_pass(module: nn.Module) -> None:
    """Put a :class:`FlatSafeNorm` of the same parameters in place of every layer norm below a module."""
    for parent in module.modules():
        for name, child in parent.named_children():
            if type(child) is nn.LayerNorm:
                setattr(parent, name, flat_safe(child))


def flat_safe(norm: nn.LayerNorm) -> FlatSafeNorm:
    """A :class:`FlatSafeNorm` that holds the parameters of a layer norm."""
    safe = FlatSafeNorm(norm.normalized_shape, norm.eps, norm.elementwise_affine, device="meta")
    safe.weight, safe.bias = norm.weight, norm.bias
    safe.train(norm.training)
    return safe
