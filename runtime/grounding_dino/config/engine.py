"""The `engine` block: settings of the embedded engine that the family's container does not know."""

from __future__ import annotations

from typing import Literal

from grounding_dino.config.fields import Block, Int, param


class EngineConfig(Block):
    """Settings of the embedded engine only; left out of defaults and templates."""

    profile: Literal["auto", "small", "full"] = param(
        "auto", "Network size: 'small' suits a CPU, 'full' is the spec's own; 'auto' looks at the device."
    )
    device: Literal["auto", "cpu", "cuda"] = param(
        "auto", "Where to compute; 'auto' takes a GPU if there is one."
    )
    threads: Int = param(0, "CPU threads; 0 takes as many as the container's quota grants.", ge=0)
    lr_scheduler: Literal["spec", "cosine"] = param(
        "spec", "'spec' follows train.optim.lr_scheduler, 'cosine' decays to zero over the run."
    )
    warmup_steps: Int = param(0, "Steps over which the learning rate rises to its value.", ge=0)
    denoising_groups: Int = param(0, "Noised copies of the true boxes trained along; 0 adds none.", ge=0)
    image_size: Int = param(
        0, "Square image side in pixels for all actions; 0 follows dataset.augmentation.", ge=0
    )
