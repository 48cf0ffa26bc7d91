"""SegFormer as a family of the frame; light."""

from __future__ import annotations

from skillbank_engine.arguments import drawn_arguments
from skillbank_engine.family import ACTIONS, Family, Tool

_PACKAGE = "skillbank_engine.families.segformer"


FAMILY = Family(
    name="segformer",
    title="SegFormer",
    about="SegFormer: give every pixel of a picture a class.",
    specs_at=f"{_PACKAGE}.config:SPECS_OF_FAMILY",
    task_at=f"{_PACKAGE}.task:SegformerTask",
    latest="segformer_model_latest.pth",
    metric="val_miou",
    actions={
        **ACTIONS,
        "train": "train on pictures with masks, validating along the way",
        "evaluate": "measure a checkpoint or an ONNX file on pictures with masks",
        "inference": "write a mask for each picture of a folder",
    },
    tools={
        "shapes": Tool(
            "write the demo data set of coloured shapes with masks",
            drawn_arguments,
            f"{_PACKAGE}.tools:shapes",
        )
    },
)
"""The family."""
