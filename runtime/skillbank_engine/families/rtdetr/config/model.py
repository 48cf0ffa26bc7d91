"""The `model` block: network structure, matching costs and loss weights."""

from __future__ import annotations

from typing import Literal

from skillbank_engine.config.fields import Block, Float, Int, Text, block, param

Backbone = Literal[
    "resnet_18",
    "resnet_34",
    "resnet_50",
    "resnet_101",
    "convnext_tiny",
    "convnext_small",
    "convnext_base",
    "convnext_large",
    "convnext_xlarge",
    "fan_tiny",
    "fan_small",
    "fan_base",
    "fan_large",
    "efficientvit_b0",
    "efficientvit_b1",
    "efficientvit_b2",
    "efficientvit_b3",
    "efficientvit_l0",
    "efficientvit_l1",
    "efficientvit_l2",
    "efficientvit_l3",
]
Activation = Literal["relu", "gelu", "silu"]


class FrozenFmConfig(Block):
    """A frozen foundation model beside the backbone."""

    enabled: bool = param(False, "Add a frozen foundation model; the embedded engine has none.")
    backbone: Literal["radio_v2-b", "radio_v2-l", "radio_v2-h"] = param(
        "radio_v2-l", "Which foundation model."
    )
    checkpoint: Text = param("", "Weights of the foundation model.")


