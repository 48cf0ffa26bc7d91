"""Which query answers for which true box: the cheapest one-to-one assignment, for all outputs at once."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from skillbank_engine.assignment import assigned
from skillbank_engine.families.grounding_dino.targets import TargetBatch
from skillbank_engine.pair_costs import focal_costs, pair_costs
from skillbank_engine.recording import on_host


@dataclass(frozen=True)
class MatchingCosts:
    """Weights of the three parts of the cost, from the spec's ``set_cost_*``, and the focal loss' values."""

    classes: float = 1.0
    l1: float = 5.0
    giou: float = 2.0
    alpha: float = 0.25
    gamma: float = 2.0


@torch.no_grad()
def match(
    logits: Tensor, boxes: Tensor, targets: TargetBatch, token_targets: Tensor, costs: MatchingCosts
) -> Tensor:
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
    Tensor
        ``(S, B, M)`` int64: the query that answers for each true box; -1 at padding, and for boxes that are
        left over where there are fewer queries.
    """
    cost = matching_cost(logits.float(), boxes.float(), targets, token_targets, costs)
    # One transfer for all outputs and pictures: on a GPU every transfer waits for the device.
    return on_host(_cheapest, cost, targets.valid)


def _cheapest(cost: Tensor, valid: Tensor) -> Tensor:
    """Solve ``(S, B, Q, M)`` costs, of the valid boxes ``(B, M)`` alone."""
    table = cost.numpy()
    queries = np.full((*table.shape[:2], table.shape[3]), -1, dtype=np.int64)
    for picture, count in enumerate(valid.sum(1).tolist()):
        for output in range(len(table)):
            found, boxes = assigned(table[output, picture, :, :count])
            queries[output, picture, boxes] = found
    return torch.from_numpy(queries)


def matching_cost(
    logits: Tensor, boxes: Tensor, targets: TargetBatch, token_targets: Tensor, costs: MatchingCosts
) -> Tensor:
    """Cost ``(S, B, Q, M)`` of letting a query answer for a box; finite also where predictions are not."""
    # Padding has probability 0 and is in no phrase, so it costs nothing. Tokens of a phrase count by their
    # mean.
    share = token_targets / token_targets.sum(-1, keepdim=True).clamp(min=1)
    class_cost = focal_costs(logits, costs.alpha, costs.gamma) @ share.transpose(-1, -2)
    return pair_costs(class_cost, boxes, targets.boxes, costs)
