"""How good proposals are by a reviewed random sample: whether the rest may be accepted unseen.

The sample is the beginning of all pictures in an order that only their contents decide, as far as it is
reviewed: what the queue asks first is chosen for its doubts and says nothing about the rest.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from skillbank.sets.derived import Lines
from skillbank.sets.evidence import Judged, judged
from skillbank.sets.rows import classes_of
from skillbank.sets.tables import PICTURES

__all__ = ["Audit", "Rate", "Rates", "audit_of", "interval", "sample_order"]

_CONFIDENCE = 0.95
_FEW = 60
"""Pictures from which a sample says something."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its exact (Clopper-Pearson) interval of 95 %; None where there is nothing to count."""

    count: int
    of: int
    share: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rates:
    """Of one class, or of all: how many shown boxes are right, and how many objects are shown."""

    name: str
    precision: Rate
    recall: Rate


@dataclass(frozen=True, slots=True)
class Audit:
    """What a sample says.

    Attributes
    ----------
    pictures
        How many pictures the sample has.
    left
        Pictures that nobody has reviewed.
    may_accept
        Whether the rest may be accepted unseen; None where the sample is too small to say.
    said
        That as a sentence.
    """

    pictures: int
    left: int
    overall: Rates
    classes: tuple[Rates, ...]
    may_accept: bool | None
    said: str


def interval(count: int, of: int, confidence: float = _CONFIDENCE) -> tuple[float, float]:
    """Return the exact (Clopper-Pearson) interval of a share.

    Parameters
    ----------
    count, of
        Successes, and trials.
    """
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else _solve(lambda share: 1 - _at_most(count - 1, of, share), tail, rising=True)
    high = 1.0 if count == of else _solve(lambda share: _at_most(count, of, share), tail, rising=False)
    return low, high


def _at_most(count: int, of: int, share: float) -> float:
    """Return the probability of at most so many successes."""
    if count < 0:
        return 0.0
    if share <= 0:
        return 1.0
    if share >= 1:
        return float(count >= of)
    logs = (
        math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1)
        + k * math.log(share) + (of - k) * math.log1p(-share)
        for k in range(count + 1)
    )  # fmt: skip
    return min(1.0, math.fsum(map(math.exp, logs)))


def _solve(function: Callable[[float], float], wanted: float, *, rising: bool) -> float:
    """Return where a function that rises or falls from 0 to 1 has a value."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if (function(middle) < wanted) == rising:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def sample_order(sha256: str) -> str:
    """Return what pictures are sorted by for a sample; it has nothing to do with the split."""
    return hashlib.sha256(f"audit {sha256}".encode()).hexdigest()


def audit_of(db: sa.Connection, set_id: int, *, precision: float, recall: float) -> Audit:
    """Say how good the shown proposals are by the sample.

    Parameters
    ----------
    precision, recall
        What both have to reach, at the lower ends of their intervals, for the rest to be accepted unseen.
    """
    query = sa.select(PICTURES.c.number, PICTURES.c.sha256, PICTURES.c.state).where(
        PICTURES.c.set_id == set_id, PICTURES.c.state != "skipped"
    )
    rows = sorted(db.execute(query).all(), key=lambda row: sample_order(row.sha256))
    sample = []
    for row in rows:
        if row.state != "reviewed":
            break
        sample.append(row.number)
    left = sum(row.state == "todo" for row in rows)
    lines = Lines(db, set_id)
    names = {c.number: c.name for c in classes_of(db, set_id).values() if not c.gone}
    of_class: dict[int, list[Judged]] = defaultdict(list)
    for each in judged(db, set_id, sample):
        of_class[each.class_number].append(each)
    classes = tuple(_rates(name, of_class[number], lines.of_class(number)) for number, name in names.items())
    overall = Rates(
        "all",
        _rate(sum(c.precision.count for c in classes), sum(c.precision.of for c in classes)),
        _rate(sum(c.recall.count for c in classes), sum(c.recall.of for c in classes)),
    )
    may, said = _verdict(len(sample), left, overall, precision, recall)
    return Audit(len(sample), left, overall, classes, may, said)


def _rates(name: str, boxes: Iterable[Judged], line: float) -> Rates:
    right = shown = objects = 0
    for box in boxes:
        is_shown = box.score is not None and box.score >= line
        shown += is_shown
        right += is_shown and box.right
        objects += box.right
    return Rates(name, _rate(right, shown), _rate(right, objects))


def _rate(count: int, of: int) -> Rate:
    if of == 0:
        return Rate(0, 0, None, 0.0, 1.0)
    return Rate(count, of, count / of, *interval(count, of))


def _verdict(
    pictures: int, left: int, rates: Rates, precision: float, recall: float
) -> tuple[bool | None, str]:
    if left == 0:
        return None, "every picture is reviewed"
    low, high = (rates.precision.low, rates.recall.low), (rates.precision.high, rates.recall.high)
    found = (
        f"in a random sample of {pictures:,} pictures {_said(rates.precision)} of the boxes are right and "
        f"{_said(rates.recall)} of the objects have one"
    )
    if pictures and (high[0] < precision or high[1] < recall):
        return False, f"the rest should be reviewed: {found}"
    if pictures < _FEW:
        return None, f"not known yet: {found}; review {_FEW - pictures:,} more pictures of the sample"
    if low[0] >= precision and low[1] >= recall:
        return True, f"the rest may be accepted unseen: {found}"
    return None, f"not known yet: {found}; review more pictures of the sample"


def _said(rate: Rate) -> str:
    if rate.share is None:
        return "none"
    return f"{rate.share:.0%} ({rate.low:.0%} to {rate.high:.0%})"
