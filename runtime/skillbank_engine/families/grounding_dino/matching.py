"""Which query answers for which true box: the cheapest one-to-one assignment, for all outputs at once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from skillbank_engine.assignment import assigned
from skillbank_engine.boxes import generalized_iou, xyxy_from_cxcywh
from skillbank_engine.families.grounding_dino.targets import TargetBatch

_EPSILON = 1e-8


@dataclass(frozen=True)
class MatchingCosts:
    """Weights of the three parts of the cost, from the spec's ``set_cost_*``, and the focal loss' values."""

    classes: float = 1.0
    l1: float = 5.0
    giou: float = 2.0
    alpha: float = 0.25
    gamma: float = 2.0


@dataclass(frozen=True)
class Assignment:
    """Matched pairs as three parallel index tensors ``(K,)`` and the target of each.

    Attributes
    ----------
    output, batch, query : Tensor
        Which output (decoder layer or encoder), picture and query.
    target : Tensor
        Index of the true box in the picture's own targets.
    """

    output: Tensor
    batch: Tensor
    query: Tensor
    target: Tensor


@torch.no_grad()
def match(
    logits: Tensor, boxes: Tensor, targets: TargetBatch, token_targets: Tensor, costs: MatchingCosts
) -> Assignment:
    """Match queries with true boxes, each output and each picture for itself.

    Parameters
    ----------
    logits : Tensor
        ``(S, B, Q, L)`` token logits of ``S`` outputs, ``-inf`` at padding.
    boxes : Tensor
        ``(S, B, Q, 4)`` relative ``cxcywh``.
    targets : TargetBatch
        True boxes, at most ``M`` a picture.
    token_targets : Tensor
        ``(B, M, L)`` 1 at the tokens of each target's phrase.
    costs : MatchingCosts
        Weights.

    Returns
    -------
    Assignment
        One pair for each output and true box (as long as there are queries enough).
    """
    device = logits.device
    if targets.boxes.shape[1] == 0:
        empty = torch.zeros(0, dtype=torch.int64, device=device)
        return Assignment(empty, empty, empty, empty)
    cost = matching_cost(logits.float(), boxes.float(), targets, token_targets, costs)
    # One transfer for all outputs and pictures: on a GPU every transfer waits for the device.
    table = cost.cpu().numpy()
    counts = targets.valid.sum(1).tolist()
    rows: list[tuple[int, int, int, int]] = []
    for output in range(table.shape[0]):
        for picture, count in enumerate(counts):
            queries, found = assigned(table[output, picture, :, :count])
            rows.extend((output, picture, int(q), int(t)) for q, t in zip(queries, found, strict=True))
    columns = torch.tensor(rows, dtype=torch.int64, device=device).reshape(-1, 4).unbind(1)
    return Assignment(*columns)


def matching_cost(
    logits: Tensor, boxes: Tensor, targets: TargetBatch, token_targets: Tensor, costs: MatchingCosts
) -> Tensor:
    """Cost ``(S, B, Q, M)`` of letting a query answer for a box; finite also where predictions are not."""
    probability = logits.sigmoid()
    negative = (1 - costs.alpha) * probability**costs.gamma * -(1 - probability + _EPSILON).log()
    positive = costs.alpha * (1 - probability) ** costs.gamma * -(probability + _EPSILON).log()
    # Padding has probability 0 and is in no phrase, so it costs nothing. Tokens of a phrase count by their
    # mean.
    share = token_targets / token_targets.sum(-1, keepdim=True).clamp(min=1)
    class_cost = (positive - negative) @ share.transpose(-1, -2)
    l1_cost = (boxes[..., :, None, :] - targets.boxes[:, None]).abs().sum(-1)
    overlap = generalized_iou(
        xyxy_from_cxcywh(boxes)[..., :, None, :], xyxy_from_cxcywh(targets.boxes)[:, None, :, :]
    )
    cost = costs.classes * class_cost + costs.l1 * l1_cost - costs.giou * overlap
    return torch.nan_to_num(cost, nan=1e6, posinf=1e6, neginf=-1e6)
