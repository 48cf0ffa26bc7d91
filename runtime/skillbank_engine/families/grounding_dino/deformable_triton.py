"""Deformable attention on a GPU as one operator of torch, with its gradient; works inside torch.compile."""

import torch
import triton
from torch import Tensor

from skillbank_engine.autograd import Context
from skillbank_engine.families.grounding_dino import deformable_kernels
from skillbank_engine.families.grounding_dino.kernel_sizes import PLACES_BACK, PLACES_THERE, place_sizes


def _sizes(values: Tensor, offsets: Tensor, references: Tensor) -> dict[str, int]:
    levels, points = offsets.shape[3], offsets.shape[4]
    return {
        "queries": offsets.shape[1],
        "positions": values.shape[1],
        **place_sizes(values.shape[2], values.shape[3], levels, points, references.shape[-1]),
    }


def _grid(values: Tensor, offsets: Tensor, block: int) -> tuple[int, int]:
    return triton.cdiv(offsets.shape[1], block), values.shape[0] * values.shape[2]


@torch.library.custom_op("grounding_dino::deformable", mutates_args=())
def fused(values: Tensor, shapes: Tensor, references: Tensor, offsets: Tensor, logits: Tensor) -> Tensor:
    """Compute :func:`.deformable.deformable_attention`; ``shapes`` is ``(L, 2)`` int32."""
    values, references, offsets, logits = (t.contiguous() for t in (values, references, offsets, logits))
    out = values.new_empty(values.shape[0], offsets.shape[1], values.shape[2] * values.shape[3])
    grid = _grid(values, offsets, PLACES_THERE["BLOCK"])
    deformable_kernels.forward[grid](
        values,
        shapes,
        references,
        offsets,
        logits,
        out,
        **_sizes(values, offsets, references),
        **PLACES_THERE,
    )
    return out


@fused.register_fake
def _(values: Tensor, shapes: Tensor, references: Tensor, offsets: Tensor, logits: Tensor) -> Tensor:
    return values.new_empty(values.shape[0], offsets.shape[1], values.shape[2] * values.shape[3])


@torch.library.custom_op("grounding_dino::deformable_backward", mutates_args=())
def _fused_backward(
    values: Tensor,
    shapes: Tensor,
    references: Tensor,
    offsets: Tensor,
    logits: Tensor,
    out: Tensor,
    grad: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    values, references, offsets, logits, grad = (
        t.contiguous() for t in (values, references, offsets, logits, grad)
    )
    grad_values = torch.zeros_like(values, dtype=torch.float32)
    grad_offsets, grad_logits = torch.empty_like(offsets), torch.empty_like(logits)
    grid = _grid(values, offsets, PLACES_BACK["BLOCK"])
    deformable_kernels.backward[grid](
        values, shapes, references, offsets, logits, out, grad, grad_values, grad_offsets, grad_logits,
        **_sizes(values, offsets, references), **PLACES_BACK,
    )  # fmt: skip
    return grad_values.to(values.dtype), grad_offsets, grad_logits


@_fused_backward.register_fake
def _(
    values: Tensor,
    shapes: Tensor,
    references: Tensor,
    offsets: Tensor,
    logits: Tensor,
    out: Tensor,
    grad: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(values), torch.empty_like(offsets), torch.empty_like(logits)


def _save(ctx: Context, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs, output)


def _differentiate(ctx: Context, grad: Tensor) -> tuple[Tensor | None, ...]:
    values, offsets, logits = _fused_backward(*ctx.saved_tensors, grad)
    return values, None, None, offsets, logits


fused.register_autograd(_differentiate, setup_context=_save)
