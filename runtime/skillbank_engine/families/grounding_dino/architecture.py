"""The shape of a model: a spec's structural values, resolved, as a checkpoint remembers them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skillbank_engine.errors import ModelError
from skillbank_engine.structure import Structure

if TYPE_CHECKING:
    from skillbank_engine.families.grounding_dino.config.experiment import ExperimentSpec
    from skillbank_engine.families.grounding_dino.config.model import ModelConfig

_LOG = logging.getLogger(__name__)

SWIN_SIZES: dict[str, dict[str, int | list[int]]] = {
    "swin_tiny_224_1k": {
        "embed_dim": 96,
        "depths": [2, 2, 6, 2],
        "num_heads": [3, 6, 12, 24],
        "window_size": 7,
    },
    "swin_base_224_22k": {
        "embed_dim": 128,
        "depths": [2, 2, 18, 2],
        "num_heads": [4, 8, 16, 32],
        "window_size": 7,
    },
    "swin_base_384_22k": {
        "embed_dim": 128,
        "depths": [2, 2, 18, 2],
        "num_heads": [4, 8, 16, 32],
        "window_size": 12,
    },
    "swin_large_224_22k": {
        "embed_dim": 192,
        "depths": [2, 2, 18, 2],
        "num_heads": [6, 12, 24, 48],
        "window_size": 7,
    },
    "swin_large_384_22k": {
        "embed_dim": 192,
        "depths": [2, 2, 18, 2],
        "num_heads": [6, 12, 24, 48],
        "window_size": 12,
    },
}
BACKBONES = (*SWIN_SIZES, "resnet_50", "mini")


@dataclass(frozen=True)
class Architecture(Structure):
    """Everything that decides which tensors a model has and what they mean.

    Attributes
    ----------
    backbone : str
        One of :data:`BACKBONES`.
    backbone_channels : tuple of int
        Channels of the four stages of the ``mini`` backbone; unused by the others.
    text_encoder : str
        ``mini`` for the small BERT built from the sizes below, else a folder or hub name.
    text_hidden, text_layers, text_heads, text_ffn : int
        Sizes of the small BERT.
    feature_indices : tuple of int
        Which levels the transformer sees: 0 to 3 are the backbone's stages (strides 4 to 32), 4 and more are
        further convolutions of stride 2 on top.
    log_scale : str
        ``none``, ``auto`` (divide by the root of the width) or a number (start of a learned scale).
    fusion_scale : float
        Start of the layer scale that text and vision features are fused with; 1e-4 in the released models.
    fusion_droppath : float
        Probability of dropping a fusion for a whole sample during training.
    denoising : bool
        Whether the model has the projection that denoising queries are made with.
    """

    backbone: str
    text_encoder: str
    hidden_dim: int = 256
    nheads: int = 8
    enc_layers: int = 6
    dec_layers: int = 6
    dim_feedforward: int = 2048
    num_queries: int = 900
    feature_indices: tuple[int, ...] = (1, 2, 3, 4)
    enc_n_points: int = 4
    dec_n_points: int = 4
    dropout: float = 0.0
    max_text_len: int = 256
    embed_init_target: bool = True
    position_temperature: int = 20
    log_scale: str = "none"
    class_embed_bias: bool = False
    backbone_channels: tuple[int, ...] = (32, 64, 128, 192)
    text_hidden: int = 64
    text_layers: int = 2
    text_heads: int = 4
    text_ffn: int = 128
    fusion_scale: float = 1e-4
    fusion_droppath: float = 0.1
    denoising: bool = False


def architecture_from_spec(spec: ExperimentSpec) -> Architecture:
    """Read the structural values of a spec.

    Parameters
    ----------
    spec : pydantic model
        A loaded spec of any action, profile already applied.

    Raises
    ------
    ModelError
        The spec asks for a variant of the model that this engine does not build; the key is named.
    """
    model, engine = spec.model, spec.engine
    _refuse_unsupported(model)
    return Architecture(
        backbone=model.backbone if engine.backbone == "spec" else engine.backbone,
        text_encoder=model.text_encoder_type if engine.text_encoder == "spec" else engine.text_encoder,
        hidden_dim=model.hidden_dim,
        nheads=model.nheads,
        enc_layers=model.enc_layers,
        dec_layers=model.dec_layers,
        dim_feedforward=model.dim_feedforward,
        num_queries=model.num_queries,
        feature_indices=tuple(model.return_interm_indices),
        enc_n_points=model.enc_n_points,
        dec_n_points=model.dec_n_points,
        dropout=model.dropout_ratio,
        max_text_len=model.max_text_len,
        embed_init_target=model.embed_init_tgt,
        position_temperature=model.pe_temperatureH,
        log_scale=str(model.log_scale or "none").lower(),
        class_embed_bias=model.class_embed_bias,
        backbone_channels=tuple(engine.backbone_channels),
        text_hidden=engine.text_hidden,
        text_layers=engine.text_layers,
        text_heads=engine.text_heads,
        text_ffn=engine.text_ffn,
        fusion_scale=engine.fusion_scale,
        fusion_droppath=engine.fusion_droppath,
        denoising=model.use_dn and (model.dn_number > 0 or engine.denoising_groups > 0),
    )


def _refuse_unsupported(model: ModelConfig) -> None:
    """Name the first model value that the embedded engine cannot honour."""
    if model.hidden_dim % 32:
        raise ModelError(f"model.hidden_dim {model.hidden_dim} is not a multiple of 32: choose one that is")
    if model.hidden_dim % model.nheads:
        raise ModelError(
            f"model.hidden_dim {model.hidden_dim} is not divisible by model.nheads {model.nheads}: change "
            "one of them"
        )
    if len(model.return_interm_indices) != model.num_feature_levels:
        raise ModelError(
            f"model.return_interm_indices names {len(model.return_interm_indices)} levels but "
            f"model.num_feature_levels is {model.num_feature_levels}: make them agree"
        )
    indices = list(model.return_interm_indices)
    if indices != list(range(indices[0], indices[0] + len(indices))) or not 0 <= indices[0] <= 3:
        raise ModelError(
            f"model.return_interm_indices {indices} must be consecutive and start between 0 and 3, as [1, "
            "2, 3, 4]"
        )
    if model.pe_temperatureH != model.pe_temperatureW:
        raise ModelError(
            f"model.pe_temperatureH {model.pe_temperatureH} and model.pe_temperatureW "
            f"{model.pe_temperatureW} differ: the embedded engine needs them equal"
        )
    fixed = {
        "two_stage_type": "standard",
        "decoder_sa_type": "sa",
        "pre_norm": False,
        "fix_refpoints_hw": -1,
        "dilation": False,
    }
    for name, value in fixed.items():
        if getattr(model, name) != value:
            raise ModelError(
                f"model.{name}={getattr(model, name)} is not built by the embedded engine: set it to "
                f"{value}, or run on a platform with the family's container"
            )


def note_differences(wanted: Architecture, found: Architecture, source: str) -> None:
    """Say in one line where weights were built otherwise than a spec says; the weights win."""
    differences = found.differences(wanted)
    if differences:
        text = ", ".join(f"{name} {theirs} (spec: {ours})" for name, (theirs, ours) in differences.items())
        _LOG.warning("%s was built otherwise than the spec says, and its values hold: %s", source, text)
