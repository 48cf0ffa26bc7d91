"""Multi-scale deformable attention: each query reads a few points of every feature level.

Plain PyTorch on the CPU; on a GPU one Triton kernel forward and one backward (`deformable_triton`), which
keep sampling places, softmax and weighted samples in registers instead of writing them out.

References
----------
Zhu et al., "Deformable DETR", ICLR 2021.
"""

from functools import lru_cache

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
        from grounding_dino.deformable_triton import fused

        result: Tensor = fused(values, table, references, offsets, logits)
        return result
    return plain(values, shapes, references, offsets, logits)


@lru_cache(maxsize=64)
def level_table(shapes: tuple[tuple[int, int], ...], device: torch.device) -> Tensor:
    """``(L, 2)`` int32 on the device; kept, because bringing it there waits for all work before it."""
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
