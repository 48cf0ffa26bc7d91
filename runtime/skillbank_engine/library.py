"""What the engine takes of transformers, without what transformers would import along with it.

transformers imports torchao for formats of quantized weights and scipy for losses, if they are installed:
half a second of every command, with no use for either here. The engine has losses of its own and calls
torchao itself. Import from here and nowhere else.
"""

from skillbank_engine.light import UNUSED, without

with without(UNUSED):
    from transformers import (
        AutoBackbone,
        AutoConfig,
        AutoModel,
        AutoModelForImageClassification,
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
    "AutoModelForImageClassification",
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
