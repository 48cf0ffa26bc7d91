"""What the engine takes of transformers, without what transformers would import along with it.

transformers imports torchao for formats of quantized weights and scipy for losses, if they are installed:
half a second of every command, with no use for either here. The engine has losses of its own and calls
torchao itself. Import from here and nowhere else.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_UNUSED = ("torchao", "scipy")


@contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    """Let packages look as if they were not installed, those that are imported already excepted.

    None in ``sys.modules`` is Python's own way to say so: nothing finds or imports such a module.
    """
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _without(_UNUSED):
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
