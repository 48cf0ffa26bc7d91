"""One file packed with gzip: unpacked within a bound."""

from __future__ import annotations

import gzip
import shutil
import zlib
from pathlib import Path

from skillbank.errors import DataError, is_full
from skillbank.storage.archive import no_room_to_unpack
from skillbank.visible import one_line

__all__ = ["unpack_file"]

_PIECE = 1 << 20


def unpack_file(packed: Path, folder: Path, most: int) -> None:
    """Unpack a file into a folder, where it has its name without the last ending.

    Parameters
    ----------
    most
        Bytes that it may unpack to; what goes on beyond is taken for a bomb.

    Raises
    ------
    DataError
        When it is damaged, a bomb, or larger than the disk has room for.
    """
    free = shutil.disk_usage(folder).free
    written = 0
    try:
        with gzip.open(packed) as source, (folder / packed.stem).open("wb") as target:
            while piece := source.read(_PIECE):
                written += len(piece)
                if written > most:
                    raise DataError(
                        f"{packed} unpacks to over {most >> 20} MiB, out of proportion to its size; if that "
                        "is meant, unpack it yourself"
                    )
                if written > free:
                    raise DataError(no_room_to_unpack(packed))
                target.write(piece)
    except (OSError, EOFError, zlib.error) as error:
        if is_full(error):
            raise DataError(no_room_to_unpack(packed)) from None
        raise DataError(
            f"{packed} cannot be unpacked ({one_line(error, 120)}); make or copy it again"
        ) from None
