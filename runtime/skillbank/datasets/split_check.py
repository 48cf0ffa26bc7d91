"""The check of one split: its pictures and boxes one by one, and what all of them together tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from skillbank.datasets.box_checks import DROPPED, box_fault, inside
from skillbank.datasets.box_orders import Written
from skillbank.datasets.box_statistics import BoxStatistics
from skillbank.datasets.box_verdicts import Verdict, verdicts
from skillbank.datasets.document import Box, Picture, Split, Where
from skillbank.datasets.faults import KINDS, Fault, Severity, Tally
from skillbank.datasets.heads import FileSize
from skillbank.datasets.label_checks import LabelCheck
from skillbank.datasets.looks import Look, look_at
from skillbank.datasets.picture_checks import (
    Frame,
    file_faults,
    file_size,
    framed,
    instead_of,
    names_no_picture,
    where_of,
)
from skillbank.datasets.report import Findings, SplitReport
from skillbank.datasets.tree import Tree

__all__ = ["SplitCheck"]

_EXAMPLES = 8
_UNREAD = ("boxes-pixels", "unknown-class")
"""Kinds of boxes that are there, and became none in reading."""
_GONE = ("picture-missing", "picture-broken")
"""Kinds of pictures that cannot be used."""


class SplitCheck:
    """Counts what a split holds and what is wrong with it, a picture at a time.

    Parameters
    ----------
    packed
        Whether pictures may lie in archives that were not unpacked, so that a missing one tells nothing.
    annotated
        Whether any split of the data set has annotations: a folder of pictures alone is to be looked at, not
        to be learned from.
    written
        How the format writes boxes.
    findings
        What a repair needs is added here.
    """

    def __init__(
        self,
        split: Split,
        classes: Sequence[str],
        tree: Tree,
        findings: Findings,
        *,
        packed: bool,
        annotated: bool,
        written: Written,
    ) -> None:
        self.tally = Tally()
        self.by_label: Counter[int] = Counter()
        self._split, self._classes, self._tree, self._packed = split, classes, tree, packed
        self._findings, self._annotated = findings, annotated
        self._labels = LabelCheck(classes)
        self._statistics = BoxStatistics(written)
        self._pictures = self._boxes = self._unmarked = self._phrases = self._crowds = 0
        self._lost_pictures = self._lost_boxes = 0
        self._seen: dict[str, int] = {}
        self._turned: Counter[str] = Counter()
        self._turned_example = ""
        self._if_not_stored = Tally()
        """What is wrong with boxes that fit the stored picture alone, unless that is what is wrong."""
        self._examples: list[str] = []
        """Pictures with boxes, which a verdict on all of them is held against."""

    def add(self, picture: Picture, look: Look | None) -> None:
        """Check a picture; ``look`` is None where its file was not decoded, and only its head is read.

        What is written depends on the size: shares of a wrong one cannot be found any more.
        """
        self.tally.add(picture.faults)
        if names_no_picture(picture):
            return  # an entry that names no picture
        self._pictures += 1
        head, look = self._seen_file(picture, look)
        self.tally.add(self._about_file(picture, look))
        frame = framed(picture, head or file_size(look))
        faults = [box_fault(box, frame.size) for box in picture.boxes]
        self._note_size(picture, frame)
        turned = frame.file is not None and frame.file.turned
        stored = turned and self._count_turned(picture, frame) == "stored"
        self._count_ways(picture, frame, stored=stored)
        tally = self._if_not_stored if stored else self.tally
        tally.add(self._about_boxes(picture, faults))
        self._count(picture)
        lost = picture.path is None and not self._packed
        self._lost_pictures += lost or (look is not None and bool(look.trouble))

    def _seen_file(self, picture: Picture, look: Look | None) -> tuple[FileSize | None, Look | None]:
        """Return what the head of a picture's file says, and how the file looks where it says nothing."""
        if look is not None or picture.path is None:
            return None, look
        head = self._tree.head(picture.path)
        if head is None and not self._tree.named_only:
            look = look_at(self._tree.path(picture.path))  # says what the file is instead
        return head, look

    def _note_size(self, picture: Picture, frame: Frame) -> None:
        """Take note of a size that is not that of the file."""
        if frame.kind and frame.file is not None and picture.path is not None:
            self.tally.add([Fault(frame.kind, where_of(picture), frame.detail)])
            self._findings.sizes[picture.path] = frame.file

    def _about_file(self, picture: Picture, look: Look | None) -> Iterator[Fault]:
        where = where_of(picture)
        if picture.path is None:
            told = any(fault.kind == "picture-missing" for fault in picture.faults)
            if not self._packed and not told:
                yield Fault("picture-missing", where, instead_of(picture, self._tree))
        elif any(fault.kind == "picture-broken" for fault in picture.faults):  # its reader has said it
            self._findings.broken.add(picture.path)
        elif look is not None:
            if look.trouble:
                self._findings.broken.add(picture.path)
            yield from file_faults(look, where)
        if not picture.caption:  # one picture has as many entries as captions
            yield from self._repeated(picture, where)

    def _repeated(self, picture: Picture, where: str) -> Iterator[Fault]:
        """Say of a picture that it stood there before, and keep it in mind."""
        name = picture.path or picture.name
        boxes = hash(
            tuple([(box.x1, box.y1, box.x2, box.y2, box.label, box.phrase) for box in picture.boxes])
        )
        if name in self._seen:
            same = "with the same boxes" if self._seen[name] == boxes else "with other boxes"
            yield Fault("picture-twice", where, same)
        self._seen.setdefault(name, boxes)

    def _count_turned(self, picture: Picture, frame: Frame) -> str:
        """Take note which way of holding a turned picture its boxes fit."""
        if frame.size is None or not picture.boxes:
            return ""
        upright, stored = frame.size, frame.size[::-1]
        fits_upright, fits_stored = (
            all(inside(box, size) for box in picture.boxes) for size in (upright, stored)
        )
        way = "either" if fits_upright == fits_stored else "upright" if fits_upright else "stored"
        self._turned[way] += 1
        if way == "stored":
            self._turned_example = self._turned_example or where_of(picture)
        return way

    def _count_ways(self, picture: Picture, frame: Frame, *, stored: bool) -> None:
        """Take note in which ways its boxes fit, where the size that they were drawn on is known."""
        size = None if frame.kind == "size-disagrees" else frame.size
        if picture.boxes and picture.path is not None and len(self._examples) < _EXAMPLES:
            self._examples.append(picture.path)
        for box in picture.boxes:
            self._statistics.add(box, size[::-1] if size is not None and stored else size)

    def _about_boxes(self, picture: Picture, faults: Sequence[tuple[str, str] | None]) -> Iterator[Fault]:
        """Yield what is wrong with the boxes of a picture; ``faults`` has what is wrong with each alone."""
        again = _again(picture.boxes)
        for number, (box, found) in enumerate(zip(picture.boxes, faults, strict=True)):
            label = self._labels.fault(box)
            if found is None and label is None and number not in again:
                continue
            at = box.at or picture.where.at or f"box {number + 1}"
            where = f"{Where(picture.where.file, at)} ({picture.name})"
            if found is not None:
                self._lost_boxes += found[0] in DROPPED
                yield Fault(found[0], where, found[1])
            if number in again:
                yield Fault(again[number], where)
            if label is not None:
                yield Fault(label[0], where, label[1])

    def _count(self, picture: Picture) -> None:
        self._boxes += len(picture.boxes)
        self._unmarked += not picture.boxes
        for box in picture.boxes:
            self._crowds += box.crowd
            if box.label is None:
                self._phrases += 1
            else:
                self.by_label[box.label] += 1

    def finish(self) -> SplitReport:
        """Weigh the split as a whole and return its counts; the tally is complete then."""
        place = ", ".join(self._split.annotations[:3]) or self._split.said or "the data set"
        self._weigh_turned(place)
        for verdict in map(self._weighed, verdicts(self._statistics)):
            self.tally.forget(*verdict.instead)
            self.tally.add([verdict.fault(place)])
        self._labels.weigh(self.tally, self.by_label, self._boxes, place)
        self.tally.add(self._about_emptiness(place))
        if self._split.name == "test" and self._pictures and not self._boxes and self._annotated:
            # Nothing is learned or measured on it: what it lacks ends no job, and is said with the warning.
            self.tally.forget("picture-missing")
        if self._unmarked and self._boxes:
            self.tally.put("picture-unmarked", self._unmarked, [])
        by_class = {
            name: self.by_label[index] for index, name in enumerate(self._classes) if self.by_label[index]
        }
        return SplitReport(
            self._split.name,
            self._split.said,
            self._split.annotations,
            self._pictures,
            self._boxes,
            self._unmarked,
            by_class,
            self._phrases,
            self._crowds,
        )

    def _weighed(self, verdict: Verdict) -> Verdict:
        """Return what exchanged sides mean where pictures are turned: the boxes are of the stored ones."""
        if verdict.kind != "boxes-yxyx" or not self._examples:
            return verdict
        heads = map(self._tree.head, self._examples)
        if not all(head is not None and head.turned for head in heads):
            return verdict
        return replace(
            verdict, kind="boxes-stored", evidence=f"{verdict.evidence}, and EXIF turns the pictures"
        )

    def _weigh_turned(self, place: str) -> None:
        if self._turned["stored"] <= self._turned["upright"]:
            self.tally.join(self._if_not_stored)
            return
        self.tally.forget("size-turned")
        told = f"boxes of {self._turned['stored']:,} fit the stored picture alone"
        where = self._turned_example or place
        self.tally.add([Fault("boxes-stored", where, told, self._turned.total())])

    def _about_emptiness(self, place: str) -> Iterator[Fault]:
        if not self._pictures:
            yield Fault("split-empty", place)
        elif not self._boxes and (unread := sum(self.tally.counts.get(kind, 0) for kind in _UNREAD)):
            yield from self._lost(place, f"none of its {unread:,} boxes can be read", _UNREAD)
        elif self._boxes == self._crowds and self._annotated:  # crowds are neither learned nor measured
            kind = {"val": "nothing-to-measure", "test": "test-unmarked"}.get(
                self._split.name, "nothing-to-learn"
            )
            lost = f", {self._lost_pictures:,} of them not there or broken" if self._lost_pictures else ""
            held = f"all {self._boxes:,} boxes are of crowds" if self._boxes else "no box"
            yield Fault(kind, place, f"{self._pictures:,} pictures, {held}{lost}")
        elif self._lost_pictures == self._pictures:
            yield from self._lost(place, f"none of its {self._pictures:,} pictures can be used", _GONE)
        elif self._lost_boxes and self._lost_boxes == self._boxes:
            yield from self._lost(place, f"none of its {self._boxes:,} boxes can be used", tuple(DROPPED))

    def _lost(self, place: str, told: str, kinds: Sequence[str]) -> Iterator[Fault]:
        """Say that nothing of a split is left, with what it was lost to: one cause is told once.

        Nothing is said where the cause is told of all boxes at once, and ends a job by itself.
        """
        errors = [KINDS[name] for name in self.tally.counts if KINDS[name].severity is Severity.ERROR]
        if any(kind.name.startswith("boxes-") for kind in errors):
            return
        causes = []
        for name in kinds:
            if name in self.tally.counts:
                first = self.tally.examples[name][0]
                example = f"{first.where}: {first.detail}" if first.detail else first.where
                causes.append(f"{KINDS[name].title}: {self.tally.counts[name]:,}, the first {example}")
        self.tally.forget(*kinds)
        yield Fault("split-lost", place, f"{told}: {'; '.join(causes)}" if causes else told)


def _again(boxes: Sequence[Box]) -> dict[int, str]:
    """Return the kind of fault of each box, by its place, that lies where an earlier one does."""
    lefts = [round(box.x1, 2) for box in boxes]
    if len(set(lefts)) == len(lefts):  # as of most pictures
        return {}
    found: dict[int, str] = {}
    seen: dict[tuple[float, ...], set[object]] = {}
    for number, box in enumerate(boxes):
        corners = tuple(round(value, 2) for value in (box.x1, box.y1, box.x2, box.y2))
        named = box.phrase if box.label is None else box.label
        marked = seen.setdefault(corners, set())
        if marked:
            found[number] = "box-twice" if named in marked else "box-two-classes"
        marked.add(named)
    return found
