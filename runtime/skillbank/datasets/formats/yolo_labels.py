"""The lines of a YOLO label file: boxes, polygons, oriented boxes, key points, confidences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from skillbank.datasets.document import Box
from skillbank.datasets.faults import Fault
from skillbank.datasets.formats.numbers import LARGEST_SHARE, Four, number, whole
from skillbank.visible import one_line

__all__ = ["Labels", "is_label_line"]


@dataclass(frozen=True)
class Labels:
    """Reads the label files of a data set.

    Attributes
    ----------
    index
        Index of the class by the number in the files.
    by_name
        Index of the class by its name, which some tools write for the number.
    behind
        What follows the four numbers of a box and is left out: "its key points"; empty for nothing.
    """

    index: Mapping[int, int]
    by_name: Mapping[str, int]
    behind: str = ""
    _said: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def boxes(
        self, text: str, file: str, size: tuple[int, int], keep: Callable[[Fault], None]
    ) -> Iterator[Box]:
        """Yield the boxes of a file in pixels; what cannot be read goes to ``keep``."""
        width, height = size
        for place, line in enumerate(text.splitlines(), 1):
            parts = line.split()
            if not parts:
                continue
            at = f"line {place}"
            if len(parts) == 5 and (plain := self._plain(parts)) is not None:
                known, x1, y1, x2, y2 = plain
                yield Box(x1 * width, y1 * height, x2 * width, y2 * height, known, at=at)
                continue
            where = f"{file} {at}"
            if len(parts) == 1 and "," in line:
                parts = line.split(",")
            label = self._label(parts[0])
            if label is None:
                keep(Fault("unknown-class", where, f"the list of classes has no {one_line(parts[0], 40)}"))
                continue
            values = _numbers(parts[1:])
            if values is None:
                keep(Fault("unreadable-annotation", where, "it is not a class and numbers"))
                continue
            corners = self._corners(values, where, keep)
            if corners is not None:
                x1, y1, x2, y2 = corners
                yield Box(x1 * width, y1 * height, x2 * width, y2 * height, label, at=at)

    def _plain(self, parts: list[str]) -> tuple[int, float, float, float, float] | None:
        """Return label and corners, as shares, of a line that is as most are; None of any other."""
        label = self._said.get(parts[0])
        if label is None:
            if (label := self._label(parts[0])) is None:
                return None
            self._said[parts[0]] = label
        try:
            x, y, across, down = map(float, parts[1:])
        except ValueError:
            return None
        if not (
            -LARGEST_SHARE <= x <= LARGEST_SHARE
            and -LARGEST_SHARE <= y <= LARGEST_SHARE
            and -LARGEST_SHARE <= across <= LARGEST_SHARE
            and -LARGEST_SHARE <= down <= LARGEST_SHARE
        ):
            return None
        return label, x - across / 2, y - down / 2, x + across / 2, y + down / 2

    def _label(self, said: str) -> int | None:
        found = whole(said)
        return self.by_name.get(said) if found is None else self.index.get(found)

    def _corners(self, values: list[float], where: str, keep: Callable[[Fault], None]) -> Four | None:
        """Return the corners as shares of the picture."""
        count = len(values)
        if count in (4, 5) or (self.behind and count > 5):
            if count == 5 and not self.behind:
                keep(Fault("mended", where, "its sixth number is taken for a confidence and left out"))
            elif count > 4:
                keep(Fault("mended", where, f"{self.behind} are left out"))
            values, corners = values[:4], _of_box(values)
        elif count >= 6 and count % 2 == 0:
            kind = "oriented box or polygon of four points" if count == 8 else "polygon"
            keep(Fault("mended", where, f"the upright box around its {kind} is taken"))
            corners = _of_outline(values)
        else:
            keep(Fault("unreadable-annotation", where, f"{count + 1} numbers are no box and no polygon"))
            return None
        if max(map(abs, values)) > LARGEST_SHARE:
            keep(Fault("boxes-pixels", where, "its numbers are no shares of the picture"))
            return None
        return corners


def _of_box(values: Sequence[float]) -> Four:
    x, y, width, height = values[:4]
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _of_outline(values: Sequence[float]) -> Four:
    xs, ys = values[::2], values[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def is_label_line(line: str) -> bool:
    """Whether a line is a class and at least four numbers; with commas there are four, or a confidence too.

    Lines of other tools begin with four corners in pixels, and have eight columns (VisDrone) or more (MOT).
    """
    parts, most = line.split(), len(line)
    if len(parts) == 1:
        parts, most = line.split(","), 6
    return 5 <= len(parts) <= most and whole(parts[0]) is not None and _numbers(parts[1:]) is not None


def _numbers(parts: list[str]) -> list[float] | None:
    try:
        values = [float(part) for part in parts]
    except ValueError:
        return None
    return values if all(number(value) is not None for value in values) else None
