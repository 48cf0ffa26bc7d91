"""Build a detector from an architecture: transformers' network, our backbone, heads and forward pass."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from skillbank_engine.errors import ModelError, WeightsError
from skillbank_engine.families.grounding_dino.architecture import Architecture
from skillbank_engine.families.grounding_dino.backbone import backbone_config, drop_paths_by_tensor
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.heads import ContrastiveHead
from skillbank_engine.families.grounding_dino.norms import (
    flat_safe,
    let_flat_rows_pass,
    lower_before_products,
)
from skillbank_engine.families.grounding_dino.products import sum_biases_by_products
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.families.grounding_dino.windows import cut_windows_by_rows
from skillbank_engine.library import (
    AutoConfig,
    BertConfig,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
)

if TYPE_CHECKING:
    from skillbank_engine.library import PreTrainedConfig

_POSITIONS = 512


def network_config(architecture: Architecture, vocabulary_size: int) -> GroundingDinoConfig:
    """Make the transformers configuration of an architecture.

    Parameters
    ----------
    architecture : Architecture
        The structural values.
    vocabulary_size : int
        Number of tokens, for the small text encoder; a named BERT brings its own.
    """
    levels = len(architecture.feature_indices)
    return GroundingDinoConfig(
        backbone_config=backbone_config(architecture),
        text_config=_text_config(architecture, vocabulary_size),
        num_queries=architecture.num_queries,
        encoder_layers=architecture.enc_layers,
        encoder_ffn_dim=architecture.dim_feedforward,
        encoder_attention_heads=architecture.nheads,
        # One layer alone trips over the way transformers ties the box heads; a second one is built and
        # left out.
        decoder_layers=max(architecture.dec_layers, 2),
        decoder_ffn_dim=architecture.dim_feedforward,
        decoder_attention_heads=architecture.nheads,
        d_model=architecture.hidden_dim,
        dropout=architecture.dropout,
        num_feature_levels=levels,
        encoder_n_points=architecture.enc_n_points,
        decoder_n_points=architecture.dec_n_points,
        max_text_len=architecture.max_text_len,
        fusion_droppath=architecture.fusion_droppath,
        embedding_init_target=architecture.embed_init_target,
        positional_embedding_temperature=architecture.position_temperature,
    )


def _text_config(architecture: Architecture, vocabulary_size: int) -> PreTrainedConfig:
    """Configuration of the text encoder: ours by sizes, or a named BERT's own."""
    if architecture.text_encoder == "mini":
        return BertConfig(
            vocab_size=vocabulary_size,
            hidden_size=architecture.text_hidden,
            num_hidden_layers=architecture.text_layers,
            num_attention_heads=architecture.text_heads,
            intermediate_size=architecture.text_ffn,
            max_position_embeddings=max(architecture.max_text_len, 64),
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    if architecture.text_encoder == "bert-base-uncased":
        # The defaults of BertConfig are bert-base-uncased, so its shape is known without the hub.
        return BertConfig(vocab_size=vocabulary_size, max_position_embeddings=_POSITIONS)
    try:
        return AutoConfig.from_pretrained(architecture.text_encoder)
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"model.text_encoder_type '{architecture.text_encoder}' is neither a folder with a BERT nor "
            "reachable on the model hub: pass the path of a downloaded BERT folder"
        ) from error


def build_detector(architecture: Architecture, tokenizer: PhraseTokenizer) -> Detector:
    """Build a new detector with random weights (under torch's current random state).

    Parameters
    ----------
    architecture : Architecture
        The structural values.
    tokenizer : PhraseTokenizer
        Its vocabulary sizes the text encoder.

    Raises
    ------
    ModelError
        transformers refuses the combination of values.
    """
    try:
        network = GroundingDinoForObjectDetection(network_config(architecture, len(tokenizer)))
    except ValueError as error:
        raise ModelError(f"This model block cannot be built ({error}): change the values it names") from error
    for layer in network.model.encoder.layers:
        nn.init.constant_(layer.fusion_layer.vision_param, architecture.fusion_scale)
        nn.init.constant_(layer.fusion_layer.text_param, architecture.fusion_scale)
    return wrap_network(network, architecture, tokenizer)


def rebuild_detector(
    network_values: dict[str, object], architecture: Architecture, tokenizer: PhraseTokenizer
) -> Detector:
    """Build the detector of a checkpoint, whose weights are still to be loaded.

    Parameters
    ----------
    network_values : dict
        What :func:`network_values` gave for the detector that was saved.
    architecture, tokenizer
        Of the checkpoint.
    """
    config = GroundingDinoConfig.from_dict(network_values)
    return wrap_network(GroundingDinoForObjectDetection(config), architecture, tokenizer)


def network_values(detector: Detector) -> dict[str, object]:
    """Give the complete configuration of a detector's network as plain values.

    With it a checkpoint is whole: names of backbones and text encoders need not be looked up anew.
    """
    values: dict[str, object] = json.loads(detector.network.config.to_json_string(use_diff=False))
    return values


def wrap_network(
    network: GroundingDinoForObjectDetection, architecture: Architecture, tokenizer: PhraseTokenizer
) -> Detector:
    """Put our heads and forward pass around a transformers network, its weights kept."""
    network.model.special_tokens = torch.tensor(tokenizer.special_ids())
    head = (architecture.log_scale, architecture.class_embed_bias)
    network.model.encoder_output_class_embed = ContrastiveHead(*head)
    network.class_embed = nn.ModuleList(ContrastiveHead(*head) for _ in network.class_embed)
    _unfreeze_resnet(network)
    drop_paths_by_tensor(network.model.backbone)
    # Padding is flat in the backbone, and where the encoder's answers are blanked before their norm.
    let_flat_rows_pass(network.model.backbone)
    lower_before_products(network.model.backbone)
    cut_windows_by_rows(network.model.backbone)
    network.model.enc_output_norm = flat_safe(network.model.enc_output_norm)
    sum_biases_by_products(network)
    return Detector(network, architecture)


def _unfreeze_resnet(network: GroundingDinoForObjectDetection) -> None:
    """Train the last three stages of a ResNet, as DETR does.

    transformers means to, but looks for a name that its own ResNet does not have and so freezes all of it.
    """
    backbone: Any = network.config.backbone_config
    if backbone.model_type != "resnet":
        return
    for name, parameter in network.model.backbone.conv_encoder.model.named_parameters():
        if name.startswith(("encoder.stages.1", "encoder.stages.2", "encoder.stages.3")):
            parameter.requires_grad_(True)
