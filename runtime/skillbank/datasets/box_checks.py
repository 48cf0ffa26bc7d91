"""What is wrong with boxes: one by one, and with all boxes of a split at once.

A box that lies oddly is a slip; when every box does, they are written in another way than the format's, and
that is what a person has to hear.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from skillbank.datasets.document import Box
from skillbank.datasets.faults import Fault

__all__ = ["DROPPED", "BoxStatistics", "Verdict", "box_fault", "inside", "reach", "shown"]

DROPPED = ("box-not-finite", "box-reversed", "box-empty", "box-beyond")
"""Kinds of boxes that no repair saves."""
_TOLERANCE = 2.0
_SHARE = 0.01
"""Annotation tools round: by so many pixels, or this share of the longer side, a box may stick out."""
_TINY = 2.0
_MANY = 20
"""From so many boxes on, where all of them lie is no accident."""
_OFTEN = 0.1
_SEEN = 0.3
_FEW = 6
"""Fewer boxes may all lie in some way by accident."""
_NO_SLIP = 4
"""So many boxes that reach out are no single slips."""
_ALL = 0.98
_SCALES = (100.0, 1000.0)


def reach(width: float, height: float) -> float:
    """Return by how many pixels a box may stick out of its picture and is still cut to it."""
    return max(_TOLERANCE, _SHARE * max(width, height))


def inside(box: Box, size: tuple[float, float]) -> bool:
    """Whether a box lies in a picture of a size, but for what rounding explains; corners in any order."""
    by = reach(*size)
    return (
        min(box.x1, box.y1, box.x2, box.y2) >= -by
        and max(box.x1, box.x2) <= size[0] + by
        and max(box.y1, box.y2) <= size[1] + by
    )


def shown(box: Box) -> str:
    """Return the corners as text."""
    return ", ".join(f"{value:g}" for value in (box.x1, box.y1, box.x2, box.y2))


def box_fault(box: Box, size: tuple[float, float] | None) -> tuple[str, str] | None:
    """Return what is wrong with a box: a kind of `skillbank.datasets.faults.KINDS`, and half a sentence.

    Parameters
    ----------
    size
        Width and height (pixels) of its picture; None where nobody knows.
    """
    if not all(map(math.isfinite, (box.x1, box.y1, box.x2, box.y2))):
        return "box-not-finite", f"its corners are {shown(box)}"
    if box.x2 < box.x1 or box.y2 < box.y1:
        sized = replace(box, x2=box.x1 + box.x2, y2=box.y1 + box.y2)
        fits = size is not None and min(box.x2, box.y2) > 0 and inside(sized, size)
        hint = "; as x, y, width, height it would fit" if fits else ""
        return "box-reversed", f"its corners are {shown(box)}{hint}"
    if box.x2 == box.x1 or box.y2 == box.y1:
        side = "width" if box.x2 == box.x1 else "height"
        return "box-empty", f"its {side} is 0 ({shown(box)})"
    if size is not None and (outside := _outside(box, *size)) is not None:
        return outside
    if min(box.x2 - box.x1, box.y2 - box.y1) < _TINY:
        return "box-tiny", f"it is {box.x2 - box.x1:g} x {box.y2 - box.y1:g} pixels"
    return None


def _outside(box: Box, width: float, height: float) -> tuple[str, str] | None:
    if box.x1 >= 0 and box.y1 >= 0 and box.x2 <= width and box.y2 <= height:
        return None
    told = f"{shown(box)} in a picture of {width:g} x {height:g} pixels"
    if box.x2 <= 0 or box.y2 <= 0 or box.x1 >= width or box.y1 >= height:
        return "box-beyond", told
    by = reach(width, height)
    inside = box.x1 >= -by and box.y1 >= -by and box.x2 <= width + by and box.y2 <= height + by
    return "box-rounded" if inside else "box-outside", told


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with the boxes of a split as a whole.

    Attributes
    ----------
    count
        Boxes that it concerns.
    evidence
        Why it is thought so, half a sentence.
    instead
        Kinds of single boxes that it explains.
    """

    kind: str
    count: int
    evidence: str
    instead: tuple[str, ...] = ()

    def fault(self, where: str) -> Fault:
        """Return it as a fault of a file."""
        return Fault(self.kind, where, self.evidence, self.count)


_ODD = ("box-reversed", "box-empty", "box-beyond", "box-outside", "box-rounded", "box-tiny")


