"""Backbones by name: the small one trained from scratch on a CPU, Swin-T/B/L and ResNet-50 at full size.

The small one normalises with GroupNorm: transformers freezes every BatchNorm of a detection backbone, which
suits pretrained weights but leaves a network that is trained from scratch without normalisation.
"""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from skillbank_engine.errors import ModelError
from skillbank_engine.families.grounding_dino.architecture import SWIN_SIZES, Architecture
from skillbank_engine.library import (
    AutoBackbone,
    AutoConfig,
    BackboneConfigMixin,
    BackboneMixin,
    BackboneOutput,
    PreTrainedConfig,
    PreTrainedModel,
    ResNetConfig,
    SwinConfig,
)

_GROUPS = 8


class MiniBackboneConfig(BackboneConfigMixin, PreTrainedConfig):  # type: ignore[misc]
    """Configuration of :class:`MiniBackbone`.

    The name keeps clear of "resnet": transformers freezes whatever has that in its type.
    """

    model_type = "grounding_dino_mini_backbone"

    def __init__(self, channels: tuple[int, ...] = (32, 64, 128, 192), **kwargs: object) -> None:
        self.channels = list(channels)
        self.stage_names = ["stem", *(f"stage{number}" for number in range(1, len(self.channels) + 1))]
        features, indices = kwargs.pop("out_features", None), kwargs.pop("out_indices", None)
        super().__init__(**kwargs)
        self.set_output_features_output_indices(out_features=features, out_indices=indices)


class _ResidualBlock(nn.Module):
    """Two 3x3 convolutions with GroupNorm and a shortcut; the first halves the resolution."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False)
        self.norm1 = nn.GroupNorm(_GROUPS, outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.norm2 = nn.GroupNorm(_GROUPS, outside)
        self.shortcut = nn.Conv2d(inside, outside, 1, stride=2, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        inner = self.norm1(self.conv1(features)).relu()
        result: Tensor = (self.norm2(self.conv2(inner)) + self.shortcut(features)).relu()
        return result


class MiniBackbone(BackboneMixin, PreTrainedModel):  # type: ignore[misc]
    """A residual network for pictures of some hundred pixels: strides 4, 8, 16 and 32, one block each.

    The first stage is one strided convolution: on a CPU, anything at a finer resolution than a quarter costs
    more time than all the rest of the detector.
    """

    config_class = MiniBackboneConfig
    has_attentions = False
    main_input_name = "pixel_values"

    def __init__(self, config: MiniBackboneConfig) -> None:
        super().__init__(config)
        channels = config.channels
        self.num_features = [3, *channels]
        stem = nn.Sequential(
            nn.Conv2d(3, channels[0], 7, stride=4, padding=2, bias=False),
            nn.GroupNorm(_GROUPS, channels[0]),
            nn.ReLU(),
        )
        # Stages above the last one that is asked for would cost time and get no gradient.
        last = max(self.stage_names.index(name) for name in self.out_features)
        blocks = (_ResidualBlock(*pair) for pair in pairwise(channels[:last]))
        self.stages = nn.ModuleList([stem, *blocks])
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """He initialisation: the transformers' default of 0.02 makes a deep ReLU network fade out."""
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(
        self,
        pixel_values: Tensor,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
    ) -> BackboneOutput:
        """Compute the wanted feature maps.

        Parameters
        ----------
        pixel_values : Tensor
            ``(B, 3, H, W)``, normalised.
        output_hidden_states, output_attentions, return_dict
            Part of the interface of transformers; there is one way to answer only.
        """
        features = pixel_values
        maps = []
        for number, stage in enumerate(self.stages, start=1):
            features = stage(features)
            if f"stage{number}" in self.out_features:
                maps.append(features)
        return BackboneOutput(feature_maps=tuple(maps))


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


AutoConfig.register(MiniBackboneConfig.model_type, MiniBackboneConfig, exist_ok=True)
AutoBackbone.register(MiniBackboneConfig, MiniBackbone, exist_ok=True)


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
        return MiniBackboneConfig(architecture.backbone_channels, out_indices=indices)
    if name == "resnet_50":
        return ResNetConfig(**options)
    if name in SWIN_SIZES:
        return SwinConfig(**SWIN_SIZES[name], **options)
    known = ", ".join((*SWIN_SIZES, "resnet_50"))
    raise ModelError(f"model.backbone '{name}' is unknown: choose one of {known}")
