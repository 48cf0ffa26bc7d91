"""Cross entropy of pixels."""

from torch import Tensor
from torch.nn.functional import cross_entropy

from skillbank_engine.families.segformer.config.dataset import IGNORED
from skillbank_engine.families.segformer.model import enlarged


def pixel_loss(logits: Tensor, masks: Tensor, divisor: float) -> Tensor:
    """Sum the cross entropy of all pixels that have a class, divided by a number.

    Parameters
    ----------
    logits : Tensor
        ``(B, classes, h, w)`` of any size.
    masks : Tensor
        ``(B, H, W)`` classes; what is :data:`IGNORED` adds nothing.
    divisor : float
        Pixels with a class in the whole step; then it is transformers' own loss, the mean.
    """
    height, width = masks.shape[-2:]
    large = enlarged(logits.float(), height, width)
    return cross_entropy(large, masks.long(), ignore_index=IGNORED, reduction="sum") / divisor


def counted_pixels(masks: Tensor) -> int:
    """How many pixels have a class."""
    return int((masks != IGNORED).sum())
