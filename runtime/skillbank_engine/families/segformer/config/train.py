"""The `train` block."""

from __future__ import annotations

from typing import Literal

from skillbank_engine.config.blocks import TrainBase
from skillbank_engine.config.fields import Block, Float, Int, Text, block, param


class OptimConfig(Block):
    """Optimiser and learning-rate schedule."""

    monitor_name: Text = param("val_loss", "Quantity that adaptive schedules watch.")
    optim: Literal["adamw", "adam", "sgd"] = param("adamw", "Optimiser.")
    lr: Float = param(6e-5, "Learning rate.", ge=0, automl=True, scale="log", search=(1e-6, 1e-2))
    policy: Literal["linear", "step"] = param(
        "linear", "'linear' lowers the rate evenly to the end, 'step' to a tenth after each third of the run."
    )
    momentum: Float = param(
        0.9, "Momentum of SGD, first beta of the others.", ge=0, le=1, automl=True, search=(0.5, 0.99)
    )
    weight_decay: Float = param(
        0.01, "Weight decay.", ge=0, le=1, automl=True, scale="log", search=(1e-6, 1e-1)
    )


class SegmentLossConfig(Block):
    """The loss."""

    loss: Literal["ce"] = param("ce", "Cross entropy of the pixels.")
    weights: list[Float] = param(
        [0.5, 0.5, 0.5, 0.8, 1.0], "Weights of outputs at several scales; this model has one output."
    )


class TensorboardConfig(Block):
    """TensorBoard files, which the family does not write for segmentation."""

    enabled: bool = param(False, "Write TensorBoard files.")
    infrequent_logging_frequency: Int = param(2, "Epochs between two entries of large values.", ge=0)


class TrainConfig(TrainBase):
    """How training runs."""

    optim: OptimConfig = block(OptimConfig, "Optimiser and learning-rate schedule.")
    pretrained_model_path: Text = param("", "Weights of a whole SegFormer to start from.")
    segment: SegmentLossConfig = block(SegmentLossConfig, "The loss.")
    tensorboard: TensorboardConfig = block(TensorboardConfig, "TensorBoard files.")
    use_distributed_sampler: bool = param(
        False, "Give every GPU its own part of the data; the embedded engine always does."
    )
    sync_batchnorm: bool = param(False, "Let all GPUs normalise batches together.")
