"""Pictures of annotated records: opened in the size that was annotated, and tried before a run needs them."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

from skillbank_engine.data.faults import Faults
from skillbank_engine.data.images import open_image, turned_note
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.records import Record
from skillbank_engine.errors import DataError
from skillbank_engine.threads import available_cpus

_PORTION = 32


def open_annotated(record: Record, pixels: PixelScale | None) -> Image.Image:
    """Open the picture of a record as RGB.

    Raises
    ------
    DataError
        It cannot be read, or is not of the size that its boxes are drawn in.
    """
    image = open_image(record.image, pixels)
    if image.size != (record.width, record.height):
        about = turned_note(record.image, record.width, record.height)
        raise DataError(
            f"{record.image} is {image.width} x {image.height} pixels but annotated as {record.width} x "
            f"{record.height}{about}: correct the annotation's size, its boxes would be misplaced"
        )
    return image


def whole_pictures(records: Sequence[Record], faults: Faults) -> tuple[Record, ...]:
    """Return the records whose pictures can be decoded and have the annotated size, in their order.

    Parameters
    ----------
    records : sequence of Record
        All their pictures are decoded once.
    faults : Faults
        Told of the others.
    """
    portions = [records[start : start + _PORTION] for start in range(0, len(records), _PORTION)]
    with ThreadPoolExecutor(available_cpus()) as pool:
        errors = [error for part in pool.map(_errors, portions) for error in part]
    return tuple(_without(records, errors, faults))


def _errors(records: Sequence[Record]) -> list[DataError | None]:
    return [_error(record) for record in records]


def _error(record: Record) -> DataError | None:
    try:
        open_annotated(record, PixelScale())
    except DataError as error:
        return error
    return None


def _without(
    records: Sequence[Record], errors: Sequence[DataError | None], faults: Faults
) -> Iterator[Record]:
    for record, error in zip(records, errors, strict=True):
        if error is None:
            yield record
            continue
        with faults.of_a("picture"):
            raise error
