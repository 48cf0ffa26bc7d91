"""RT-DETR for the frame."""

from __future__ import annotations

from skillbank_engine.arguments import drawn_arguments
from skillbank_engine.family import ACTIONS, Family, Tool

_PACKAGE = "skillbank_engine.families.rtdetr"

FAMILY = Family(
    name="rtdetr",
    title="RT-DETR",
    about="RT-DETR: detect objects of fixed classes in real time.",
    specs_at=f"{_PACKAGE}.config:RTDETR",
    task_at=f"{_PACKAGE}.task:RtDetr",
    latest="rtdetr_model_latest.pth",
    metric="val_mAP50",
    actions={
        **ACTIONS,
        "train": "train on COCO data",
        "distill": "train a student on COCO data with the features of a teacher",
    },
    tools={
        "shapes": Tool(
            "write the demo data set of coloured shapes", drawn_arguments, f"{_PACKAGE}.drawing:draw"
        )
    },
)
"""What the frame knows of RT-DETR."""
