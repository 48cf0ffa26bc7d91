"""The training loss: varifocal loss on classes, L1 and GIoU on boxes, for every output of the detector.

Every output (decoder layers and encoder) is matched for itself and scored by the same formula; the denoising
queries know their targets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from skillbank_engine.boxes import generalized_iou, iou, xyxy_from_cxcywh
from skillbank_engine.families.rtdetr.detector import DetectorOutput
from skillbank_engine.families.rtdetr.matching import Assignment, MatchingCosts, match
from skillbank_engine.families.rtdetr.targets import TargetBatch

if TYPE_CHECKING:
    from skillbank_engine.families.rtdetr.config.experiment import ExperimentSpec


@dataclass(frozen=True)
class LossWeights:
    """Weights of the loss, from the spec's model block.

    Attributes
    ----------
    classes, l1, giou : float
        ``vfl_loss_coef``, ``bbox_loss_coef``, ``giou_loss_coef``; 0 where ``loss_types`` leaves them out.
    auxiliary : bool
        False scores the last decoder layer only (``aux_loss``).
    alpha, gamma : float
        Of the varifocal loss.
    costs : MatchingCosts
        Weights of the matching.
    """

    classes: float = 1.0
    l1: float = 5.0
    giou: float = 2.0
    auxiliary: bool = True
    alpha: float = 0.75
    gamma: float = 2.0
    costs: MatchingCosts = field(default_factory=MatchingCosts)

    @classmethod
    def from_spec(cls, spec: ExperimentSpec) -> LossWeights:
        """Read the model block."""
        model = spec.model
        classes, boxes = ("vfl" in model.loss_types), ("boxes" in model.loss_types)
        return cls(
            classes=model.vfl_loss_coef * classes,
            l1=model.bbox_loss_coef * boxes,
            giou=model.giou_loss_coef * boxes,
            auxiliary=model.aux_loss,
            alpha=model.alpha,
            gamma=model.gamma,
            costs=MatchingCosts(model.class_cost, model.bbox_cost, model.giou_cost),
        )


def varifocal_loss(logits: Tensor, wanted: Tensor, quality: Tensor, alpha: float, gamma: float) -> Tensor:
    """Varifocal loss of each logit.

    Parameters
    ----------
    logits : Tensor
        Any shape.
    wanted : Tensor
        1 at the class of a query's target, else 0.
    quality : Tensor
        At the class of the target how well the box fits it (IoU), else 0.
    alpha, gamma : float
        Weight of negatives, and the exponent that turns easy ones down.

    References
    ----------
    Zhang et al., "VarifocalNet: An IoU-aware Dense Object Detector", CVPR 2021.
    """
    logits = logits.float()
    weight = alpha * logits.detach().sigmoid().pow(gamma) * (1 - wanted) + quality
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, quality, weight, reduction="none")


def detection_loss(
    output: DetectorOutput, targets: TargetBatch, weights: LossWeights, divisor: float | None = None
) -> dict[str, Tensor]:
    """Score the detector's outputs.

    Parameters
    ----------
    output : DetectorOutput
        What the detector said.
    targets : TargetBatch
        What there is.
    weights : LossWeights
        Weights of the parts.
    divisor : float, optional
        What sums are divided by, when this is a part of a larger batch; by default the number of true boxes.

    Returns
    -------
    dict of str to Tensor
        Scalars: ``loss`` (weighted sum, to be minimised) and its unweighted parts, each summed over the
        batch and divided by the number of true boxes: ``class``, ``l1``, ``giou`` by output as
        ``decoder_0_class``, ..., ``encoder_giou``, ``denoising_l1``.
    """
    divisor = max(targets.count, 1) if divisor is None else divisor
    names = [f"decoder_{number}" for number in range(len(output.logits))]
    logits, boxes = output.logits.float(), output.boxes.float()
    if weights.auxiliary:
        names.append("encoder")
        logits = torch.cat([logits, output.encoder_logits[None].float()])
        boxes = torch.cat([boxes, output.encoder_boxes[None].float()])
    else:
        names, logits, boxes = names[-1:], logits[-1:], boxes[-1:]
    pairs = match(logits, boxes, targets, weights.costs)
    parts = _parts(logits, boxes, targets, pairs, weights, divisor)
    total = _weighted(parts, weights)
    losses = {
        f"{name}_{part}": values[number].detach()
        for part, values in parts.items()
        for number, name in enumerate(names)
    }
    if weights.auxiliary and output.denoising is not None:
        assert output.denoising_logits is not None and output.denoising_boxes is not None
        parts = _parts(
            output.denoising_logits.float(),
            output.denoising_boxes.float(),
            targets,
            _known_pairs(output, targets),
            weights,
            divisor * output.denoising.groups,
        )
        total = total + _weighted(parts, weights)
        losses.update({f"denoising_{part}": values[-1].detach() for part, values in parts.items()})
    return {"loss": total, **losses}


def _weighted(parts: dict[str, Tensor], weights: LossWeights) -> Tensor:
    total: Tensor = (
        weights.classes * parts["class"] + weights.l1 * parts["l1"] + weights.giou * parts["giou"]
    ).sum()
    return total


def _known_pairs(output: DetectorOutput, targets: TargetBatch) -> Assignment:
    """Which denoising query answers for which target, in every layer."""
    assert output.denoising is not None
    batch, query = output.denoising.positive.nonzero(as_tuple=True)
    target = query % targets.valid.shape[1]
    layers = torch.arange(len(output.logits), device=query.device)
    return Assignment(
        layers.repeat_interleave(len(query)),
        batch.repeat(len(layers)),
        query.repeat(len(layers)),
        target.repeat(len(layers)),
    )


def _parts(
    logits: Tensor,
    boxes: Tensor,
    targets: TargetBatch,
    pairs: Assignment,
    weights: LossWeights,
    divisor: float,
) -> dict[str, Tensor]:
    """Class, L1 and GIoU losses ``(S,)`` of outputs ``(S, B, Q, ...)``."""
    found = xyxy_from_cxcywh(boxes[pairs.output, pairs.batch, pairs.query])
    true = xyxy_from_cxcywh(targets.boxes[pairs.batch, pairs.target])
    place = (pairs.output, pairs.batch, pairs.query, targets.classes[pairs.batch, pairs.target])
    wanted, quality = torch.zeros_like(logits), torch.zeros_like(logits)
    wanted[place] = 1.0
    quality[place] = iou(found.detach(), true)
    classes = varifocal_loss(logits, wanted, quality, weights.alpha, weights.gamma).sum((1, 2, 3))
    l1 = (
        (boxes[pairs.output, pairs.batch, pairs.query] - targets.boxes[pairs.batch, pairs.target])
        .abs()
        .sum(-1)
    )
    per_output = classes.new_zeros(len(logits))
    return {
        "class": classes / divisor,
        "l1": per_output.index_add(0, pairs.output, l1) / divisor,
        "giou": per_output.index_add(0, pairs.output, 1 - generalized_iou(found, true)) / divisor,
    }
