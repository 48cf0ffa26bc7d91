"""Which pictures must not be parted when a data set is divided: look-alikes, or those of one folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skillbank.datasets.dealing import By
from skillbank.datasets.document import Picture
from skillbank.datasets.likeness import Likeness, groups
from skillbank.datasets.naming import common_folder
from skillbank.datasets.pictures import Gallery
from skillbank.datasets.progress import Progress, Step
from skillbank.datasets.tree import Tree

__all__ = ["grouped"]

_NEWS = 64


def grouped(
    tree: Tree, pictures: Sequence[Picture], by: By, cache: Path | None, report: Progress | None
) -> list[list[int]]:
    """Return the groups of pictures, by index, each in order; every picture is in one.

    Entries of one file always stay together.
    """
    if by is By.FOLDER:
        above = common_folder([picture.path or "" for picture in pictures])
        keys = [(picture.path or "")[len(above) :].rpartition("/")[0] for picture in pictures]
    elif by is By.PICTURE:
        keys = [picture.path or "" for picture in pictures]
    else:
        keys = _look_alikes(tree, pictures, cache, report)
    found: dict[str, list[int]] = {}
    for index, key in enumerate(keys):
        found.setdefault(key, []).append(index)
    return list(found.values())


def _look_alikes(
    tree: Tree, pictures: Sequence[Picture], cache: Path | None, report: Progress | None
) -> list[str]:
    """Return for each picture the path of the first one that looks like it, or is it byte for byte."""
    first_of: dict[bytes, str] = {}
    keys: list[str] = []
    shown: dict[str, None] = {}
    small = bytearray()
    with Gallery(tree, cache) as gallery:
        for picture, look in gallery.looked(pictures):
            path = picture.path or ""
            if look is not None and look.digest:
                path = first_of.setdefault(look.digest, path)
            if look is not None and look.small and path not in shown:
                shown[path] = None
                small += look.small
            keys.append(path)
            if report is not None and len(keys) % _NEWS == 0:
                report(Step("looking for near-duplicates", len(keys), len(pictures)))
    paths = list(shown)
    same = {path: paths[first] for path, first in zip(paths, groups(Likeness(small), report), strict=True)}
    return [same.get(key, key) for key in keys]
