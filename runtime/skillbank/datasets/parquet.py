"""Tables of Parquet, as Hugging Face keeps data sets: written out as pictures with metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from skillbank.datasets.packing import NoPicturesError
from skillbank.datasets.tree import PICTURES
from skillbank.errors import DataError
from skillbank.installation import how_to_install
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    import pyarrow
    from pyarrow import parquet

__all__ = ["write_out"]

_AT_ONCE = 32
"""Rows that are held at once, with their pictures."""
_FILES = ("metadata.jsonl", "dataset_info.json")
_NAMES = ("file_name", "image_path", "path", "filename")
_SAFE = re.compile(r"[^\W_][\w .()+@-]{0,150}")
_KINDS = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG", ".png"),
    (b"GIF8", ".gif"),
    (b"BM", ".bmp"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
    (b"RIFF", ".webp"),
)
"""How files of pictures begin."""
_POINTER = b"version https://git-lfs"


def write_out(table: Path, folder: Path, most: int) -> None:
    """Write the pictures of a table into an empty folder, and a line of ``metadata.jsonl`` for each row.

    Parameters
    ----------
    most
        Bytes of content that may be written; a table of more is taken for a bomb.

    Raises
    ------
    DataError
        When it is no table, has no pictures or is too large, or pyarrow is not installed.
    """
    try:
        import pyarrow.parquet
    except ImportError:
        raise DataError(
            f"{table} is a table of Parquet, and pyarrow, which reads such, is not installed: "
            f"{how_to_install('formats')}"
        ) from None
    with table.open("rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise DataError(f"{table} is a pointer of Git LFS and not the table: bring it with git lfs pull")
    try:
        with parquet.ParquetFile(table) as opened:
            _write(table, opened, folder, most)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{table} cannot be read ({one_line(error, 120)}); copy it again") from None


def _write(table: Path, opened: parquet.ParquetFile, folder: Path, most: int) -> None:
    groups = opened.metadata
    total = sum(groups.row_group(number).total_byte_size for number in range(groups.num_row_groups))
    if total > most:
        raise DataError(
            f"{table} unpacks to {total >> 20:,} MiB, out of proportion to its size; if that is meant, write "
            "its pictures to files yourself and name their folder"
        )
    picture = _picture_column(opened.schema_arrow)
    named = next((each for each in _NAMES if each in opened.schema_arrow.names), "")
    if not picture and not named:
        columns = ", ".join(one_line(each, 30) for each in opened.schema_arrow.names[:6])
        raise NoPicturesError(f"{table} holds no pictures and names none (its columns are {columns})")
    taken = set(_FILES)
    with (folder / _FILES[0]).open("w", encoding="utf-8") as lines:
        for number, row in enumerate(_rows(opened)):
            line = _line(row, picture, named, folder, f"{number:06d}", taken)
            lines.write(f"{json.dumps(line, ensure_ascii=False, default=_said)}\n")
    names = _class_names(opened.schema_arrow.metadata or {})
    if names:
        described = {"features": {"objects": {"category": {"names": names, "_type": "ClassLabel"}}}}
        (folder / _FILES[1]).write_text(json.dumps(described), encoding="utf-8")


def _rows(opened: parquet.ParquetFile) -> Iterator[dict[str, object]]:
    for batch in opened.iter_batches(batch_size=_AT_ONCE):
        yield from batch.to_pylist()


def _picture_column(schema: pyarrow.Schema) -> str:
    """Return the column of pictures: bytes with a path, or bytes alone; empty where there is none."""
    structs = [
        field.name
        for field in schema
        if pyarrow.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0
    ]
    plain = [field.name for field in schema if _is_bytes(field.type)]
    usual = [
        name for name in (*structs, *plain) if name.lower() in ("image", "img", "picture", "image_bytes")
    ]
    return next(iter((*usual, *structs, *plain)), "")


def _is_bytes(kind: pyarrow.DataType) -> bool:
    return bool(pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind))


def _line(
    row: Mapping[str, object], picture: str, named: str, folder: Path, number: str, taken: set[str]
) -> dict[str, object]:
    """Write the picture of a row, and return what the row says without it."""
    said = {key: value for key, value in row.items() if key != picture}
    if not picture:
        return {**said, "file_name": row.get(named)}
    cell = row.get(picture)
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    path = cell.get("path") if isinstance(cell, dict) else row.get(named)
    if not isinstance(content, bytes):  # the picture lies elsewhere, where its path says
        return {**said, "file_name": path if isinstance(path, str) else ""}
    name = _file_name(path, content, number, taken)
    (folder / name).write_bytes(content)
    return {**said, "file_name": name}


def _file_name(path: object, content: bytes, number: str, taken: set[str]) -> str:
    """Return a name that no other file has: the picture's own where it is one, else its row's number."""
    last = path.replace("\\", "/").rpartition("/")[2] if isinstance(path, str) else ""
    if not (_SAFE.fullmatch(last) and last.lower().endswith(PICTURES)):
        last = number + next((ending for start, ending in _KINDS if content.startswith(start)), ".jpg")
    name = last if last.lower() not in taken else f"{number}_{last}"
    taken.add(name.lower())
    return name


def _said(value: object) -> str:
    """Return what JSON has no word for: a date, or the size of bytes in another column."""
    return f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)


def _class_names(metadata: Mapping[bytes, bytes]) -> list[str]:
    """Return the names of the classes of boxes, as the package that wrote the table notes them in it."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    others: list[str] = []
    for names, with_boxes in _labels(features):
        if with_boxes:
            return names
        others = others or names
    return others


def _labels(features: object) -> Iterator[tuple[list[str], bool]]:
    """Yield the names of each class among the features, the outer ones first, and if boxes are beside."""
    waiting: list[tuple[object, bool]] = [(features, False)]
    while waiting:
        node, with_boxes = waiting.pop(0)
        if isinstance(node, list):
            waiting += [(each, with_boxes) for each in node]
        if isinstance(node, dict):
            names = node.get("names")
            if node.get("_type") == "ClassLabel" and isinstance(names, list):
                yield [str(each) for each in names], with_boxes
            inside = with_boxes or any(isinstance(key, str) and "box" in key.lower() for key in node)
            waiting += [(each, inside) for each in node.values()]
