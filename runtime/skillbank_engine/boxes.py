"""Boxes: conversions and overlaps.

Two layouts are used: ``xyxy`` (corner, corner) and ``cxcywh`` (centre, size).  Inside the model boxes are
``cxcywh`` divided by the picture's width and height; files and people see ``xyxy`` in pixels.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

_EPSILON = 1e-7


def xyxy_from_cxcywh(boxes: Tensor) -> Tensor:
    """Turn centre-size boxes into corner boxes.

    Parameters
    ----------
    boxes : Tensor
        Shape ``(..., 4)``: centre x, centre y, width, height, in any unit.

    Returns
    -------
    Tensor
        Shape ``(..., 4)``: x1, y1, x2, y2 in the same unit.
    """
    centre, size = boxes[..., :2], boxes[..., 2:]
    return torch.cat([centre - size / 2, centre + size / 2], dim=-1)


def cxcywh_from_xyxy(boxes: Tensor) -> Tensor:
    """Turn corner boxes into centre-size boxes; the inverse of :func:`xyxy_from_cxcywh`."""
    low, high = boxes[..., :2], boxes[..., 2:]
    return torch.cat([(low + high) / 2, high - low], dim=-1)


def padded_targets(boxes: Sequence[Tensor], numbers: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Put what single pictures hold into one batch; ``M`` is the most boxes of a picture.

    Parameters
    ----------
    boxes : sequence of Tensor
        For each picture ``(m, 4)`` relative ``cxcywh``.
    numbers : sequence of Tensor
        For each picture ``(m,)`` int64: what each box is.

    Returns
    -------
    boxes, numbers, valid : Tensor
        ``(B, M, 4)``, padded with a centred box, which is harmless in formulas; ``(B, M)`` int64; ``(B, M)``
        bool.
    """
    most = max((len(item) for item in boxes), default=0)
    padded = torch.full((len(boxes), most, 4), 0.5)
    kinds = torch.zeros((len(boxes), most), dtype=torch.int64)
    valid = torch.zeros((len(boxes), most), dtype=torch.bool)
    for row, (item, names) in enumerate(zip(boxes, numbers, strict=True)):
        padded[row, : len(item)] = item
        kinds[row, : len(item)] = names
        valid[row, : len(item)] = True
    return padded, kinds, valid


def _area(boxes: Tensor) -> Tensor:
    size = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0)
    return size[..., 0] * size[..., 1]


def iou(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union, ``(...)`` in 0 to 1, of ``xyxy`` boxes that broadcast to ``(..., 4)``."""
    low = torch.maximum(first[..., :2], second[..., :2])
    high = torch.minimum(first[..., 2:], second[..., 2:])
    size = (high - low).clamp(min=0)
    overlap = size[..., 0] * size[..., 1]
    return overlap / (_area(first) + _area(second) - overlap + _EPSILON)


def generalized_iou(first: Tensor, second: Tensor) -> Tensor:
    """Generalized intersection over union of boxes, with broadcasting.

    Parameters
    ----------
    first, second : Tensor
        ``xyxy`` boxes whose shapes broadcast to ``(..., 4)``; for all pairs pass ``a[:, None]`` and
        ``b[None]``.

    Returns
    -------
    Tensor
        Shape ``(...)``, values in ``[-1, 1]``; 1 for equal boxes, negative for boxes far apart.

    References
    ----------
    Rezatofighi et al., "Generalized Intersection over Union", CVPR 2019.
    """
    low = torch.maximum(first[..., :2], second[..., :2])
    high = torch.minimum(first[..., 2:], second[..., 2:])
    overlap_size = (high - low).clamp(min=0)
    overlap = overlap_size[..., 0] * overlap_size[..., 1]
    union = _area(first) + _area(second) - overlap
    hull_size = torch.maximum(first[..., 2:], second[..., 2:]) - torch.minimum(
        first[..., :2], second[..., :2]
    )
    hull = hull_size[..., 0] * hull_size[..., 1]
    return overlap / (union + _EPSILON) - (hull - union) / (hull + _EPSILON)
