"""The small backbone of detectors, trained from scratch on a CPU: a residual network for transformers.

A family derives both classes, says which norm follows each convolution, and registers them under a name. Its
configuration has an ``__init__`` of its own: transformers puts one of its making in front of a class without.
"""

from abc import abstractmethod
from itertools import pairwise

from torch import Tensor, nn

from skillbank_engine.library import (
    BackboneConfigMixin,
    BackboneMixin,
    BackboneOutput,
    PreTrainedConfig,
    PreTrainedModel,
)

__all__ = ["MiniBackbone", "MiniBackboneConfig"]


class MiniBackboneConfig(BackboneConfigMixin, PreTrainedConfig):  # type: ignore[misc]
    """Configuration of :class:`MiniBackbone`: how many channels the stages have."""

    def __init__(self, channels: tuple[int, ...], **kwargs: object) -> None:
        self.channels = list(channels)
        self.stage_names = ["stem", *(f"stage{number}" for number in range(1, len(self.channels) + 1))]
        features, indices = kwargs.pop("out_features", None), kwargs.pop("out_indices", None)
        super().__init__(**kwargs)
        self.set_output_features_output_indices(out_features=features, out_indices=indices)


class _ResidualBlock(nn.Module):
    """Two 3x3 convolutions with norms and a shortcut; the first halves the resolution."""

    def __init__(self, inside: int, outside: int, norms: tuple[nn.Module, nn.Module]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False)
        self.norm1 = norms[0]
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.norm2 = norms[1]
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

    has_attentions = False
    main_input_name = "pixel_values"

    def __init__(self, config: MiniBackboneConfig) -> None:
        super().__init__(config)
        channels = config.channels
        self.num_features = [3, *channels]
        stem = nn.Sequential(
            nn.Conv2d(3, channels[0], 7, stride=4, padding=2, bias=False), self.norm(channels[0]), nn.ReLU()
        )
        # Stages above the last one that is asked for would cost time and get no gradient.
        last = max(self.stage_names.index(name) for name in self.out_features)
        blocks = (
            _ResidualBlock(inside, outside, (self.norm(outside), self.norm(outside)))
            for inside, outside in pairwise(channels[:last])
        )
        self.stages = nn.ModuleList([stem, *blocks])
        self.post_init()

    @staticmethod
    @abstractmethod
    def norm(channels: int) -> nn.Module:
        """Make the norm that follows a convolution."""

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
