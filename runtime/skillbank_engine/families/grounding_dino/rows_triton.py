"""Layer norms on a GPU, and rows in another order, with their gradients (`rows_kernels`)."""

from typing import Protocol

import torch
import triton
from torch import Tensor

from skillbank_engine.autograd import Context
from skillbank_engine.families.grounding_dino import rows_kernels
from skillbank_engine.families.grounding_dino.kernel_sizes import NORM_BACK, NORM_THERE, norm_sizes

_PROGRAMS = 8
"""Programs on each multiprocessor where one goes on over many rows."""


def normed(
    hidden: Tensor,
    change: Tensor | None,
    weight: Tensor,
    bias: Tensor,
    eps: float,
    low: torch.dtype | None,
    *,
    full: bool = True,
    flat: bool = False,
) -> tuple[Tensor | None, Tensor | None]:
    """Layer norm of rows ``(..., D)``, of the sum with a change if there is one.

    Parameters
    ----------
    hidden, change : Tensor, Tensor or None
        What is normalised.
    weight, bias : Tensor
        ``(D,)``.
    eps : float
        Added to the variance.
    low : dtype or None
        Of a second output.
    full : bool
        Whether the first output, of the type of ``hidden`` and the weight, is wanted.
    flat : bool
        Whether rows of a variance below ``eps`` pass no gradient.

    Returns
    -------
    tuple
        The output in full, and in ``low``; None what is not wanted.
    """
    result: tuple[Tensor | None, Tensor | None]
    result = _Norm.apply(hidden, change, weight, bias, eps, low, full, flat)  # type: ignore[no-untyped-call]
    return result


def _programs(device: torch.device) -> int:
    return _PROGRAMS * int(torch.cuda.get_device_properties(device).multi_processor_count)


class _Kept(Context, Protocol):
    kinds: tuple[torch.dtype, torch.dtype | None, torch.dtype]
    eps: float
    flat: bool


class _Norm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: _Kept,
        hidden: Tensor,
        change: Tensor | None,
        weight: Tensor,
        bias: Tensor,
        eps: float,
        low: torch.dtype | None,
        full: bool,
        flat: bool,
    ) -> tuple[Tensor | None, Tensor | None]:
        hidden = hidden.contiguous()
        width = hidden.shape[-1]
        rows = hidden.numel() // width
        kind = torch.promote_types(hidden.dtype, weight.dtype)
        total = hidden
        if change is not None:
            change = change.contiguous()
            total = torch.empty_like(hidden, dtype=kind)
        outputs = (
            torch.empty_like(hidden, dtype=kind) if full else None,
            torch.empty_like(hidden, dtype=low) if low is not None else None,
        )
        means, inverses = (hidden.new_empty(rows, dtype=torch.float32) for _ in range(2))
        sizes = norm_sizes(width, NORM_THERE)
        rows_kernels.norm_forward[(triton.cdiv(rows, sizes["ROWS"]),)](
            hidden, change, weight, bias, total, *outputs, means, inverses, rows, eps,
            ADD=change is not None, FULL=full, LOW=low is not None, **sizes,
        )  # fmt: skip
        ctx.save_for_backward(total, weight, means, inverses)
        ctx.kinds = hidden.dtype, None if change is None else change.dtype, bias.dtype
        ctx.eps, ctx.flat = eps, flat
        ctx.set_materialize_grads(False)
        return outputs

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: _Kept, *slopes: Tensor | None) -> tuple[Tensor | None, ...]:
        total, weight, means, inverses = ctx.saved_tensors
        kind, change_kind, bias_kind = ctx.kinds
        full, low = (None if slope is None else slope.contiguous() for slope in slopes)
        width, rows = total.shape[-1], means.numel()
        of_hidden = torch.empty_like(total, dtype=kind)
        of_change = None
        if change_kind is not None:
            of_change = of_hidden if change_kind == kind else torch.empty_like(total, dtype=change_kind)
        sizes = norm_sizes(width, NORM_BACK)
        programs = min(_programs(total.device), triton.cdiv(rows, sizes["ROWS"]))
        parts = total.new_empty(2, programs, width, dtype=torch.float32)
        rows_kernels.norm_backward[(programs,)](
            total, weight, means, inverses, full, low, of_hidden, of_change, parts[0], parts[1], rows,
            ctx.eps, ADD=of_change is not None and of_change is not of_hidden, FULL=full is not None,
            LOW=low is not None, FLAT=ctx.flat, **sizes,
        )  # fmt: skip
        of_weight, of_bias = parts.sum(1)
        return of_hidden, of_change, of_weight.to(weight.dtype), of_bias.to(bias_kind), *[None] * 4


def taken(hidden: Tensor, rows: Tensor, inverse: Tensor) -> Tensor:
    """Compute :func:`.windows.taken`."""
    result: Tensor = _Taken.apply(hidden, rows, inverse)  # type: ignore[no-untyped-call]
    return result


class _Taken(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Context, hidden: Tensor, rows: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(rows, inverse)
        return _take(hidden, rows)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Context, slope: Tensor) -> tuple[Tensor | None, ...]:
        _, inverse = ctx.saved_tensors
        return _take(slope, inverse), None, None


def _take(hidden: Tensor, rows: Tensor) -> Tensor:
    hidden = hidden.contiguous()
    batch, count, width = hidden.shape
    out = hidden.new_empty(batch, len(rows), width)
    sizes = norm_sizes(width, NORM_THERE)
    total = batch * len(rows)
    rows_kernels.take[(triton.cdiv(total, sizes["ROWS"]),)](
        hidden, rows, out, total, len(rows), count, **sizes
    )
    return out
