"""Backbones by name: ResNet and ConvNeXt at full size, a small one trained from scratch on a CPU."""

from torch import nn

from skillbank_engine.errors import ModelError
from skillbank_engine.families.rtdetr.architecture import CONVNEXT_SIZES, RESNET_SIZES, Architecture
from skillbank_engine.library import (
    AutoBackbone,
    AutoConfig,
    ConvNextConfig,
    PreTrainedConfig,
    RTDetrResNetConfig,
)
from skillbank_engine.mini_backbone import MiniBackbone, MiniBackboneConfig


class BatchNormedConfig(MiniBackboneConfig):
    """Configuration of :class:`BatchNormedBackbone`."""

    model_type = "rtdetr_mini_backbone"

    def __init__(self, channels: tuple[int, ...] = (32, 64, 96, 128), **kwargs: object) -> None:
        super().__init__(channels, **kwargs)


class BatchNormedBackbone(MiniBackbone):
    """The small backbone with batch norms, which vanish into the convolutions in an exported model."""

    config_class = BatchNormedConfig

    @staticmethod
    def norm(channels: int) -> nn.Module:
        """Make a batch norm."""
        return nn.BatchNorm2d(channels)


AutoConfig.register(BatchNormedConfig.model_type, BatchNormedConfig, exist_ok=True)
AutoBackbone.register(BatchNormedConfig, BatchNormedBackbone, exist_ok=True)


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
        return BatchNormedConfig(architecture.backbone_channels, out_indices=indices)
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
    sizes = config.channels if isinstance(config, MiniBackboneConfig) else config.hidden_sizes
    return [sizes[index - 1] for index in config.out_indices]
