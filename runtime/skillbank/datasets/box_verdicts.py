"""What all boxes of a split tell at once: that they are written in another way than the format's.

A box that lies oddly is a slip; when every box does, that is what a person has to hear. Three things tell:
boxes that reach out while all would fit in another reading; numbers that fall on whole pixels in another
reading alone; and a bound that no number passes though the pictures are larger. Where none of them is there
(exchanged axes of square pictures, small boxes far from every edge) nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skillbank.datasets.box_orders import PERCENT, PIXELS, Order, Reading
from skillbank.datasets.box_statistics import BoxStatistics, Fit
from skillbank.datasets.faults import Fault

__all__ = ["Verdict", "verdicts"]

_MANY = 20
"""From so many boxes on, where all of them lie is no accident."""
_FEW = 6
"""Fewer boxes may all lie in some way by accident."""
_SELDOM, _OFTEN, _SEEN = 0.02, 0.1, 0.3
_NO_SLIP = 4
"""So many boxes that reach out are no single slips."""
_ALL = 0.98
_APART = 0.1
"""Width and height do not grow with the place of a box, as its second corner does."""
_NEAR = 0.97
"""Boxes that fill their pictures come this near to the right and the lower edge."""
_OFF = 0.02
_EXPECTED = 4.0
"""Where so many boxes were to be expected, none is no accident."""
_PERCENT, _THOUSAND = 100.0, 1000.0
_ODD = ("box-reversed", "box-empty", "box-beyond", "box-outside", "box-rounded", "box-tiny")
_KINDS = {
    (Order.CORNERS, Order.SIZED): "boxes-xywh",
    (Order.CORNERS, Order.CENTRED): "boxes-centres",
    (Order.SIZED, Order.CORNERS): "boxes-xyxy",
    (Order.SIZED, Order.CENTRED): "boxes-centres",
    (Order.CENTRED, Order.CORNERS): "boxes-two-corners",
    (Order.CENTRED, Order.SIZED): "boxes-corners",
}


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


def verdicts(boxes: BoxStatistics) -> list[Verdict]:
    """Return what all boxes together tell: how they are written, else that many reach out."""
    boxes.count()
    found = (
        _fractions(boxes)
        or _in_another_reading(boxes)
        or _no_percent(boxes)
        or _scaled(boxes)
        or _perhaps_in_another_reading(boxes)
        or _perhaps_sizes(boxes)
    )
    many = None if found is not None and found.instead else _many_reach_out(boxes)
    return [each for each in (found, many) if each is not None]


def _many_reach_out(boxes: BoxStatistics) -> Verdict | None:
    if boxes.about < _NO_SLIP or boxes.about <= _OFTEN * boxes.sized:
        return None
    told = f"{boxes.about:,} of its {boxes.boxes:,}, as {boxes.example_about}"
    return Verdict("boxes-reach-out", boxes.about, told, ("box-beyond", "box-outside"))


def _fractions(boxes: BoxStatistics) -> Verdict | None:
    count = boxes.fractions
    if not count or (count < boxes.boxes and not boxes.broken_fractions):
        return None
    if count < boxes.boxes:
        count = boxes.broken_fractions
        return Verdict("boxes-fractions", count, f"{count:,} of {boxes.boxes:,} lie within 0 to 1")
    told = f"all of its {count:,} lie within 0 to 1, as {boxes.example}"
    return Verdict("boxes-fractions", count, told, _ODD)


def _in_another_reading(boxes: BoxStatistics) -> Verdict | None:
    """Tell another order of the numbers that is as good as certain."""
    likely = [(reading, fit) for reading, fit in _fitting(boxes) if _needed(boxes, reading, fit)]
    if likely:
        reading, fit = max(likely, key=lambda each: (each[1].fits, -_surprise(each[0])))
        odd = boxes.sized - boxes.read.fits
        reversed_too = "end before they begin or " if boxes.reversed else ""
        told = (
            f"{odd:,} of its {boxes.boxes:,} {reversed_too}reach out, and {fit.fits:,} fit as {reading.told}"
        )
        return Verdict(_kind(reading), boxes.boxes, told, _ODD)
    for reading, fit in _fitting(boxes):
        # A centre that is whole has no whole corner where its box is odd, which is no fault.
        same = reading.order is reading.meant and reading.exchanged
        if same and boxes.written.unit and _on_whole_pixels(boxes, fit):
            return Verdict(_kind(reading), boxes.boxes, _whole_told(boxes, reading, fit), _ODD)
    return None


def _needed(boxes: BoxStatistics, reading: Reading, fit: Fit) -> bool:
    """Whether too many boxes do not fit as they are read for this reading to be an accident."""
    odd = boxes.sized - boxes.read.fits
    if reading.meant is Order.CORNERS and reading.order in (Order.SIZED, Order.CENTRED):
        # Two corners that reach out may be slips, or of another picture; sizes end before they begin.
        odd = boxes.reversed
    share = _SEEN if (reading.meant, reading.order) == (Order.CENTRED, Order.CORNERS) else _OFTEN
    least = 1 if reading.meant is Order.CENTRED and not reading.exchanged else 2
    enough = boxes.sized >= _FEW or 2 * odd > boxes.boxes
    if enough and odd >= max(share * boxes.boxes, least):
        return True
    # Small boxes seldom reach out; that none lies where it could not tells as much.
    many = boxes.sized >= _MANY and fit.fits == boxes.sized
    only_exchanged = reading.exchanged and reading.order is reading.meant
    return many and odd >= max(2 if only_exchanged else _NO_SLIP, _SELDOM * boxes.sized)


def _on_whole_pixels(boxes: BoxStatistics, fit: Fit) -> bool:
    broken = boxes.sized - boxes.read.whole
    return fit.whole >= _ALL * boxes.sized and broken >= max(8, _OFTEN * boxes.sized)


def _whole_told(boxes: BoxStatistics, reading: Reading, fit: Fit) -> str:
    return (
        f"{fit.whole:,} of its {boxes.boxes:,} lie on whole pixels as {reading.told}, "
        f"{boxes.read.whole:,} as they are read"
    )


def _perhaps_in_another_reading(boxes: BoxStatistics) -> Verdict | None:
    """Tell another order of the numbers that somebody should look at."""
    if boxes.sized < _MANY:
        return None
    for reading, fit in _fitting(boxes):
        if fit.fits == boxes.sized and (told := _better_told(boxes, reading, fit)):
            return Verdict("boxes-perhaps-otherwise", boxes.boxes, told)
    return None


def _better_told(boxes: BoxStatistics, reading: Reading, fit: Fit) -> str:
    """Say in how far a reading that all boxes fit is better than theirs; nothing where it is not."""
    over = boxes.sized - boxes.read.exact
    if reading.exchanged:
        often = boxes.about >= max(1, _SELDOM / 4 * boxes.sized) and boxes.about == boxes.outside
        if reading.order is reading.meant and often:
            return f"{boxes.about:,} of its {boxes.boxes:,} reach out, and all fit as {reading.told}"
    elif _moved(boxes, reading):
        if _on_whole_pixels(boxes, fit):
            return _whole_told(boxes, reading, fit)
        if boxes.sized >= 2 * _MANY and over >= _NO_SLIP and fit.exact == boxes.sized:
            return f"{over:,} of its {boxes.boxes:,} reach out, if little, and all fit as {reading.told}"
    return ""


def _moved(boxes: BoxStatistics, reading: Reading) -> bool:
    """Whether boxes seem to lie half of their size from where they are meant.

    None lies near two edges then, though boxes that are not tiny should, and some do near the other two.
    """
    if Order.CENTRED not in (reading.meant, reading.order) or boxes.expected < _EXPECTED:
        return False
    near = boxes.near_first if reading.meant is Order.CENTRED else boxes.near_last
    return near > _EXPECTED


def _perhaps_sizes(boxes: BoxStatistics) -> Verdict | None:
    if Order.CORNERS not in boxes.written.orders:
        return None
    if boxes.sized < 2 * _MANY or boxes.upper_left < boxes.sized or boxes.reversed:
        return None
    if boxes.together > _APART or boxes.farthest.min() < _NEAR:
        return None
    if boxes.means[:, 0].min() < _OFF * boxes.sized:  # nearly the same either way
        return None
    told = f"in all of its {boxes.boxes:,} x1 + x2 lies within the width and y1 + y2 within the height"
    return Verdict("boxes-perhaps-xywh", boxes.boxes, told)


def _no_percent(boxes: BoxStatistics) -> Verdict | None:
    """Tell pixels and shares where percent of the picture are meant."""
    if boxes.written.unit != PERCENT or not boxes.sized:
        return None
    most = max(boxes.widest)
    if most <= 1:
        told = f"none of its numbers is above 1, in {boxes.boxes:,} boxes"
        return Verdict("boxes-no-percent", boxes.boxes, told, _ODD)
    as_pixels, odd = boxes.as_pixels, boxes.sized - boxes.read.fits
    if as_pixels.fits < _ALL * boxes.sized or most < boxes.largest_side / 2:
        return None
    whole = as_pixels.whole >= _ALL * boxes.sized
    better = as_pixels.fits >= boxes.read.fits + odd / 2
    if better and (odd >= max(_OFTEN * boxes.boxes, 2) or (odd and whole and boxes.sized >= _FEW)):
        told = (
            f"{odd:,} of its {boxes.boxes:,} reach beyond 100 percent, and {as_pixels.fits:,} fit as pixels"
        )
        return Verdict("boxes-no-percent", boxes.boxes, told, _ODD)
    return _perhaps_pixels(boxes) if whole else None


def _perhaps_pixels(boxes: BoxStatistics) -> Verdict | None:
    """Tell percent that are whole and lie within the pixels: of small pictures they are hardly drawn so."""
    if boxes.sized >= _MANY and boxes.smallest_side < _PERCENT and boxes.largest_side != _PERCENT:
        told = (
            f"all numbers of its {boxes.boxes:,} are whole and lie within the pixels of their pictures, up "
            f"to {boxes.largest_side:g}"
        )
        return Verdict("boxes-perhaps-pixels", boxes.boxes, told)
    return None


def _scaled(boxes: BoxStatistics) -> Verdict | None:
    if boxes.sized < _MANY or boxes.written.unit != PIXELS:
        return None
    most, least = max(boxes.widest), min(boxes.widest)
    for scale in (_PERCENT, _THOUSAND):
        if not 0.8 * scale < most <= scale:
            continue
        if scale == _THOUSAND and boxes.outside >= _OFTEN * boxes.boxes and most > 0.9 * scale:
            told = f"none of its numbers is above {scale:g}, and {boxes.outside:,} boxes reach out"
            return Verdict("boxes-scaled", boxes.boxes, told, _ODD)
        if boxes.smallest_side > 2 * scale:
            told = f"none of its numbers is above {scale:g}, and all pictures are larger than {2 * scale:g}"
            return Verdict("boxes-perhaps-scaled", boxes.boxes, told)
        larger = boxes.smallest_side > scale and boxes.largest_side > 1.5 * scale
        if larger and boxes.sized >= 2 * _MANY and least > 0.95 * scale:
            told = (
                f"x and y both come near {scale:g} and never above it, in pictures of up to "
                f"{boxes.largest_side:g} pixels"
            )
            return Verdict("boxes-perhaps-scaled", boxes.boxes, told)
    return None


def _fitting(boxes: BoxStatistics) -> Iterator[tuple[Reading, Fit]]:
    """Yield the other readings in which all boxes lie in their pictures, the most ordinary first."""
    if boxes.sized:
        fitting = ((way, fit) for way, fit in boxes.others.items() if fit.fits >= _ALL * boxes.sized)
        yield from sorted(fitting, key=lambda each: _surprise(each[0]))


def _surprise(reading: Reading) -> int:
    """Return how odd a reading is: another order, then x and y exchanged, then both."""
    if reading.order is Order.SPANS:
        return 1
    return (2 if reading.exchanged else 0) + (reading.exchanged and reading.order is not reading.meant)


def _kind(reading: Reading) -> str:
    if reading.order is Order.SPANS:
        return "boxes-spans"
    return "boxes-yxyx" if reading.exchanged else _KINDS[reading.meant, reading.order]
