"""What the engine takes of transformers, without what transformers would import along with it.

Each name is imported when it is asked for, by itself; see `skillbank_engine.light`. Import from here alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skillbank_engine.light import NAMES, of_transformers, whole

if TYPE_CHECKING:
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

    # The layers of its networks, for type checkers alone.
    from transformers.models.grounding_dino import modeling_grounding_dino as modeling_grounding_dino
    from transformers.models.rt_detr import modeling_rt_detr as modeling_rt_detr

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
    "read_network",
]


def read_network(kind: type[PreTrainedModel], name: str, **options: object) -> Any:
    """Let transformers read a network from a folder or the hub, with all that reading may need.

    Parameters
    ----------
    kind
        One of the classes above.
    options
        Of its ``from_pretrained``, whose errors are raised.
    """
    whole()
    return kind.from_pretrained(name, **options)


def __getattr__(name: str) -> Any:
    """Import a name of transformers."""
    if name not in NAMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return of_transformers(name)
