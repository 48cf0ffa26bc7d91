"""Denoising queries: noised copies of the true boxes that the decoder learns to put right.

Each group holds every true box twice: near by, which is to be put right, and farther off, which is to be told
as nothing.  The numbers drawn, and so the queries, are those of RT-DETR's authors for the same state of
torch's generator.

References
----------
Zhang et al., "DINO: DETR with Improved DeNoising Anchor Boxes", ICLR 2023.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from skillbank_engine.boxes import cxcywh_from_xyxy, xyxy_from_cxcywh
from skillbank_engine.families.rtdetr.targets import TargetBatch

_LABEL_NOISE = 0.5
_BOX_NOISE = 1.0
_EPSILON = 1e-5


@dataclass(frozen=True)
class DenoisingQueries:
    """Queries made of targets: ``N = groups * 2 * M``.

    Attributes
    ----------
    classes : Tensor
        ``(B, N)`` int64, some of them wrong; the number of classes where there is no target.
    boxes : Tensor
        ``(B, N, 4)`` relative ``cxcywh``, noised.
    groups : int
        Number of groups.
    positive : Tensor
        ``(B, N)`` bool: those that are to answer for the target at their place.
    """

    classes: Tensor
    boxes: Tensor
    groups: int
    positive: Tensor

    def mask(self, queries: int) -> Tensor:
        """Say who may look at whom, as what is added to attention's logits.

        Parameters
        ----------
        queries : int
            ``Q`` queries that follow the denoising ones.

        Returns
        -------
        Tensor
            ``(N + Q, N + Q)``: minus infinity keeps groups apart, and truth away from the queries.
        """
        noised = self.classes.shape[1]
        group = torch.arange(noised, device=self.classes.device) // (noised // self.groups)
        group = torch.cat([group, group.new_full((queries,), self.groups)])
        apart = (group[:, None] != group[None]) & (group[None] < self.groups)
        return torch.zeros(apart.shape, device=apart.device).masked_fill(apart, -torch.inf)


def noised_queries(targets: TargetBatch, classes: int, number: int) -> DenoisingQueries | None:
    """Make denoising queries, with torch's own generator.

    Parameters
    ----------
    targets : TargetBatch
        True boxes.
    classes : int
        How many classes there are.
    number : int
        About how many queries of either kind (``model.dn_number``); there is one group at least.

    Returns
    -------
    DenoisingQueries or None
        None where nothing is to be noised.
    """
    most = targets.valid.shape[1]
    if number <= 0 or most == 0:
        return None
    groups = max(number // most, 1)
    valid = targets.valid.tile(1, 2 * groups)
    labels = targets.classes.masked_fill(~targets.valid, classes).to(torch.int32).tile(1, 2 * groups)
    boxes = targets.boxes.masked_fill(~targets.valid[..., None], 0.0).tile(1, 2 * groups, 1)
    far = torch.cat([torch.zeros(most), torch.ones(most)]).tile(groups).to(boxes.device)

    swapped = torch.rand_like(labels, dtype=torch.float32) < _LABEL_NOISE * 0.5
    drawn = torch.randint_like(swapped, 0, classes, dtype=labels.dtype)
    labels = torch.where(swapped & valid, drawn, labels)

    reach = (boxes[..., 2:] * 0.5).tile(1, 1, 2) * _BOX_NOISE
    sign = torch.randint_like(boxes, 0, 2) * 2.0 - 1.0
    length = torch.rand_like(boxes) + far[None, :, None]
    corners = (xyxy_from_cxcywh(boxes) + sign * length * reach).clamp(0.0, 1.0)
    return DenoisingQueries(
        labels.long(), cxcywh_from_xyxy(corners).clamp(min=0.0), groups, valid & (far == 0)[None]
    )


def box_logits(boxes: Tensor) -> Tensor:
    """Logits of relative boxes, kept away from infinity."""
    boxes = boxes.clamp(0.0, 1.0)
    return (boxes.clamp(min=_EPSILON) / (1 - boxes).clamp(min=_EPSILON)).log()
