"""The network: transformers' SegFormer behind the normalisation of its pictures, and the shape of one."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from skillbank_engine.errors import ModelError
from skillbank_engine.library import SegformerConfig, SegformerForSemanticSegmentation
from skillbank_engine.structure import Structure

if TYPE_CHECKING:
    from skillbank_engine.families.segformer.config import ExperimentSpec
    from skillbank_engine.library import PreTrainedConfig, PreTrainedModel

_LOG = logging.getLogger(__name__)

_NARROW, _WIDE = (32, 64, 160, 256), (64, 128, 320, 512)
ENCODERS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "mit_b0": (_NARROW, (2, 2, 2, 2)),
    "mit_b1": (_WIDE, (2, 2, 2, 2)),
    "mit_b2": (_WIDE, (3, 4, 6, 3)),
    "mit_b3": (_WIDE, (3, 4, 18, 3)),
    "mit_b4": (_WIDE, (3, 8, 27, 3)),
    "mit_b5": (_WIDE, (3, 6, 40, 3)),
}
"""Name in the specs to channels and blocks of the four stages."""

_HEADS = (1, 2, 5, 8)
_GROUPS = 8


@dataclass(frozen=True)
class Architecture(Structure):
    """What a network is built from, as a checkpoint remembers it.

    Attributes
    ----------
    backbone : str
        ``mini``, one of :data:`ENCODERS`, or ``own`` for the encoder of a saved folder that is none of them.
    channels, depths, heads : tuple of int
        Of the encoder's four stages.
    head_channels : int
        Width of the head.
    mlp_ratios, reductions : tuple of int
        Of the four stages: widening inside a block, and pixels to one key of attention, by side.
    drop_path, dropout : float
        What training leaves out at random.
    groups : int
        Groups of the head's normalisation; 0 for transformers' own, which is over the batch.
    mean, std : tuple of float
        Of red, green and blue, from 0 to 1.
    """

    backbone: str
    channels: tuple[int, ...]
    depths: tuple[int, ...]
    heads: tuple[int, ...]
    head_channels: int
    mlp_ratios: tuple[int, ...] = (4, 4, 4, 4)
    reductions: tuple[int, ...] = (8, 4, 2, 1)
    drop_path: float = 0.1
    dropout: float = 0.1
    groups: int = 0
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)


def architecture_of(spec: ExperimentSpec) -> Architecture:
    """Read the network that a spec asks for.

    Raises
    ------
    ModelError
        An encoder that is not built here, or a head that does not fit it.
    """
    engine, model = spec.engine, spec.model
    augmentation = spec.dataset.segment.augmentation
    mini = engine.backbone == "mini"
    if mini:
        name, heads = "mini", tuple(engine.mini_heads)
        channels, depths = tuple(engine.mini_channels), tuple(engine.mini_depths)
        _check_mini(channels, depths, heads)
    else:
        name, heads = model.backbone.type, _HEADS
        if name not in ENCODERS:
            raise ModelError(
                f"model.backbone.type {name} is not built by the embedded engine: set it to one of "
                f"{', '.join(ENCODERS)}, name a saved SegFormer in train.pretrained_model_path, or run in "
                "the family's toolkit container (platform docker, slurm or kubernetes)"
            )
        channels, depths = ENCODERS[name]
    usual = type(model.decode_head)().in_channels
    if model.decode_head.in_channels not in (usual, list(channels)):
        raise ModelError(
            f"model.decode_head.in_channels is {model.decode_head.in_channels}, but the encoder {name} gives "
            f"{list(channels)}: set it to these"
        )
    width = model.decode_head.decoder_params.embed_dim
    return Architecture(
        backbone=name,
        channels=channels,
        depths=depths,
        heads=heads,
        head_channels=width,
        drop_path=engine.drop_path,
        dropout=engine.dropout,
        groups=_GROUPS if mini and width % _GROUPS == 0 else int(mini),
        mean=tuple(augmentation.mean),
        std=tuple(augmentation.std),
    )


def _check_mini(channels: tuple[int, ...], depths: tuple[int, ...], heads: tuple[int, ...]) -> None:
    for name, values in (("channels", channels), ("depths", depths), ("heads", heads)):
        if len(values) != 4 or min(values) < 1:
            raise ModelError(f"engine.mini_{name} must be four whole numbers from 1 on, not {list(values)}")
    for width, count in zip(channels, heads, strict=True):
        if width % count:
            raise ModelError(
                f"engine.mini_channels has {width}, which engine.mini_heads cannot share out among {count}: "
                "choose a multiple"
            )


class Segmenter(nn.Module):
    """SegFormer, which sees pictures as numbers from 0 to 255.

    Parameters
    ----------
    network : SegformerForSemanticSegmentation
        Of transformers.
    architecture : Architecture
        What it was built from.
    """

    mean: Tensor
    std: Tensor
    network: PreTrainedModel

    def __init__(self, network: nn.Module, architecture: Architecture) -> None:
        super().__init__()
        self.network = network
        self.architecture = architecture
        # Known by the architecture: not part of the weights.
        for name in ("mean", "std"):
            values = torch.tensor(getattr(architecture, name)).view(1, 3, 1, 1)
            self.register_buffer(name, values, persistent=False)

    def normalised(self, pixels: Tensor) -> Tensor:
        """Make ``(B, 3, H, W)`` numbers from 0 to 255 what the network learned from."""
        return (pixels.float() / 255 - self.mean) / self.std

    def forward(self, pixels: Tensor) -> Tensor:
        """Give the logits ``(B, classes, H / 4, W / 4)`` of normalised pixels ``(B, 3, H, W)``."""
        logits: Tensor = self.network(pixel_values=pixels).logits
        return logits


def network_config(architecture: Architecture, labels: tuple[str, ...]) -> PreTrainedConfig:
    """Give transformers' configuration of a network."""
    return SegformerConfig(
        depths=list(architecture.depths),
        hidden_sizes=list(architecture.channels),
        num_attention_heads=list(architecture.heads),
        mlp_ratios=list(architecture.mlp_ratios),
        sr_ratios=list(architecture.reductions),
        decoder_hidden_size=architecture.head_channels,
        drop_path_rate=architecture.drop_path,
        classifier_dropout_prob=architecture.dropout,
        id2label=dict(enumerate(labels)),
        label2id={name: number for number, name in enumerate(labels)},
    )


