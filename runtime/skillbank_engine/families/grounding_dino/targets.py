"""Targets of a batch: true boxes and which phrase of the prompt each belongs to, padded."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from skillbank_engine.boxes import padded_targets


@dataclass(frozen=True)
class TargetBatch:
    """What a batch should find; ``M`` is the most boxes of a picture.

    Attributes
    ----------
    boxes : Tensor
        ``(B, M, 4)`` ``cxcywh`` relative to each picture without the padding of the batch (the model scales
        its reference points by the valid part of a picture); padding is a centred box, harmless in formulas.
    phrases : Tensor
        ``(B, M)`` int64, index of the phrase in the picture's own prompt.  It never counts across the batch,
        so no offset can go wrong.
    valid : Tensor
        ``(B, M)`` bool.
    """

    boxes: Tensor
    phrases: Tensor
    valid: Tensor

    @property
    def count(self) -> int:
        """Number of true boxes in the batch."""
        return int(self.valid.sum())

    def padded(self, most: int) -> "TargetBatch":
        """The same targets with room for at least so many boxes a picture."""
        more = most - self.boxes.shape[1]
        if more <= 0:
            return self
        pad = torch.nn.functional.pad
        return TargetBatch(
            pad(self.boxes, (0, 0, 0, more), value=0.5),
            pad(self.phrases, (0, more)),
            pad(self.valid, (0, more)),
        )

    def part(self, pictures: slice) -> "TargetBatch":
        """The targets of some pictures of the batch."""
        return TargetBatch(self.boxes[pictures], self.phrases[pictures], self.valid[pictures])

    def to(self, device: torch.device | str) -> "TargetBatch":
        """The same batch on another device."""
        return TargetBatch(self.boxes.to(device), self.phrases.to(device), self.valid.to(device))

    def token_targets(self, phrase_tokens: Tensor) -> Tensor:
        """Which tokens each target should light up.

        Parameters
        ----------
        phrase_tokens : Tensor
            ``(B, P, L)`` 1 where a token belongs to a phrase (from the prompt batch).

        Returns
        -------
        Tensor
            ``(B, M, L)`` of 0 and 1; zero for padding.
        """
        index = self.phrases[..., None].expand(-1, -1, phrase_tokens.shape[-1])
        return phrase_tokens.gather(1, index) * self.valid[..., None]


def batch_targets(boxes: Sequence[Tensor], phrases: Sequence[Tensor]) -> TargetBatch:
    """Pad the targets of single pictures.

    Parameters
    ----------
    boxes : sequence of Tensor
        For each picture ``(m, 4)`` relative ``cxcywh``.
    phrases : sequence of Tensor
        For each picture ``(m,)`` int64.
    """
    return TargetBatch(*padded_targets(boxes, phrases))
