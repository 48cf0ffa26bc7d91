"""The training loss: focal loss on tokens, L1 and GIoU on boxes, for every output of the detector.

Every output (decoder layers and encoder) is matched for itself and scored by the same formula; targets are
indexed inside their own picture, so what else is in the batch changes nothing but the common divisor.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from skillbank_engine.boxes import generalized_iou, xyxy_from_cxcywh
from skillbank_engine.families.grounding_dino.denoising import DenoisingQueries
from skillbank_engine.families.grounding_dino.detector import DetectorOutput
from skillbank_engine.families.grounding_dino.matching import MatchingCosts, match
from skillbank_engine.families.grounding_dino.targets import TargetBatch


@dataclass(frozen=True)
class LossWeights:
    """Weights of the loss, from the spec's model block.

    Attributes
    ----------
    classes, l1, giou : float
        ``cls_loss_coef``, ``bbox_loss_coef``, ``giou_loss_coef``.
    encoder : float
        ``interm_loss_coef``, a factor on all of the encoder's loss.
    encoder_boxes : bool
        False leaves the encoder's box losses out (``no_interm_box_loss``).
    auxiliary : bool
        False scores the last decoder layer only (``aux_loss``).
    denoising : float
        Factor on the loss of the denoising queries.
    class_terms, box_terms : bool
        Whether ``labels`` and ``boxes`` stand in ``loss_types``.
    costs : MatchingCosts
        Weights of the matching, which also carries the focal loss' alpha and gamma.
    """

    classes: float = 2.0
    l1: float = 5.0
    giou: float = 2.0
    encoder: float = 1.0
    encoder_boxes: bool = True
    auxiliary: bool = True
    denoising: float = 1.0
    class_terms: bool = True
    box_terms: bool = True
    costs: MatchingCosts = field(default_factory=MatchingCosts)


def token_focal_loss(logits: Tensor, targets: Tensor, alpha: float, gamma: float) -> Tensor:
    """Sigmoid focal loss of each token, zero where the logit is ``-inf`` (padding).

    Parameters
    ----------
    logits, targets : Tensor
        Same shape; targets are 0 or 1.
    alpha : float
        Weight of positives; negatives weigh ``1 - alpha``.
    gamma : float
        Exponent that turns easy tokens down.

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017.
    """
    padding = torch.isinf(logits)
    logits = logits.masked_fill(padding, 0.0).float()
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    probability = logits.sigmoid()
    missed = probability + targets - 2 * probability * targets
    weight = (1 - alpha) + (2 * alpha - 1) * targets
    return (weight * missed**gamma * entropy).masked_fill(padding, 0.0)


def detection_loss(
    output: DetectorOutput,
    targets: TargetBatch,
    phrase_tokens: Tensor,
    weights: LossWeights,
    denoising: DenoisingQueries | None = None,
    divisor: float | Tensor | None = None,
) -> dict[str, Tensor]:
    """Score the detector's outputs.

    Parameters
    ----------
    output : DetectorOutput
        What the detector said.
    targets : TargetBatch
        What there is.
    phrase_tokens : Tensor
        ``(B, P, L)`` tokens of each phrase of the prompts.
    weights : LossWeights
        Weights of the parts.
    denoising : DenoisingQueries, optional
        The queries behind ``output.denoising_*``.
    divisor : float or Tensor, optional
        What sums are divided by, when this is a part of a larger batch; by default the number of true boxes.

    Returns
    -------
    dict of str to Tensor
        Scalars: ``loss`` (weighted sum, to be minimised) and its unweighted parts, each summed over the
        batch and divided by the number of true boxes: ``class``, ``l1``, ``giou`` by output as
        ``decoder_0_class``, ..., ``encoder_giou``, ``denoising_l1``.
    """
    token_targets = targets.token_targets(phrase_tokens)
    start = 0 if weights.auxiliary else output.logits.shape[0] - 1
    names = [f"decoder_{number}" for number in range(start, output.logits.shape[0])] + ["encoder"]
    logits = torch.cat([output.logits[start:], output.encoder_logits[None]])
    boxes = torch.cat([output.boxes[start:], output.encoder_boxes[None]])
    boxes_count = max(targets.count, 1) if divisor is None else divisor
    parts = _matched_parts(logits, boxes, targets, token_targets, weights, boxes_count)

    factors = torch.ones(len(names), device=logits.device)
    # Filled, not written to by index: that would bring a number from the host.
    factors[-1:].fill_(weights.encoder)
    box_factors = factors.clone()
    if not weights.encoder_boxes:
        box_factors[-1:].fill_(0.0)
    total = _weighted(parts, factors, box_factors, weights)
    losses = {
        f"{name}_{part}": values[number].detach()
        for part, values in parts.items()
        for number, name in enumerate(names)
    }
    if denoising is not None and output.denoising_logits is not None and output.denoising_boxes is not None:
        parts = _denoising_parts(
            output.denoising_logits,
            output.denoising_boxes,
            targets,
            token_targets,
            weights,
            denoising,
            boxes_count,
        )
        ones = torch.ones(len(output.denoising_logits), device=logits.device)
        total = total + weights.denoising * _weighted(parts, ones, ones, weights)
        losses.update({f"denoising_{part}": values[-1].detach() for part, values in parts.items()})
    return {"loss": total, **losses}


def _weighted(parts: dict[str, Tensor], factors: Tensor, box_factors: Tensor, weights: LossWeights) -> Tensor:
    """Sum the parts ``(S,)`` of all outputs by their weights."""
    total = factors.new_zeros(())
    if weights.class_terms:
        total = total + weights.classes * (parts["class"] * factors).sum()
    if weights.box_terms:
        total = total + ((weights.l1 * parts["l1"] + weights.giou * parts["giou"]) * box_factors).sum()
    return total


def _matched_parts(
    logits: Tensor,
    boxes: Tensor,
    targets: TargetBatch,
    token_targets: Tensor,
    weights: LossWeights,
    divisor: float | Tensor,
) -> dict[str, Tensor]:
    """Class, L1 and GIoU losses ``(S,)`` of matched outputs."""
    costs = weights.costs
    queries = match(logits, boxes, targets, token_targets, costs)[..., None]
    matched = queries >= 0
    queries = queries.clamp(min=0)
    # No query answers for two boxes of a picture, so that adding writes.
    wanted = torch.zeros_like(logits, dtype=torch.float32).scatter_add_(
        2, queries.expand(-1, -1, -1, logits.shape[-1]), token_targets * matched
    )
    focal = token_focal_loss(logits, wanted, costs.alpha, costs.gamma).sum((1, 2, 3))
    found = boxes.gather(2, queries.expand(-1, -1, -1, 4)).float()
    l1, giou = (part.where(matched[..., 0], 0.0).sum((1, 2)) for part in _box_losses(found, targets.boxes))
    return {"class": focal / divisor, "l1": l1 / divisor, "giou": giou / divisor}


def _denoising_parts(
    logits: Tensor,
    boxes: Tensor,
    targets: TargetBatch,
    token_targets: Tensor,
    weights: LossWeights,
    queries: DenoisingQueries,
    divisor: float | Tensor,
) -> dict[str, Tensor]:
    """Losses ``(S,)`` of the denoising queries, whose targets are known without matching."""
    groups = queries.groups
    wanted = token_targets[:, queries.target] * queries.positive[None, :, None]
    focal = (
        token_focal_loss(logits, wanted.expand_as(logits), weights.costs.alpha, weights.costs.gamma)
        * queries.valid[None, :, :, None]
    )
    counted = (queries.valid & queries.positive).float()
    l1, giou = _box_losses(boxes.float(), targets.boxes[:, queries.target].expand_as(boxes))
    return {
        "class": focal.sum((1, 2, 3)) / (divisor * groups),
        "l1": (l1 * counted).sum((1, 2)) / (divisor * groups),
        "giou": (giou * counted).sum((1, 2)) / (divisor * groups),
    }


def _box_losses(found: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """L1 and ``1 - GIoU`` of boxes ``(..., 4)`` in relative ``cxcywh``."""
    l1 = (found - true).abs().sum(-1)
    return l1, 1 - generalized_iou(xyxy_from_cxcywh(found), xyxy_from_cxcywh(true))
