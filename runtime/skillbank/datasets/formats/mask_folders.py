"""Pictures with masks that say what each pixel shows: ``images/`` beside ``masks/``, VOC's, Cityscapes'."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.datasets.document import SPLITS, DataSet, Drawn, Mask, Picture, Split, Where, split_of
from skillbank.datasets.faults import Fault
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.mask_classes import mask_classes
from skillbank.datasets.masks import owners_of, plain_stem, stem_of
from skillbank.datasets.texts import read_text
from skillbank.datasets.tree import Tree
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    from skillbank.datasets import areas  # with numpy: to know of masks is not to read them

if TYPE_CHECKING:
    from skillbank.datasets.areas import Meanings

__all__ = ["MaskFolders"]

_NO_CLASSES = re.compile(r"instance|panoptic|SegmentationObject|[_-](color|polygons)\.", re.IGNORECASE)
"""Masks that tell objects apart and not classes, or show them to people."""
_BETTER = ("labeltrainids", "labelids")
_LISTS = re.compile(r"(?:.*/)?ImageSets/Segmentation/(\w+)\.txt")
_WORD = re.compile(r"[^/]+")


class MaskFolders:
    """The format; asked where no annotations are recognised, since masks lie beside boxes too."""

    name = "masks"
    title = "pictures with masks"
    weak = True

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether pictures have masks by their names and folders."""
        if not tree.masks:
            return None
        pairs = _pairs(tree)
        if not pairs.of:
            return None
        first = next(iter(pairs.of.values()))
        return Recognised(tuple(sorted(pairs.of.values())), f"{len(pairs.of):,} masks, {one_line(first, 60)}")

    def read(self, tree: Tree) -> DataSet:
        """Pair pictures and masks, and settle what values mean; masks are drawn when they are asked for."""
        pairs = _pairs(tree)
        meant = mask_classes(tree, sorted(pairs.of.values()))
        faults = [Fault("mask-alone", name) for name in pairs.alone]
        splits = _divided(tree)
        found: list[Split] = []
        for split in SPLITS if splits else ("",):
            own = [name for name in tree.pictures if splits.get(name, ("", ""))[0] == split]
            if own:
                said = " and ".join(dict.fromkeys(splits[name][1] for name in own if name in splits))
                found.append(Split(split, said, _Reader(tree, own, pairs.of, meant.meanings).pictures))
        notes = list(meant.notes)
        if splits and len(splits) < len(tree.pictures):
            notes.append(f"{len(tree.pictures) - len(splits):,} pictures belong to no split and are left out")
        return DataSet(self.name, meant.classes, tuple(found), tuple(notes), tuple(faults), marks="areas")


@dataclass(frozen=True)
class _Pairs:
    of: Mapping[str, str]
    """Mask by picture."""
    alone: Sequence[str]


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    names: Sequence[str]
    masks: Mapping[str, str]
    meanings: Meanings

    def pictures(self) -> Iterator[Picture]:
        """Yield the pictures of a split."""
        for name in self.names:
            width, height = self.tree.size(name) or (None, None)
            path = self.masks.get(name)
            mask = None
            if path is not None:
                mask = Mask(path, partial(_drawn, self.tree.path(path), self.meanings))
            yield Picture(name, name, width, height, (), "", Where(name), mask=mask)


def _drawn(path: Path, meanings: Meanings) -> Drawn:
    return areas.draw_mask(path, meanings)


def _pairs(tree: Tree) -> _Pairs:
    """Give each picture its mask: by name, and of several pictures of a name in the same split's folders."""
    pictures: dict[str, list[str]] = {}
    for name in tree.pictures:
        pictures.setdefault(plain_stem(name), []).append(name)
    found: dict[str, str] = {}
    alone: list[str] = []
    for mask in sorted(tree.masks, key=_rank):
        if _NO_CLASSES.search(mask):
            continue
        same = {each: None for stem in owners_of(mask) for each in pictures.get(stem, ())}
        near = _nearest(mask, tree.of_its_split(mask, list(same)))
        if not near:
            alone.append(mask)
        for name in near:
            found.setdefault(name, mask)
    return _Pairs(dict(sorted(found.items())), alone)


def _nearest(mask: str, names: Sequence[str]) -> list[str]:
    """Return the pictures of a mask: of several the one in folders that are called alike."""
    if len(names) < 2:
        return list(names)
    own = set(_WORD.findall(mask.rpartition("/")[0]))
    shared = [len(own & set(_WORD.findall(name.rpartition("/")[0]))) for name in names]
    most = max(shared)
    best = [name for name, count in zip(names, shared, strict=True) if count == most]
    return best if len(best) == 1 else []


def _rank(name: str) -> tuple[int, str]:
    lowered = stem_of(name).lower()
    return next((i for i, word in enumerate(_BETTER) if lowered.endswith(word)), len(_BETTER)), name


def _divided(tree: Tree) -> dict[str, tuple[str, str]]:
    """Return the split of each picture that has one, and what it is called there."""
    lists = {
        name: split
        for name in tree.files
        if (named := _LISTS.fullmatch(name)) and (split := split_of(named[1])) is not None
    }
    found: dict[str, tuple[str, str]] = {}
    if lists:
        stems = {stem_of(name): name for name in tree.pictures}
        for file, split in lists.items():
            for line in read_text(tree.path(file)).split():
                if (picture := stems.get(line)) is not None:
                    found[picture] = split, split
        return found
    for name in tree.pictures:
        for word in name.split("/")[:-1]:
            if (split_word := split_of(word)) is not None:
                found[name] = split_word, word
                break
    return found
