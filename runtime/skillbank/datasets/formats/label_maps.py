"""The label map of ODVG: which number means which class."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from pathlib import PurePosixPath

from skillbank.datasets.document import labels_of
from skillbank.datasets.formats.json_kinds import class_list
from skillbank.datasets.texts import read_text
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError, a_few

__all__ = ["LabelMap", "read_label_map"]


@dataclass(frozen=True)
class LabelMap:
    """Names of classes by the numbers that boxes bear, which may start anywhere and have gaps.

    Attributes
    ----------
    file
        Where it stands, relative to the tree; empty where it was gathered from the boxes' categories.
    """

    names: dict[int, str]
    file: str = ""
    classes: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        ordered = (self.names[number] for number in sorted(self.names))
        object.__setattr__(self, "classes", tuple(dict.fromkeys(ordered)))

    @cached_property
    def index(self) -> dict[int, int]:
        """Index in `classes` by number."""
        places = labels_of(self.classes)
        return {number: places[name] for number, name in self.names.items()}

    @cached_property
    def by_name(self) -> dict[str, int]:
        """Index in `classes` by a name without capitals, blanks and underscores."""
        return {plain(name): place for place, name in reversed(list(enumerate(self.classes)))}


def plain(name: str) -> str:
    """Return a class's name so that spellings of it are one."""
    return " ".join(name.casefold().replace("_", " ").split())


def read_label_map(tree: Tree, names: Iterable[str], annotations: str) -> LabelMap | None:
    """Read the label map that belongs to an annotation file; None where there is none.

    Of several the one in the same folder counts, then the one whose name begins most like the file's.
    """
    maps = [_read(tree, name) for name in names]
    if not maps:
        return None
    home = PurePosixPath(annotations)

    def nearness(one: LabelMap) -> tuple[bool, int]:
        path = PurePosixPath(one.file)
        return path.parent == home.parent, len(
            list(takewhile(lambda pair: pair[0] == pair[1], zip(path.stem, home.stem, strict=False)))
        )

    best = max(nearness(one) for one in maps)
    first, *others = [one for one in maps if nearness(one) == best]
    for other in others:
        if other.names != first.names:
            raise DataError(
                f"{tree.root} holds label maps that differ: {a_few([first.file, other.file], 5)}; "
                f"leave the one that belongs to {annotations}"
            )
    return first


def _read(tree: Tree, name: str) -> LabelMap:
    text = read_text(tree.path(name))
    try:
        found = class_list(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise DataError(f"the label map {tree.path(name)} is no JSON ({error}): correct it") from None
    if found is None or not all(each.strip() for each in found.values()):
        raise DataError(f'the label map {tree.path(name)} must be like {{"0": "person", "1": "dog"}}')
    return LabelMap({number: each.strip() for number, each in found.items()}, name)
