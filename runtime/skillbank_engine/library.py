"""What the engine takes of transformers, without what transformers would import along with it.

Each name is imported when it is asked for, by itself; see `skillbank_engine.light`. Import from here alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import RLock
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
_READING = RLock()
"""Held while transformers builds in another way than its own, which is so for all threads."""


def read_network(kind: type[PreTrainedModel], name: str, **options: object) -> Any:
    """Let transformers read a network from a folder or the hub.

    Parameters
    ----------
    kind
        One of the classes above.
    options
        Of its ``from_pretrained``, whose errors are raised.
    """
    try:
        with _READING, _built_in_memory():
            return kind.from_pretrained(name, **options)
    except (
        ImportError,
        AttributeError,
        KeyError,
        TypeError,
    ):  # another version, or what needs all of both libraries
        whole()
        return kind.from_pretrained(name, **options)


@contextmanager
def _built_in_memory() -> Iterator[None]:
    """Have transformers build what it reads weights into where they will lie, its numbers left as they are.

    Its own way is to build it of shapes alone, for which torch imports a compiler's arithmetic: that takes
    several times as long as all of the reading.
    """
    import torch  # a name of this module alone needs none, reading a network does

    shapes = torch.device("meta")
    base: Any = of_transformers("PreTrainedModel")
    own = base.__dict__["get_init_context"]

    def contexts(kind: Any, *arguments: Any, **named: Any) -> list[Any]:
        found = own.__get__(None, kind)(*arguments, **named)
        if shapes not in found:
            return list(found)
        initialization = import_module("transformers.initialization")
        return [*(each for each in found if each != shapes), initialization.no_init_weights()]

    base.get_init_context = classmethod(contexts)
    try:
        yield
    finally:
        base.get_init_context = own


def __getattr__(name: str) -> Any:
    """Import a name of transformers."""
    if name not in NAMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return of_transformers(name)
