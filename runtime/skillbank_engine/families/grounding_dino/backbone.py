"""Backbones by name: the small one trained from scratch on a CPU, Swin-T/B/L and ResNet-50 at full size.

The small one normalises with GroupNorm: transformers freezes every BatchNorm of a detection backbone, which
suits pretrained weights but leaves a network that is trained from scratch without normalisation.
"""

from typing import Any

import torch
from torch import Tensor, nn

from skillbank_engine.errors import ModelError
from skillbank_engine.families.grounding_dino.architecture import SWIN_SIZES, Architecture
from skillbank_engine.library import AutoBackbone, AutoConfig, PreTrainedConfig, ResNetConfig, SwinConfig
from skillbank_engine.mini_backbone import MiniBackbone, MiniBackboneConfig

_GROUPS = 8


class GroupNormedConfig(MiniBackboneConfig):
    """Configuration of :class:`GroupNormedBackbone`.

    The name keeps clear of "resnet": transformers freezes whatever has that in its type.
    """

    model_type = "grounding_dino_mini_backbone"

    def __init__(self, channels: tuple[int, ...] = (32, 64, 128, 192), **kwargs: object) -> None:
        super().__init__(channels, **kwargs)


class GroupNormedBackbone(MiniBackbone):
    """The small backbone with GroupNorms."""

    config_class = GroupNormedConfig

    @staticmethod
    def norm(channels: int) -> nn.Module:
        """Make a GroupNorm."""
        return nn.GroupNorm(_GROUPS, channels)

    def _init_weights(self, module: nn.Module) -> None:
        """He initialisation: the transformers' default of 0.02 makes a deep ReLU network fade out."""
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


class DropPath(nn.Module):
    """Leave out a residual branch for some pictures in training, as transformers' layers do.

    The rate is a tensor and no constant of the program, so that layers that differ in it alone share what is
    compiled of them.

    Parameters
    ----------
    rate : float
        Chance that a picture's branch is left out.
    """

    rate: Tensor

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.register_buffer("rate", torch.tensor(rate), persistent=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """Drop rows of ``(B, ...)``, and scale up the others."""
        if not self.training:
            return hidden
        kept = 1 - self.rate
        shape = (hidden.shape[0],) + (1,) * (hidden.dim() - 1)
        chosen = torch.rand(shape, device=hidden.device) < kept
        return hidden * (chosen / kept).to(hidden.dtype)


def drop_paths_by_tensor(backbone: nn.Module) -> None:
    """Let all layers of a Swin drop paths by :class:`DropPath`, the first ones at a rate of 0."""
    for module in backbone.modules():
        if type(module).__name__ == "SwinLayer":
            layer: Any = module
            layer.drop_path = DropPath(float(getattr(layer.drop_path, "drop_prob", 0.0)))


AutoConfig.register(GroupNormedConfig.model_type, GroupNormedConfig, exist_ok=True)
AutoBackbone.register(GroupNormedConfig, GroupNormedBackbone, exist_ok=True)


def backbone_config(architecture: Architecture) -> PreTrainedConfig:
    """Make the transformers configuration of the backbone that an architecture names.

    Raises
    ------
    ModelError
        An unknown name.
    """
    # Stage 0 of the family's counting is transformers' "stage1"; index 4 and above are the detector's own.
    indices = [index + 1 for index in architecture.feature_indices if index <= 3]
    options: dict[str, object] = {"out_indices": indices}
    name = architecture.backbone
    if name == "mini":
        return GroupNormedConfig(architecture.backbone_channels, out_indices=indices)
    if name == "resnet_50":
        return ResNetConfig(**options)
    if name in SWIN_SIZES:
        return SwinConfig(**SWIN_SIZES[name], **options)
    known = ", ".join((*SWIN_SIZES, "resnet_50"))
    raise ModelError(f"model.backbone '{name}' is unknown: choose one of {known}")
