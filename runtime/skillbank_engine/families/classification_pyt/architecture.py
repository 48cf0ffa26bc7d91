"""What a classifier is built from, as plain values that checkpoints and ONNX files carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from skillbank_engine.errors import ModelError
from skillbank_engine.families.classification_pyt.backbones import backbone
from skillbank_engine.library import AutoConfig

if TYPE_CHECKING:
    from skillbank_engine.families.classification_pyt.config.experiment import ClassificationSpec
    from skillbank_engine.families.classification_pyt.config.model import HeadConfig, ModelConfig
    from skillbank_engine.library import PreTrainedConfig

_SIZED = ("vit", "dinov2", "dinov2_with_registers", "swin", "swinv2", "hiera", "efficientnet", "segformer")
"""Kinds whose configuration holds the size of the pictures."""
_NOT_STRUCTURE = ("id2label", "label2id", "transformers_version", "architectures", "_name_or_path", "dtype")


@dataclass(frozen=True)
class Architecture:
    """A classifier and how it sees pictures.

    Attributes
    ----------
    backbone : str
        Name of the network, as ``model.backbone.type``; transformers' name of its kind where none fits.
    network : dict
        Complete configuration of the network as transformers has it, plain values only.
    image_size : int
        Edge in pixels that pictures are resized to.
    mean, std : tuple of float
        What colours from 0 to 1 are normalised with.
    dropout : float
        Share of the features that training drops ahead of the head.
    """

    backbone: str
    network: dict[str, object]
    image_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    dropout: float = 0.0

    @property
    def classes(self) -> int:
        """Number of classes."""
        return class_count(self.network)

    def normalised(self, pixels: Tensor) -> Tensor:
        """Give what the network sees of pixels from 0 to 255, both ``(B, 3, H, W)``."""
        mean, std = (
            torch.tensor(values, device=pixels.device).view(3, 1, 1) for values in (self.mean, self.std)
        )
        return (pixels.float() / 255 - mean) / std

    def to_dict(self) -> dict[str, object]:
        """Plain values, from which :meth:`from_dict` makes the same."""
        return {**asdict(self), "mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Architecture:
        """Read what :meth:`to_dict` gave."""
        return cls(**{**values, "mean": tuple(values["mean"]), "std": tuple(values["std"])})


def class_count(network: Mapping[str, object]) -> int:
    """How many classes a transformers configuration is of."""
    count = network["num_labels"]
    assert isinstance(count, int)
    return count


def architecture_from_spec(spec: ClassificationSpec, classes: int) -> Architecture:
    """Read what a spec says that no weights say otherwise.

    Parameters
    ----------
    spec : pydantic model
        A spec of any action, profile applied.
    classes : int
        Number of classes.

    Raises
    ------
    ModelError
        A network or a head that cannot be had.
    """
    return described(spec.model, spec, classes, "model")


def described(block: ModelConfig, spec: ClassificationSpec, classes: int, key: str) -> Architecture:
    """Read a block that describes a classifier: ``model``, or ``distill.teacher``.

    Parameters
    ----------
    block : pydantic model
        The block.
    spec : pydantic model
        The whole spec, for what pictures become.
    classes : int
        Number of classes.
    key : str
        Dotted key of the block, for messages.

    Raises
    ------
    ModelError
        A network or a head that cannot be had.
    """
    require_linear_head(block.head, f"{key}.head", classes)
    name = block.backbone.type
    known = backbone(name, f"{key}.backbone.type")
    sizes = {**known.sizes, "num_labels": classes}
    size = spec.dataset.img_size
    if known.kind in _SIZED:
        sizes["image_size"] = [size, size] if known.kind == "hiera" else size
    values = spec.dataset.augmentation
    return Architecture(
        backbone=name,
        network=plain_config(AutoConfig.for_model(known.kind, **sizes)),
        image_size=size,
        mean=tuple(values.mean),
        std=tuple(values.std),
        dropout=spec.engine.dropout,
    )


def require_linear_head(head: HeadConfig, key: str, classes: int) -> None:
    """Refuse heads that would be built otherwise than the spec says.

    Raises
    ------
    ModelError
        Not the linear head, arguments for it, or two exclusive classes that are not two.
    """
    if head.type != "TAOLinearClsHead":
        raise ModelError(
            f"{key}.type is {head.type}, which the embedded engine does not have: set TAOLinearClsHead"
        )
    if head.custom_args:
        raise ModelError(
            f"{key}.custom_args has {', '.join(map(str, head.custom_args))}, but the linear head takes no "
            "arguments: leave it out"
        )
    if head.binary and classes != 2:
        raise ModelError(
            f"{key}.binary says two classes, but there are {classes}: set it to false, or give two classes"
        )


def plain_config(config: PreTrainedConfig) -> dict[str, object]:
    """Give a configuration of transformers as plain values, without names of classes and of versions."""
    values: dict[str, object] = {
        name: _plain(value) for name, value in config.to_dict().items() if name not in _NOT_STRUCTURE
    }
    values["num_labels"] = int(config.num_labels)
    return values


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
