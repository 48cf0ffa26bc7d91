"""What the engine takes of transformers, without what transformers would import along with it.

transformers imports torchao for formats of quantized weights and scipy for losses, if they are installed:
half a second of every command, with no use for either here. The engine has losses of its own and calls
torchao itself. Import from here and nowhere else.
"""

from typing import Any

from skillbank_engine.light import UNUSED, without

with without(UNUSED):
    from transformers import (
        AutoBackbone,
        AutoConfig,
        AutoModel,
        AutoTokenizer,
        BertConfig,
        GroundingDinoConfig,
        GroundingDinoForObjectDetection,
        PreTrainedConfig,
        PreTrainedModel,
        ResNetConfig,
        SwinConfig,
    )
    from transformers.backbone_utils import BackboneConfigMixin, BackboneMixin
    from transformers.modeling_outputs import BackboneOutput

__all__ = [
    "AutoBackbone",
    "AutoConfig",
    "AutoModel",
    "AutoTokenizer",
    "BackboneConfigMixin",
    "BackboneMixin",
    "BackboneOutput",
    "BertConfig",
    "GroundingDinoConfig",
    "GroundingDinoForObjectDetection",
    "PreTrainedConfig",
    "PreTrainedModel",
    "ResNetConfig",
    "SwinConfig",
]

_ON_DEMAND = frozenset(
    {"ConvNextConfig", "RTDetrResNetConfig", "RTDetrV2Config", "RTDetrV2ForObjectDetection"}
)
"""What one family alone uses: imported when it is asked for, so that the others start no later for it."""


def __getattr__(name: str) -> Any:
    """Import a name of transformers that is not among those of every family."""
    if name not in _ON_DEMAND:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    with without(UNUSED):
        import transformers

        return getattr(transformers, name)
