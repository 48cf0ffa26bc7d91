"""The `train` block: epochs, hardware, precision and optimiser."""

from __future__ import annotations

from typing import Literal

from skillbank_engine.config.blocks import TrainBase
from skillbank_engine.config.fields import Block, Float, Int, Text, block, param


class OptimConfig(Block):
    """Optimiser and learning-rate schedule."""

    optimizer: Literal["AdamW", "SGD"] = param("AdamW", "Optimiser.")
    monitor_name: Literal["val_loss", "train_loss"] = param(
        "val_loss", "Quantity that adaptive schedules watch."
    )
    lr: Float = param(
        2e-4,
        "Learning rate of everything but the backbone.",
        gt=0,
        le=1,
        automl=True,
        scale="log",
        search=(1e-6, 1e-2),
    )
    lr_backbone: Float = param(
        2e-5,
        "Learning rate of image backbone and text encoder; 0 leaves them as they are.",
        ge=0,
        le=1,
        automl=True,
        popular=True,
        scale="log",
        search=(1e-7, 1e-3),
    )
    lr_linear_proj_mult: Float = param(
        0.1,
        "Factor on the learning rate for reference points and sampling offsets.",
        ge=0,
        automl=True,
        popular=True,
        scale="log",
        search=(1e-2, 1.0),
    )
    momentum: Float = param(
        0.9,
        "Momentum of SGD, first beta of AdamW.",
        ge=0,
        lt=1,
        automl=True,
        popular=True,
        search=(0.5, 0.99),
    )
    weight_decay: Float = param(
        1e-4,
        "Decoupled weight decay.",
        ge=0,
        le=1,
        automl=True,
        popular=True,
        scale="log",
        search=(1e-6, 1e-1),
    )
    lr_scheduler: Literal["MultiStep", "StepLR"] = param(
        "MultiStep", "'MultiStep' drops the rate at lr_steps, 'StepLR' every lr_step_size epochs."
    )
    lr_steps: list[Int] = param([10], "Epochs at which 'MultiStep' drops the learning rate.")
    lr_step_size: Int = param(10, "Epochs between two drops of 'StepLR'.", ge=1, automl=True, search=(1, 50))
    lr_decay: Float = param(0.1, "Factor of each drop.", ge=0, le=1, automl=True, search=(0.01, 1.0))


class TrainConfig(TrainBase):
    """How training runs."""

    freeze: list[str] = param([], "Weight-name prefixes that are not trained.")
    pretrained_model_path: Text = param("", "Weights of a whole Grounding DINO to start from.")
    clip_grad_norm: Float = param(0.1, "Largest L2 norm of the gradient; 0 turns clipping off.", ge=0)
    is_dry_run: bool = param(False, "Check the spec and the data, then stop without training.")
    optim: OptimConfig = block(OptimConfig, "Optimiser and learning-rate schedule.")
    precision: Literal["fp16", "fp32", "bf16"] = param(
        "fp32", "Arithmetic of the forward and backward passes."
    )
    distributed_strategy: Literal["ddp", "fsdp"] = param(
        "ddp", "'ddp' copies the model to every GPU, 'fsdp' shards it over them."
    )
    activation_checkpoint: bool = param(
        True,
        "Recompute activations on the way back: slower, but less memory; the embedded engine does so where a "
        "spec holds the key, and else once memory runs short.",
        in_template=False,
    )
