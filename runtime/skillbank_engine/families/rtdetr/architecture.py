"""The shape of a model: a spec's structural values, resolved, as a checkpoint remembers them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from skillbank_engine.errors import ModelError
from skillbank_engine.structure import Structure

if TYPE_CHECKING:
    from skillbank_engine.families.rtdetr.config.experiment import ExperimentSpec

_LOG = logging.getLogger(__name__)

RESNET_SIZES: dict[str, dict[str, str | list[int]]] = {
    "resnet_18": {"layer_type": "basic", "hidden_sizes": [64, 128, 256, 512], "depths": [2, 2, 2, 2]},
    "resnet_34": {"layer_type": "basic", "hidden_sizes": [64, 128, 256, 512], "depths": [3, 4, 6, 3]},
    "resnet_50": {"layer_type": "bottleneck", "hidden_sizes": [256, 512, 1024, 2048], "depths": [3, 4, 6, 3]},
    "resnet_101": {
        "layer_type": "bottleneck",
        "hidden_sizes": [256, 512, 1024, 2048],
        "depths": [3, 4, 23, 3],
    },
}
"""Family's name to what RT-DETR's own kind of ResNet is built from."""

CONVNEXT_SIZES: dict[str, dict[str, str | list[int]]] = {
    "convnext_tiny": {"hidden_sizes": [96, 192, 384, 768], "depths": [3, 3, 9, 3]},
    "convnext_small": {"hidden_sizes": [96, 192, 384, 768], "depths": [3, 3, 27, 3]},
    "convnext_base": {"hidden_sizes": [128, 256, 512, 1024], "depths": [3, 3, 27, 3]},
    "convnext_large": {"hidden_sizes": [192, 384, 768, 1536], "depths": [3, 3, 27, 3]},
    "convnext_xlarge": {"hidden_sizes": [256, 512, 1024, 2048], "depths": [3, 3, 27, 3]},
}
"""Family's name to what a ConvNeXt is built from."""


@dataclass(frozen=True)
class Architecture(Structure):
    """What a network is built from, its classes aside.

    Attributes
    ----------
    backbone : str
        A key of :data:`RESNET_SIZES` or :data:`CONVNEXT_SIZES`, or ``mini``.
    backbone_channels : tuple of int
        Of the mini backbone's stages at strides 4, 8, 16, 32.
    frozen_norms : bool
        The backbone's batch norms keep statistics and weights, as suits pretrained weights.
    feature_indices : tuple of int
        Stages that the encoder sees: 0 is stride 4, 1 is 8, 2 is 16, 3 is 32.
    encoder_indices : tuple of int
        Which of these levels go through the transformer encoder.
    hidden_dim, nheads, dim_feedforward, enc_layers, dec_layers, num_queries : int
        Of encoder and decoder.
    dropout : float
        Share of activations dropped while training.
    position_temperature : int
        Of the sine position code.
    expansion : float
        Width of the fusion blocks, relative to ``hidden_dim``.
    depth : int
        Factor on the three blocks of each fusion layer.
    encoder_activation, activation : str
        Of the transformer encoder, and of the fusion blocks.
    denoising : int
        Noised copies of true boxes in training; the model has an embedding of classes for them, if any.
    answer : int
        Decoder layer whose answer counts; -1 for the last.
    """

    backbone: str = "resnet_50"
    backbone_channels: tuple[int, ...] = (32, 64, 96, 128)
    frozen_norms: bool = True
    feature_indices: tuple[int, ...] = (1, 2, 3)
    encoder_indices: tuple[int, ...] = (2,)
    hidden_dim: int = 256
    nheads: int = 8
    dim_feedforward: int = 1024
    enc_layers: int = 1
    dec_layers: int = 6
    num_queries: int = 300
    dropout: float = 0.0
    position_temperature: int = 10000
    expansion: float = 1.0
    depth: int = 1
    encoder_activation: str = "gelu"
    activation: str = "silu"
    denoising: int = 100
    answer: int = -1

    @property
    def strides(self) -> tuple[int, ...]:
        """Pixels a place, of each level."""
        return tuple(4 * 2**index for index in self.feature_indices)

    @classmethod
    def from_spec(cls, spec: ExperimentSpec, *, pretrained: bool = False) -> Architecture:
        """Read the model block and the engine block of a spec.

        Parameters
        ----------
        spec : pydantic model
            Profile applied.
        pretrained : bool
            The backbone starts from weights, so that its norms are frozen.

        Raises
        ------
        ModelError
            Values of the model block that do not fit together.
        """
        model = spec.model
        conflicts = model.conflicts()
        if conflicts:
            raise ModelError("; ".join(conflicts))
        mini = spec.engine.backbone == "mini"
        return cls(
            backbone="mini" if mini else model.backbone,
            backbone_channels=tuple(spec.engine.backbone_channels),
            frozen_norms=pretrained and not mini,
            feature_indices=tuple(model.return_interm_indices),
            encoder_indices=tuple(model.use_encoder_idx),
            hidden_dim=model.hidden_dim,
            nheads=model.nheads,
            dim_feedforward=model.dim_feedforward,
            enc_layers=model.enc_layers,
            dec_layers=model.dec_layers,
            num_queries=model.num_queries,
            dropout=model.dropout_ratio,
            position_temperature=model.pe_temperature,
            expansion=float(model.expansion),
            depth=model.depth_mult,
            encoder_activation=model.enc_act,
            activation=model.act,
            denoising=model.dn_number,
            answer=model.eval_idx,
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Architecture:
        """Read what :meth:`to_dict` gave.

        Raises
        ------
        ModelError
            Values of another version of the engine.
        """
        unknown = sorted(set(values) - {item.name for item in fields(cls)})
        if unknown:
            raise ModelError(f"The architecture of this checkpoint has '{unknown[0]}', which is unknown here")
        return super().from_dict(values)


def note_differences(wanted: Architecture, found: Architecture, source: str) -> None:
    """Log where weights were built otherwise than the spec asks for; the weights win."""
    # Norms are a matter of training, not of what the weights were built as.
    differences = {k: v for k, v in wanted.differences(found).items() if k != "frozen_norms"}
    for name, (asked, there) in differences.items():
        _LOG.warning("%s was built with %s=%s; the spec's %s is not used", source, name, there, asked)
