"""What of a data set is packed, by the names of files, and where its contents stand in the tree."""

from __future__ import annotations

from skillbank.datasets.document import split_in
from skillbank.errors import DataError

__all__ = ["NoPicturesError", "archive_stem", "is_annotation", "is_table", "table_folder", "unpacked_name"]

_ARCHIVES = (".tar.gz", ".tgz", ".tar", ".zip")
_PACKED = ".gz"
_ANNOTATIONS = (".json", ".jsonl", ".ndjson", ".jsonlines", ".csv", ".tsv", ".xml")
_ABOUT = ("dataset_info.json", "dataset_infos.json", "readme.txt", "license.txt", "requirements.txt")
_TABLE = ".parquet"
_METADATA = "metadata.parquet"
"""A table without pictures, which lies beside them."""


class NoPicturesError(DataError):
    """A table neither holds pictures nor names them."""


def archive_stem(name: str) -> str | None:
    """Return a file name without its archive ending; None when it is no archive's."""
    for ending in _ARCHIVES:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return None


def unpacked_name(name: str) -> str | None:
    """Return the name of a packed annotation file: "a.json" of "a.json.gz"; None for any other file."""
    plain = name[: -len(_PACKED)] if name.lower().endswith(_PACKED) else ""
    return plain if plain.lower().endswith(_ANNOTATIONS) else None


def is_annotation(name: str) -> bool:
    """Whether a file may be annotations of pictures by its ending, and is none that describes a table."""
    last = name.rpartition("/")[2].lower()
    return last not in _ABOUT and last.endswith((*_ANNOTATIONS, ".txt"))


def is_table(name: str) -> bool:
    """Whether a file is a table of Parquet, which holds annotations and mostly the pictures too."""
    return name.lower().endswith(_TABLE)


def table_folder(name: str) -> str:
    """Return the folder in which the contents of a table stand.

    It lies below one that is called as the split that the table's name says, so that
    ``data/train-00000-of-00002.parquet`` stands in ``data/train/train-00000-of-00002``. What lies beside
    pictures stands where it is.
    """
    above, _, last = name.rpartition("/")
    if last.lower() == _METADATA:
        return above
    stem = last[: -len(_TABLE)]
    return "/".join(part for part in (above, split_in(stem), stem) if part)
