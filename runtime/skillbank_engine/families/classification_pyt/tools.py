"""Further words of the program: ``shapes`` draws the demo data set, ``crops`` cuts boxes out of pictures."""

import argparse

from skillbank_engine.family import Tool

_DATA = "skillbank_engine.families.classification_pyt.data"


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError("must be between 0 and 1")
    return number


def _picture_size(text: str) -> int:
    number = int(text)
    if not 16 <= number <= 1024:
        raise argparse.ArgumentTypeError("must be between 16 and 1024")
    return number


def _shapes_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", type=_positive, default=60, metavar="N", help="training pictures a class")
    parser.add_argument("--val", type=_positive, default=10, metavar="N", help="validation pictures a class")
    parser.add_argument("--size", type=_picture_size, default=64, metavar="PIXELS")


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
        "--least", type=_positive, default=8, metavar="PIXELS", help="shorter side of boxes that are cut out"
    )
    parser.add_argument("--skip-broken", action="store_true", help="leave out what is broken, with a count")


TOOLS = {
    "shapes": Tool(
        "write the demo data set: pictures of coloured shapes", _shapes_arguments, f"{_DATA}.making:shapes"
    ),
    "crops": Tool(
        "cut the boxes of a COCO data set into folders by class", _crops_arguments, f"{_DATA}.making:crops"
    ),
}
