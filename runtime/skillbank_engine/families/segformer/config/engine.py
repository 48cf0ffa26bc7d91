"""The `engine` block: settings of the embedded engine that the family's container does not know."""

from __future__ import annotations

from typing import Literal

from skillbank_engine.config.blocks import EngineBase
from skillbank_engine.config.fields import Float, Int, param


class EngineConfig(EngineBase):
    """Settings of the embedded engine only; left out of defaults and templates."""

    backbone: Literal["spec", "mini"] = param(
        "spec", "'spec' follows model.backbone.type, 'mini' is a small encoder of the same kind."
    )
    mini_channels: list[Int] = param([16, 32, 64, 96], "Channels of the mini encoder's four stages.")
    mini_depths: list[Int] = param([1, 1, 1, 1], "Blocks of the mini encoder's four stages.")
    mini_heads: list[Int] = param([1, 2, 4, 4], "Attention heads of the mini encoder's four stages.")
    drop_path: Float = param(0.1, "Chance that training skips the encoder's last block.", ge=0, lt=1)
    dropout: Float = param(0.1, "Chance that training drops a channel ahead of the last layer.", ge=0, lt=1)
    precision: Literal["fp16", "fp32", "bf16"] = param(
        "fp32", "Arithmetic of the forward and backward passes."
    )
    clip_grad_norm: Float = param(0.0, "Largest L2 norm of the gradient; 0 turns clipping off.", ge=0)
    lr_scheduler: Literal["spec", "cosine"] = param(
        "spec", "'spec' follows train.optim.policy, 'cosine' anneals it to zero (a cosine decay)."
    )
    warmup_steps: Int = param(0, "Steps over which the learning rate rises to its value.", ge=0)
