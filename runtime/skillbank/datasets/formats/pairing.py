"""The picture that belongs to an annotation file: by the name that both have, else by what the file says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from operator import ne
from unicodedata import normalize

from skillbank.datasets.tree import PICTURES, Tree

__all__ = ["Pairs", "stem"]

_HOMES = frozenset({"jpegimages", "images", "image", "imgs", "img", "image_2", "pictures", "photos", "data"})
"""Folders that hold pictures rather than masks, thumbnails or the other camera of a pair."""
_MASKS = re.compile(r"mask|segmentation|label|thumb|depth", re.IGNORECASE)
_CAMERA = re.compile(r"_(\d+)$")


def stem(name: str) -> str:
    """Return the last part of a path without its ending, where that is one of pictures or annotations."""
    last = name.replace("\\", "/").rpartition("/")[2]
    head, dot, ending = last.rpartition(".")
    return head if dot and f".{ending}".lower() in (*PICTURES, ".xml", ".json", ".txt") else last


class Pairs:
    """Pictures of a tree by their name without the ending."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._by_stem: dict[str, list[str]] = {}
        for name in tree.pictures:
            self._by_stem.setdefault(stem(name), []).append(name)

    def of(
        self, annotation: str, said: str = "", others: Iterable[str] = ()
    ) -> tuple[str | None, str | None]:
        """Return the picture of an annotation file, and another picture that the file names instead.

        Parameters
        ----------
        annotation
            The file, relative to the tree; a picture of its name is taken first, as the readers of these
            formats do, since files are renamed and what stands in them is not.
        said
            The picture that the file names.
        others
            Other names of it that the file holds: its path on another machine.
        """
        same = self._same(annotation)
        last = said.replace("\\", "/").rpartition("/")[2]
        agreeing = [each for each in same if each.rpartition("/")[2] == last]
        found = self._likeliest(annotation, agreeing or same)
        if found is not None:
            other = self._tree.find(said, beside=annotation) if said and not agreeing else None
            return found, other if other != found else None
        for name in (said, *others):
            if name and (path := self.named(name, annotation)) is not None:
                return path, None
        return None, None

    def named(self, name: str, beside: str) -> str | None:
        """Return the picture of a name that may lack its ending; None where there is none, or several."""
        if not name.strip():
            return None
        if (found := self._tree.find(name, beside=beside)) is not None:
            return found
        plain = normalize("NFC", name.replace("\\", "/"))
        if plain.lower().endswith(PICTURES):
            return None
        folder = plain.rpartition("/")[0]
        same = self._by_stem.get(plain.rpartition("/")[2], [])
        deep = [each for each in same if folder and f"/{each}".rpartition("/")[0].endswith(f"/{folder}")]
        return self._likeliest(beside, deep or same)

    def _same(self, annotation: str) -> list[str]:
        own = stem(annotation)
        # "x.jpg.json" stands beside "x.jpg" in the exports of some tools.
        whole = [each for each in self._by_stem.get(stem(own), []) if each.rpartition("/")[2] == own]
        return self._by_stem.get(own, []) or whole

    def _likeliest(self, annotation: str, same: list[str]) -> str | None:
        """Return the one of several that stands nearest; None where two stand equally near."""
        same = self._tree.of_its_split(annotation, same)
        if len(same) < 2:
            return same[0] if same else None
        ranked = sorted(((_nearness(annotation, each), each) for each in same), reverse=True)
        return ranked[0][1] if ranked[0][0] > ranked[1][0] else None


def _nearness(annotation: str, picture: str) -> tuple[bool, bool, int, bool, bool, bool]:
    """Rank a picture of an annotation's name.

    The same folder goes before one that differs in a single part (``Annotations/a`` and ``JPEGImages/a``),
    and that before as many folders in common as can be.
    """
    here, there = annotation.split("/")[:-1], picture.split("/")[:-1]
    last_here, last_there = here[-1] if here else "", there[-1] if there else ""
    camera = _CAMERA.search(last_here)
    return (
        here == there,
        len(here) == len(there) and sum(map(ne, here, there)) <= 1,
        len(set(here) & set(there)),
        camera is not None and last_there.endswith(camera[0]),
        any(part.lower() in _HOMES for part in there),
        not any(_MASKS.search(part) for part in there),
    )
