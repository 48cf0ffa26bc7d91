"""In which order and unit four numbers make a box: as a format has it, and as they may be written instead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["PERCENT", "PIXELS", "SHARES", "Corners", "Numbers", "Order", "Reading", "Written", "written_as"]

Numbers: TypeAlias = "npt.NDArray[np.float64]"
Corners: TypeAlias = "tuple[Numbers, Numbers, Numbers, Numbers]"
"""Left, top, right and bottom of many boxes, shape (boxes,) each, in pixels."""
PIXELS, SHARES, PERCENT = 0.0, 1.0, 100.0
"""Units: what the whole side of a picture is; 0 where numbers are pixels."""


class Order(StrEnum):
    """What the four numbers are, told as a person would write them."""

    CORNERS = "x1, y1, x2, y2"
    SIZED = "x, y, width, height"
    CENTRED = "centre x, centre y, width, height"
    SPANS = "x1, x2, y1, y2"


_EXCHANGED = {
    Order.CORNERS: "y1, x1, y2, x2",
    Order.SIZED: "y, x, height, width",
    Order.CENTRED: "centre y, centre x, height, width",
}


@dataclass(frozen=True, slots=True)
class Written:
    """How a format writes boxes.

    Attributes
    ----------
    orders
        One, or all that it may be where the document does not tell.
    unit
        `PIXELS`, `SHARES` or `PERCENT`.
    """

    orders: tuple[Order, ...]
    unit: float = PIXELS


_ANY = Written((Order.CENTRED, Order.CORNERS, Order.SIZED))
_CORNERS, _SIZED = Written((Order.CORNERS,)), Written((Order.SIZED,))
_BY_FORMAT = {
    "odvg": _CORNERS,
    "coco": _SIZED,
    "yolo": Written((Order.CENTRED,), SHARES),
    "voc": _CORNERS,
    "cvat": _CORNERS,
    "labelme": _CORNERS,
    "label_studio": Written((Order.SIZED,), PERCENT),
    "via": _SIZED,
    "kitti": _CORNERS,
    "keras_yolo": _CORNERS,
    "open_images": Written((Order.CORNERS,), SHARES),
    "hugging_face": _SIZED,
    "bdd100k": _CORNERS,
    "create_ml": Written((Order.CENTRED,)),
    "datumaro": _SIZED,
    "dota": _CORNERS,
    "mot": _SIZED,
    "oidv4": _CORNERS,
    "service_json": _SIZED,
    "supervisely": _CORNERS,
    "visdrone": _SIZED,
    "wider": _SIZED,
}
"""Tables are not here: each says by its columns how it is written."""


def written_as(name: str) -> Written:
    """Return how a format writes boxes; any way is thought of where several are joined ("coco+yolo")."""
    return _BY_FORMAT.get(name, _ANY)


@dataclass(frozen=True, slots=True)
class Reading:
    """A way to read numbers that a format has read in its own.

    Attributes
    ----------
    meant
        The order of the format.
    order
        The order in which they may be written.
    exchanged
        Whether y stands before x.
    """

    meant: Order
    order: Order
    exchanged: bool = False

    @property
    def told(self) -> str:
        """The four numbers in words."""
        return _EXCHANGED[self.order] if self.exchanged else self.order.value

    def corners(self, read: Corners, width: Numbers, height: Numbers, unit: float) -> Corners:
        """Return the boxes that the same numbers are in this reading.

        Parameters
        ----------
        read
            The boxes as the format reads them.
        width, height
            Of their pictures, pixels; a number that is no pixel changes with the side that it is a share of.
        """
        a, b, c, d = _numbers(read, self.meant)
        wider, lower = (width / height, height / width) if unit else (np.ones_like(a), np.ones_like(a))
        if self.order is Order.SPANS:
            b, c = c * lower, b * wider
        if self.exchanged:
            a, b, c, d = b * wider, a * lower, d * wider, c * lower
        match self.order:
            case Order.SIZED:
                return a, b, a + c, b + d
            case Order.CENTRED:
                return a - c / 2, b - d / 2, a + c / 2, b + d / 2
            case _:
                return a, b, c, d


def _numbers(read: Corners, order: Order) -> Corners:
    """Return the numbers of a format, in pixels, that became these boxes."""
    x1, y1, x2, y2 = read
    match order:
        case Order.SIZED:
            return x1, y1, x2 - x1, y2 - y1
        case Order.CENTRED:
            return (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1
        case _:
            return x1, y1, x2, y2
