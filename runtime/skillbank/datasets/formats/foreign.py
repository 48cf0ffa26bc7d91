"""A format of a package: what its code raises becomes one sentence that names the package."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from skillbank.datasets.document import DataSet, Picture
from skillbank.datasets.formats.base import Format, Part, Recognised, Writer
from skillbank.datasets.tree import Tree
from skillbank.errors import PluginError
from skillbank.plugins import Offer, guarded

__all__ = ["ForeignFormat", "ForeignWriter"]


class ForeignFormat:
    """Stands before the format of a package and says the same, errors apart.

    Attributes
    ----------
    trouble
        Why it could not look at the last tree; every tree is shown to every format, and one that breaks must
        not keep the others from theirs.
    """

    def __init__(self, inner: Format, offer: Offer) -> None:
        self._inner, self._offer = inner, offer
        self.name = inner.name
        self.title = str(inner.title)
        self.trouble: PluginError | None = None

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether a tree holds this format."""
        self.trouble = None
        try:
            with guarded(self._offer, "stopped at the data", passes=PluginError):
                found = self._inner.recognise(tree)
                if not isinstance(found, Recognised | None):
                    raise TypeError(f"recognise() returned {type(found).__name__} and no Recognised")
                return found
        except PluginError as error:
            self.trouble = error
            return None

    def read(self, tree: Tree) -> DataSet:
        """Read a tree that was recognised."""
        with guarded(self._offer, "stopped at the data"):
            data = self._inner.read(tree)
            if not isinstance(data, DataSet) or data.format != self.name:
                raise TypeError(f"read() returned no DataSet with format = '{self.name}'")
            splits = [replace(each, pictures=self._guarded(each.pictures)) for each in data.splits]
            return replace(data, splits=tuple(splits))

    def _guarded(self, pictures: Callable[[], Iterator[Picture]]) -> Callable[[], Iterator[Picture]]:
        def guarded_pictures() -> Iterator[Picture]:
            with guarded(self._offer, "stopped at the data"):
                yield from pictures()

        return guarded_pictures


class ForeignWriter:
    """Stands before the writer of a package and says the same, errors apart."""

    def __init__(self, inner: Writer, offer: Offer) -> None:
        self._inner, self._offer = inner, offer
        self.name = inner.name

    def folder(self, split: str) -> str:
        """Return where a split's pictures lie."""
        with guarded(self._offer):
            return str(self._inner.folder(split))

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[str]:
        """Write the annotation files."""
        with guarded(self._offer):
            return [str(each) for each in self._inner.write(parts, classes, folder)]
