"""Denoising queries: noisy copies of the true boxes that the decoder learns to put right.

They give the decoder a dense training signal from the first step on, long before the matching settles, which
is most of what a short training budget needs.  Each copy exists twice: a *positive*, moved a little, must
find
its box back; a *negative*, moved further, must say that nothing is there.

References
----------
Zhang et al., "DINO: DETR with Improved DeNoising Anchor Boxes", ICLR 2023, section 3.3.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from skillbank_engine.boxes import cxcywh_from_xyxy, xyxy_from_cxcywh
from skillbank_engine.families.grounding_dino.targets import TargetBatch

_SMALLEST = 1e-3


@dataclass(frozen=True)
class DenoisingQueries:
    """Queries made of targets, in groups; ``N`` is groups x 2 x most boxes of a picture.

    Attributes
    ----------
    boxes : Tensor
        ``(B, N, 4)`` noisy ``cxcywh``, the start of each query.
    phrases : Tensor
        ``(B, N)`` int64, the (sometimes wrong) phrase that a query's content is made of.
    valid : Tensor
        ``(B, N)`` bool, false for the padding of pictures with fewer boxes.
    positive : Tensor
        ``(N,)`` bool, which must find their box back.
    target : Tensor
        ``(N,)`` int64, the box of the picture that each copies.
    group : Tensor
        ``(N,)`` int64; groups do not see one another.
    groups : int
        How many there are.
    """

    boxes: Tensor
    phrases: Tensor
    valid: Tensor
    positive: Tensor
    target: Tensor
    group: Tensor
    groups: int

    def part(self, pictures: slice) -> "DenoisingQueries":
        """The queries of some pictures of the batch."""
        return replace(
            self, boxes=self.boxes[pictures], phrases=self.phrases[pictures], valid=self.valid[pictures]
        )


def make_denoising_queries(
    targets: TargetBatch,
    groups: int,
    box_noise: float,
    label_noise: float,
    phrase_counts: Tensor,
    numbers: torch.Generator | None = None,
    rows: tuple[int, int] | None = None,
) -> DenoisingQueries | None:
    """Make the queries of one batch.

    Parameters
    ----------
    targets : TargetBatch
        The true boxes and phrases.
    groups : int
        How many independent copies of every target.
    box_noise : float
        1 moves a corner of a positive by up to half the box, of a negative by half to all of it.
    label_noise : float
        Half of this share of the queries gets a random other phrase of its prompt.
    phrase_counts : Tensor
        ``(B,)`` number of phrases in each prompt.
    numbers : torch.Generator, optional
        Source of randomness, on the targets' device; torch's own by default.
    rows : (int, int), optional
        When this is a part of a larger batch: number of its first picture there, and the pictures in all.
        The parts then get the noise that the whole would.

    Returns
    -------
    DenoisingQueries or None
        None when there are no boxes in the batch, or no groups are wanted.
    """
    most = targets.boxes.shape[1]
    if groups < 1 or most == 0:
        return None
    device = targets.boxes.device
    index = torch.arange(groups * 2 * most, device=device)
    target = index % most
    positive = (index // most) % 2 == 0
    group = index // (2 * most)
    phrases = targets.phrases[:, target]
    first, total = rows or (0, len(phrases))

    def noise(*shape: int) -> Tensor:
        drawn = torch.rand((total, len(index), *shape), generator=numbers, device=device)
        return drawn[first : first + len(phrases)]

    swapped = noise() < label_noise * 0.5
    others = (noise() * phrase_counts[:, None]).long()
    phrases = torch.where(swapped, others, phrases)

    corners = xyxy_from_cxcywh(targets.boxes[:, target])
    half_size = (targets.boxes[:, target, 2:] / 2).repeat(1, 1, 2)
    sign = (noise(4) < 0.5) * 2.0 - 1.0
    amount = noise(4) + (~positive)[None, :, None]
    noisy = (corners + sign * amount * half_size * box_noise).clamp(0, 1)
    boxes = cxcywh_from_xyxy(noisy)
    boxes = torch.cat([boxes[..., :2], boxes[..., 2:].abs().clamp(min=_SMALLEST)], dim=-1)
    return DenoisingQueries(boxes, phrases, targets.valid[:, target], positive, target, group, groups)


def denoising_attention(queries: DenoisingQueries, matching_queries: int) -> Tensor:
    """Say which query sees which in the decoder's self-attention.

    Parameters
    ----------
    queries : DenoisingQueries
        ``N`` of them, which come first in the decoder.
    matching_queries : int
        ``Q`` ordinary queries behind them.

    Returns
    -------
    Tensor
        ``(B, N + Q, N + Q)`` bool.  Ordinary queries never see denoising ones (that would show them the
        answers), a group sees itself and the ordinary queries, padding is seen by nobody but itself.
    """
    count = queries.group.shape[0]
    total = count + matching_queries
    device = queries.group.device
    sees = torch.ones((total, total), dtype=torch.bool, device=device)
    sees[:, :count] = False
    sees[:count, :count] = queries.group[:, None] == queries.group[None, :]
    keys = torch.ones((queries.valid.shape[0], total), dtype=torch.bool, device=device)
    keys[:, :count] = queries.valid
    return (sees[None] & keys[:, None, :]) | torch.eye(total, dtype=torch.bool, device=device)
