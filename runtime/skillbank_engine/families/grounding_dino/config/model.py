"""The `model` block: network structure, matching costs and loss weights."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, field_validator, model_validator

from skillbank_engine.config.fields import Block, Float, Int, Text, param

Backbone = Literal[
    "swin_tiny_224_1k",
    "swin_base_224_22k",
    "swin_base_384_22k",
    "swin_large_224_22k",
    "swin_large_384_22k",
    "resnet_50",
]
LOG_SCALE = r"^(none|auto|[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)$"


def _read_log_scale(value: object) -> object:
    # YAML gives null for `~` and a number for `0.5`; the family keeps the field as text.
    if value is None:
        return "none"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value.lower() if isinstance(value, str) else value


def _read_no(value: object) -> object:
    # YAML 1.1 reads a bare `no` as false.
    return "no" if value is False else value


class ModelConfig(Block):
    """Structure of the detector and the weights of its losses."""

    pretrained_backbone_path: Text = param(
        "", "File with weights for the image backbone alone; empty for none."
    )
    backbone: Backbone = param(
        "swin_tiny_224_1k", "Image backbone: a Swin transformer by size, or ResNet-50.", popular=True
    )
    num_queries: Int = param(
        900, "How many object queries the decoder refines per image.", ge=1, parent=True, popular=True
    )
    num_feature_levels: Int = param(
        4, "Resolutions of the feature pyramid that attention samples from.", ge=1, le=5
    )
    set_cost_class: Float = param(
        1.0, "Matching cost of a wrong phrase when queries are assigned to objects.", ge=0, popular=True
    )
    set_cost_bbox: Float = param(5.0, "Matching cost of the L1 distance between boxes.", ge=0, popular=True)
    set_cost_giou: Float = param(
        2.0, "Matching cost of poor generalised IoU between boxes.", ge=0, popular=True
    )
    cls_loss_coef: Float = param(2.0, "Weight of the token classification loss.", ge=0, popular=True)
    bbox_loss_coef: Float = param(5.0, "Weight of the L1 box loss.", ge=0, popular=True)
    giou_loss_coef: Float = param(2.0, "Weight of the generalised IoU box loss.", ge=0, popular=True)
    num_select: Int = param(
        300,
        "Best-scoring (query, phrase) pairs that become detections of one image.",
        ge=1,
        le=1000,
        automl=True,
        popular=True,
        depends_on="model.num_queries",
        relation="<= model.num_queries * model.max_text_len",
    )
    interm_loss_coef: Float = param(1.0, "Weight of the losses on the encoder's own proposals.")
    no_interm_box_loss: bool = param(False, "Leave the box losses out for the encoder's proposals.")
    pre_norm: bool = param(False, "Normalise before, rather than after, each transformer sub-layer.")
    two_stage_type: Annotated[Literal["standard", "no"], BeforeValidator(_read_no)] = param(
        "standard", "'standard' starts queries from encoder proposals, 'no' from learned positions."
    )
    decoder_sa_type: Literal["sa", "ca_label", "ca_content"] = param(
        "sa", "What decoder queries attend to among themselves."
    )
    embed_init_tgt: bool = param(True, "Start the decoder from learned content embeddings.")
    fix_refpoints_hw: Int = param(
        -1,
        "Size of reference boxes: -1 learns it per box, -2 learns one for all, above 0 fixes it.",
        ge=-2,
        math_cond="!= 0",
        exclude=0,
    )
    pe_temperatureH: Int = param(20, "Temperature of the sine position code along the height.", ge=1)  # noqa: N815
    pe_temperatureW: Int = param(20, "Temperature of the sine position code along the width.", ge=1)  # noqa: N815
    return_interm_indices: list[Int] = param(
        [1, 2, 3, 4], "Backbone stages handed to the transformer, one for each feature level."
    )
    use_dn: bool = param(True, "Train with noised copies of the true boxes as extra queries.")
    dn_number: Int = param(0, "Denoising queries per image; 0 means that none are added.", ge=0)
    dn_box_noise_scale: Float = param(
        1.0, "How far denoising moves the true boxes; 0 leaves them in place.", ge=0
    )
    dn_label_noise_ratio: Float = param(
        0.5, "Share of labels that denoising swaps for wrong ones; 0 swaps none.", ge=0
    )
    focal_alpha: Float = param(0.25, "Balance of positive against negative tokens in the focal loss.", gt=0)
    focal_gamma: Float = param(2.0, "How strongly the focal loss plays down easy tokens.", gt=0)
    clip_max_norm: Float = param(
        0.1, "Largest gradient norm as older specs name it; train.clip_grad_norm is the one in force."
    )
    nheads: Int = param(8, "Attention heads; must divide hidden_dim.", ge=1)
    dropout_ratio: Float = param(0.0, "Share of activations dropped while training.", ge=0, le=1)
    hidden_dim: Int = param(256, "Width of the transformer.", ge=1, automl=False)
    enc_layers: Int = param(6, "Encoder layers.", ge=1, automl=True, search=(1, 12))
    dec_layers: Int = param(6, "Decoder layers.", ge=1, automl=True, search=(2, 12))
    dim_feedforward: Int = param(2048, "Width of the feed-forward sub-layers.", ge=1)
    dec_n_points: Int = param(4, "Points that each decoder head samples per level.", ge=1)
    enc_n_points: Int = param(4, "Points that each encoder head samples per level.", ge=1)
    aux_loss: bool = param(True, "Apply the losses after every decoder layer, not only the last.")
    dilation: bool = param(False, "Widen the last backbone stage's convolutions instead of striding.")
    train_backbone: bool = param(True, "Update the backbone's weights; false freezes them.")
    text_encoder_type: Text = param(
        "bert-base-uncased", "Text encoder: a model name on the Hugging Face hub or a local folder."
    )
    max_text_len: Int = param(256, "Longest prompt, in tokens.", ge=1)
    class_embed_bias: bool = param(False, "Add a learned bias to the query-token similarity.")
    log_scale: Annotated[str, BeforeValidator(_read_log_scale)] = param(
        "none",
        "Scale of the query-token similarity: 'none', 'auto' (by the square root of the width), or a number "
        "from which a learned scale starts.",
        pattern=LOG_SCALE,
    )
    loss_types: list[str] = param(["labels", "boxes"], "Losses that take part in training.")
    backbone_names: list[str] = param(
        ["backbone.0", "bert"], "Weight-name prefixes that train at the backbone's learning rate."
    )
    linear_proj_names: list[str] = param(
        ["reference_points", "sampling_offsets"],
        "Weight-name parts that train at the projection's learning rate.",
    )

    @field_validator("log_scale")
    @classmethod
    def _known_log_scale(cls, value: str) -> str:
        if not re.fullmatch(LOG_SCALE, value):
            raise ValueError(f"must be 'none', 'auto' or a number, not {value!r}")
        return value

    @field_validator("fix_refpoints_hw")
    @classmethod
    def _no_zero_size(cls, value: int) -> int:
        if value == 0:
            raise ValueError("must not be 0: use -1 (learn per box), -2 (learn one size) or a size above 0")
        return value

    @model_validator(mode="after")
    def _relations(self) -> ModelConfig:
        # A phrase takes at least one token, so this is the most pairs that any prompt can offer.
        pairs = self.num_queries * self.max_text_len
        if self.num_select > pairs:
            raise ValueError(
                f"model.num_select ({self.num_select}) must be at most model.num_queries x "
                f"model.max_text_len ({self.num_queries} x {self.max_text_len} = {pairs})"
            )
        if self.hidden_dim % self.nheads:
            raise ValueError(
                f"model.hidden_dim ({self.hidden_dim}) must be a multiple of model.nheads ({self.nheads})"
            )
        return self
