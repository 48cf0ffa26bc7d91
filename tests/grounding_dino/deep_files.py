"""Files of pictures with more than 8 bits a colour, written by hand: Pillow writes few of them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

_TYPES = {"H": 3, "I": 4, "d": 12, "s": 2}
_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}


def png(values: Array, *, sbit: bytes = b"", trns: bytes = b"") -> bytes:
    """A PNG of 16 bits: grey ``(H, W)``, or ``(H, W, C)`` with 2 to 4 channels."""
    array = values if values.ndim == 3 else values[..., None]
    height, width, channels = array.shape
    rows = array.astype(">u2").tobytes()
    stride = width * channels * 2
    packed = zlib.compress(
        b"".join(b"\0" + rows[start : start + stride] for start in range(0, len(rows), stride))
    )
    head = struct.pack(">IIBBBBB", width, height, 16, _COLOURS[channels], 0, 0, 0)
    chunks = [(b"IHDR", head), (b"sBIT", sbit), (b"tRNS", trns), (b"IDAT", packed)]
    body = b"".join(_chunk(kind, data) for kind, data in chunks if data)
    return b"\x89PNG\r\n\x1a\n" + body + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tiff(
    values: Array,
    *,
    order: str = "<",
    photometric: int | None = None,
    extra: int | None = None,
    planes: bool = False,
    packed: bool = False,
    tags: Mapping[int, tuple[str, Any]] | None = None,
) -> bytes:
    """A TIFF of one strip, or of one for each plane; ``tags`` are more of them, as (type, value)."""
    array = values if values.ndim == 3 else values[..., None]
    height, width, channels = array.shape
    kind = {"u": 1, "i": 2, "f": 3}[array.dtype.kind]
    bits = array.dtype.itemsize * 8
    layout: Any = array.dtype
    typed = array.astype(layout.newbyteorder(order))
    parts = [typed[..., n].tobytes() for n in range(channels)] if planes else [typed.tobytes()]
    if packed:
        parts = [zlib.compress(part) for part in parts]
    usual = 2 if channels >= 3 else 1
    fields: dict[int, tuple[str, Any]] = {
        256: ("I", width),
        257: ("I", height),
        258: ("H", [bits] * channels),
        259: ("H", 8 if packed else 1),
        262: ("H", usual if photometric is None else photometric),
        273: ("I", [0] * len(parts)),
        277: ("H", channels),
        278: ("I", height),
        279: ("I", [len(part) for part in parts]),
        284: ("H", 2 if planes else 1),
        339: ("H", [kind] * channels),
        **({338: ("H", extra)} if extra is not None else {}),
        **(tags or {}),
    }
    start = 8 + 2 + 12 * len(fields) + 4
    room = start + sum(len(data) + len(data) % 2 for data in map(_packer(order), fields.values()))
    places = [room + sum(len(part) for part in parts[:number]) for number in range(len(parts))]
    fields[273] = ("I", places)
    entries, more = b"", b""
    for tag, field in sorted(fields.items()):
        data = _packer(order)(field)
        count = len(data) // struct.calcsize(field[0])
        inside = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(f"{order}I", start + len(more))
        entries += struct.pack(f"{order}HHI", tag, _TYPES[field[0]], count) + inside
        more += data + b"\0" * (len(data) % 2)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    listed = struct.pack(f"{order}H", len(fields)) + entries + struct.pack(f"{order}I", 0)
    # Values of up to four bytes stand in the list itself, so some of the room stays empty.
    return head + listed + more.ljust(room - start, b"\0") + b"".join(parts)


def _packer(order: str) -> Any:
    def packed(field: tuple[str, Any]) -> bytes:
        kind, value = field
        if kind == "s":
            return bytes(value)
        items = value if isinstance(value, list) else [value]
        return struct.pack(f"{order}{len(items)}{kind}", *items)

    return packed
