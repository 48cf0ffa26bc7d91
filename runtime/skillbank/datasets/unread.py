"""Files beside pictures alone that a person may take for their annotations, and that no format reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillbank.datasets.faults import Fault
from skillbank.datasets.tree import Tree

__all__ = ["unread"]

_WORDS = (
    "json jsonl ndjson geojson xml csv tsv xlsx parquet arrow tfrecord tfrecords record mat npz npy pkl h5 "
    "hdf5 sqlite"
)
_DOCUMENTS = tuple(f".{word}" for word in _WORDS.split())
"""Endings of what holds annotations in one format or another."""
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_MASK_FOLDER = re.compile(r"mask|segm|label|annot|\bgt|ground_?truth", re.IGNORECASE)
_MASK_NAME = re.compile(r"[_-](masks?|seg|segmentation|labels?|gt|labelids|instanceids|l)$", re.IGNORECASE)
_TEXT = re.compile(r"annot|bbox|boxes|ground_?truth|(^|[_-])(gt|det)$", re.IGNORECASE)
_SHARDED = re.compile(r"\.(tfrecords?|record)-\d+-of-\d+$", re.IGNORECASE)


def unread(tree: Tree) -> Iterator[Fault]:
    """Yield a fault for each file of a tree without annotations that looks like some.

    These are documents of formats that are known for it, packed ones too, text files that bear the name of a
    picture, and masks: pictures in a folder of such that bear the name of another.
    """
    stems = {_stem(name) for name in tree.pictures}
    plain = {_stem(name) for name in tree.pictures if not _in_masks(name)}
    for name in tree.files:
        if detail := _looks_like(name, stems, plain):
            yield Fault("annotations-unread", name, detail)


def _looks_like(name: str, stems: set[str], plain: set[str]) -> str:
    """Return what a file seems to be, half a sentence; empty where it seems to be no annotation."""
    lowered = name.lower()
    bare = next((lowered.removesuffix(end) for end in _PACKED if lowered.endswith(end)), lowered)
    if bare.endswith(_DOCUMENTS) or _SHARDED.search(bare):
        return "it is packed: unpack it" if bare != lowered else "no format reads it"
    if lowered.endswith(".txt"):
        if _stem(name) in stems:
            return "it has the name of a picture"
        return "no format reads it" if _TEXT.search(_stem(name)) else ""
    stem = _stem(name)
    masked = _in_masks(name) and (stem in plain or _MASK_NAME.sub("", stem) in plain)
    return "it may be a mask" if masked else ""


def _in_masks(name: str) -> bool:
    """Whether a picture lies in a folder of masks, or is called one."""
    folder, _, _ = name.rpartition("/")
    return _MASK_FOLDER.search(folder) is not None or _MASK_NAME.search(_stem(name)) is not None


def _stem(name: str) -> str:
    """Return the last part of a path without its last ending."""
    last = name.rpartition("/")[2]
    return last.rpartition(".")[0] or last
