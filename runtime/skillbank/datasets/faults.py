"""What can be wrong with a data set: the kinds, how grave each is, and a tally of what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["KINDS", "Fault", "Kind", "Severity", "Tally"]

_EXAMPLES = 5


class Severity(StrEnum):
    """Errors end a job before it starts, warnings are shown, notes say what was taken how."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault.

    Attributes
    ----------
    title
        What it is, after a count: "boxes without width or height".
    way_out
        What a person does about it.
    repair
        What ``--fix`` and ``--on-broken skip`` do: "drop the box", "drop the picture", "clip"; empty where
        only a person can mend it.
    """

    name: str
    severity: Severity
    title: str
    way_out: str
    repair: str = ""


def _table(*kinds: Kind) -> dict[str, Kind]:
    return {kind.name: kind for kind in kinds}


_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
KINDS = _table(
    Kind("unreadable-annotation", _ERROR, "entries that cannot be read", "correct them", "drop the entry"),
    Kind("unknown-class", _ERROR, "boxes of a class that the list of classes lacks", "complete the list"),
    Kind("id-twice", _ERROR, "ids that stand twice", "number the entries anew", "drop the later entry"),
    Kind("picture-missing", _ERROR, "pictures that are not there", "bring them", "drop the picture"),
    Kind(
        "label-contradicts",
        _ERROR,
        "boxes whose label and category contradict each other",
        "correct the label map or the labels",
    ),
    Kind(
        "unlisted-picture",
        _WARNING,
        "annotations of pictures that the file does not list",
        "nothing if the pictures were left out on purpose: these annotations are left out too",
        "drop the annotation",
    ),
    Kind(
        "boxes-pixels",
        _ERROR,
        "boxes in pixels where shares of the picture are meant",
        "divide x by the width and y by the height of the picture",
        "drop the box",
    ),
    Kind(
        "split-missing",
        _ERROR,
        "splits whose pictures are not where the data set says",
        "correct the place in the file that names it",
    ),
    Kind(
        "label-file-missing",
        _NOTE,
        "pictures without a label file",
        "nothing if they show no object: they teach what is not there",
    ),
    Kind("mended", _NOTE, "entries that were read with a correction", "nothing"),
        "annotation-missing",
        _ERROR,
        "pictures that a list names and nobody annotated",
        "annotate them, or take them out of the list",
        "drop the picture",
    ),
    Kind(
        "size-unknown",
        _ERROR,
        "pictures with boxes in shares of a size that nothing says",
        "bring the pictures",
        "drop the picture",
    ),
    Kind(
        "names-another",
        _WARNING,
        "annotation files that name another picture than the one of their own name, which is taken",
        "correct the name in them",
    ),
    Kind(
        "several-answers",
        _WARNING,
        "pictures that were annotated several times, of which the checked or else the newest is taken",
        "keep one annotation of each",
    ),
    Kind(
        "picture-inside",
        _WARNING,
        "pictures that lie only inside their annotation file (imageData)",
        "write them to files with labelme_export_json",
    ),
    Kind(
        "turned-view",
        _WARNING,
        "pictures that were turned while they were annotated, whose boxes may be turned with them",
        "look at them",
    ),
    Kind("not-utf8", _WARNING, "files that are not UTF-8 and are read as Latin-1", "save them as UTF-8"),
    Kind(
        "mark-left-out",
        _WARNING,
        "marks that enclose nothing (points, tags, brushes without corners), which are left out",
        "draw boxes where they are meant",
    ),
    Kind(
        "mark-as-box", _NOTE, "polygons, circles, masks and turned boxes taken as the boxes around them", ""
    ),
    Kind("parts-joined", _NOTE, "parts of one object that are joined to one box", ""),
    Kind("several-classes", _NOTE, "marks of several classes, a box for each", ""),
    Kind("difficult", _NOTE, "objects that are marked as difficult and taken like the others", ""),
    Kind("region-left-out", _NOTE, "regions that nobody annotated (DontCare), which are left out", ""),
)
"""Every kind, by name."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes
    ----------
    kind
        A name in `KINDS`.
    where
        The file and the place in it, or the picture.
    detail
        What is wrong there, half a sentence without the place: "its width is 0".
    count
        For how many it stands: where there are very many, one fault stands for those behind the examples.
    """

    kind: str
    where: str
    detail: str = ""
    count: int = 1


@dataclass(slots=True)
class Tally:
    """How many faults of each kind were found, with the first examples of each."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[Fault]] = field(default_factory=dict)

    def add(self, faults: Iterable[Fault]) -> None:
        """Count faults, and keep the first of each kind."""
        for fault in faults:
            self.counts[fault.kind] = self.counts.get(fault.kind, 0) + fault.count
            kept = self.examples.setdefault(fault.kind, [])
            if len(kept) < _EXAMPLES:
                kept.append(fault)

    def of(self, severity: Severity) -> Iterator[tuple[Kind, int, list[Fault]]]:
        """Yield the kinds of a severity that were found, with count and examples, in the table's order."""
        for name, kind in KINDS.items():
            if kind.severity is severity and name in self.counts:
                yield kind, self.counts[name], self.examples[name]

    @property
    def has_errors(self) -> bool:
        """Whether something was found that ends a job."""
        return any(KINDS[name].severity is Severity.ERROR for name in self.counts)
