"""What a label set takes of a data set: its pictures, with the boxes that a check finds sound or mends."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from skillbank.datasets.box_kinds import BOXES
from skillbank.datasets.checking import check_data
from skillbank.datasets.depths import FLAT, depth_of
from skillbank.datasets.document import Picture, Split
from skillbank.datasets.faults import BECOMES, KINDS, Severity
from skillbank.datasets.formats import LAST
from skillbank.datasets.heads import FileSize
from skillbank.datasets.kinds import DROP_PICTURE
from skillbank.datasets.looks import Look
from skillbank.datasets.opening import Opened
from skillbank.datasets.picture_checks import instead_of, names_no_picture, size_fault
from skillbank.datasets.pictures import Gallery
from skillbank.datasets.reading_kinds import READING
from skillbank.datasets.repairing import Mode, Repair
from skillbank.datasets.report import DataReport
from skillbank.errors import DataError
from skillbank.sets.geometry import inside
from skillbank.sets.model import Corners, FoundPicture
from skillbank.storage.archive import archive_stem
from skillbank.storage.cache import content_key
from skillbank.storage.data_place import local_place
from skillbank.storage.uri import parse_uri
from skillbank.ways import command, marked
from skillbank.whole_files import replacing

__all__ = ["Found", "Incoming", "Left", "incoming"]

_TAKEN = {"train": "train", "val": "val", "": ""}
"""Splits that come into a set, and what they are there; what is to be tested on stays apart."""
_OF_ALL = ("boxes-pixels", "label-contradicts", "labels-shifted")
"""Beside those of boxes: errors in how all of them are written, of which nothing good could come in."""
_OF_TRAINING = {"nothing-to-learn", "nothing-to-measure"}
"""Errors that a set is there to mend."""
_LOOKS = "pictures"
"""Folder of the cache that keeps what was seen of pictures."""


class Left(Counter[str]):
    """Counts of what is left out, by a title; pictures also with their names."""

    def __init__(self) -> None:
        super().__init__()
        self.unread: list[tuple[str, str]] = []

    def picture(self, title: str, picture: Picture, why: str) -> None:
        """Count a picture that is left out, and say which and why."""
        self[title] += 1
        self.unread.append((picture.path or picture.name, why))


@dataclass(frozen=True, slots=True)
class Found:
    """A picture of a data set that can be decoded, with its boxes: class names and corners.

    Attributes
    ----------
    split
        What it is in the set; empty where it is dealt.
    is_whole
        Whether all that was marked in it is there; else nobody can say that it was labelled.
    """

    picture: FoundPicture
    split: str
    boxes: tuple[tuple[str, Corners], ...]
    is_whole: bool


@dataclass(frozen=True)
class Incoming:
    """A data set that was checked, and that a set can take.

    Attributes
    ----------
    left
        What is left out of it, counted while `pictures` is read.
    """

    opened: Opened
    splits: Sequence[Split]
    report: DataReport
    repair: Repair
    left: Left = field(default_factory=Left)

    def pictures(self, cache: Path, keep: Path, place: str) -> Iterator[Found]:
        """Yield what can be taken; parameters as of `skillbank.sets.importing.import_data`."""
        places = _Places(cache, keep, *_bucket(place, cache))
        with Gallery(self.opened.tree, cache / _LOOKS) as gallery:
            for split in self.splits:
                role = _TAKEN.get(split.name, "" if self.opened.split is not None else None)
                if role is None:
                    title = f"pictures of the split {split.said or split.name}, which stays for testing"
                    self.left[title] += sum(1 for _ in split.pictures())
                    continue
                for picture, look in gallery.looked(split.pictures()):
                    made = self._made(picture, split, look, places)
                    if made is not None:
                        yield replace(made, split=role)
        self._count()

    def notes(self) -> Iterator[str]:
        """Yield what a person should know once the pictures were read: what became of marks."""
        yield from self.opened.data.notes
        blocking = {kind.name for kind, *_ in self.report.blocking(skip=True)}
        yield from self.report.sentences(Severity.ERROR, 1, kinds=blocking - _OF_TRAINING)
        shown = READING.keys() | BOXES.keys()
        yield from self.report.sentences(Severity.NOTE, 1, kinds=shown & set(BECOMES))
        open_kinds = {name for name in shown if not self.repair.mends(name)}
        yield from self.report.sentences(Severity.WARNING, 1, kinds=open_kinds)
        yield from (
            f"{kind.title}: {self.repair.done[name]:,} ({kind.repair})"
            for name, kind in KINDS.items()
            if self.repair.done[name] and not kind.repair.startswith("drop")
        )

    def _made(self, picture: Picture, split: Split, look: Look | None, places: _Places) -> Found | None:
        tree = self.opened.tree
        if names_no_picture(picture):
            self.repair.count(picture)
            return None
        if picture.path is None or look is None:
            title = "pictures that are not there"
            self.left.picture(title, picture, instead_of(picture, tree) or "not there")
            return None
        if look.trouble:
            self.left.picture("pictures that cannot be decoded", picture, look.trouble)
            return None
        self.repair.count(picture)
        path = tree.path(picture.path).absolute()
        sha256 = content_key(path, places.cache)
        name = picture.path if split.name == "" else picture.path.removeprefix(f"{split.said}/")
        depth = depth_of(path) if look.deep else FLAT
        found = FoundPicture(
            name, places.of(path, sha256), sha256, look.width, look.height, look.small, depth
        )
        boxes = tuple(self._named(picture, look))
        # A crowd beside boxes is left out; a picture of nothing but crowds is none without an object.
        least = sum(not box.crowd for box in picture.boxes) or bool(picture.boxes)
        lost = len(boxes) < least
        is_whole = not lost and not any(
            KINDS[fault.kind].repair.startswith("drop") for fault in picture.faults
        )
        return Found(found, "", boxes, is_whole)

    def _named(self, picture: Picture, look: Look) -> Iterator[tuple[str, Corners]]:
        """Yield the boxes that stay, with the names of their classes."""
        if self.repair.is_untold(picture):
            self.left["boxes of pictures whose id another one has too"] += len(picture.boxes)
            return
        if size_fault(picture, FileSize(look.width, look.height, look.turned)) == "size-disagrees":
            self.left["boxes in pictures of another size than is stated"] += len(picture.boxes)
            return
        classes = self.repair.classes
        for box in self.repair.marked(picture).boxes:
            name = box.phrase if box.label is None else classes[box.label]
            corners = inside((box.x1, box.y1, box.x2, box.y2), look.width, look.height, least=1.0)
            if box.crowd:
                self.left["boxes of crowds, which a set does not know,"] += 1
            elif corners is None:
                self.left["boxes less than a pixel wide or high in their pictures"] += 1
            elif not name.strip():
                self.left["boxes without a class"] += 1
            else:
                yield " ".join(name.split()), corners

    def _count(self) -> None:
        for name, kind in KINDS.items():
            if self.repair.done[name] and kind.repair.startswith("drop") and kind.repair != DROP_PICTURE:
                self.left[kind.title] += self.repair.done[name]


def incoming(opened: Opened, cache: Path) -> Incoming:
    """Check a data set that is to come into a set.

    Boxes and entries that would end a training are left out and counted, as ``--on-broken skip`` does; sizes
    are put right, and boxes scaled along.  Classes stay as they are: a set may have some that are one to a
    prompt.

    Raises
    ------
    DataError
        Where all boxes are written otherwise than the format says (in fractions, as other corners): none of
        them would mark what was meant.
    """
    left = Left()
    opened = _boxes_alone(opened, left)
    splits = [opened.split] if opened.split is not None else list(opened.data.splits)
    taken = [split for split in splits if opened.split is not None or split.name in _TAKEN]
    part = replace(opened, data=replace(opened.data, splits=tuple(taken)))
    report = check_data(part, cache=cache / _LOOKS)
    wrong = {name for name in (*BOXES, *_OF_ALL) if not KINDS[name].repair}
    if said := report.sentences(Severity.ERROR, kinds=wrong):
        raise DataError(
            f"{opened.place} has boxes that would come in wrong, so nothing was taken; "
            f"{command('data check', opened.place)} says more:\n" + "\n".join(map(marked, said))
        )
    return Incoming(opened, splits, report, Repair(report, Mode.SKIP, merge=False), left)


def _boxes_alone(opened: Opened, left: Counter[str]) -> Opened:
    """Return a data set as its pictures alone where it marks no boxes: nobody has looked for any."""
    data = opened.data
    if data.marks == "boxes":
        return opened
    what = "masks" if data.marks == "areas" else "classes of whole pictures"
    left[f"{what}, which a set of boxes has no place for"] += 1
    return replace(opened, data=replace(data, format=LAST.name, classes=(), marks="boxes"))


@dataclass(frozen=True, slots=True)
class _Places:
    """Where pictures of a data set lie for good.

    Attributes
    ----------
    cache, keep
        As `import_data` has them.
    brought, bucket
        The folder of the cache that holds what was brought of a folder in a bucket, and that folder's URI.
    """

    cache: Path
    keep: Path
    brought: Path | None = None
    bucket: str = ""

    def of(self, path: Path, sha256: str) -> str:
        """Return the place of a picture that lies at a path now."""
        if self.brought is not None and path.is_relative_to(self.brought):
            return f"{self.bucket}/{path.relative_to(self.brought).as_posix()}"
        is_cached = path.resolve().is_relative_to(self.cache.resolve())
        return str(_kept(path, sha256, self.keep) if is_cached else path)


def _bucket(place: str, cache: Path) -> tuple[Path | None, str]:
    """Return where a folder of a bucket was brought to, and its URI; nothing of any other place."""
    if not place.startswith("s3://") or archive_stem(parse_uri(place).name) is not None:
        return None, ""
    brought = local_place(place, cache).absolute()
    return (brought, place.rstrip("/")) if brought.is_dir() else (None, "")


def _kept(path: Path, sha256: str, keep: Path) -> Path:
    """Return a second name of a picture, by its content, where nothing is cleaned."""
    target = keep / sha256[:2] / f"{sha256}{path.suffix.lower()}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as work:
            try:
                work.unlink()
                os.link(path.resolve(), work)
            except OSError:
                shutil.copyfile(path, work)
    return target
