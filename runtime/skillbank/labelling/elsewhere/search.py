"""What is looked for in a picture, by class, and which objects come of what a model finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from skillbank.labelling.findings import Finding
from skillbank.sets.model import ClassSpec, Corners
from skillbank.sets.naming import Bid, named
from skillbank.sets.objects import Wanted, objects
from skillbank.sets.ontology import read_classes

__all__ = ["Found", "Search"]


class Found(NamedTuple):
    """An object: its class, its score from 0 to 1, its corners in pixels of the upright picture."""

    name: str
    score: float
    box: Corners


@dataclass(frozen=True)
class Search:
    """Classes with their captions, as a label set has them.

    Examples
    --------
    >>> search = Search.of_texts(["exit = red exit sign | green exit sign | not poster"])
    >>> search.captions
    ('red exit sign', 'green exit sign', 'poster')
    >>> poster = Finding("poster", 0.8, (0, 0, 10, 10))
    >>> search.objects([Finding("red exit sign", 0.6, (0, 0, 10, 9)), poster], 0.3, nms=0.7, across=0.7)
    []
    """

    classes: tuple[ClassSpec, ...]
    wanted: Wanted

    @classmethod
    def of(cls, classes: Sequence[ClassSpec]) -> Search:
        """Make it of classes; the first one has a caption that several have."""
        captions = {
            number: (each.captions or (each.name,), each.not_captions) for number, each in enumerate(classes)
        }
        return cls(tuple(classes), Wanted.of(captions))

    @classmethod
    def of_texts(cls, texts: Sequence[str]) -> Search:
        """Make it of texts, ``class = caption | caption | not caption``."""
        return cls.of(read_classes(texts).classes)

    @property
    def captions(self) -> tuple[str, ...]:
        """What a model is asked for, all at once."""
        return self.wanted.captions

    def least(self, threshold: float) -> float:
        """Return the least score that counts for any class.

        Parameters
        ----------
        threshold
            Of classes without one of their own.
        """
        own = (each.threshold for each in self.classes)
        return min(threshold if each is None else each for each in own)

    def objects(
        self, findings: Iterable[Finding], threshold: float, *, nms: float, across: float
    ) -> list[Found]:
        """Return the objects among what was found, the surest first, each by its surest name.

        See `skillbank.sets.objects.objects` and `skillbank.sets.naming.named`.
        """
        sure = []
        for each in objects(findings, self.wanted, nms=nms):
            own = self.classes[each.class_number].threshold
            if each.score >= (threshold if own is None else own):
                sure.append(each)
        marks = [Bid(each.class_number, each.box, each.score, 1) for each in sure]
        shown = named(marks, (), lambda _: across).shown
        chosen = [each for number, each in enumerate(sure) if number in shown]
        return [Found(self.classes[each.class_number].name, each.score, each.box) for each in chosen]
