"""The `train` block: epochs, hardware, precision, optimiser and the average of weights."""

from __future__ import annotations

from typing import Literal

from skillbank_engine.config.blocks import TrainBase
from skillbank_engine.config.fields import Block, Float, Int, Text, block, param


class EmaConfig(Block):
    """Average of the weights over the steps, used if `train.enable_ema` is set."""

    decay: Float = param(
        0.999, "Share that the average keeps at each step.", gt=0, lt=1, automl=True, search=(0.99, 0.9999)
    )
    every_n_steps: Int = param(1, "Steps between two updates of the average.", ge=1)
    validate_original_weights: bool = param(False, "Measure the weights themselves and not their average.")
    cpu_offload: bool = param(False, "Keep the average in the memory of the host.")


class OptimConfig(Block):
    """Optimiser and learning-rate schedule."""

    optimizer: Literal["AdamW", "SGD"] = param("AdamW", "Optimiser.")
    monitor_name: Literal["val_loss", "train_loss"] = param(
        "val_loss", "Quantity that adaptive schedules watch."
    )
    lr: Float = param(
        1e-4,
        "Learning rate of everything but the backbone.",
        gt=0,
        le=1,
        automl=True,
        popular=True,
        scale="log",
        search=(1e-6, 1e-2),
    )
    lr_backbone: Float = param(
        1e-5,
        "Learning rate of the backbone; 0 leaves it as it is.",
        ge=0,
        le=1,
        automl=True,
        popular=True,
        scale="log",
        search=(1e-7, 1e-2),
    )
    momentum: Float = param(
        0.9, "Momentum of SGD, first beta of AdamW.", gt=0, lt=1, automl=True, search=(0.5, 0.99)
    )
    weight_decay: Float = param(
        1e-4, "Decoupled weight decay.", gt=0, le=1, automl=True, scale="log", search=(1e-6, 1e-1)
    )
    lr_scheduler: Literal["MultiStep", "StepLR"] = param(
        "MultiStep", "'MultiStep' drops the rate at lr_steps, 'StepLR' every lr_step_size epochs."
    )
    lr_steps: list[Int] = param([1000], "Epochs at which 'MultiStep' drops the learning rate.")
    lr_step_size: Int = param(
        1000, "Epochs between two drops of 'StepLR'.", ge=1, le=10000, automl=True, search=(1, 1000)
    )
    lr_decay: Float = param(0.1, "Factor of each drop.", gt=0, le=1, automl=True, search=(0.01, 1.0))
    warmup_steps: Int = param(0, "Steps over which the learning rate rises to its value.", ge=0)


class TrainConfig(TrainBase):
    """How training runs."""

    freeze: list[str] = param([], "Weight-name prefixes that are not trained.")
    pretrained_model_path: Text = param(
        "", "Weights of a whole RT-DETR to start from: a checkpoint, a transformers folder or a hub name."
    )
    clip_grad_norm: Float = param(0.1, "Largest L2 norm of the gradient; 0 turns clipping off.", ge=0)
    is_dry_run: bool = param(False, "Check the spec and the data, then stop without training.")
    enable_ema: bool = param(False, "Keep an average of the weights, which is then measured and saved.")
    ema: EmaConfig = block(EmaConfig, "The average of the weights.")
    optim: OptimConfig = block(OptimConfig, "Optimiser and learning-rate schedule.")
    precision: Literal["bf16", "fp32", "fp16"] = param(
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
