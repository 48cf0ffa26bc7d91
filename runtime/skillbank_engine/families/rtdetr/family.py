"""RT-DETR for the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillbank_engine.families.rtdetr.tools import shapes, shapes_arguments
from skillbank_engine.family import ACTIONS, Family, Tool

if TYPE_CHECKING:
    from skillbank_engine.config.specs import Specs
    from skillbank_engine.families.rtdetr.config.experiment import ExperimentSpec
    from skillbank_engine.task import AnyTask


def _specs() -> Specs[ExperimentSpec]:
    from skillbank_engine.families.rtdetr.config import RTDETR

    return RTDETR


def _task() -> type[AnyTask]:
    from skillbank_engine.families.rtdetr.task import RtDetr

    return RtDetr


FAMILY = Family(
    name="rtdetr",
    title="RT-DETR",
    about="RT-DETR: detect objects of fixed classes in real time.",
    specs=_specs,
    task=_task,
    latest="rtdetr_model_latest.pth",
    metric="val_mAP50",
    actions={
        **ACTIONS,
        "train": "train on COCO data",
        "distill": "train a student on COCO data with the features of a teacher",
    },
    tools={"shapes": Tool("write the demo data set of coloured shapes", shapes_arguments, shapes)},
)
"""What the frame knows of RT-DETR."""
