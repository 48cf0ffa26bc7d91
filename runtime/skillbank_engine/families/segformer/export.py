"""The network as it is exported: from normalised pictures to logits of their pixels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skillbank_engine.families.segformer.model import Segmenter, enlarged
from skillbank_engine.task import Graph

INPUT, OUTPUT = "input", "output"
"""Names in the exported file."""


class ExportedSegmenter(nn.Module):
    """A segmenter with logits in the size of its input.

    Parameters
    ----------
    segmenter : Segmenter
        In evaluation mode.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        super().__init__()
        self.segmenter = segmenter

    def forward(self, pixels: Tensor) -> tuple[Tensor]:
        """Give logits ``(B, classes, H, W)`` of normalised pixels ``(B, 3, H, W)``."""
        height, width = pixels.shape[-2:]
        return (enlarged(self.segmenter(pixels), height, width),)


def graph(segmenter: Segmenter, height: int, width: int, batch: int) -> Graph:
    """Put a network into the form in which it is exported.

    Parameters
    ----------
    segmenter : Segmenter
        Put into evaluation mode.
    height, width, batch : int
        Of the example input.
    """
    noise = torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(0))
    return Graph(ExportedSegmenter(segmenter), {INPUT: noise}, (OUTPUT,))
