"""Everything that is wrong with a data set, at once: the one check that every door shares."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from skillbank.datasets.balance import balance_faults
from skillbank.datasets.box_orders import written_as
from skillbank.datasets.document import DataSet, Picture, Split
from skillbank.datasets.duplicates import Album
from skillbank.datasets.faults import Fault, Tally
from skillbank.datasets.formats import LAST
from skillbank.datasets.looks import Look
from skillbank.datasets.marked_check import MarkedSplitCheck, marked_faults
from skillbank.datasets.names import alike, name_faults
from skillbank.datasets.opening import Opened
from skillbank.datasets.pictures import Gallery
from skillbank.datasets.progress import Progress, Step
from skillbank.datasets.report import DataReport, Findings, SplitReport
from skillbank.datasets.split_check import SplitCheck
from skillbank.datasets.unread import masked, unread
from skillbank.errors import DataError, a_few

__all__ = ["check_data", "chosen_splits"]

_EVERY, _SECONDS = 64, 0.5
"""So many pictures, or so much time, lie between two pieces of news."""


def check_data(
    opened: Opened,
    *,
    splits: Sequence[str] | None = None,
    decode: bool = True,
    cache: Path | None = None,
    report: Progress | None = None,
) -> DataReport:
    """Check a data set: annotations, pictures, and what splits have to do with each other.

    Parameters
    ----------
    opened
        Of `skillbank.datasets.opening.open_place`.
    splits
        Names of the splits that are checked ("val"), as they are or as they are called ("valid"); None
        checks the one that was opened, or all.
    decode
        Whether every picture is decoded. Where not, only their heads are read, which say the size.
    cache
        Folder in which what was seen of pictures is kept for the next time.
    report
        Told how far it is.
    """
    chosen = chosen_splits(opened, splits)
    data, tree = opened.data, opened.tree
    tally, findings, album = Tally(), Findings(), Album()
    tally.add(data.faults)
    packed = bool(tree.archives)
    reports: list[SplitReport] = []
    with ExitStack() as stack:
        gallery = stack.enter_context(Gallery(tree, cache)) if decode else None
        meter = _Meter("pictures decoded" if decode else "annotations read", report, len(tree.pictures))
        for number, split in enumerate(chosen):
            check = _check_of(opened, split, findings, drawn=decode)
            for picture, look in _looked(split.pictures(), gallery):
                check.add(picture, look)
                album.add(number, picture, look)
                meter.add()
            reports.append(check.finish())
            tally.join(check.tally)
        meter.end()
    whole = len(chosen) == len(data.splits)
    if data.marks == "boxes":
        tally.add(_about_classes(opened, chosen, reports, whole=whole))
        findings.alike = alike(data.classes)
    else:
        tally.add(marked_faults(data.classes, reports))
    if whole and not packed:
        _count_unnamed(tally, tree.pictures, album)
    album.judge([split.name for split in chosen], tally, findings, report)
    notes = data.notes
    if packed and not decode:
        notes = (*notes, f"archives are not looked into here: {a_few(tree.archives, 3)}")
    return DataReport(opened.place, data.format, data.classes, tuple(reports), tally, notes, decode, findings)


def chosen_splits(opened: Opened, names: Sequence[str] | None = None) -> tuple[Split, ...]:
    """Return the splits of some names; of no names the one that was opened, or all."""
    there = opened.data.splits if opened.split is None else (opened.split,)
    if not names:
        return there
    chosen: list[Split] = []
    for name in names:
        named = [each for each in there if name in (each.name, each.said)]
        if not named:
            known = a_few([each.name or "(not divided)" for each in there], 5)
            raise DataError(f"{opened.place} has no split '{name}'; it has {known}")
        chosen += named
    return tuple(dict.fromkeys(chosen))


def _looked(pictures: Iterable[Picture], gallery: Gallery | None) -> Iterator[tuple[Picture, Look | None]]:
    if gallery is not None:
        yield from gallery.looked(pictures)
        return
    for picture in pictures:
        yield picture, None


def _count_unnamed(tally: Tally, pictures: Sequence[str], album: Album) -> None:
    unnamed = [name for name in pictures if name not in album.paths]
    if unnamed and album.paths:
        examples = (Fault("picture-unnamed", name) for name in unnamed)
        tally.put("picture-unnamed", len(unnamed), examples)


def _check_of(
    opened: Opened, split: Split, findings: Findings, *, drawn: bool
) -> SplitCheck | MarkedSplitCheck:
    """Return the check of a split, by what its pictures are marked with."""
    data, tree = opened.data, opened.tree
    packed = bool(tree.archives)
    if data.marks != "boxes":
        return MarkedSplitCheck(split, data, tree, findings, packed=packed, drawn=drawn)
    return SplitCheck(
        split,
        data.classes,
        tree,
        findings,
        packed=packed,
        annotated=_is_annotated(data),
        written=written_as(data.format),
    )


def _about_classes(
    opened: Opened, splits: Sequence[Split], reports: Sequence[SplitReport], *, whole: bool
) -> Iterator[Fault]:
    """Yield what is wrong with classes of boxes: their names, how many there are, and what was not read."""
    data = opened.data
    files = dict.fromkeys(name for split in splits for name in split.annotations[:1])
    yield from name_faults(data.classes, ", ".join(files) or data.format)
    yield from balance_faults(data.classes, reports, whole=whole)
    yield from masked(opened.tree) if _is_annotated(data) else unread(opened.tree)


def _is_annotated(data: DataSet) -> bool:
    return data.format != LAST.name


class _Meter:
    def __init__(self, name: str, report: Progress | None, total: int) -> None:
        self._name, self._report, self._total, self._done = name, report, total, 0
        self._last = time.monotonic()

    def add(self) -> None:
        self._done += 1
        if self._report is None:
            return
        slow = time.monotonic() - self._last > _SECONDS  # large pictures take long
        if self._done % _EVERY == 0 or slow:
            self._last = time.monotonic()
            self._report(Step(self._name, self._done, max(self._total, self._done)))

    def end(self) -> None:
        if self._report is not None:
            self._report(Step(self._name, self._done, self._done))
