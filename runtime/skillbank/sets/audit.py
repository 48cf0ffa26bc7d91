"""A random sample of a set: how much that a model proposes is right, how much that is there it finds."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from skillbank.sets.hindsight import Hindsight
from skillbank.sets.model import PictureRow
from skillbank.sets.transactions import reading

if TYPE_CHECKING:
    from skillbank.sets.view import SetView

__all__ = ["WAITING", "Audit", "Rates", "Share", "audit_of", "chance_of", "in_random_order", "interval"]

WAITING = ("todo", "accepted")
"""States of pictures that no person has looked through; those accepted unseen say nothing of a model."""
_SURE = 0.95
_PAGE = 1000
_MOST = 2000
_AHEAD = 20
Verdict: TypeAlias = Literal["yes", "no", "more"]


@dataclass(frozen=True, slots=True)
class Share:
    """A share of things, and the interval in which it lies with 95 % (Clopper-Pearson)."""

    hits: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """Of what was counted; None where nothing was."""
        return self.hits / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Rates:
    """Of one class, or of all: how much of what is shown is right, how much of what is there is shown."""

    precision: Share
    recall: Share


@dataclass(frozen=True, slots=True)
class Audit:
    """What the sample says.

    Attributes
    ----------
    target
        Least precision and recall that are wanted.
    pictures
        Reviewed pictures of the sample that count: those at the head of the random order, without a gap.
    earlier
        Reviewed pictures among them that do not count: they were reviewed before the latest model looked at
        them, or shown by scores before the set had learned.
    waiting
        The pictures of the sample to review next, in order.
    classes
        By class number.
    verdict
        ``yes``: both lie above the target; ``no``: one lies below; ``more``: too few to say.
    more
        About how many further pictures would say it, if they are like these; None where they never would.
    """

    target: float
    pictures: int
    earlier: int
    waiting: tuple[int, ...]
    overall: Rates
    classes: dict[int, Rates]
    verdict: Verdict
    more: int | None


def audit_of(found: SetView, target: float = 0.95) -> Audit:
    """Compare what models proposed with what people decided, on a random sample.

    What the queue asked for first is what the model found hard, and says nothing of the rest; so only
    pictures at the head of an order by chance count. Decisions are compared with what is shown of the rest
    now (`skillbank.sets.hindsight`).
    """
    order = in_random_order(list(_rows(found)))
    reviewed = list(_head(order))
    waiting = tuple(row.number for row in order[len(reviewed) :] if row.state in WAITING)[:_AHEAD]
    with reading(found.engine) as db:
        hindsight = Hindsight(db, found.id)
    earlier = 0
    for row in reviewed:
        if hindsight.pictures == _MOST:
            break
        is_told = hindsight.speaks_of(row) and hindsight.count(found.picture(row.number).boxes)
        earlier += not is_told
    right, wrong, missed = hindsight.right, hindsight.wrong, hindsight.missed
    overall = _rates(right.total(), wrong.total(), missed.total())
    numbers = sorted({*right, *wrong, *missed})
    verdict = _verdict(overall, target)
    more = _further(overall, target, hindsight.pictures) if verdict == "more" else 0
    by_class = {number: _rates(right[number], wrong[number], missed[number]) for number in numbers}
    return Audit(target, hindsight.pictures, earlier, waiting, overall, by_class, verdict, more)


def in_random_order(rows: Sequence[PictureRow]) -> list[PictureRow]:
    """Return pictures in an order by chance that is the same each time, however many there are."""
    return sorted(rows, key=lambda row: chance_of(row.sha256))


def chance_of(sha256: str) -> bytes:
    """Return the place of a picture's content in an order by chance that is the same each time."""
    return hashlib.sha256(f"audit {sha256}".encode()).digest()


def _rows(found: SetView) -> Iterator[PictureRow]:
    after: int | None = None
    while page := found.pictures(order="number", after=after, limit=_PAGE):
        yield from page
        after = page[-1].number


def _head(order: Sequence[PictureRow]) -> Iterator[PictureRow]:
    """Yield the reviewed pictures before the first that waits; skipped ones are no part of the sample."""
    for row in order:
        if row.state in WAITING:
            return
        if row.state == "reviewed":
            yield row


def _rates(right: int, wrong: int, missed: int) -> Rates:
    return Rates(_share(right, right + wrong), _share(right, right + missed))


def _share(hits: int, of: int) -> Share:
    return Share(hits, of, *interval(hits, of))


def interval(hits: int, of: int, sure: float = _SURE) -> tuple[float, float]:
    """Return the interval of Clopper and Pearson for a share that was counted: exact, never too narrow."""
    if of == 0:
        return 0.0, 1.0
    tail = (1 - sure) / 2
    low = 0.0 if hits == 0 else _root(lambda share: 1 - _at_most(hits - 1, of, share) - tail)
    high = 1.0 if hits == of else _root(lambda share: tail - _at_most(hits, of, share))
    return low, high


def _root(rising: Callable[[float], float]) -> float:
    """Return where a function of a share that rises is zero."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2


def _at_most(hits: int, of: int, share: float) -> float:
    """Return the chance of at most so many hits."""
    if share <= 0 or share >= 1:
        return 1.0 if share <= 0 or hits >= of else 0.0
    one, other, whole = math.log(share), math.log1p(-share), math.lgamma(of + 1)
    terms = (
        whole - math.lgamma(k + 1) - math.lgamma(of - k + 1) + k * one + (of - k) * other
        for k in range(hits + 1)
    )
    return min(1.0, math.fsum(math.exp(term) for term in terms))


def _verdict(overall: Rates, target: float) -> Verdict:
    both = (overall.precision, overall.recall)
    if any(share.of and share.high < target for share in both):
        return "no"
    return "yes" if all(share.of and share.low >= target for share in both) else "more"


def _further(overall: Rates, target: float, pictures: int) -> int | None:
    """Return about how many more pictures like these would say yes or no."""
    if not pictures:
        return None
    for times in (1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32):
        grown = [
            _share(round(s.hits * times), round(s.of * times)) for s in (overall.precision, overall.recall)
        ]
        if _verdict(Rates(*grown), target) != "more":
            return math.ceil(pictures * (times - 1))
    return None
