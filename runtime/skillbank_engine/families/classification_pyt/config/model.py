"""The `model` block: backbone, head and loss; a teacher is described by the same block."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from skillbank_engine.config.fields import Block, Float, Int, Text, block, param
from skillbank_engine.families.classification_pyt.backbones import AVAILABLE, DEFAULT, FAMILY_NAMES

_NAMES = tuple(dict.fromkeys((*FAMILY_NAMES, *AVAILABLE)))


class BackboneConfig(Block):
    """The network that looks at the pictures."""

    type: Literal[_NAMES] = param(  # type: ignore[valid-type]
        DEFAULT,
        "Network by the family's name; the embedded engine has those that transformers has and refuses the "
        "others with the list.",
    )
    pretrained_backbone_path: Text = param(
        "", "Weights of the backbone alone: a file, or a folder that transformers saved; the head is new."
    )
    freeze_backbone: bool = param(False, "Train the head alone.", automl=True)
    freeze_norm: bool = param(False, "Leave the normalisation layers as they are.", automl=True)


class LossConfig(Block):
    """The loss of the head."""

    type: Literal["CrossEntropyLoss"] = param("CrossEntropyLoss", "Loss.")
    label_smooth_val: Float = param(
        0.0, "Share of a label's weight that is spread over all classes.", ge=0, le=1
    )


class HeadConfig(Block):
    """What turns features into classes."""

    type: Literal["TAOLinearClsHead", "LogisticRegressionHead"] = param(
        "TAOLinearClsHead", "Kind of head; the embedded engine has the linear one."
    )
    binary: bool = param(False, "Two classes that exclude each other; needs dataset.num_classes 2.")
    in_channels: Int = param(
        448, "Features that the backbone gives; the backbone decides, and what stands here is only compared."
    )
    custom_args: dict[str, object] | None = param(
        None, "Further arguments of a head; the linear one has none.", automl=False, in_template=False
    )
    loss: LossConfig = block(LossConfig, "The loss of the head.")
    topk: list[Int] = param(
        [1],
        "Accuracies to report: whether the class is among the k most likely. That of 1 is always reported.",
    )

    @field_validator("topk")
    @classmethod
    def _whole_ranks(cls, value: list[int]) -> list[int]:
        if not value or min(value) < 1 or len(set(value)) != len(value):
            raise ValueError(f"must be different numbers from 1 on, not {value}")
        return value


class ModelConfig(Block):
    """Structure of the classifier."""

    backbone: BackboneConfig = block(BackboneConfig, "The network that looks at the pictures.")
    head: HeadConfig = block(HeadConfig, "What turns features into classes.")


class TeacherBackboneConfig(BackboneConfig):
    """The network of a teacher, which nothing trains and no search changes."""

    freeze_backbone: bool = param(False, "Of no effect: a teacher is never trained.")
    freeze_norm: bool = param(False, "Of no effect: a teacher is never trained.")


class TeacherConfig(ModelConfig):
    """Structure of the teacher of a distillation; a checkpoint says it by itself."""

    backbone: TeacherBackboneConfig = block(TeacherBackboneConfig, "The network that looks at the pictures.")
