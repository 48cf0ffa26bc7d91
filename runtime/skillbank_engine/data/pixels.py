"""How bright a picture's numbers are: the one law by which pictures of every kind become 8-bit RGB.

Numbers of more than 8 bits are scaled by the significant bits that the file states, else by the smallest of
8, 10, 12, 14 and 16 bits that holds the largest number of the data set; floating point and signed numbers by
the range of the data set.  What was found for a data set is kept with the model that is trained on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict

import numpy as np
from PIL import Image

from skillbank_engine.data.samples import Samples

_BITS = (8, 10, 12, 14, 16)
_FULL = 65535

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
    """Numbers of whichever kind: those of a file are known once it is read."""


class Levels(NamedTuple):
    """The numbers that are shown black and white."""

    black: float
    white: float


class PlainScale(TypedDict, total=False):
    """A :class:`PixelScale` as plain values."""

    whole: Sequence[float] | None
    real: Sequence[float] | None
    spread: bool


@dataclass(frozen=True)
class PixelScale:
    """The levels of a data set, by what its pictures hold; None where it had no such picture.

    Attributes
    ----------
    whole : Levels or None
        Of whole numbers whose file states no significant bits.
    real : Levels or None
        Of floating point numbers.
    spread : bool
        Whether PNG files that state their bits (sBIT) have them spread over all 16, as the format wants it.
    """

    whole: Levels | None = None
    real: Levels | None = None
    spread: bool = False

    def to_dict(self) -> PlainScale:
        """Plain values, as a checkpoint holds them."""
        return {
            "whole": list(self.whole) if self.whole else None,
            "real": list(self.real) if self.real else None,
            "spread": self.spread,
        }

    @classmethod
    def from_dict(cls, values: PlainScale | None) -> PixelScale:
        """Read what :meth:`to_dict` gave; None, as in old checkpoints, knows no levels."""
        given: PlainScale = values or {}
        whole, real = given.get("whole"), given.get("real")
        return cls(
            Levels(*whole) if whole else None, Levels(*real) if real else None, bool(given.get("spread"))
        )

    def completed(self, other: PixelScale) -> PixelScale:
        """The same scale with the levels that it lacks taken from another."""
        return PixelScale(self.whole or other.whole, self.real or other.real, self.spread or other.spread)


@dataclass(frozen=True)
class Extent:
    """The least and the largest number of a picture or of several.

    Attributes
    ----------
    kind : str
        ``stated`` where the file says how many bits count, else ``whole`` or ``real``.
    low, high : float
        Of finite numbers that are not wholly transparent; 0 where there is none.
    spread : bool
        Whether a PNG file's stated bits are spread over all 16.
    holes : bool
        Whether there are places without a finite number.
    """

    kind: Literal["stated", "whole", "real"]
    low: float
    high: float
    spread: bool = False
    holes: bool = False


def extent(samples: Samples) -> Extent:
    """Look through the numbers of a picture."""
    values = samples.values
    seen = values if samples.opacity is None else values[samples.opacity > 0]
    holes = False
    if samples.real:
        finite = seen[np.isfinite(seen)]
        holes = finite.size < seen.size
        seen = finite
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 0.0)
    if samples.real:
        return Extent("real", *_with_stated(samples, low, high), holes=holes)
    if samples.bits is not None and low >= 0:
        if high < 2**samples.bits:
            return Extent("stated", low, high)
        if samples.spreads and high <= _FULL:
            return Extent("stated", low, high, spread=True)
    # A statement that the numbers themselves contradict is none.
    return Extent("whole", *_with_stated(samples, low, high))


def _with_stated(samples: Samples, low: float, high: float) -> tuple[float, float]:
    least, most = samples.limits
    return min(low, least if least is not None else low), max(high, most if most is not None else high)


def scale_of(extents: Iterable[Extent]) -> PixelScale:
    """Make the scale of a data set of what its pictures hold."""
    ends: dict[str, tuple[float, float]] = {}
    spread = False
    for item in extents:
        spread = spread or item.spread
        low, high = ends.get(item.kind, (item.low, item.high))
        ends[item.kind] = min(low, item.low), max(high, item.high)
    return PixelScale(
        whole_levels(*ends["whole"]) if "whole" in ends else None,
        Levels(*ends["real"]) if "real" in ends else None,
        spread,
    )


def whole_levels(low: float, high: float) -> Levels:
    """Levels of whole numbers: by bits, or from the least to the largest where these are no 16 bits."""
    if low >= 0:
        for bits in _BITS:
            if high < 2**bits:
                return Levels(0.0, 2.0**bits - 1)
    return Levels(low, high)


@dataclass(frozen=True)
class Scaling:
    """How one picture is scaled.

    Attributes
    ----------
    kind : str
        What it holds, see :class:`Extent`.
    levels : Levels
        What becomes black and white.
    by : str
        What says so: the ``file``, the ``model`` (its data set), or this ``picture`` alone.
    clipped : bool
        Whether it holds numbers beyond the levels.
    """

    kind: Literal["stated", "whole", "real"]
    levels: Levels
    by: Literal["file", "model", "picture"]
    clipped: bool = False

    def describe(self) -> str:
        """The levels in words."""
        low, high = self.levels
        return describe(self.levels, self.kind == "real") if high > low else f"the single number {low:g}"


def describe(levels: Levels, real: bool = False) -> str:
    """Levels in words, as "0 to 4095 (12 bits)"."""
    bits = int(levels.white).bit_length()
    even = not real and levels.black == 0 and levels.white == 2**bits - 1
    return f"{levels.black:g} to {levels.white:g}" + (f" ({bits} bits)" if even else "")


def choose_scaling(samples: Samples, scale: PixelScale) -> Scaling:
    """Decide how a picture is scaled."""
    found = extent(samples)
    if found.kind == "stated":
        assert samples.bits is not None
        spread = found.spread or (samples.spreads and scale.spread)
        return Scaling("stated", Levels(0.0, float(_FULL if spread else 2**samples.bits - 1)), "file")
    kept = scale.real if found.kind == "real" else scale.whole
    if kept is None:
        own = scale_of([found])
        levels = own.real or own.whole
        assert levels is not None
        return Scaling(found.kind, levels, "picture")
    return Scaling(found.kind, kept, "model", found.low < kept.black or found.high > kept.white)


def render(samples: Samples, levels: Levels) -> Image.Image:
    """Show numbers as 8-bit RGB, transparency over white.

    What is no number becomes black, and so does everything where black and white are one.
    """
    values = samples.values
    if values.dtype == np.uint16 and samples.opacity is None and values.size > _FULL:
        # Every number once instead of every pixel.
        table = _brightness(np.arange(_FULL + 1, dtype=np.uint16), levels, samples.white_is_zero)
        pixels = np.rint(table).astype(np.uint8)[values]
    else:
        shown = _brightness(values, levels, samples.white_is_zero)
        if samples.opacity is not None:
            shown = _over_white(shown, samples, levels.white)
        pixels = np.rint(shown).astype(np.uint8)
    size = (pixels.shape[1], pixels.shape[0])
    mode = "L" if pixels.ndim == 2 else samples.space
    return Image.frombytes(mode, size, pixels.tobytes()).convert("RGB")


def _brightness(values: Array, levels: Levels, white_is_zero: bool) -> Array:
    """Numbers as brightness from 0 to 255."""
    black, white = levels
    wide: Array = values.astype(np.float32 if abs(white) <= 2**24 else np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        shown = (wide - black) * (255 / (white - black)) if white > black else np.zeros_like(wide)
    if white_is_zero and white > black:
        shown = 255 - shown
    brightness: Array = np.nan_to_num(shown, nan=0.0, posinf=255.0, neginf=0.0).clip(0, 255)
    return brightness


def _over_white(shown: Array, samples: Samples, white: float) -> Array:
    """Composite over white, where transparency has either as many bits as the colours or all 16."""
    opacity = samples.opacity
    assert opacity is not None
    full = white if opacity.max(initial=0) <= white else _FULL
    share = (opacity / np.float32(full or 1)).clip(0, 1)
    if shown.ndim == 3:
        share = share[..., None]
    return 255 - share * 255 + (shown if samples.premultiplied else shown * share)
