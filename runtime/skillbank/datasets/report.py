"""What a check has found: counts of each split, the tally of faults, and what a repair needs of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from skillbank.datasets.document import Marks
from skillbank.datasets.faults import Fault, Kind, Severity, Tally
from skillbank.datasets.heads import FileSize
from skillbank.ways import Sentence, marked

__all__ = ["COUNTED", "WITHOUT", "DataReport", "Findings", "SplitReport"]

COUNTED: Mapping[Marks, tuple[str, str]] = {"boxes": ("box", "boxes"), "areas": ("area", "areas")}
"""What is counted on pictures, one and many; a picture that is of a class bears nothing to be counted."""
WITHOUT: Mapping[Marks, str] = {"boxes": "without boxes", "areas": "without mask", "classes": "without class"}
"""What pictures bear, to how those are called that bear none."""


@dataclass(frozen=True, slots=True)
class SplitReport:
    """What a split holds.

    Attributes
    ----------
    name, said
        As those of `skillbank.datasets.document.Split`.
    pictures
        Entries of pictures.
    boxes
        All of them, also those with a phrase alone.
    unmarked
        Pictures without a box.
    by_class
        Boxes by the name of their class, in the order of the classes; those without one are left out.
    phrases
        Boxes that have a phrase and no class.
    crowds
        Boxes that hold many objects.
    marks
        What is marked; of areas and classes of whole pictures `by_class` counts pictures.
    """

    name: str
    said: str
    annotations: tuple[str, ...]
    pictures: int
    boxes: int
    unmarked: int
    by_class: Mapping[str, int]
    phrases: int = 0
    crowds: int = 0
    marks: Marks = "boxes"

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        if self.marks != "boxes":
            return {
                "split": self.name,
                "said": self.said,
                "annotations": list(self.annotations),
                "pictures": self.pictures,
                "pictures_without_marks": self.unmarked,
                "pictures_by_class": dict(self.by_class),
            }
        return {
            "split": self.name,
            "said": self.said,
            "annotations": list(self.annotations),
            "pictures": self.pictures,
            "pictures_without_boxes": self.unmarked,
            "boxes": self.boxes,
            "boxes_by_class": dict(self.by_class),
            "boxes_with_phrase_only": self.phrases,
            "crowd_boxes": self.crowds,
        }


@dataclass(slots=True)
class Findings:
    """What a repair takes from a check, since it took decoding or a look at all boxes to find out.

    Attributes
    ----------
    broken
        Pictures that cannot be decoded, by path in the tree.
    sizes
        Sizes of the pictures whose annotations state others, by path.
    shared
        Pictures of the training split that a split to measure on has too, byte for byte, by path.
    unfit
        Kind of what makes a picture useless whose file is sound, by path: its mask has another size.
    alike
        Index of each class that is one with an earlier one to a prompt, and the index of that one.
    """

    broken: set[str] = field(default_factory=set)
    sizes: dict[str, FileSize] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    unfit: dict[str, str] = field(default_factory=dict)
    alike: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class DataReport:
    """The answer to "what is wrong with this data set?".

    Attributes
    ----------
    place
        Where the data set lies.
    decoded
        Whether its pictures were opened.
    notes
        What was decided in recognising it, a sentence each.
    """

    place: str
    format: str
    classes: tuple[str, ...]
    splits: tuple[SplitReport, ...]
    tally: Tally
    notes: tuple[str, ...]
    decoded: bool
    findings: Findings = field(default_factory=Findings)

    @property
    def has_errors(self) -> bool:
        """Whether something was found that ends a job."""
        return self.tally.has_errors

    def blocking(self, *, skip: bool = False) -> list[tuple[Kind, int, list[Fault]]]:
        """Return the errors that end a job; with ``skip`` only those that no repair drops."""
        errors = self.tally.of(Severity.ERROR)
        return [found for found in errors if not (skip and found[0].repair)]

    def sentences(
        self, severity: Severity, most: int = 3, *, kinds: Collection[str] | None = None
    ) -> list[str]:
        """Return a sentence for each kind of a severity: title, count, the first examples, the way out.

        Parameters
        ----------
        most
            So many examples are shown of each.
        kinds
            Names of those that are wanted; None takes all.
        """
        wanted = (found for found in self.tally.of(severity) if kinds is None or found[0].name in kinds)
        return [_sentence(*found, most) for found in wanted]

    def document(self) -> dict[str, Any]:
        """Return the report as plain values; kinds are sorted by severity, and in it as in the table."""
        return {
            "place": self.place,
            "format": self.format,
            "decoded": self.decoded,
            "classes": list(self.classes),
            "splits": [split.document() for split in self.splits],
            **{
                f"{severity}s": [_found(*found) for found in self.tally.of(severity)] for severity in Severity
            },
            "notes_on_reading": list(self.notes),
            "ok": not self.has_errors,
        }


def _found(kind: Kind, count: int, examples: list[Fault]) -> dict[str, object]:
    return {
        "kind": kind.name,
        "count": count,
        "title": kind.title,
        "way_out": kind.way_out,
        "repair": kind.repair or None,
        "examples": [{"where": fault.where, "detail": fault.detail} for fault in examples],
    }


def _sentence(kind: Kind, count: int, examples: list[Fault], most: int) -> str:
    shown = [f"{fault.where}: {fault.detail}" if fault.detail else fault.where for fault in examples[:most]]
    left = count - sum(fault.count for fault in examples[:most])
    more = f"; and {left:,} more" if shown and left > 0 else ""
    told = f" ({'; '.join(shown)}{more})" if shown else ""
    way_out = (
        Sentence(f"; way out: {marked(kind.way_out)}")
        if kind.way_out and not kind.way_out.startswith("nothing")
        else ""
    )
    return Sentence(f"{kind.title}: {count:,}{told}{marked(way_out)}")
