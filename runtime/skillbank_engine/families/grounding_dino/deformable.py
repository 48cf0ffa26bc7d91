"""Multi-scale deformable attention: each query reads a few points of every feature level.

Plain PyTorch on the CPU, where inference reads whole rows of channels at once (:func:`gathered`) and only
training goes through grid_sample; on a GPU one Triton kernel forward and one backward (`deformable_triton`),
which keep sampling places, softmax and weighted samples in registers instead of writing them out.

References
----------
Zhu et al., "Deformable DETR", ICLR 2021.
"""

from functools import cache
from itertools import product

import torch
from torch import Tensor, nn

Shapes = list[tuple[int, int]]


def deformable_attention(
    values: Tensor, shapes: Shapes, table: Tensor, references: Tensor, offsets: Tensor, logits: Tensor
) -> Tensor:
    """Sample the feature levels around the references and add up by the softmax of the logits.

    Parameters
    ----------
    values : Tensor
        ``(B, N, H, D)``: all levels behind each other, ``H`` heads.
    shapes : list of (int, int)
        Height and width of each of the ``L`` levels; their areas add up to ``N``.
    table : Tensor
        The same on the device, from :func:`level_table`.
    references : Tensor
        ``(B, Q, L, 2)`` points, or ``(B, Q, L, 4)`` boxes, relative; they get no gradient.
    offsets : Tensor
        ``(B, Q, H, L, P, 2)``: in cells of the level around points, in halves of the box over ``P``
        around boxes.
    logits : Tensor
        ``(B, Q, H, L * P)``.

    Returns
    -------
    Tensor
        ``(B, Q, H * D)``, in the type of the values. Samples outside a level are zero.
    """
    if values.is_cuda:
        # Triton, which comes with torch for GPUs alone
        from skillbank_engine.families.grounding_dino.deformable_triton import fused

        result: Tensor = fused(values, table, references, offsets, logits)
        return result
    if answers_only(values):
        return gathered(values, shapes, references, offsets, logits)
    return plain(values, shapes, references, offsets, logits)


def answers_only(hidden: Tensor) -> bool:
    """Whether this is a CPU's pass in full precision that nobody will differentiate, export or compile."""
    if hidden.is_cuda or hidden.dtype != torch.float32 or torch.is_grad_enabled():
        return False
    # Traced passes become ONNX files, whose operations stay the plain ones.
    return not torch.compiler.is_compiling() and torch._C._get_tracing_state() is None


@cache
def level_table(shapes: tuple[tuple[int, int], ...], device: torch.device) -> Tensor:
    """``(L, 2)`` int32 on the device; kept, because bringing it there waits for all work before it.

    Kept for good: recorded passes go on reading it where it lies.
    """
    # A validation may be the first to ask, and training must be able to save it for its backward pass.
    with torch.inference_mode(False):
        return torch.tensor(shapes, dtype=torch.int32, device=device)


def plain(values: Tensor, shapes: Shapes, references: Tensor, offsets: Tensor, logits: Tensor) -> Tensor:
    """Compute :func:`deformable_attention` with torch's own operations, on any device."""
    batch, _, heads, width = values.shape
    queries, levels, points = offsets.shape[1], offsets.shape[3], offsets.shape[4]
    if references.shape[-1] == 2:
        cells = offsets.new_tensor([(w, h) for h, w in shapes])
        places = references[:, :, None, :, None] + offsets / cells[:, None]
    else:
        halves = references[:, :, None, :, None, 2:] * (0.5 / points)
        places = references[:, :, None, :, None, :2] + offsets * halves
    # Places need more than the eight bits of bf16, and grid_sample wants values of the same type.
    kind = torch.promote_types(values.dtype, torch.float32)
    grids = (2 * places - 1).to(kind).transpose(1, 2).flatten(0, 1)
    maps = torch.split(values.to(kind), [height * wide for height, wide in shapes], 1)
    samples = [
        nn.functional.grid_sample(
            part.permute(0, 2, 3, 1).reshape(batch * heads, width, *shape),
            grids[:, :, level],
            mode="bilinear",
            padding_mode="zeros",
            align_corners=False,
        )
        for level, (part, shape) in enumerate(zip(maps, shapes, strict=True))
    ]
    weights = logits.softmax(-1).transpose(1, 2).reshape(batch * heads, 1, queries, levels * points)
    mixed = (torch.stack(samples, -2).flatten(-2) * weights).sum(-1)
    return mixed.view(batch, heads * width, queries).transpose(1, 2).to(values.dtype)


def gathered(values: Tensor, shapes: Shapes, references: Tensor, offsets: Tensor, logits: Tensor) -> Tensor:
    """Compute :func:`deformable_attention` without a gradient, as one weighted sum of rows for each query.

    grid_sample looks up every channel for itself; here the four neighbours of a place are rows of ``D``
    channels that lie together, and `embedding_bag` adds up all ``4 * L * P`` of a query and head at once.
    """
    batch, positions, heads, width = values.shape
    queries, levels, points = offsets.shape[1], offsets.shape[3], offsets.shape[4]
    layout = (batch, queries, heads, levels, points, 4)
    rows = torch.empty(layout, dtype=torch.int32, device=values.device)
    shares = torch.empty(layout, dtype=values.dtype, device=values.device)
    weights = logits.softmax(-1).view(layout[:-1])
    # Row of a head's channels at the first place of the first level.
    first = torch.arange(batch, dtype=torch.int32, device=values.device)[:, None] * (positions * heads)
    first = (first + torch.arange(heads, dtype=torch.int32, device=values.device))[:, None, :, None]
    start = 0
    for level, (high, wide) in enumerate(shapes):
        reference = references[:, :, None, level, None]
        offset = offsets[:, :, :, level]
        if references.shape[-1] == 2:
            x = reference[..., 0] * wide + offset[..., 0] - 0.5
            y = reference[..., 1] * high + offset[..., 1] - 0.5
        else:
            x = (reference[..., 0] + offset[..., 0] * (reference[..., 2] * (0.5 / points))) * wide - 0.5
            y = (reference[..., 1] + offset[..., 1] * (reference[..., 3] * (0.5 / points))) * high - 0.5
        columns = _neighbours(x, wide)
        lines = _neighbours(y, high)
        weight = weights[:, :, :, level]
        for number, ((line, below), (column, right)) in enumerate(product(lines, columns)):
            torch.mul(below * weight, right, out=shares[:, :, :, level, :, number])
            row = (line * wide + (column + start)) * heads
            torch.add(row, first, out=rows[:, :, :, level, :, number])
        start += high * wide
    mixed = nn.functional.embedding_bag(
        rows.view(-1, levels * points * 4),
        values.reshape(-1, width),
        mode="sum",
        per_sample_weights=shares.view(-1, levels * points * 4),
    )
    return mixed.view(batch, queries, heads * width)


def _neighbours(place: Tensor, count: int) -> list[tuple[Tensor, Tensor]]:
    """Indices of the cells on both sides of a place among ``count``, and their shares; outside they are 0."""
    low = place.floor()
    share = place - low
    # Integers first: what is no number becomes some cell, and its share stays no number.
    cell = low.int()
    return [
        (cell.clamp(0, count - 1), (1 - share) * ((low >= 0) & (low < count))),
        ((cell + 1).clamp(0, count - 1), share * ((low >= -1) & (low < count - 1))),
    ]
