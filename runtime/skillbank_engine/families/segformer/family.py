"""SegFormer as a family of the frame; light."""

from __future__ import annotations

from argparse import ArgumentParser

from skillbank_engine.family import ACTIONS, Family, Tool

_PACKAGE = "skillbank_engine.families.segformer"


def _shapes_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", type=int, default=500, metavar="N", help="training pictures")
    parser.add_argument("--val", type=int, default=60, metavar="N", help="validation pictures")
    parser.add_argument("--size", type=int, default=128, metavar="PIXELS", help="from 64 on")


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
            _shapes_arguments,
            f"{_PACKAGE}.tools:shapes",
        )
    },
)
"""The family."""
