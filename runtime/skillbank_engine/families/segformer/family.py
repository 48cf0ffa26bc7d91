"""SegFormer as a family of the frame; light."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank_engine.family import ACTIONS, Family, Tool

if TYPE_CHECKING:
    from skillbank_engine.config.specs import Specs
    from skillbank_engine.families.segformer.config.experiment import ExperimentSpec
    from skillbank_engine.task import AnyTask

_PACKAGE = "skillbank_engine.families.segformer"


def _specs() -> Specs[ExperimentSpec]:
    specs: Specs[ExperimentSpec] = import_module(f"{_PACKAGE}.config").SPECS_OF_FAMILY
    return specs


def _task() -> type[AnyTask]:
    task: type[AnyTask] = import_module(f"{_PACKAGE}.task").SegformerTask
    return task


def _shapes_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", type=int, default=500, metavar="N", help="training pictures")
    parser.add_argument("--val", type=int, default=60, metavar="N", help="validation pictures")
    parser.add_argument("--size", type=int, default=128, metavar="PIXELS", help="from 64 on")


def _shapes(arguments: Namespace) -> None:
    from skillbank_engine.errors import DataError
    from skillbank_engine.families.segformer.data.shapes import write_shapes

    if min(arguments.train, arguments.val) < 1 or not 64 <= arguments.size <= 4096:
        raise DataError("--train and --val must be at least 1, and --size from 64 to 4096: correct them")
    out = Path(arguments.out)
    write_shapes(out, seed=arguments.seed, train=arguments.train, val=arguments.val, size=arguments.size)
    print(f"{out / 'images'}  pictures: train {arguments.train}, val {arguments.val}, test 6")
    print(f"{out / 'masks'}  their masks")
    print(f"{out / 'palette.json'}  what the masks' numbers mean")


FAMILY = Family(
    name="segformer",
    title="SegFormer",
    about="SegFormer: give every pixel of a picture a class.",
    specs=_specs,
    task=_task,
    latest="segformer_model_latest.pth",
    metric="val_miou",
    actions={
        **ACTIONS,
        "train": "train on pictures with masks, validating along the way",
        "evaluate": "measure a checkpoint or an ONNX file on pictures with masks",
        "inference": "write a mask for each picture of a folder",
    },
    tools={
        "shapes": Tool("write the demo data set of coloured shapes with masks", _shapes_arguments, _shapes)
    },
)
"""The family."""
