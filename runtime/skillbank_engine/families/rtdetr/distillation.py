"""What a student learns from a teacher: its feature maps.

Bound are ``srcs``, the levels that the decoder looks at, one to one.  The criterion weighs the places:
``IOU`` by how well the box that the teacher proposes at a place fits a true one, so that what counts is what
the teacher knows of objects; ``L1`` and ``L2`` count all places alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from skillbank_engine.boxes import iou, xyxy_from_cxcywh
from skillbank_engine.errors import ModelError
from skillbank_engine.families.rtdetr.detector import Detector, anchor_logits
from skillbank_engine.families.rtdetr.targets import TargetBatch

if TYPE_CHECKING:
    from skillbank_engine.library import PreTrainedModel


def require_alike(student: Detector, teacher: Detector) -> None:
    """Refuse a teacher whose feature maps cannot be compared with the student's.

    Raises
    ------
    ModelError
        Another width or other levels.
    """
    mine, theirs = student.architecture, teacher.architecture
    for name, key in (("hidden_dim", "model.hidden_dim"), ("feature_indices", "model.return_interm_indices")):
        ours, there = getattr(mine, name), getattr(theirs, name)
        if ours != there:
            raise ModelError(
                f"The teacher was built with {key}={there}, the student with {ours}: their feature maps "
                f"cannot be compared, so set {key} to the teacher's"
            )


def start_from(student: Detector, teacher: Detector) -> int:
    """Give the student the teacher's encoder and decoder as far as they fit; count the tensors."""
    own, theirs = student.state_dict(), teacher.state_dict()
    fitting = {
        name: value
        for name, value in theirs.items()
        if not name.startswith(("network.backbone.", "network.encoder_input_proj."))
        and name in own
        and own[name].shape == value.shape
    }
    student.load_state_dict(fitting, strict=False)
    return len(fitting)


def place_weights(teacher: Detector, sources: Sequence[Tensor], targets: TargetBatch) -> Tensor:
    """Say how well the teacher's box at each place fits a true one: ``(B, N)`` in 0 to 1.

    Parameters
    ----------
    teacher : Detector
        Its encoder's heads are asked.
    sources : sequence of Tensor
        Its feature maps.
    targets : TargetBatch
        True boxes.
    """
    network: PreTrainedModel = teacher.network
    memory = torch.cat([source.flatten(2).transpose(1, 2) for source in sources], 1)
    anchors, usable = anchor_logits([(item.shape[-2], item.shape[-1]) for item in sources], memory.device)
    places = network.enc_output(memory * usable)
    boxes = xyxy_from_cxcywh((network.enc_bbox_head(places) + anchors).float().sigmoid())
    if targets.boxes.shape[1] == 0:
        return boxes.new_zeros(boxes.shape[:2])
    overlaps = iou(boxes[:, :, None], xyxy_from_cxcywh(targets.boxes)[:, None])
    return overlaps.masked_fill(~targets.valid[:, None], 0.0).amax(-1) * usable[..., 0]


def feature_loss(
    student: Sequence[Tensor], teacher: Sequence[Tensor], criterion: str, weights: Tensor
) -> Tensor:
    """Compare feature maps.

    Parameters
    ----------
    student, teacher : sequence of Tensor
        ``(B, D, h, w)`` of each level, of equal shapes.
    criterion : str
        ``IOU``, ``L1`` or ``L2``.
    weights : Tensor
        ``(B, N)`` of :func:`place_weights`, used by ``IOU``.

    Returns
    -------
    Tensor
        Scalar: the mean difference over channels and (weighted) places.
    """
    mine, theirs = (
        torch.cat([level.flatten(2).transpose(1, 2) for level in maps], 1).float()
        for maps in (student, teacher)
    )
    if criterion == "L1":
        return (mine - theirs).abs().mean()
    apart = (mine - theirs).square().mean(-1)
    if criterion == "L2":
        return apart.mean()
    return (apart * weights).sum() / weights.sum().clamp(min=1.0)
