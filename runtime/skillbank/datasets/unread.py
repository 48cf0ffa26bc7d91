"""Files beside pictures alone that a person may take for their annotations, and that no format reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillbank.datasets.faults import Fault
from skillbank.datasets.formats.files import head
from skillbank.datasets.masks import stem_of
from skillbank.datasets.tree import Tree

__all__ = ["masked", "unread"]

_WORDS = (
    "json jsonl ndjson geojson manifest odgt xml csv tsv xlsx parquet arrow tfrecord tfrecords record mat "
    "npz npy pkl h5 hdf5 sqlite"
)
_MASK = "it is a mask, an area and no box"
_DOCUMENTS = tuple(f".{word}" for word in _WORDS.split())
"""Endings of what holds annotations in one format or another."""
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_TEXT = re.compile(r"annot|bbox|boxes|ground_?truth|(^|[_-])(gt|det)$", re.IGNORECASE)
_LISTED = re.compile(rb"\.(jpe?g|png|bmp|webp|tiff?|gif)[\"']?[\s,;]+-?\d", re.IGNORECASE)
_SHARDED = re.compile(r"\.(tfrecords?|record)-\d+-of-\d+$", re.IGNORECASE)


def unread(tree: Tree) -> Iterator[Fault]:
    """Yield a fault for each file of a tree without annotations that looks like some.

    These are documents of formats that are known for it, packed ones too, text files that bear the name of a
    picture or list pictures with numbers, and masks.
    """
    stems = {stem_of(name) for name in tree.pictures}
    for name in tree.files:
        if name in tree.masks:
            yield Fault("annotations-unread", name, _MASK)
        elif detail := _looks_like(name, stems) or _lists_boxes(tree, name):
            yield Fault("annotations-unread", name, detail)


def _lists_boxes(tree: Tree, name: str) -> str:
    """Return what a text is whose first line names a picture, and numbers behind it (keras-yolo3)."""
    if not name.lower().endswith(".txt"):
        return ""
    line = head(tree.path(name)).lstrip().partition(b"\n")[0]
    return "it lists pictures with numbers" if _LISTED.search(line) else ""


def masked(tree: Tree) -> Iterator[Fault]:
    """Yield a fault for each mask of a tree."""
    for name in tree.files:
        if name in tree.masks:
            yield Fault("masks-aside", name)


def _looks_like(name: str, stems: set[str]) -> str:
    """Return what a file seems to be, half a sentence; empty where it seems to be no annotation."""
    lowered = name.lower()
    bare = next((lowered.removesuffix(end) for end in _PACKED if lowered.endswith(end)), lowered)
    if bare.endswith(_DOCUMENTS) or _SHARDED.search(bare):
        return "it is packed: unpack it" if bare != lowered else "no format reads it"
    if not lowered.endswith(".txt"):
        return ""
    if stem_of(name) in stems:
        return "it has the name of a picture"
    return "no format reads it" if _TEXT.search(stem_of(name)) else ""
