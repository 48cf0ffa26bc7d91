"""From any format to another: checked first, pictures linked, what was dropped and what was lost counted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from skillbank.datasets.checking import check_data, chosen_splits
from skillbank.datasets.copying import Copy, Portion, marks_of, refuse_other_marks, write_copy, writer_of
from skillbank.datasets.crops import write_crops
from skillbank.datasets.document import Split
from skillbank.datasets.faults import BECOMES, KINDS, Severity
from skillbank.datasets.formats.base import Writer
from skillbank.datasets.naming import common_folder
from skillbank.datasets.opening import Opened
from skillbank.datasets.outlines import as_areas
from skillbank.datasets.placing import Placement
from skillbank.datasets.progress import Progress
from skillbank.datasets.repairing import Mode, Repair
from skillbank.datasets.report import DataReport
from skillbank.errors import DataError
from skillbank.redact import redact
from skillbank.ways import Sentence, command, marked, option

__all__ = ["FaultsError", "checked", "convert", "origin", "told"]

_OF_TRAINING = frozenset(
    {"nothing-to-learn", "nothing-to-measure", "class-too-long", "classes-alike", "split-empty"}
)
"""Errors of a data set as a whole, which end a training and come along unchanged: they are told."""


class FaultsError(DataError):
    """Faults that would end a job, where nothing was written."""

    def __init__(self, message: str, report: DataReport, kinds: Collection[str]) -> None:
        super().__init__(message)
        self.report, self.kinds = report, kinds


def convert(
    opened: Opened,
    to: str,
    folder: Path,
    *,
    splits: Sequence[str] | None = None,
    placement: Placement = Placement.LINK,
    mode: Mode = Mode.PLAIN,
    decode: bool = False,
    place: str = "",
    made_by: str = "skillbank data convert",
    cache: Path | None = None,
    report: Progress | None = None,
) -> Copy:
    """Write a data set in another format, or in its own anew.

    Parameters
    ----------
    to
        Name of a format that can be written.
    folder
        Must not be there yet.
    splits
        Names of the splits that are written; None writes the one that was opened, or all.
    mode
        How much is mended: with ``PLAIN`` what would end a job is refused, else it is left out and counted.
    place, made_by
        Where the data set came from and who writes it, for the manifest; by default the folder read.
    decode
        Whether every picture is decoded before. Those that are broken behind their head are found by nothing
        else, and come along otherwise as they are.
    cache
        Folder in which what was seen of pictures is kept.

    Raises
    ------
    UsageError
        When the format cannot be written, or the folder cannot be new.
    DataError
        When the data set has faults that would end a job: all are listed.
    """
    writer = writer_of(to)
    opened = fitting(opened, writer)
    decode = decode or opened.data.marks == "areas"  # masks are drawn in any case, and are told what is wrong
    found, repair = checked(opened, splits, mode, decode=decode, cache=cache, report=report)
    if marks_of(writer) == "classes" and opened.data.marks == "boxes":
        return write_crops(
            opened, [(each.name, repair.pictures(each)) for each in chosen_splits(opened, splits)],
            repair.classes, folder,
            story=lambda: {"made_by": made_by, "from": origin(opened, place), **told(found, repair)},
        )  # fmt: skip
    return write_copy(
        opened.tree,
        list(_portions(chosen_splits(opened, splits), repair)),
        repair.classes,
        writer,
        folder,
        placement=placement,
        marks=opened.data.marks,
        story=lambda: {"made_by": made_by, "from": origin(opened, place), **told(found, repair)},
        report=report,
    )


def fitting(opened: Opened, writer: Writer) -> Opened:
    """Return a data set as a format holds it: outlines of objects as areas; else as it is.

    Raises
    ------
    UsageError
        When the format holds nothing of what its pictures bear.
    """
    wanted, there = marks_of(writer), opened.data.marks
    if wanted == "areas" and there == "boxes":
        return as_areas(opened)
    if not (wanted == "classes" and there == "boxes"):
        refuse_other_marks(writer, there)
    return opened


def checked(
    opened: Opened,
    splits: Sequence[str] | None,
    mode: Mode,
    *,
    decode: bool,
    cache: Path | None,
    report: Progress | None,
) -> tuple[DataReport, Repair]:
    """Check a data set before it is written; return what was found, and what mends it.

    Raises
    ------
    FaultsError
        When it has faults that would end a job and are not to be left out, or cannot be.
    """
    found = check_data(opened, splits=splits, decode=decode, cache=cache, report=report)
    skip = mode is not Mode.PLAIN
    kinds = {kind.name for kind, *_ in found.blocking(skip=skip)} - _OF_TRAINING
    if kinds:
        way = (
            "these cannot be left out"
            if skip
            else Sentence(
                f"correct them, or leave out what can be left out with {option('on-broken', 'skip')}"
            )
        )
        raise FaultsError(
            f"{opened.place} has faults that would end a training, so nothing was written; "
            f"{marked(way)}:\n" + "\n".join(map(marked, found.sentences(Severity.ERROR, kinds=kinds))),
            found,
            kinds,
        )
    return found, Repair(found, mode)


def origin(opened: Opened, place: str) -> dict[str, object]:
    """Return where a data set lies, as a person said it or by its folder, what it is, and the part named."""
    said = {} if opened.split is None else {"split": opened.split.name or opened.split.said}
    return {
        "place": redact(place) or opened.named or str(opened.tree.root.resolve()),
        "format": opened.data.format,
        **said,
    }


def told(found: DataReport, repair: Repair) -> dict[str, Any]:
    """Return what a check and a repair have to tell in a manifest."""
    left_out = (
        []
        if found.decoded
        else [Sentence(f"the pictures were not decoded; {command('data check')} does that")]
    )
    became = found.sentences(Severity.NOTE, 1, kinds=BECOMES)
    open_kinds = {name for name in found.tally.counts if not repair.mends(name)}
    told_too = found.sentences(Severity.ERROR, kinds=_OF_TRAINING)
    warned = found.sentences(Severity.WARNING, 1, kinds=open_kinds)
    return {
        "repairs": {
            kind: {"count": count, "repair": KINDS[kind].repair}
            for kind, count in sorted(repair.done.items())
        },
        "dropped": repair.sentences(),
        "notes": [*found.notes, *became, *told_too, *warned, *left_out],
    }


def _portions(splits: Sequence[Split], repair: Repair) -> Iterator[Portion]:
    """Yield what is written of each split; folders that mean the same split become one."""
    for name in dict.fromkeys(split.name for split in splits):
        same = [split for split in splits if split.name == name]
        paths = [picture.path for split in same for picture in split.pictures() if picture.path is not None]
        mended = chain.from_iterable(repair.pictures(split) for split in same)
        yield Portion(name, mended, common_folder(paths))
