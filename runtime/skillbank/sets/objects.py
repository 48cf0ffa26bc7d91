"""From what a model finds for captions to objects of classes: what "not" explains better goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from skillbank.descriptions import same, split_text
from skillbank.sets.geometry import overlap
from skillbank.sets.model import Corners, Proposal

__all__ = ["LEAST", "Finding", "Wanted", "objects"]

LEAST = 0.02
"""Least score of what is kept: below it a model guesses. What is low still says where a thing lies, which
saves drawing it."""
_EXPLAINS = 0.5
"""Share of two boxes from which a caption after "not" is about the same thing."""


class Finding(Protocol):
    """What a model has found for a caption."""

    @property
    def phrase(self) -> str:
        """The caption."""

    @property
    def score(self) -> float:
        """From 0 to 1."""

    @property
    def box(self) -> Corners:
        """In pixels of the upright picture."""


@dataclass(frozen=True)
class Wanted:
    """Captions that a model is asked for, and what their boxes are.

    Attributes
    ----------
    captions
        Each once, as the model is asked.
    owners
        Class by caption, as `skillbank.descriptions.same` writes it.
    takes_from
        Classes that a caption after "not" takes boxes from.
    """

    captions: tuple[str, ...]
    owners: Mapping[str, int]
    takes_from: Mapping[str, frozenset[int]]

    @classmethod
    def of(cls, captions: Mapping[int, tuple[Sequence[str], Sequence[str]]]) -> Wanted:
        """Make it of captions and those after "not", by class; the first class has a caption of several."""
        asked: dict[str, str] = {}
        owners: dict[str, int] = {}
        takes: dict[str, set[int]] = {}
        for number, said in captions.items():
            meant, nots = (_parts(each) for each in said)
            for caption in meant:
                owners.setdefault(same(caption), number)
            for caption in nots:
                takes.setdefault(same(caption), set()).add(number)
            for caption in (*meant, *nots):
                asked.setdefault(same(caption), caption)
        return cls(tuple(asked.values()), owners, {k: frozenset(v) for k, v in takes.items()})


def objects(findings: Iterable[Finding], wanted: Wanted, *, nms: float) -> list[Proposal]:
    """Return the objects of classes among what was found, the surest first.

    A box of a caption after "not" takes away those less sure boxes of its class that overlap with it by half.
    Of boxes of one class that overlap by more than `nms` the surest stays; what was taken away takes nothing
    away itself. An object has a box of every class that it may be of: which is shown is worked out from them
    (`skillbank.sets.naming`).
    """
    ordered = sorted(findings, key=lambda finding: -finding.score)
    meant = {phrase: same(phrase) for phrase in {finding.phrase for finding in ordered}}
    others = [(finding, wanted.takes_from.get(meant[finding.phrase])) for finding in ordered]
    denials = [(finding, classes) for finding, classes in others if classes]
    kept: dict[int, list[Proposal]] = {}
    for finding in ordered:
        owner = wanted.owners.get(meant[finding.phrase])
        if owner is None or _is_denied(finding, owner, denials):
            continue
        there = kept.setdefault(owner, [])
        if nms >= 1 or all(overlap(finding.box, other.box) <= nms for other in there):
            there.append(Proposal(owner, finding.box, finding.score, finding.phrase))
    return sorted((each for some in kept.values() for each in some), key=lambda each: -each.score)


def _parts(captions: Iterable[str]) -> list[str]:
    """Return captions as the model takes them, which splits one that holds several."""
    return [part for caption in captions for part in split_text(caption)]


def _is_denied(finding: Finding, owner: int, denials: Sequence[tuple[Finding, frozenset[int]]]) -> bool:
    return any(
        owner in classes and other.score > finding.score and overlap(other.box, finding.box) >= _EXPLAINS
        for other, classes in denials
    )
