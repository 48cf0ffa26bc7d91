"""What can be wrong with the boxes of a data set: with all of a split at once, and one by one."""

from __future__ import annotations

from skillbank.datasets.kinds import DROP_BOX, ERROR, NOTE, WARNING, Kind, table
from skillbank.ways import Sentence, command

__all__ = ["BOXES"]

BOXES = table(
    Kind("boxes-stored", ERROR,
         "pictures whose boxes fit them as they are stored, not as their EXIF turns them upright",
         "turn the pictures for good and remove their EXIF orientation, or turn the boxes"),
    Kind("boxes-fractions", ERROR, "boxes in fractions of the picture where pixels are meant",
         "multiply x by the width and y by the height of the picture"),
    Kind("boxes-scaled", ERROR, "boxes in parts of a scale where pixels are meant",
         "divide by the scale and multiply by the size of the picture"),
    Kind("boxes-xywh", ERROR, "boxes written as x, y, width, height where two corners are meant",
         "write x + width and y + height as the second corner"),
    Kind("boxes-xyxy", ERROR, "boxes written as two corners where x, y, width, height are meant",
         "write x2 - x1 and y2 - y1 as width and height"),
    Kind("boxes-centres", ERROR,
         "boxes written as centre, width, height where the upper left corner is meant",
         "take half of width and height from the centre"),
    Kind("boxes-two-corners", ERROR, "boxes written as two corners where centre, width, height are meant",
         "write the middle between the corners, and x2 - x1 and y2 - y1 as width and height"),
    Kind("boxes-corners", ERROR,
         "boxes written as upper left corner, width, height where the centre is meant",
         "add half of width and height to the corner"),
    Kind("boxes-yxyx", ERROR, "boxes with x and y in each other's place",
         "write x before y, in the order of the format"),
    Kind("boxes-spans", ERROR, "boxes whose second number belongs in the third place: both x, then both y",
         "write x before y for each corner, in the order of the format"),
    Kind(
        "boxes-no-percent",
        ERROR,
        "boxes in pixels or shares where percent of the picture are meant",
        "divide x by the width and y by the height of the picture and "
        "multiply by 100; multiply shares by 100 alone",
    ),
    Kind(
        "boxes-reach-out",
        ERROR,
        "boxes that reach out of their picture, too many for single slips",
        "see in which way and for pictures of which size they are written; if they are meant, cut them to "
        "the pictures yourself",
    ),
    Kind("box-not-finite", ERROR, "boxes with a number that is none", "correct them", DROP_BOX),
    Kind("box-empty", ERROR, "boxes without width or height", "draw them again or remove them", DROP_BOX),
    Kind("box-reversed", ERROR, "boxes whose second corner lies before the first",
         "write the upper left corner first, if they are corners", DROP_BOX),
    Kind("box-beyond", ERROR, "boxes wholly outside of their picture", "correct or remove them", DROP_BOX),
    Kind("box-outside", ERROR, "boxes that reach out of their picture",
         "correct them, or the size of the picture", "clip"),
    Kind("box-twice", WARNING, "boxes that stand twice", "leave one of them", "drop the second"),
    Kind("box-tiny", WARNING, "boxes less than 2 pixels wide or high", "see whether they mark anything"),
    Kind("boxes-perhaps-xywh", WARNING, "boxes that all lie as if they were x, y, width, height",
         Sentence(f"look at some of them ({command('data show')})")),
    Kind(
        "boxes-perhaps-otherwise",
        WARNING,
        "boxes that may be written in another order than the format's",
        Sentence(
            f"look at some of them ({command('data show')}); if they are, write them in the order of "
            "the format"
        ),
    ),
    Kind(
        "boxes-perhaps-pixels",
        WARNING,
        "boxes that may be in pixels where percent of the picture are meant",
        Sentence(
            f"look at some of them ({command('data show')}); if they are, divide by "
            "width and height and multiply by 100"
        ),
    ),
    Kind("boxes-perhaps-scaled", WARNING,
         "boxes that all lie in a corner, as if in percent or thousandths of the picture",
         Sentence(f"look at some of them ({command('data show')})")),
    Kind("box-rounded", NOTE, "boxes that reach out by rounding", "nothing: they are cut to the picture",
         "clip"),
    Kind("box-two-classes", NOTE, "boxes that are marked with several classes", "nothing if that is meant"),
)  # fmt: skip
