"""Words of the command line that need no spec."""

from argparse import ArgumentParser, ArgumentTypeError


def shapes_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``rtdetr shapes OUT``."""
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", type=_positive, default=500, metavar="N", help="training pictures")
    parser.add_argument("--val", type=_positive, default=60, metavar="N", help="validation pictures")
    parser.add_argument("--size", type=_side, default=128, metavar="PIXELS")


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
