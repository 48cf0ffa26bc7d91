"""Words of the command line that need no spec."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path


def shapes_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``rtdetr shapes OUT``."""
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", type=_positive, default=500, metavar="N", help="training pictures")
    parser.add_argument("--val", type=_positive, default=60, metavar="N", help="validation pictures")
    parser.add_argument("--size", type=_side, default=128, metavar="PIXELS")


def shapes(given: Namespace) -> None:
    """Write the demo data set and say where its parts are."""
    from skillbank_engine.families.rtdetr.shapes import write_shapes

    out = Path(given.out)
    write_shapes(out, seed=given.seed, train=given.train, val=given.val, size=given.size)
    for part, what in (
        ("train", f"{given.train} pictures, COCO"),
        ("val", f"{given.val} pictures, COCO"),
        ("inference", "a few pictures and the classes"),
    ):
        print(f"{out / part}  {what}")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ArgumentTypeError("must be at least 1")
    return number


def _side(text: str) -> int:
    number = int(text)
    if not 64 <= number <= 4096:
        raise ArgumentTypeError("must be between 64 and 4096")
    return number
