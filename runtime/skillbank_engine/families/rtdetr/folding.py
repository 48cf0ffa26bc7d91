"""A trained detector made ready to answer: what only training needs is folded away, with equal answers.

Batch norms vanish into the convolutions ahead of them, and the two branches of a RepVGG block, a 3x3 and a
1x1 convolution, become one 3x3 convolution.  On a CPU that spares a small model calls of layers,
which cost as much there as their arithmetic.

References
----------
Ding et al., "RepVGG: Making VGG-style ConvNets Great Again", CVPR 2021.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from skillbank_engine.families.rtdetr.detector import Detector

if TYPE_CHECKING:
    from skillbank_engine.library import modeling_rt_detr

_PAIRS = (("conv", "norm"), ("conv1", "norm1"), ("conv2", "norm2"), ("convolution", "normalization"))
"""How blocks of the networks call a convolution and the batch norm right after it."""


@torch.no_grad()
def folded(detector: Detector) -> Detector:
    """Give a copy for answers alone; the detector itself stays as it is, and can go on training.

    Parameters
    ----------
    detector : Detector
        On any device.

    Returns
    -------
    Detector
        In evaluation mode, without gradients; its answers differ by rounding alone.
    """
    made = copy.deepcopy(detector).eval().requires_grad_(False)
    for module in list(made.network.modules()):
        for first, second in _pairs(module):
            convolution, norm = getattr(module, first, None), getattr(module, second, None)
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, first, fuse_conv_bn_eval(convolution, norm))
                setattr(module, second, nn.Identity())
        shortcut = getattr(module, "shortcut", None)
        if isinstance(shortcut, nn.Conv2d) and shortcut.kernel_size == (1, 1):
            module.shortcut = _Thinned(shortcut)
    encoder = made.network.encoder
    for layer in (*encoder.fpn_blocks, *encoder.pan_blocks):
        layer.bottlenecks = nn.Sequential(*(_one_convolution(block) for block in layer.bottlenecks))
    return made


class _Thinned(nn.Module):
    """A strided 1x1 convolution on the places that it reads, which a CPU is three times as quick at."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.steps = convolution.stride
        self.convolution = convolution
        convolution.stride = (1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Give ``(B, D, ceil(h / step), ceil(w / step))`` of ``(B, C, h, w)``."""
        down, across = self.steps
        found: Tensor = self.convolution(features[:, :, ::down, ::across])
        return found


def _pairs(module: nn.Module) -> Iterator[tuple[str, str]]:
    if isinstance(module, nn.Sequential):
        yield from pairwise(name for name, _ in module.named_children())
    else:
        yield from _PAIRS


def _one_convolution(block: modeling_rt_detr.RTDetrRepVggBlock) -> nn.Module:
    """Add up both branches of a RepVGG block whose norms are folded."""
    wide, narrow = block.conv1.conv, block.conv2.conv
    wide.weight[:, :, 1:2, 1:2] += narrow.weight
    wide.bias += narrow.bias
    return nn.Sequential(wide, block.activation)
