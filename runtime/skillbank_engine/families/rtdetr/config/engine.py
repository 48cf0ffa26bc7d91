"""The `engine` block: settings of the embedded engine that the family's container does not know."""

from __future__ import annotations

from typing import Literal

from skillbank_engine.config.blocks import EngineBase
from skillbank_engine.config.fields import Float, Int, param


class EngineConfig(EngineBase):
    """Settings of the embedded engine only; left out of defaults and templates."""

    backbone: Literal["spec", "mini"] = param(
        "spec", "'spec' follows model.backbone, 'mini' is a small network that is trained from scratch."
    )
    backbone_channels: list[Int] = param([32, 64, 96, 128], "Channels of the mini backbone's four stages.")
    flip_prob: Float = param(
        0.5,
        "Chance that a training image is mirrored (a horizontal flip); one with a class named left or right "
        "never is.",
        ge=0,
        le=1,
    )
    lr_scheduler: Literal["spec", "cosine"] = param(
        "spec", "'spec' follows train.optim.lr_scheduler, 'cosine' anneals it to zero (a cosine decay)."
    )
