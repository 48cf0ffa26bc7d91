"""Repairs: pictures and boxes that a job would fail on are dropped, clipped or put right, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum

from skillbank.datasets.box_checks import DROPPED, box_fault
from skillbank.datasets.document import Box, Picture, Split
from skillbank.datasets.faults import KINDS, Severity
from skillbank.datasets.kinds import DROP_PICTURE
from skillbank.datasets.picture_checks import names_no_picture, scaled_along, size_fault
from skillbank.datasets.report import DataReport

__all__ = ["Mode", "Repair"]


class Mode(StrEnum):
    """How much is mended."""

    PLAIN = "plain"
    """What changes nothing that a person drew: sizes that the files say better, boxes scaled along, edges
    that reach out by rounding."""
    SKIP = "skip"
    """Also what would end a job: ``--on-broken skip``."""
    ALL = "all"
    """Also what is only warned of: ``--fix``."""


_MARKS = ("unreadable-annotation", "unknown-class")
"""Faults of reading that stand for a mark that could not become a box."""
_SIZES = ("size-turned", "size-scaled", "box-rounded")


class Repair:
    """Mends the pictures of a data set by what a check of it has found.

    Attributes
    ----------
    classes
        Names of the classes of the mended pictures, to which their labels belong.
    done
        How often each kind of fault was mended.

    Parameters
    ----------
    merge
        Whether classes that are one to a prompt become one, in the modes that mend what would end a job.
    """

    def __init__(self, report: DataReport, mode: Mode, *, merge: bool = True) -> None:
        self._findings, self._mode = report.findings, mode
        merged = report.findings.alike if merge and mode is not Mode.PLAIN else {}
        kept = [index for index in range(len(report.classes)) if index not in merged]
        self.classes = tuple(report.classes[index] for index in kept)
        place = {old: new for new, old in enumerate(kept)}
        self._labels = {old: place[merged.get(old, old)] for old in range(len(report.classes))}
        self.done: Counter[str] = Counter()
        if merged:
            self.done["classes-alike"] = len(merged)

    def pictures(self, split: Split) -> Iterator[Picture]:
        """Yield the pictures of a split as they are after the repair; those that are dropped are left out."""
        seen: dict[str, tuple[Box, ...]] = {}
        for picture in split.pictures():
            self.count(picture)
            if names_no_picture(picture) or self.is_untold(picture):
                continue
            mended = self._picture(picture, split.name, seen)
            if mended is not None:
                yield mended

    def count(self, picture: Picture) -> None:
        """Count what was wrong with a picture in reading."""
        for fault in picture.faults:
            if KINDS[fault.kind].repair:
                self.done[fault.kind] += fault.count

    def is_untold(self, picture: Picture) -> bool:
        """Whether nobody can say what a picture shows: its annotation is missing, spoilt or another's too."""
        return any(
            KINDS[fault.kind].repair == DROP_PICTURE
            or (
                fault.kind == "unreadable-annotation"
                and fault.where == str(picture.where)
                and not picture.boxes
            )
            for fault in picture.faults
            if self.mends(fault.kind)
        )

    def marked(self, picture: Picture) -> Picture:
        """Return a picture with the size of its file, and with the boxes that stay."""
        sized = self._sized(picture)
        size = (sized.width, sized.height) if sized.width and sized.height else None
        boxes: list[Box] = []
        for box in sized.boxes:
            mended = self._box(box, size)
            if mended is None:
                continue
            if self.mends("box-twice") and any(_same(mended, other) for other in boxes):
                self.done["box-twice"] += 1
                continue
            boxes.append(mended)
        return replace(sized, boxes=tuple(boxes))

    def mends(self, kind: str) -> bool:
        """Whether a kind of fault is mended in this mode."""
        found = KINDS[kind]
        if not found.repair:
            return False
        if self._mode is Mode.ALL or kind in _SIZES:
            return True
        return self._mode is Mode.SKIP and found.severity is Severity.ERROR

    def sentences(self) -> list[str]:
        """Return what was done, a sentence for each kind."""
        return [
            f"{kind.title}: {self.done[name]:,} ({kind.repair})"
            for name, kind in KINDS.items()
            if self.done[name] and kind.repair
        ]

    def _picture(self, picture: Picture, split: str, seen: dict[str, tuple[Box, ...]]) -> Picture | None:
        kind = self._unwanted(picture, split, seen)
        if kind is not None:
            self.done[kind] += 1
            return None
        marked = self.marked(picture)
        if not _shows_something(marked) and (
            picture.boxes or any(fault.kind in _MARKS for fault in picture.faults)
        ):
            self.done["picture-emptied"] += 1
            return None
        return marked

    def _unwanted(self, picture: Picture, split: str, seen: dict[str, tuple[Box, ...]]) -> str | None:
        """Return why a picture is dropped; None where it stays."""
        if picture.path is None:
            return "picture-missing" if self.mends("picture-missing") else None
        faults = self._faults_of(picture, picture.path, split)
        if fault := next(filter(self.mends, faults), None):
            return fault
        if not picture.caption and self.mends("picture-twice"):
            if seen.get(picture.path) == picture.boxes:
                return "picture-twice"
            seen.setdefault(picture.path, picture.boxes)
        return None

    def _faults_of(self, picture: Picture, path: str, split: str) -> Iterator[str]:
        """Yield what the check found of a picture that can be a reason to drop it."""
        found = self._findings
        if path in found.broken:
            yield "picture-broken"
        if (unfit := found.unfit.get(path)) is not None:
            yield unfit
        file = found.sizes.get(path)
        if file is not None and size_fault(picture, file) == "size-disagrees":
            yield "size-disagrees"
        if split == "train" and path in found.shared:
            yield "picture-shared"

    def _sized(self, picture: Picture) -> Picture:
        """Give a picture the size of its file, and scale its boxes along where that is in proportion."""
        file = self._findings.sizes.get(picture.path or "")
        if file is None or not picture.width or not picture.height:
            return picture
        kind = size_fault(picture, file)
        if not kind or not self.mends(kind):
            return picture
        self.done[kind] += 1
        if kind != "size-scaled":
            return replace(picture, width=file.width, height=file.height)
        return scaled_along(picture, file)

    def _box(self, box: Box, size: tuple[int, int] | None) -> Box | None:
        """Mend a box; None drops it."""
        if box.label is not None and box.label not in self._labels and self.mends("unknown-class"):
            self.done["unknown-class"] += 1
            return None
        found = box_fault(box, size)
        label = box.label if box.label is None else self._labels.get(box.label, box.label)
        if found is not None and self.mends(found[0]):
            self.done[found[0]] += 1
            if found[0] in DROPPED:
                return None
            if size is not None:
                box = _clipped(box, *size)
        return box if label == box.label else replace(box, label=label)


def _shows_something(picture: Picture) -> bool:
    """Whether anything is marked in a picture: boxes, areas, or a class of the whole."""
    is_drawn = picture.mask is not None and picture.mask.objects > 0
    return bool(picture.boxes) or is_drawn or picture.label is not None


def _clipped(box: Box, width: int, height: int) -> Box:
    return replace(
        box, x1=max(box.x1, 0.0), y1=max(box.y1, 0.0), x2=min(box.x2, width), y2=min(box.y2, height)
    )


def _same(one: Box, other: Box) -> bool:
    return (
        one.label == other.label
        and one.phrase == other.phrase
        and all(
            abs(a - b) < 0.005
            for a, b in zip(
                (one.x1, one.y1, one.x2, one.y2), (other.x1, other.y1, other.x2, other.y2), strict=True
            )
        )
    )