def build(architecture: Architecture, labels: tuple[str, ...]) -> Segmenter:
    """Build a network with random weights.

    Parameters
    ----------
    architecture : Architecture
        Its shape.
    labels : tuple of str
        Names of the classes, one output each.
    """
    network = SegformerForSemanticSegmentation(network_config(architecture, labels))
    return wrapped(network, architecture)


def wrapped(network: PreTrainedModel, architecture: Architecture) -> Segmenter:
    """Put a network of transformers behind the normalisation, its head's as the architecture says."""
    if architecture.groups:
        # A mean over the batch would tie its pictures together, and be a poor one of a few small pictures.
        network.decode_head.batch_norm = nn.GroupNorm(architecture.groups, architecture.head_channels)
    return Segmenter(network, architecture)


def enlarged(logits: Tensor, height: int, width: int) -> Tensor:
    """Logits in the size of a picture, ``(B, classes, height, width)``."""
    return nn.functional.interpolate(logits, size=(height, width), mode="bilinear", align_corners=False)


def note_differences(wanted: Architecture, found: Architecture, source: str) -> None:
    """Say where weights were built otherwise than the spec wants; they win."""
    different = found.differences(wanted)
    if different:
        told = ", ".join(f"{name} {mine} instead of {theirs}" for name, (mine, theirs) in different.items())
        _LOG.warning("%s was built with %s: the weights' own are taken", source, told)
