"""The `model` block: which encoder, and what the head takes of it."""

from __future__ import annotations

from typing import Literal

from skillbank_engine.config.fields import Block, Int, Text, block, param

BackboneType = Literal[
    "fan_tiny_8_p4_hybrid",
    "fan_large_16_p4_hybrid",
    "fan_small_12_p4_hybrid",
    "fan_base_16_p4_hybrid",
    "vit_large_nvdinov2",
    "vit_giant_nvdinov2",
    "vit_small_dinov3",
    "vit_small_plus_dinov3",
    "vit_base_dinov3",
    "vit_large_dinov3",
    "vit_huge_plus_dinov3",
    "vit_base_nvclip_16_siglip",
    "vit_huge_nvclip_14_siglip",
    "mit_b0",
    "mit_b1",
    "mit_b2",
    "mit_b3",
    "mit_b4",
    "mit_b5",
]


class BackboneConfig(Block):
    """The encoder."""

    type: BackboneType = param(
        "fan_small_12_p4_hybrid",
        "Encoder; the embedded engine builds mit_b0 to mit_b5.",
    )
    feat_downsample: bool = param(False, "Halve the features of fan_base once more; FAN encoders only.")
    pretrained_backbone_path: Text = param("", "Weights for the encoder alone; empty for none.")
    freeze_backbone: bool = param(False, "Leave the encoder as it is and train the head alone.", automl=True)


class DecoderParams(Block):
    """Width of the head."""

    embed_dim: Int = param(768, "Channels that the head brings all resolutions to.", ge=1)


class DecodeHeadConfig(Block):
    """The head, which joins four resolutions."""

    in_channels: list[Int] = param(
        [64, 128, 320, 512], "Channels of the encoder's stages; at this default the encoder's own are taken."
    )
    in_index: list[Int] = param([0, 1, 2, 3], "Stages that the head takes.")
    feature_strides: list[Int] = param([4, 8, 16, 32], "Pixels of the picture to one of each stage.")
    align_corners: bool = param(False, "Align corners instead of areas when maps are enlarged.")
    decoder_params: DecoderParams = block(DecoderParams, "Width of the head.")


class ModelConfig(Block):
    """Structure of the network."""

    backbone: BackboneConfig = block(BackboneConfig, "The encoder.")
    decode_head: DecodeHeadConfig = block(DecodeHeadConfig, "The head.")
