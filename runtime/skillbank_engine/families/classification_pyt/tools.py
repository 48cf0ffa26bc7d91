"""Further words of the program: ``shapes`` draws the demo data set, ``crops`` cuts boxes out of pictures."""

import argparse
from functools import partial

from skillbank_engine.arguments import drawn_arguments, positive
from skillbank_engine.family import Tool

_SHAPES = partial(drawn_arguments, train=60, val=10, size=64, sides=(16, 1024), each=" a class")
_DATA = "skillbank_engine.families.classification_pyt.data"


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError("must be between 0 and 1")
    return number


def _crops_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT", help="folder for the pictures by part and class")
    parser.add_argument(
        "--coco", action="append", required=True, metavar="FILE", help="annotations; may be repeated"
    )
    parser.add_argument(
        "--images", action="append", required=True, metavar="DIR", help="pictures of each --coco, in order"
    )
    parser.add_argument(
        "--part",
        action="append",
        choices=("train", "val", "test"),
        help="what each --coco is, in order; told by the names of file and folders without it",
    )
    parser.add_argument(
        "--margin", type=_share, default=0.05, metavar="SHARE", help="added to each side of a box"
    )
    parser.add_argument(
        "--least", type=positive, default=8, metavar="PIXELS", help="shorter side of boxes that are cut out"
    )
    parser.add_argument("--skip-broken", action="store_true", help="leave out what is broken, with a count")


TOOLS = {
    "shapes": Tool(
        "write the demo data set: pictures of coloured shapes",
        _SHAPES,
        f"{_DATA}.making:shapes",
    ),
    "crops": Tool(
        "cut the boxes of a COCO data set into folders by class", _crops_arguments, f"{_DATA}.making:crops"
    ),
}
