"""The `train` block: epochs, hardware, precision and optimiser; and the `distill` block."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from skillbank_engine.config.blocks import TrainBase
from skillbank_engine.config.fields import MISSING, Block, Float, Int, Text, block, param
from skillbank_engine.families.classification_pyt.config.model import TeacherConfig


class PolicyConfig(Block):
    """Numbers of the learning-rate schedule."""

    step_size: Int = param(30, "Epochs between two drops of 'step'.", ge=1)
    gamma: Float = param(0.1, "Factor of each drop of 'step' and 'multistep'.", gt=0, le=1)
    milestones: list[Int] | None = param(
        None,
        "Epochs at which 'multistep' drops; half of the run when not set.",
        automl=False,
        in_template=False,
    )


class OptimConfig(Block):
    """Optimiser and learning-rate schedule."""

    monitor_name: Text = param("val_loss", "Quantity that the family's adaptive schedules watch.")
    optim: Literal["adamw", "adam", "sgd"] = param("adamw", "Optimiser.")
    lr: Float = param(6e-5, "Learning rate.", ge=0, automl=True, scale="log", search=(1e-6, 1e-2))
    policy: Literal["linear", "step", "cosine", "multistep"] = param(
        "linear",
        "'linear' falls towards zero epoch by epoch, 'step' drops every step_size epochs, 'multistep' at "
        "milestones, 'cosine' falls to zero step by step.",
    )
    policy_params: PolicyConfig = block(PolicyConfig, "Numbers of the schedule.")
    momentum: Float = param(
        0.9, "Momentum of SGD.", ge=0, le=1, automl=True, math_cond="> 0.0", search=(0.5, 0.99)
    )
    weight_decay: Float = param(
        0.01,
        "Weight decay.",
        ge=0,
        le=1,
        automl=True,
        math_cond="> 0.0",
        scale="log",
        search=(1e-6, 1e-1),
    )
    betas: list[Float] = param([0.9, 0.999], "Decays of AdamW's averages.", automl=True)
    skip_names: list[str] = param([], "Parts of the names of weights that do not decay.")
    warmup_epochs: Int = param(0, "Epochs over which 'cosine' rises to the learning rate.", ge=0)

    @field_validator("betas")
    @classmethod
    def _two(cls, value: list[float]) -> list[float]:
        if len(value) != 2 or not all(0 <= number < 1 for number in value):
            raise ValueError(f"must be two numbers from 0 to less than 1, not {value}")
        return value


class TensorboardConfig(Block):
    """Events for TensorBoard."""

    enabled: bool = param(False, "Write TensorBoard events; the embedded engine writes status.json only.")
    infrequent_logging_frequency: Int = param(2, "Epochs between pictures and histograms.", ge=0)


class TrainConfig(TrainBase):
    """How training runs."""

    optim: OptimConfig = block(OptimConfig, "Optimiser and learning-rate schedule.")
    pretrained_model_path: Text = param(
        "", "Weights of a whole classifier to start from: a checkpoint, a file, or a transformers folder."
    )
    tensorboard: TensorboardConfig = block(TensorboardConfig, "Events for TensorBoard.")
    enable_ema: bool = param(False, "Keep an average of the weights, which is what is measured and saved.")
    ema_decay: Float = param(0.998, "How slowly the average follows the weights.", ge=0, lt=1)
    clip_grad_norm: Float = param(2.0, "Largest L2 norm of the gradient; 0 turns clipping off.", ge=0)
    precision: Literal["fp16", "fp32", "bf16"] = param(
        "fp32", "Arithmetic of the forward and backward passes."
    )


class DistillOptimConfig(OptimConfig):
    """Optimiser and schedule of a distillation, whose default differs."""

    policy: Literal["linear", "step", "cosine", "multistep"] = param(
        "step",
        "'linear' falls towards zero epoch by epoch, 'step' drops every step_size epochs, 'multistep' at "
        "milestones, 'cosine' falls to zero step by step.",
    )


class DistillTrainConfig(TrainConfig):
    """How the training of a distillation runs."""

    optim: DistillOptimConfig = block(DistillOptimConfig, "Optimiser and learning-rate schedule.")


class DistillConfig(Block):
    """How a student learns from a teacher."""

    teacher: TeacherConfig = block(TeacherConfig, "Structure of the teacher; its checkpoint decides.")
    pretrained_teacher_model_path: Text = param("", "Checkpoint, or transformers folder, of the teacher.")
    loss_type: Literal["KL", "CE", "L1", "L2", "FD", "CS", "BALANCED", "MSE"] = param(
        "KL", "Distance of the student's logits from the teacher's."
    )
    loss_lambda: Float = param(
        0.5,
        "Weight of the distance; what is left of 1 is that of the true classes.",
        gt=0,
        le=1,
        math_cond="> 0.0 <= 1.0",
    )
    mode: Literal["logits", "summary", "spatial", "auto"] = param(
        "auto", "What is compared; the embedded engine compares logits."
    )
    use_mlp: bool = param(True, "Compare features behind a small network; of no effect with logits.")
    mlp_hidden_size: Int = param(1024, "Width of that network.", ge=0)
    mlp_num_inner: Int = param(0, "Layers inside that network.", ge=0, le=10)
    results_dir: Text = param("", "Folder of this action's results; empty means <results_dir>/distill.")


class TeachingConfig(DistillConfig):
    """The same block in the spec of a distillation, which needs the teacher."""

    pretrained_teacher_model_path: Text = param(
        MISSING, "Checkpoint, or transformers folder, of the teacher."
    )
