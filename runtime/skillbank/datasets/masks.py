"""Which pictures of a folder are masks: areas drawn for other pictures, from which no boxes are learned."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from PIL import Image

__all__ = ["masks_among", "owners_of", "plain_stem", "stem_of"]

_FOLDER = re.compile(
    r"mask|segm|trimap|panoptic|pixel_?map|(^|[/_-])(gt|semantic|instance_?ids?|ann|seg)($|[/_-])|ground_?truth",
    re.IGNORECASE,
)
"""Folders that are called after masks."""
_PERHAPS = re.compile(r"label|annot|target", re.IGNORECASE)
"""Folders in which masks may lie, as anything else may that was annotated."""
_NAME = re.compile(r"[_.-](masks?(_?\d+)?|seg|segmentation|trimap|panoptic)$", re.IGNORECASE)
_ALSO = re.compile(r"[_.-](labels?|gt|labelids|labeltrainids|instanceids|color|l)$", re.IGNORECASE)
"""What names of masks end with; of the second, in folders for them and files that keep numbers."""
_START = re.compile(r"^(masks?|seg|gt|labels?)[_.-]", re.IGNORECASE)
_TAIL = re.compile(r"[_.-](leftimg8bit|gtfine|gtcoarse|img|image|rgb|sat)$", re.IGNORECASE)
_HEAD = re.compile(r"^(img|image|rgb)[_.-]", re.IGNORECASE)
"""What the name of a picture has besides that of its mask."""
_EXACT = (".png", ".bmp", ".tif", ".tiff", ".gif")
"""Endings of pictures that keep every number as it was drawn."""
_FLAT = frozenset({"1", "L", "P", "I", "I;16", "LA", "PA"})
"""Modes of pictures of numbers rather than colours."""
_LOOKED_AT = 3


def masks_among(
    pictures: Sequence[str], others: Sequence[str], path_of: Callable[[str], Path]
) -> frozenset[str]:
    """Return the pictures that are masks of others: by folder or name, and by the picture they belong to.

    One whose own name a file of annotations bears is a picture, whatever it is called. Pictures in a folder
    of masks whose names are those of no others are masks where they are pictures of numbers.

    Parameters
    ----------
    pictures, others
        Relative paths of pictures, and of all other files.
    path_of
        Returns where a picture lies.
    """
    start = len(_common(pictures))
    called = [name for name in pictures if _is_called(name, start)]
    if not called or len(called) == len(pictures):
        return frozenset()
    plain = {_plain(stem_of(name)) for name in {*pictures} - {*called}}
    annotated = {*map(stem_of, others)}
    found, alone = set(), dict[str, list[str]]()
    for name in called:
        stem = stem_of(name)
        if _plain(stem) in plain or (stem not in annotated and not plain.isdisjoint(_owners(stem))):
            found.add(name)
        elif stem not in annotated and _FOLDER.search(_folder(name, start)):
            alone.setdefault(name.rpartition("/")[0], []).append(name)
    return frozenset(found).union(*(names for names in alone.values() if _are_flat(names, path_of)))


def _are_flat(names: Sequence[str], path_of: Callable[[str], Path]) -> bool:
    """Whether the first pictures of a folder are ones of numbers."""
    return all(_is_flat(path_of(name)) for name in names[:_LOOKED_AT])


def _folder(name: str, start: int) -> str:
    """Return the folder of a picture below the one that all have in common, which ends at `start`."""
    return name[start:].rpartition("/")[0]


def _is_called(name: str, start: int) -> bool:
    """Whether a picture is called, or lies in a folder that is called, as masks are."""
    folder, stem = _folder(name, start), stem_of(name)
    if _FOLDER.search(folder) or _NAME.search(stem):
        return True
    marks = _ALSO.search(stem) or _START.search(stem) or _PERHAPS.search(folder)
    return name.lower().endswith(_EXACT) and marks is not None


def stem_of(name: str) -> str:
    """Return the last part of a path without its last ending."""
    last = name.rpartition("/")[2]
    return last.rpartition(".")[0] or last


def owners_of(mask: str) -> set[str]:
    """Return the names, as `plain_stem` gives them, that the picture of a mask may have."""
    return _owners(stem_of(mask))


def plain_stem(name: str) -> str:
    """Return the name of a picture by which masks speak of it."""
    return _plain(stem_of(name))


def _common(names: Sequence[str]) -> str:
    """Return the folder, with its slash, that all names are below."""
    if not names:
        return ""
    first, last = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[: first.rfind("/", 0, same) + 1]


def _marked(stem: str) -> str | None:
    """Return the name of the picture that the name of a mask speaks of; None where it speaks of none."""
    for pattern in (_NAME, _ALSO, _START):
        if (bare := pattern.sub("", stem)) != stem and bare:
            return bare
    return None


def _owners(stem: str) -> set[str]:
    """Return the names that the picture of a mask may have."""
    bare = _marked(stem)
    return {_plain(each) for each in (stem, bare, _marked(bare) if bare else None) if each}


def _plain(stem: str) -> str:
    return (_HEAD.sub("", _TAIL.sub("", stem)) or stem).lower()


def _is_flat(path: Path) -> bool:
    try:
        with Image.open(path) as picture:
            return picture.mode in _FLAT
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
