"""Build a detector from an architecture: transformers' layers, our start values and forward pass."""

import json
from typing import Any

from torch import nn

from skillbank_engine.errors import ModelError
from skillbank_engine.families.rtdetr.architecture import Architecture
from skillbank_engine.families.rtdetr.backbone import backbone_config, channels_of
from skillbank_engine.families.rtdetr.detector import Detector
from skillbank_engine.library import RTDetrV2Config, RTDetrV2ForObjectDetection

_LINEAR = ("encoder.aifi", "decoder.layers", "decoder.query_pos_head", "enc_output", "enc_bbox_head")
_BLOCKS = 3


def network_config(architecture: Architecture, classes: int) -> Any:
    """Make the transformers configuration of an architecture.

    Parameters
    ----------
    architecture : Architecture
        The structural values.
    classes : int
        How many classes are told apart.
    """
    backbone = backbone_config(architecture)
    levels = len(architecture.feature_indices)
    width = architecture.hidden_dim
    return RTDetrV2Config(
        backbone_config=backbone,
        freeze_backbone_batch_norms=architecture.frozen_norms,
        encoder_hidden_dim=width,
        encoder_in_channels=channels_of(backbone),
        feat_strides=list(architecture.strides),
        encoder_layers=architecture.enc_layers,
        encoder_ffn_dim=architecture.dim_feedforward,
        encoder_attention_heads=architecture.nheads,
        dropout=architecture.dropout,
        encode_proj_layers=list(architecture.encoder_indices),
        positional_encoding_temperature=architecture.position_temperature,
        encoder_activation_function=architecture.encoder_activation,
        activation_function=architecture.activation,
        hidden_expansion=architecture.expansion,
        d_model=width,
        num_queries=architecture.num_queries,
        decoder_in_channels=[width] * levels,
        decoder_ffn_dim=architecture.dim_feedforward,
        num_feature_levels=levels,
        decoder_n_levels=levels,
        decoder_layers=architecture.dec_layers,
        decoder_attention_heads=architecture.nheads,
        num_denoising=architecture.denoising,
        num_labels=classes,
    )


def build_detector(architecture: Architecture, classes: int) -> Detector:
    """Build a new detector with random weights (under torch's current random state).

    Raises
    ------
    ModelError
        transformers refuses the combination of values.
    """
    detector = rebuild_detector(_values(network_config(architecture, classes)), architecture)
    _start(detector)
    return detector


def rebuild_detector(network: dict[str, Any], architecture: Architecture) -> Detector:
    """Build the detector of a checkpoint, whose weights are still to be loaded.

    Parameters
    ----------
    network : dict
        What :func:`network_values` gave for the detector that was saved.
    architecture : Architecture
        Of the checkpoint.
    """
    try:
        config = RTDetrV2Config.from_dict(network)
        return wrap_network(network_class(config)(config), architecture)
    except (ValueError, KeyError) as error:
        raise ModelError(f"This model block cannot be built ({error}): change the values it names") from error


def network_class(config: Any) -> Any:
    """Give transformers' class for a configuration.

    The class ties the heads of all decoder layers to those of the first, and refuses to be without others.
    """
    if config.decoder_layers > 1:
        return RTDetrV2ForObjectDetection
    ties = RTDetrV2ForObjectDetection._tied_weights_keys
    own = {tied: to for tied, to in ties.items() if r"\d" not in tied}
    return type(
        RTDetrV2ForObjectDetection.__name__, (RTDetrV2ForObjectDetection,), {"_tied_weights_keys": own}
    )


def wrap_network(network: Any, architecture: Architecture) -> Detector:
    """Put our forward pass around a transformers network, its weights kept.

    The heads stand twice in it, as one: those in the decoder stay.
    """
    model = network.model
    if architecture.depth > 1:
        for layer in (*model.encoder.fpn_blocks, *model.encoder.pan_blocks):
            kind = type(layer.bottlenecks[0])
            layer.bottlenecks = nn.Sequential(
                *(kind(network.config) for _ in range(_BLOCKS * architecture.depth))
            )
    return Detector(model, architecture)


def network_values(detector: Detector) -> dict[str, Any]:
    """Give the complete configuration of a detector's network as plain values."""
    return _values(detector.network.config)


def _values(config: Any) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(config.to_json_string(use_diff=False))
    return values


def _start(detector: Detector) -> None:
    """Give new weights the spread that training from scratch needs.

    transformers starts linear layers and convolutions, and even the factors of batch norms, from normal
    numbers of deviation 0.01: what released weights overwrite anyway leaves a network that is trained from
    scratch almost silent.  RT-DETR's authors start as here.
    """
    for name, module in detector.network.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear) and name.startswith(_LINEAR) and "encoder_attn" not in name:
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    for head in (detector.network.enc_bbox_head, *detector.network.decoder.bbox_embed):
        for layer in head.layers[:-1]:
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(head.layers[-1].weight)
        nn.init.zeros_(head.layers[-1].bias)
