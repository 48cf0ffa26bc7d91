"""What it costs to let a query answer for a true box: by its class, its corners and their overlap."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from skillbank_engine.boxes import generalized_iou, xyxy_from_cxcywh

__all__ = ["CostWeights", "focal_costs", "pair_costs"]

_EPSILON = 1e-8


class CostWeights(Protocol):
    """Weights of the three parts."""

    @property
    def classes(self) -> float:
        """Of the class."""
        ...

    @property
    def l1(self) -> float:
        """Of the distance of centres and sizes."""
        ...

    @property
    def giou(self) -> float:
        """Of the overlap."""
        ...


def focal_costs(logits: Tensor, alpha: float, gamma: float) -> Tensor:
    """What the focal loss would rise by if each logit were true: its loss as true less that as false."""
    probability = logits.sigmoid()
    negative = (1 - alpha) * probability**gamma * -(1 - probability + _EPSILON).log()
    positive = alpha * (1 - probability) ** gamma * -(probability + _EPSILON).log()
    return positive - negative


def pair_costs(class_cost: Tensor, boxes: Tensor, true_boxes: Tensor, weights: CostWeights) -> Tensor:
    """Cost of each pair of a query and a true box; finite also where predictions are not.

    Parameters
    ----------
    class_cost : Tensor
        ``(S, B, Q, M)``.
    boxes, true_boxes : Tensor
        ``(S, B, Q, 4)`` and ``(B, M, 4)`` relative ``cxcywh``.
    weights
        Of the three parts.

    Returns
    -------
    Tensor
        ``(S, B, Q, M)``.
    """
    l1_cost = (boxes[..., :, None, :] - true_boxes[:, None]).abs().sum(-1)
    overlap = generalized_iou(
        xyxy_from_cxcywh(boxes)[..., :, None, :], xyxy_from_cxcywh(true_boxes)[:, None, :, :]
    )
    cost = weights.classes * class_cost + weights.l1 * l1_cost - weights.giou * overlap
    return torch.nan_to_num(cost, nan=1e6, posinf=1e6, neginf=-1e6)