class ModelConfig(Block):
    """Structure of the detector, matching costs and the weights of its losses."""

    pretrained_backbone_path: Text = param(
        "", "Weights for the image backbone alone: a file, a folder or a hub name; empty for none."
    )
    backbone: Backbone = param(
        "resnet_50", "Image backbone; the embedded engine has the ResNets and the ConvNeXts.", popular=True
    )
    train_backbone: bool = param(True, "Update the backbone's weights; false freezes them.")
    load_teacher_enc_dec: bool = param(
        False, "When distilling, start encoder and decoder from those of the teacher."
    )
    num_queries: Int = param(
        300,
        "How many object queries the decoder refines per image.",
        ge=1,
        automl=True,
        parent=True,
        popular=True,
        search=(30, 900),
    )
    num_select: Int = param(
        300,
        "Best-scoring (query, class) pairs that become detections of one image.",
        ge=1,
        le=1000,
        automl=True,
        depends_on="model.num_queries",
        relation="<= model.num_queries * number of classes",
        search=(30, 300),
    )
    num_feature_levels: Int = param(
        3, "Resolutions that encoder and decoder see; as many as return_interm_indices names.", ge=1, le=4
    )
    return_interm_indices: list[Int] = param(
        [1, 2, 3], "Backbone stages handed on, in order without a gap: 0 is stride 4, 3 is stride 32."
    )
    feat_strides: list[Int] = param([8, 16, 32], "Stride in pixels of each of these stages.")
    feat_channels: list[Int] = param([256, 256, 256], "Width of each level in the decoder: hidden_dim.")
    use_encoder_idx: list[Int] = param([2], "Levels, counted from 0, that the transformer encoder works on.")
    hidden_dim: Int = param(256, "Width of encoder and decoder.", ge=4, automl=False)
    nheads: Int = param(8, "Attention heads; must divide hidden_dim.", ge=1)
    dropout_ratio: Float = param(0.0, "Share of activations dropped while training.", ge=0, le=1)
    enc_layers: Int = param(1, "Transformer encoder layers.", ge=1, automl=True, search=(1, 6))
    dim_feedforward: Int = param(1024, "Width of the feed-forward sub-layers.", ge=1)
    pe_temperature: Int = param(10000, "Temperature of the sine position code.", ge=1)
    expansion: Float = param(1, "Width of the fusion blocks relative to hidden_dim.", gt=0)
    depth_mult: Int = param(1, "Factor on the three blocks of each fusion layer.", ge=1)
    enc_act: Activation = param("gelu", "Activation in the transformer encoder.")
    act: Activation = param("silu", "Activation in the fusion of the levels.")
    dec_layers: Int = param(6, "Decoder layers.", ge=1, automl=True, search=(1, 8))
    dn_number: Int = param(
        100, "About how many denoising queries an image gets in training; 0 for none.", ge=0
    )
    eval_idx: Int = param(-1, "Decoder layer, counted from 0, that answers; -1 for the last.", ge=-1)
    vfl_loss_coef: Float = param(1.0, "Weight of the varifocal classification loss.", ge=0)
    bbox_loss_coef: Float = param(5.0, "Weight of the L1 box loss.", ge=0)
    giou_loss_coef: Float = param(2.0, "Weight of the generalised IoU box loss.", ge=0)
    class_cost: Float = param(2.0, "Matching cost of a wrong class.", ge=0)
    bbox_cost: Float = param(5.0, "Matching cost of the L1 distance between boxes.", ge=0)
    giou_cost: Float = param(2.0, "Matching cost of poor generalised IoU between boxes.", ge=0)
    alpha: Float = param(0.75, "Weight of negatives in the varifocal loss.", gt=0, math_cond="> 0.0")
    gamma: Float = param(2.0, "How strongly the varifocal loss plays down easy negatives.", gt=0)
    clip_max_norm: Float = param(
        0.1, "Largest gradient norm as older specs name it; train.clip_grad_norm is the one in force."
    )
    aux_loss: bool = param(True, "Apply the losses after every decoder layer and to the encoder's proposals.")
    loss_types: list[Literal["vfl", "boxes"]] = param(["vfl", "boxes"], "Losses that take part in training.")
    backbone_names: list[str] = param(
        ["backbone.0"], "Weight-name prefixes that train at the backbone's learning rate."
    )
    linear_proj_names: list[str] = param(
        ["reference_points", "sampling_offsets"],
        "Weight-name parts of projections; they train at the same rate as the rest.",
    )
    distillation_loss_coef: Float = param(1.0, "Weight of what the teacher adds to the loss.", ge=0)
    frozen_fm: FrozenFmConfig = block(FrozenFmConfig, "A frozen foundation model beside the backbone.")

    def conflicts(self) -> list[str]:
        """Say what does not fit together, one sentence each.

        Asked once the profile is applied, which sets several of these values at once.
        """
        stages, levels = self.return_interm_indices, self.num_feature_levels
        found = []
        if stages != list(range(stages[0], stages[0] + len(stages))) if stages else True:
            found.append(f"model.return_interm_indices {stages} must count up without a gap, as [1, 2, 3]")
        elif not (stages[0] >= 0 and stages[-1] <= 3):
            found.append(f"model.return_interm_indices {stages} must lie within 0 and 3")
        if len(stages) != levels:
            found.append(
                f"model.return_interm_indices {stages} must name as many stages as "
                f"model.num_feature_levels ({levels})"
            )
        strides = [4 * 2**stage for stage in stages]
        if not found and self.feat_strides != strides:
            found.append(f"model.feat_strides {self.feat_strides} must be {strides}, those of the stages")
        if self.feat_channels != [self.hidden_dim] * levels:
            found.append(
                f"model.feat_channels {self.feat_channels} must be model.hidden_dim for each of the "
                f"{levels} levels: {[self.hidden_dim] * levels}"
            )
        if any(not 0 <= level < levels for level in self.use_encoder_idx):
            found.append(f"model.use_encoder_idx {self.use_encoder_idx} must name levels below {levels}")
        if self.hidden_dim % self.nheads or self.hidden_dim % 4:
            found.append(
                f"model.hidden_dim ({self.hidden_dim}) must be a multiple of 4 and of model.nheads "
                f"({self.nheads})"
            )
        if self.eval_idx >= self.dec_layers:
            found.append(
                f"model.eval_idx ({self.eval_idx}) must be below model.dec_layers ({self.dec_layers}), or -1"
            )
        return found


class TeacherConfig(ModelConfig):
    """Structure of the teacher; a checkpoint of this engine brings its own."""
