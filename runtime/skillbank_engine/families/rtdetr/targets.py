"""Targets of a batch: true boxes and the class of each, padded."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from skillbank_engine.boxes import padded_targets
from skillbank_engine.task import Batch


@dataclass(frozen=True)
class TargetBatch(Batch):
    """What a batch should find; ``M`` is the most boxes of a picture.

    Attributes
    ----------
    boxes : Tensor
        ``(B, M, 4)`` ``cxcywh`` relative to the network's input; padding is a centred box, harmless in
        formulas.
    classes : Tensor
        ``(B, M)`` int64.
    valid : Tensor
        ``(B, M)`` bool.
    """

    boxes: Tensor
    classes: Tensor
    valid: Tensor

    @property
    def count(self) -> int:
        """Number of true boxes in the batch."""
        return int(self.valid.sum())


def batch_targets(boxes: Sequence[Tensor], classes: Sequence[Tensor]) -> TargetBatch:
    """Pad the targets of single pictures.

    Parameters
    ----------
    boxes : sequence of Tensor
        For each picture ``(m, 4)`` relative ``cxcywh``.
    classes : sequence of Tensor
        For each picture ``(m,)`` int64.
    """
    return TargetBatch(*padded_targets(boxes, classes))
