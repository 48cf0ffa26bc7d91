"""Backbones by name: ResNet and ConvNeXt at full size, a small one trained from scratch on a CPU."""

from itertools import pairwise

from torch import Tensor, nn

from skillbank_engine.errors import ModelError
from skillbank_engine.families.rtdetr.architecture import CONVNEXT_SIZES, RESNET_SIZES, Architecture
from skillbank_engine.library import (
    AutoBackbone,
    AutoConfig,
    BackboneConfigMixin,
    BackboneMixin,
    BackboneOutput,
    ConvNextConfig,
    PreTrainedConfig,
    PreTrainedModel,
    RTDetrResNetConfig,
)


class MiniBackboneConfig(BackboneConfigMixin, PreTrainedConfig):  # type: ignore[misc]
    """Configuration of :class:`MiniBackbone`."""

    model_type = "rtdetr_mini_backbone"

    def __init__(self, channels: tuple[int, ...] = (32, 64, 96, 128), **kwargs: object) -> None:
        self.channels = list(channels)
        self.stage_names = ["stem", *(f"stage{number}" for number in range(1, len(self.channels) + 1))]
        features, indices = kwargs.pop("out_features", None), kwargs.pop("out_indices", None)
        super().__init__(**kwargs)
        self.set_output_features_output_indices(out_features=features, out_indices=indices)


class _ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norms and a shortcut; the first halves the resolution."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outside)
        self.shortcut = nn.Conv2d(inside, outside, 1, stride=2, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        inner = self.norm1(self.conv1(features)).relu()
        result: Tensor = (self.norm2(self.conv2(inner)) + self.shortcut(features)).relu()
        return result


class MiniBackbone(BackboneMixin, PreTrainedModel):  # type: ignore[misc]
    """A residual network for pictures of some hundred pixels: strides 4, 8, 16 and 32, one block each.

    The first stage is one strided convolution: on a CPU, anything at a finer resolution than a quarter costs
    more time than all the rest of the detector.  Batch norms vanish into the convolutions in an exported
    model.
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
            nn.BatchNorm2d(channels[0]),
            nn.ReLU(),
        )
        # Stages above the last one that is asked for would cost time and get no gradient.
        last = max(self.stage_names.index(name) for name in self.out_features)
        blocks = (_ResidualBlock(*pair) for pair in pairwise(channels[:last]))
        self.stages = nn.ModuleList([stem, *blocks])
        self.post_init()

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


AutoConfig.register(MiniBackboneConfig.model_type, MiniBackboneConfig, exist_ok=True)
AutoBackbone.register(MiniBackboneConfig, MiniBackbone, exist_ok=True)


def backbone_config(architecture: Architecture) -> PreTrainedConfig:
    """Make the transformers configuration of the backbone that an architecture names.

    Raises
    ------
    ModelError
        A backbone that the engine does not have.
    """
    # Stage 0 of the family's counting is transformers' "stage1".
    indices = [index + 1 for index in architecture.feature_indices]
    name = architecture.backbone
    if name == "mini":
        return MiniBackboneConfig(architecture.backbone_channels, out_indices=indices)
    if name in RESNET_SIZES:
        return RTDetrResNetConfig(**RESNET_SIZES[name], out_indices=indices)
    if name in CONVNEXT_SIZES:
        return ConvNextConfig(**CONVNEXT_SIZES[name], out_indices=indices)
    known = ", ".join((*RESNET_SIZES, *CONVNEXT_SIZES))
    raise ModelError(
        f"model.backbone '{name}' is not part of the embedded engine: choose one of {known}, or run the job "
        "on a platform with the family's container"
    )


def channels_of(config: PreTrainedConfig) -> list[int]:
    """Give the channels of each feature map that a backbone of this configuration answers with."""
    sizes = config.channels if config.model_type == MiniBackboneConfig.model_type else config.hidden_sizes
    return [sizes[index - 1] for index in config.out_indices]
