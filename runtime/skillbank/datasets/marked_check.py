"""The check of a split whose pictures bear areas or a class as a whole, and of its classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from skillbank.datasets.document import DataSet, Mask, Picture, Split
from skillbank.datasets.faults import Fault, Tally
from skillbank.datasets.looks import Look, look_at
from skillbank.datasets.names import alike_in_case
from skillbank.datasets.outlines import undrawn
from skillbank.datasets.picture_checks import file_faults, instead_of, where_of
from skillbank.datasets.report import Findings, SplitReport
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError, a_few
from skillbank.visible import one_line

__all__ = ["MarkedSplitCheck", "marked_faults"]

_FEW_VALUES = 5


class MarkedSplitCheck:
    """Counts what a split holds and what is wrong with it, a picture at a time.

    Parameters
    ----------
    packed
        Whether pictures may lie in archives that were not unpacked.
    drawn
        Whether masks are read whole; else only the sizes in their heads are compared.
    findings
        What a repair needs is added here.
    """

    def __init__(
        self, split: Split, data: DataSet, tree: Tree, findings: Findings, *, packed: bool, drawn: bool
    ) -> None:
        self.tally = Tally()
        self._split, self._data, self._tree, self._findings = split, data, tree, findings
        self._packed, self._drawn = packed, drawn
        self._by_label: Counter[int] = Counter()
        self._pictures = 0
        self._missing: list[Picture] = []
        self._unmarked = 0

    def add(self, picture: Picture, look: Look | None) -> None:
        """Check a picture; ``look`` is None where its file was not decoded, and only its head is read."""
        self.tally.add(picture.faults)
        self._pictures += 1
        self.tally.add(self._about_file(picture, look))
        if self._data.marks == "classes":
            if picture.label is None:
                self._unmarked += 1
            else:
                self._by_label[picture.label] += 1
        elif picture.mask is None:
            self._missing.append(picture)
        elif (fault := self._about_mask(picture.mask, picture, look)) is not None:
            self._unfit(picture, fault)

    def finish(self) -> SplitReport:
        """Return the counts of the split."""
        place = self._split.said or self._split.name or "the data set"
        if not self._pictures:
            self.tally.add([Fault("split-empty", place)])
        self._unmarked += len(self._missing)
        if self._missing and self._split.name == "test" and len(self._missing) == self._pictures:
            # Pictures to look at, of which nobody has said what is on them.
            self.tally.add([Fault("test-undrawn", place, f"{self._pictures:,} pictures")])
        else:
            for picture in self._missing:
                self._unfit(picture, Fault("mask-missing", where_of(picture)))
        classes = self._data.classes
        by_class = {name: count for i, name in enumerate(classes) if (count := self._by_label[i])}
        return SplitReport(
            self._split.name, self._split.said, self._split.annotations, self._pictures, 0, self._unmarked,
            by_class, marks=self._data.marks,
        )  # fmt: skip

    def _unfit(self, picture: Picture, fault: Fault) -> None:
        self.tally.add([fault])
        if picture.path is not None:
            self._findings.unfit[picture.path] = fault.kind

    def _about_file(self, picture: Picture, look: Look | None) -> Iterator[Fault]:
        where = where_of(picture)
        if picture.path is None:
            if not self._packed:
                yield Fault("picture-missing", where, instead_of(picture, self._tree))
            return
        if look is None and self._tree.head(picture.path) is None and not self._tree.named_only:
            look = look_at(self._tree.path(picture.path))  # says what the file is instead
        if look is not None:
            if look.trouble:
                self._findings.broken.add(picture.path)
            yield from file_faults(look, where)

    def _size(self, picture: Picture, look: Look | None) -> tuple[int, int] | None:
        """Return the size of a picture as it was seen, or as its head says."""
        if look is not None and not look.trouble:
            return look.width, look.height
        return self._tree.size(picture.path) if picture.path is not None else None

    def _about_mask(self, mask: Mask, picture: Picture, look: Look | None) -> Fault | None:
        """Return what is wrong with the mask of a picture, and count the classes in it."""
        path = mask.path
        size, of_mask = self._size(picture, look), self._tree.size(path)
        if of_mask is not None and size is not None and of_mask != size:
            told = f"{of_mask[0]} x {of_mask[1]}, {one_line(picture.name, 80)} has {size[0]} x {size[1]}"
            return Fault("mask-size", path, told)
        if not self._drawn:
            return None
        try:
            drawn = mask.draw()
        except DataError as error:
            return Fault("mask-broken", path, one_line(error.sentence, 160))
        labels, counts = np.unique(drawn.numbers, return_counts=True)
        present = [int(label) for label, count in zip(labels, counts, strict=True) if count and label >= 0]
        self._by_label.update(present)
        self.tally.add(undrawn(picture, drawn))
        if drawn.unknown:
            values = [f"{value} ({count:,} pixels)" for value, count in drawn.unknown.items()]
            return Fault("mask-value", path, a_few(values, _FEW_VALUES))
        if not present:
            self.tally.add([Fault("mask-empty", path)])
        return None


def marked_faults(classes: Sequence[str], splits: Sequence[SplitReport]) -> Iterator[Fault]:
    """Yield what is to be said of the classes: names that differ in case, and those that training lacks."""
    for index, other in alike_in_case(classes).items():
        yield Fault("classes-case", f"'{one_line(classes[other], 60)}' and '{one_line(classes[index], 60)}'")
    learned, measured = (
        {name for split in splits if split.name == part for name in split.by_class}
        for part in ("train", "val")
    )
    if learned and measured:
        for name in classes:
            if name in measured and name not in learned:
                yield Fault("class-only-measured", one_line(name, 60))
