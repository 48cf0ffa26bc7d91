"""A folder of pictures that nobody annotated, as inference takes it."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.datasets.document import DataSet, Picture, Split, Where, split_of
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.tree import PICTURES, Tree
from skillbank.errors import a_few
from skillbank.visible import one_line

__all__ = ["PlainPictures"]


class PlainPictures:
    """The format; it is asked last, since every data set has pictures."""

    name = "pictures"
    title = "a folder of pictures"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether pictures lie outside of the split folders."""
        count = sum(_is_outside(name) for name in tree.pictures)
        return Recognised((), f"{count:,} pictures") if count else None

    def read(self, tree: Tree) -> DataSet:
        """Read the pictures, which have no boxes and teach nothing."""

        def pictures() -> Iterator[Picture]:
            for name in tree.pictures:
                if _is_outside(name):
                    width, height = tree.size(name) or (None, None)
                    yield Picture(name, name, width, height, (), "", Where(name))

        others = [name for name in tree.files if not name.lower().endswith(PICTURES)]
        notes = ["these are pictures without annotations, from which nothing can be learned or measured"]
        if tree.masks:
            masks = a_few([one_line(name, 100) for name in sorted(tree.masks)], 3)
            notes.append(f"masks are no pictures to look at, and are left aside: {masks}")
        if others:
            notes.append(f"other files are not read: {a_few([one_line(name, 100) for name in others], 3)}")
        return DataSet(self.name, (), (Split("", "", pictures),), tuple(notes))


def _is_outside(name: str) -> bool:
    first, slash, _ = name.partition("/")
    return not slash or split_of(first) is None
