"""Grounding DINO as a family of the frame."""

from __future__ import annotations

from argparse import ArgumentParser
from functools import partial

from skillbank_engine.arguments import drawn_arguments, positive
from skillbank_engine.family import ACTIONS, Family, Tool

_PACKAGE = "skillbank_engine.families.grounding_dino"
_COMMANDS = f"{_PACKAGE}.commands"


def _label_arguments(label: ArgumentParser) -> None:
    label.add_argument("--checkpoint", required=True, metavar="FILE")
    label.add_argument("--out", required=True, metavar="DIR", help="where annotated pictures go")
    label.add_argument(
        "--text",
        action="append",
        required=True,
        metavar="DESCRIPTION",
        help="what to find; may be repeated, ' . ' separates several, @FILE reads one a line",
    )
    label.add_argument("--threshold", type=float, help="least score (default: as for inference)")
    label.add_argument("--batch-size", type=positive, default=8, metavar="N")
    _precision_argument(label)
    label.add_argument("image", nargs="+", metavar="IMAGE", help="a picture or a folder of pictures")


def _precision_argument(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--precision",
        choices=("fp32", "fp16", "bf16"),
        default="",
        help="in which arithmetic it computes (default: fp32, and bf16 on a GPU that has it)",
    )


def _serve_arguments(serve: ArgumentParser) -> None:
    serve.add_argument(
        "--checkpoint", metavar="FILE|DIR|NAME", help="without it the first line on stdin says so, as JSON"
    )
    serve.add_argument("--batch-size", type=positive, default=8, metavar="N")
    serve.add_argument("--max-pixels", type=positive, default=178_956_970, metavar="N", help="of a picture")
    serve.add_argument("--window", type=float, default=3.0, metavar="MS", help="how long to wait for company")
    _precision_argument(serve)


FAMILY = Family(
    name="grounding_dino",
    title="Grounding DINO",
    about="Grounding DINO: detect objects by describing them.",
    specs_at=f"{_PACKAGE}.config.experiment:GROUNDING_DINO",
    task_at=f"{_PACKAGE}.task:GroundingDino",
    latest="gdino_model_latest.pth",
    metric="val_mAP50",
    actions={
        **ACTIONS,
        "train": "train on ODVG data, validate on COCO data",
        "evaluate": "measure a checkpoint or an ONNX file on COCO data",
        "inference": "find described objects in folders of pictures",
    },
    tools={
        "label": Tool(
            "find described objects in pictures, print JSON",
            _label_arguments,
            f"{_COMMANDS}.label:label",
            torch=True,
        ),
        "serve": Tool(
            "answer requests for detections on stdin until it ends",
            _serve_arguments,
            f"{_COMMANDS}.serve:serve",
            torch=True,
        ),
        "shapes": Tool(
            "write the demo data set of coloured shapes",
            drawn_arguments,
            f"{_COMMANDS}.datasets:shapes",
        ),
        "scenes": Tool(
            "write a harder data set: relations, sizes, patterns, clutter",
            partial(drawn_arguments, train=8000, val=400, size=512),
            f"{_COMMANDS}.datasets:scenes",
        ),
    },
)
