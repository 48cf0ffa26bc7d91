"""Which query answers for which true box: the cheapest one-to-one assignment, for all outputs at once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from skillbank_engine.assignment import assigned
from skillbank_engine.families.rtdetr.targets import TargetBatch
from skillbank_engine.pair_costs import focal_costs, pair_costs

_ALPHA, _GAMMA = 0.25, 2.0


@dataclass(frozen=True)
class MatchingCosts:
    """Weights of the three parts of the cost: ``model.class_cost``, ``bbox_cost`` and ``giou_cost``."""

    classes: float = 2.0
    l1: float = 5.0
    giou: float = 2.0


@dataclass(frozen=True)
class Assignment:
    """Matched pairs as parallel index tensors ``(K,)``.

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
def match(logits: Tensor, boxes: Tensor, targets: TargetBatch, costs: MatchingCosts) -> Assignment:
    """Match queries with true boxes, each output and each picture for itself.

    Parameters
    ----------
    logits : Tensor
        ``(S, B, Q, C)`` of ``S`` outputs.
    boxes : Tensor
        ``(S, B, Q, 4)`` relative ``cxcywh``.
    targets : TargetBatch
        True boxes, at most ``M`` a picture.
    costs : MatchingCosts
        Weights.

    Returns
    -------
    Assignment
        One pair for each output and true box (as long as there are queries enough).
    """
    if targets.boxes.shape[1] == 0:
        empty = torch.zeros(0, dtype=torch.int64, device=logits.device)
        return Assignment(empty, empty, empty, empty)
    # One transfer for all outputs and pictures: on a GPU every transfer waits for the device.
    table = matching_cost(logits.float(), boxes.float(), targets, costs).cpu().numpy()
    counts = targets.valid.sum(1).tolist()
    rows: list[tuple[int, int, int, int]] = []
    for output in range(table.shape[0]):
        for picture, count in enumerate(counts):
            queries, found = assigned(table[output, picture, :, :count])
            rows.extend((output, picture, int(q), int(t)) for q, t in zip(queries, found, strict=True))
    columns = torch.tensor(rows, dtype=torch.int64, device=logits.device).reshape(-1, 4).unbind(1)
    return Assignment(*columns)


def matching_cost(logits: Tensor, boxes: Tensor, targets: TargetBatch, costs: MatchingCosts) -> Tensor:
    """Cost ``(S, B, Q, M)`` of letting a query answer for a box; finite also where predictions are not."""
    wanted = targets.classes[None, :, None].expand(len(logits), -1, logits.shape[2], -1)
    class_cost = focal_costs(logits, _ALPHA, _GAMMA).gather(-1, wanted)
    return pair_costs(class_cost, boxes, targets.boxes, costs)
