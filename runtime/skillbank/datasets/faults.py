"""What is wrong with a data set: single faults, and a tally of them by kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from skillbank.datasets.box_kinds import BOXES
from skillbank.datasets.kinds import Kind, Severity
from skillbank.datasets.picture_kinds import PICTURES
from skillbank.datasets.reading_kinds import READING
from skillbank.datasets.set_kinds import SETS

__all__ = ["BECOMES", "KINDS", "Fault", "Kind", "Severity", "Tally"]

_EXAMPLES = 5


KINDS = {**READING, **PICTURES, **BOXES, **SETS}
"""Every kind, by name, in the order in which they are told."""
BECOMES = (
    "mended", "mark-as-box", "parts-joined", "several-classes", "difficult", "region-left-out",
    "box-rounded", "picture-deep",
)  # fmt: skip
"""Kinds of notes that say what becomes of the data; the other notes are for who checks it."""


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

    def put(self, kind: str, count: int, examples: Iterable[Fault]) -> None:
        """Count something many times at once, with a few examples."""
        self.counts[kind] = self.counts.get(kind, 0) + count
        kept = self.examples.setdefault(kind, [])
        kept += list(islice(examples, _EXAMPLES - len(kept)))

    def join(self, other: Tally) -> None:
        """Count what another tally has counted."""
        for kind, count in other.counts.items():
            self.put(kind, count, other.examples[kind])

    def forget(self, *kinds: str) -> None:
        """Take back what was counted of some kinds: another kind says it better."""
        for kind in kinds:
            self.counts.pop(kind, None)
            self.examples.pop(kind, None)

    def of(self, severity: Severity) -> Iterator[tuple[Kind, int, list[Fault]]]:
        """Yield the kinds of a severity that were found, with count and examples, in the table's order."""
        for name, kind in KINDS.items():
            if kind.severity is severity and name in self.counts:
                yield kind, self.counts[name], self.examples[name]

    @property
    def has_errors(self) -> bool:
        """Whether something was found that ends a job."""
        return any(KINDS[name].severity is Severity.ERROR for name in self.counts)
