"""Reading masks, and looking through all of a data set before a run needs them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from skillbank_engine.data.images import MOST_PIXELS, image_size, opened, read_file, readable
from skillbank_engine.errors import DataError
from skillbank_engine.families.segformer.classes import Classes, shown
from skillbank_engine.families.segformer.data.faults import MaskFaults
from skillbank_engine.families.segformer.data.layout import Pair
from skillbank_engine.threads import available_cpus

if TYPE_CHECKING:
    from skillbank_engine.data.pixels import Array


_PORTION = 16


@dataclass(frozen=True)
class MaskedPicture:
    """A picture whose mask was read and fits.

    Attributes
    ----------
    pair : Pair
        The files.
    size : (int, int)
        Width and height of both in pixels.
    counts : tuple of int
        Pixels of each class.
    """

    pair: Pair
    size: tuple[int, int]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class _Fault:
    what: str
    path: Path
    detail: str = ""
    way_out: str = ""


def read_mask(path: Path, grey: bool) -> Array:
    """Read the numbers or colours of a mask.

    Parameters
    ----------
    path : Path
        The file.
    grey : bool
        Whether classes are numbers, so that those of a picture with a palette count and not its colours.

    Returns
    -------
    ndarray
        ``(h, w)`` numbers or ``(h, w, 3)`` colours, upright.

    Raises
    ------
    DataError
        No file, or nothing that can be a mask.
    """
    with readable(path), opened(read_file(path)) as image:
        if image.width * image.height > MOST_PIXELS:
            raise Image.DecompressionBombError(f"{image.width} x {image.height}")
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.mode == "P":
            return np.asarray(upright if grey else upright.convert("RGB"))
        if upright.mode in ("LA", "RGBA"):
            # What is wholly opaque says nothing; what is not has no class.
            if upright.getextrema()[-1] != (255, 255):
                raise DataError(
                    f"{path} is a mask with transparent pixels, which have no class: save it without an "
                    "alpha channel"
                )
            upright = upright.convert("L" if upright.mode == "LA" else "RGB")
        if upright.mode in ("1", "L", "I", "I;16", "RGB"):
            return np.asarray(upright.convert("L") if upright.mode == "1" else upright)
        raise DataError(
            f"{path} is a mask of the kind {upright.mode}: save it as a grey PNG of class numbers, or in RGB"
        )


def mask_classes(path: Path, classes: Classes) -> tuple[Array, list[tuple[int, ...]]]:
    """Read a mask as classes; see :meth:`.classes.Classes.indices`."""
    return classes.indices(read_mask(path, classes.grey))


def check_pairs(pairs: Sequence[Pair], classes: Classes, faults: MaskFaults) -> list[MaskedPicture]:
    """Read every mask once and compare it with its picture and with the classes.

    Parameters
    ----------
    pairs : sequence of Pair
        The files.
    classes : Classes
        What masks may hold.
    faults : MaskFaults
        Told of those that do not fit.

    Returns
    -------
    list of MaskedPicture
        The others, in their order.
    """
    portions = [pairs[start : start + _PORTION] for start in range(0, len(pairs), _PORTION)]

    def looked(portion: Sequence[Pair]) -> list[MaskedPicture | _Fault]:
        return [_look(pair, classes) for pair in portion]

    good = []
    with ThreadPoolExecutor(available_cpus()) as pool:
        for found in (item for part in pool.map(looked, portions) for item in part):
            if isinstance(found, _Fault):
                faults.add(found.what, found.path, found.detail, found.way_out)
            else:
                good.append(found)
    return good


def _look(pair: Pair, classes: Classes) -> MaskedPicture | _Fault:
    try:
        size = image_size(pair.image)
    except DataError as error:
        return _Fault("pictures cannot be read", pair.image, str(error))
    try:
        indices, unknown = mask_classes(pair.mask, classes)
    except DataError as error:
        return _Fault("masks cannot be read", pair.mask, str(error))
    if unknown:
        return _Fault(
            "masks hold what no class has",
            pair.mask,
            shown(unknown),
            "give dataset.segment.palette an entry for it, with label_id 255 where it counts nowhere"
            + _about_norm(unknown, classes),
        )
    height, width = indices.shape
    if (width, height) != size:
        return _Fault(
            "masks have another size than their pictures",
            pair.mask,
            f"{width} x {height}, the picture {size[0]} x {size[1]}",
        )
    counts = np.bincount(indices.ravel(), minlength=256)[: len(classes.names)]
    return MaskedPicture(pair, size, tuple(int(count) for count in counts))


def _about_norm(unknown: Sequence[tuple[int, ...]], classes: Classes) -> str:
    """Say where numbers were taken for parts of 255 which they do not look like."""
    known = {part for values, _ in classes.meanings for part in values}
    if known <= {0, 255} and all(part < 255 for values in unknown for part in values):
        return (
            ", and set dataset.segment.label_transform to 'None' where masks hold the numbers of classes: "
            "'norm' takes 0 and 255 alone"
        )
    return ""
