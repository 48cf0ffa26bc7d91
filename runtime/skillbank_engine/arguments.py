"""Arguments that further words of several families take; light."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable

__all__ = ["drawn_arguments", "positive"]


def positive(text: str) -> int:
    """Read a number from 1 on."""
    number = int(text)
    if number < 1:
        raise ArgumentTypeError("must be at least 1")
    return number


def drawn_arguments(
    parser: ArgumentParser,
    *,
    train: int = 500,
    val: int = 60,
    size: int = 128,
    sides: tuple[int, int] = (64, 4096),
    each: str = "",
) -> None:
    """Add the arguments of a word that draws a demo data set: ``PROGRAM shapes OUT``.

    Parameters
    ----------
    parser : ArgumentParser
        Of the word.
    train, val : int
        Pictures by default.
    size : int
        Width and height of a picture by default.
    sides : (int, int)
        The least and the most that they may be.
    each : str
        Of what there are so many pictures, where that is not all of the set: " a class".
    """
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", type=positive, default=train, metavar="N", help=f"training pictures{each}")
    parser.add_argument("--val", type=positive, default=val, metavar="N", help=f"validation pictures{each}")
    parser.add_argument(
        "--size", type=_between(*sides), default=size, metavar="PIXELS", help=f"from {sides[0]} on"
    )


def _between(least: int, most: int) -> Callable[[str], int]:
    def side(text: str) -> int:
        number = int(text)
        if not least <= number <= most:
            raise ArgumentTypeError(f"must be between {least} and {most}")
        return number

    return side