@dataclass(slots=True)
class BoxStatistics:
    """Counts over the boxes of a split that tell in which way they are written."""

    boxes: int = 0
    sized: int = 0
    """Of pictures of known size."""
    reversed: int = 0
    outside: int = 0
    """Reach out to the right or below."""
    about: int = 0
    """Reach out to any side."""
    fractions: int = 0
    broken_fractions: int = 0
    """Fractions that are no whole numbers, which cannot be pixels."""
    fits_as_sizes: int = 0
    """Lie inside when the second pair is taken for width and height."""
    fits_as_corners: int = 0
    """Lie inside when width and height are taken for the second corner."""
    fits_as_centres: int = 0
    """Lie inside when they are taken for centre, width and height."""
    fits_as_sized_centres: int = 0
    """Lie inside when their first corner is taken for the centre."""
    fits_as_centred_corners: int = 0
    """Lie inside when their centre is taken for the first corner, and width and height for the second."""
    fits_as_sized_corners: int = 0
    """Lie inside when their centre is taken for the first corner of a box of their width and height."""
    fits_exchanged: int = 0
    """Lie inside when x and y are exchanged."""
    largest: float = 0.0
    smallest_side: float = math.inf
    """Of all the pictures with boxes."""
    example: str = field(default="")
    example_about: str = ""

    def add(self, box: Box, size: tuple[float, float] | None) -> None:
        """Count a box."""
        x1, y1, x2, y2 = box.x1, box.y1, box.x2, box.y2
        if not math.isfinite(x1 + y1 + x2 + y2):
            return
        self.boxes += 1
        self.example = self.example or shown(box)
        self.largest = max(self.largest, x2, y2)
        self.reversed += x2 < x1 or y2 < y1
        if min(x1, y1, x2, y2) >= 0 and max(x1, y1, x2, y2) <= 1:
            self.fractions += 1
            self.broken_fractions += any(value % 1 for value in (x1, y1, x2, y2))
        if size is None:
            return
        width, height = size
        by = reach(width, height)
        right, low = width + by, height + by
        self.sized += 1
        self.smallest_side = min(self.smallest_side, width, height)
        self.outside += x2 > right or y2 > low
        if not inside(box, size):
            self.about += 1
            told = f"{shown(box)} in a picture of {width:g} x {height:g} pixels"
            self.example_about = self.example_about or told
        positive = x1 >= -by and y1 >= -by and x2 > 0 and y2 > 0
        self.fits_as_sizes += positive and x1 + x2 <= right and y1 + y2 <= low
        self.fits_as_corners += x2 - x1 > x1 and y2 - y1 > y1 and x2 - x1 <= right and y2 - y1 <= low
        self.fits_as_centres += positive and _inside_as_centre(x1, y1, x2, y2, width, height, by)
        self.fits_as_sized_centres += _inside_as_centre(x1, y1, x2 - x1, y2 - y1, width, height, by)
        self._add_centred((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, right, low)
        self.fits_exchanged += positive and x2 <= low and y2 <= right and x2 >= x1 and y2 >= y1

    def _add_centred(self, x: float, y: float, across: float, down: float, right: float, low: float) -> None:
        """Count a box by its centre and size, which may have been two corners, or a corner and size."""
        first = min(x, y) >= 0
        self.fits_as_centred_corners += first and x < across <= right and y < down <= low
        self.fits_as_sized_corners += first and 0 < across <= right - x and 0 < down <= low - y

    def verdicts(self) -> list[Verdict]:
        """Return what all boxes together tell: how they are written, else that many reach out."""
        found = (
            self._fractions() or self._centred() or self._corners() or self._scaled() or self._perhaps_sizes()
        )
        many = None if found is not None and found.instead else self._many_reach_out()
        return [each for each in (found, many) if each is not None]

    def _many_reach_out(self) -> Verdict | None:
        if self.about < _NO_SLIP or self.about <= _OFTEN * self.sized:
            return None
        told = f"{self.about:,} of its {self.boxes:,}, as {self.example_about}"
        return Verdict("boxes-reach-out", self.about, told, ("box-beyond", "box-outside"))

    def _fractions(self) -> Verdict | None:
        count = self.fractions
        if not count or (count < self.boxes and not self.broken_fractions):
            return None
        if count < self.boxes:
            count = self.broken_fractions
            return Verdict("boxes-fractions", count, f"{count:,} of {self.boxes:,} lie within 0 to 1")
        told = f"all of its {count:,} lie within 0 to 1, as {self.example}"
        return Verdict("boxes-fractions", count, told, _ODD)

    def _corners(self) -> Verdict | None:
        often = max(_OFTEN * self.boxes, 2)
        if not self.sized:
            return None
        if self.reversed >= often and self.fits_as_sizes >= _ALL * self.sized:
            told = (
                f"{self.reversed:,} of its {self.boxes:,} end before they begin, and "
                f"{self.fits_as_sizes:,} fit as x, y, width, height"
            )
            return Verdict("boxes-xywh", self.boxes, told, _ODD)
        if self.reversed >= often and self.fits_as_centres >= _ALL * self.sized:
            told = (
                f"{self.reversed:,} of its {self.boxes:,} end before they begin, and "
                f"{self.fits_as_centres:,} fit as centre, width, height"
            )
            return Verdict("boxes-centres", self.boxes, told, _ODD)
        if self.outside < often:
            return None
        if self.fits_as_corners >= _ALL * self.sized:
            told = (
                f"{self.outside:,} of its {self.boxes:,} reach out, and {self.fits_as_corners:,} fit when "
                "width and height are taken for the second corner"
            )
            return Verdict("boxes-xyxy", self.boxes, told, _ODD)
        if self.fits_as_sized_centres >= _ALL * self.sized:
            told = (
                f"{self.outside:,} of its {self.boxes:,} reach out, and {self.fits_as_sized_centres:,} fit "
                "when their first corner is taken for the centre"
            )
            return Verdict("boxes-centres", self.boxes, told, _ODD)
        if self.fits_exchanged >= _ALL * self.sized:
            told = (
                f"{self.outside:,} of its {self.boxes:,} reach out, and {self.fits_exchanged:,} fit when x "
                "and y change places"
            )
            return Verdict("boxes-yxyx", self.boxes, told, _ODD)
        return None

    def _centred(self) -> Verdict | None:
        """Tell corners that were read as centres, as YOLO writes them."""
        enough = self.sized >= _FEW or 2 * self.about > self.boxes
        often = enough and self.about >= max(_OFTEN * self.boxes, 1)
        # Small boxes seldom reach out; that none lies near the right and the lower edge tells as much.
        moved = self.sized >= _MANY and self.about >= _NO_SLIP and self.fits_as_sized_corners == self.sized
        out = f"{self.about:,} of its {self.boxes:,} reach out"
        if (often or moved) and self.fits_as_sized_corners >= _ALL * self.sized:
            told = f"{out}, and {self.fits_as_sized_corners:,} fit when their centre is taken for a corner"
            return Verdict("boxes-corners", self.boxes, told, _ODD)
        seen = often and self.about >= _SEEN * self.boxes
        if seen and self.fits_as_centred_corners >= _ALL * self.sized:
            told = f"{out}, and {self.fits_as_centred_corners:,} fit when they are taken for two corners"
            return Verdict("boxes-two-corners", self.boxes, told, _ODD)
        return None

    def _perhaps_sizes(self) -> Verdict | None:
        if self.sized < 2 * _MANY or self.fits_as_sizes < self.sized or self.reversed:
            return None
        told = f"in all of its {self.boxes:,} x1 + x2 lies within the width and y1 + y2 within the height"
        return Verdict("boxes-perhaps-xywh", self.boxes, told)

    def _scaled(self) -> Verdict | None:
        if self.sized < _MANY:
            return None
        for scale in _SCALES:
            if not 0.5 * scale < self.largest <= scale:
                continue
            if scale == _SCALES[-1] and self.outside >= _OFTEN * self.boxes and self.largest > 0.9 * scale:
                told = f"none of its numbers is above {scale:g}, and {self.outside:,} boxes reach out"
                return Verdict("boxes-scaled", self.boxes, told, _ODD)
            if self.smallest_side > 2 * scale:
                told = (
                    f"none of its numbers is above {scale:g}, and all pictures are larger than {2 * scale:g}"
                )
                return Verdict("boxes-perhaps-scaled", self.boxes, told)
        return None


def _inside_as_centre(
    x: float, y: float, across: float, down: float, width: float, height: float, by: float
) -> bool:
    return (
        across > 0
        and down > 0
        and across / 2 - by <= x <= width - across / 2 + by
        and down / 2 - by <= y <= height - down / 2 + by
    )
