"""The files that a program asks for, made of any data set: annotations anew, pictures where they lie."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from skillbank.datasets.album import Album, Reaches
from skillbank.datasets.document import Box, Picture, Split
from skillbank.datasets.formats.coco_writer import write_document
from skillbank.datasets.formats.odvg_writer import write_label_map, write_lines
from skillbank.datasets.formats.writing import Left
from skillbank.datasets.names import plain_name
from skillbank.datasets.opening import Opened
from skillbank.datasets.progress import Progress, Step
from skillbank.datasets.repairing import Mode, Repair
from skillbank.datasets.report import DataReport
from skillbank.datasets.tree import Tree, open_tree
from skillbank.datasets.wanted import Wanted
from skillbank.errors import DataError

__all__ = ["Classes", "Provided", "provide", "provide_pictures"]

_EVERY = 256
"""So many pictures are written between two pieces of news."""


@dataclass(frozen=True)
class Provided:
    """What was made.

    Attributes
    ----------
    paths
        Where each wanted file lies now; the pictures are a folder, mostly their own.
    pictures, boxes
        How many there are.
    notes
        What was dropped or put right, a sentence each.
    """

    paths: Mapping[str, Path]
    pictures: int
    boxes: int
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()


class Classes:
    """Numbers of classes that several data sets share: a class is its name, those of the first come first."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def add(self, names: Iterable[str]) -> list[int]:
        """Return the number of each name; one that is new takes the next number."""
        numbers = []
        for name in names:
            key = plain_name(name)
            if key not in self._numbers:
                self._numbers[key] = len(self.names)
                self.names.append(name)
            numbers.append(self._numbers[key])
        return numbers


def provide(
    opened: Opened,
    split: Split,
    wanted: Wanted,
    folder: Path,
    on_broken: str,
    *,
    report: DataReport,
    classes: Classes | None = None,
    first: int = 0,
    reaches: Reaches | None = None,
    progress: Progress | None = None,
) -> Provided:
    """Write the wanted files of a split into an empty folder.

    Parameters
    ----------
    on_broken
        ``skip`` drops what a check has found broken, with a count; ``refuse`` has been checked before.
    report
        Of the check of this split.
    classes
        Of the data sets that belong together; without them the data set's own numbers hold.
    first
        The id of the first category of a COCO document.
    reaches
        Says whether a folder may be given to the program; where it is None, it sees all of this machine.
    progress
        Told how far it is.
    """
    mode = Mode.SKIP if on_broken == "skip" else Mode.PLAIN
    shared = classes or Classes()
    album = Album(opened.tree, folder, reaches)
    texts = folder / "annotations"
    texts.mkdir(parents=True, exist_ok=True)
    maker, lost = _Maker(Repair(report, mode), shared, album, progress=progress), Left()
    if wanted.lines:
        write_lines(texts / wanted.lines, maker.pictures(split), shared.names, lost)
    if wanted.coco:
        maker = _Maker(Repair(report, mode), shared, album, phrases=False, progress=progress)
        write_document(texts / wanted.coco, maker.pictures(split), shared.names, first, lost)
    if maker.count == 0:
        raise DataError(f"nothing is left of {opened.place} ({split.said or 'all'}) without what is broken")
    if wanted.label_map:
        write_label_map(texts / wanted.label_map, shared.names)
    if wanted.classes:
        _write_text(texts / wanted.classes, "\n".join(shared.names))
    named = (wanted.lines, wanted.label_map, wanted.coco, wanted.classes)
    paths = {wanted.pictures: album.root, **{name: texts / name for name in named if name}}
    boxes = maker.boxes if wanted.coco else maker.boxes - lost.counts.total()
    notes = (*maker.notes(), *lost.sentences(), *album.notes())
    return Provided(paths, maker.count, boxes, tuple(shared.names), notes)


def provide_pictures(
    opened: Opened,
    split: Split,
    wanted: Wanted,
    folder: Path,
    *,
    reaches: Reaches | None = None,
    without: Collection[str] = (),
) -> Provided:
    """Return the pictures of a split as a folder that holds no others; below an empty one, if linked.

    Parameters
    ----------
    reaches
        As for `provide`.
    without
        Paths of broken pictures, which are left out.
    """
    tree = opened.tree
    own, left_out = _sound(opened, split, without)
    album = Album(Tree(tree.root, {name: tree.path(name) for name in own}), folder, reaches)
    meant = {tree.path(name) for name in own}
    there = open_tree(album.root)
    if any(there.path(name) not in meant for name in there.every_picture):
        album = Album(tree, folder, reaches, linked=True)
    for name in own:
        album.add(name)
    paths = {wanted.pictures: album.root}
    if wanted.classes and opened.data.classes:
        paths[wanted.classes] = folder / wanted.classes
        _write_text(paths[wanted.classes], "\n".join(opened.data.classes))
    return Provided(paths, len(own), 0, opened.data.classes, (*left_out, *album.notes()))


def _sound(opened: Opened, split: Split, without: Collection[str]) -> tuple[list[str], list[str]]:
    """Return the paths of a split's pictures, each once, and what is said of those that are left out."""
    there = dict.fromkeys(picture.path for picture in split.pictures() if picture.path is not None)
    if not there:
        raise DataError(f"{opened.tree.root} has no picture for {split.said or 'this'}; see where they are")
    own = [path for path in there if path not in without]
    if not own:
        raise DataError(f"nothing is left of {opened.place} ({split.said or 'all'}) without what is broken")
    lost = len(there) - len(own)
    return own, [f"pictures that cannot be decoded: {lost:,} (left out)"] if lost else []


class _Maker:
    """Pictures as they are written: repaired, named from the folder of pictures, with shared numbers.

    Where the phrases of captions are not kept each of them is a class.
    """

    def __init__(
        self,
        repair: Repair,
        classes: Classes,
        album: Album,
        *,
        phrases: bool = True,
        progress: Progress | None = None,
    ) -> None:
        self._progress = progress
        self._repair, self._classes, self._album, self._phrases = repair, classes, album, phrases
        self._numbers = classes.add(repair.classes)
        self.count = self.boxes = self.lost = 0

    def pictures(self, split: Split) -> Iterator[Picture]:
        """Yield the pictures that have a file."""
        for picture in self._repair.pictures(split):
            if picture.path is None or not picture.width or not picture.height:
                self.lost += 1
                continue
            self.count += 1
            if self._progress is not None and self.count % _EVERY == 0:
                self._progress(Step("annotations converted", self.count))
            self.boxes += len(picture.boxes)
            grounded = self._phrases and bool(picture.caption)
            boxes = tuple(self._numbered(box, grounded=grounded) for box in picture.boxes)
            yield replace(picture, name=self._album.add(picture.path), boxes=boxes)

    def notes(self) -> Iterator[str]:
        """Say what was put right and what is not in the files, a sentence each."""
        yield from self._repair.sentences()
        if self.lost:
            yield f"{self.lost:,} pictures without a file are left out"

    def _numbered(self, box: Box, *, grounded: bool) -> Box:
        if box.label is not None:
            return replace(box, label=self._numbers[box.label])
        if grounded or not box.phrase:
            return box
        return replace(box, label=self._classes.add([box.phrase])[0])


def _write_text(file: Path, text: str) -> None:
    file.write_text(text + "\n", encoding="utf-8")
