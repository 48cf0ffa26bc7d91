"""Layer norms that pass no gradient through rows that are flat.

A layer norm divides by the deviation of a row, and where a row is constant by the root of its epsilon: 1e-5
makes that a factor of 316 on the way back, while nothing is normalised on the way there.  Flat rows are
common: the padding of a batch, and black parts of a picture where no mean is subtracted, are zeros, and stay
zeros from layer to layer as long as all biases are zero, which they are in a network of random weights.  The
factor then meets itself in every layer, and gradients grow until they overflow.
"""

from typing import Protocol

import torch
from torch import Tensor, nn

from skillbank_engine.autograd import Context
from skillbank_engine.families.grounding_dino.products import recorded


class FlatSafeNorm(nn.LayerNorm):
    """A layer norm of the same output; rows whose variance is below epsilon get no gradient through it.

    Past the norm, along the residual connection, their gradient flows on as ever.

    Attributes
    ----------
    lowered : bool
        Under autocast, give what matrix products take: where nothing else reads the output, it is cast once
        and not for each of them.
    """

    lowered = False

    def forward(self, hidden: Tensor) -> Tensor:
        """Normalise the last dimension of ``(..., D)``."""
        output: Tensor
        if torch.compiler.is_compiling():
            with torch.no_grad():  # one kernel, however it is written
                flat = hidden.float().var(-1, correction=0, keepdim=True) <= self.eps
            output = super().forward(torch.where(flat, hidden.detach(), hidden))
        elif recorded(hidden):
            return _by_rows(self, hidden, full=not self.lowered, low=self.lowered)[0]
        elif torch.is_grad_enabled() and hidden.requires_grad and torch._C._get_tracing_state() is None:
            kind = torch.promote_types(hidden.dtype, self.weight.dtype)
            output = _FlatSafe.apply(hidden.to(kind), self.weight, self.bias, self.eps)  # type: ignore[no-untyped-call]
        else:
            output = super().forward(hidden)
        return lowered(output) if self.lowered else output


class _Kept(Context, Protocol):
    eps: float


class _FlatSafe(torch.autograd.Function):
    """The layer norm of torch, whose way back knows which rows are flat by what it keeps anyway."""

    @staticmethod
    def forward(ctx: _Kept, hidden: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
        output, mean, inverse = torch.native_layer_norm(hidden, hidden.shape[-1:], weight, bias, eps)
        ctx.save_for_backward(hidden, weight, bias, mean, inverse)
        ctx.eps = eps
        return output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: _Kept, slope: Tensor) -> tuple[Tensor | None, ...]:
        hidden, weight, bias, mean, inverse = ctx.saved_tensors
        # One over the root of variance and epsilon; without it a row's gradient is zero.
        inverse = inverse.masked_fill(inverse.square() * (2 * ctx.eps) >= 1, 0.0)
        gradients = torch.ops.aten.native_layer_norm_backward(
            slope, hidden, hidden.shape[-1:], mean, inverse, weight, bias, list(ctx.needs_input_grad[:3])
        )
        return *gradients, None


def normed(norm: nn.LayerNorm, hidden: Tensor, change: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Normalise what a residual connection adds up, for the next connection and for what lies between.

    Parameters
    ----------
    norm : LayerNorm
        Over the last dimension.
    hidden, change : Tensor, Tensor or None
        ``(..., D)``, which are added up.

    Returns
    -------
    output, low : Tensor
        The norm's output, and the same as :func:`lowered` gives it.
    """
    if recorded(hidden):
        return _by_rows(norm, hidden, change)
    output = norm(hidden if change is None else hidden + change)
    return output, lowered(output)


def _by_rows(
    norm: nn.LayerNorm,
    hidden: Tensor,
    change: Tensor | None = None,
    *,
    full: bool = True,
    low: bool = True,
) -> tuple[Tensor, Tensor]:
    """Compute :func:`normed` by kernels of ours; of outputs that are not wanted, the other one twice."""
    # Triton, which comes with torch for GPUs alone
    from skillbank_engine.families.grounding_dino import rows_triton

    device = hidden.device.type
    kind = torch.get_autocast_dtype(device) if low and torch.is_autocast_enabled(device) else None
    output, cast = rows_triton.normed(
        hidden,
        change,
        norm.weight,
        norm.bias,
        norm.eps,
        kind,
        full=full or kind is None,
        flat=isinstance(norm, FlatSafeNorm),
    )
    found = [tensor for tensor in (output, cast) if tensor is not None]
    return found[0], found[-1]


def lowered(hidden: Tensor) -> Tensor:
    """Cast what several matrix products read as autocast would for each of them; nothing without it."""
    kind = hidden.device.type
    return hidden.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else hidden


def lower_before_products(backbone: nn.Module) -> None:
    """Let those norms of a Swin that only matrix products read give what these take."""
    for module in backbone.modules():
        if type(module).__name__ in ("SwinLayer", "SwinPatchMerging"):
            for child in module.children():
                if isinstance(child, FlatSafeNorm):
                    child.lowered = True


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
